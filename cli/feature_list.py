"""The feature list, and the features that test files name with `@covers`, read from the source without running tests."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.common import ROOT

LIST = ROOT / "docs" / "features.md"
FEATURE_LINE = re.compile(r"- (?P<id>[A-Z]+-?\d+b?) (?P<sentence>.+)")


@dataclass(frozen=True)
class FeatureRow:
    """A row of the feature list: id, testable sentence, and area."""

    id: str
    sentence: str
    area: str


def parse_features(text: str) -> list[FeatureRow]:
    """The features of the list, in order."""
    found, area = [], ""
    for line in text.splitlines():
        if line.startswith("## "):
            area = line.removeprefix("## ")
        elif match := FEATURE_LINE.fullmatch(line):
            found.append(FeatureRow(match["id"], match["sentence"], area))
    return found


def covered_ids(source: str) -> Iterator[str]:
    """The ids in the decorators `@covers(…)` of a file."""
    for node in ast.walk(ast.parse(source)):
        called = node.func if isinstance(node, ast.Call) else None
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name == "covers" and isinstance(node, ast.Call):
            for each in node.args:
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    yield each.value


def covering_files(tests: Path) -> Mapping[str, set[str]]:
    """The test files that cover each id."""
    files: dict[str, set[str]] = defaultdict(set)
    for file in sorted(tests.rglob("*.py")):
        for id in covered_ids(file.read_text()):
            files[id].add(str(file.relative_to(tests.parent)))
    return files


def matching(features: list[FeatureRow], prefix: str) -> list[FeatureRow]:
    """The features whose area or id begins with `prefix`, ignoring case."""
    start = prefix.casefold()
    return [
        each
        for each in features
        if each.area.casefold().startswith(start) or each.id.casefold().startswith(start)
    ]
