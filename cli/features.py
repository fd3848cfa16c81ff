"""Feature coverage: which rows of docs/features.md the tests name, read from the source without running tests."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli.common import ROOT, print_err

LIST = ROOT / "docs" / "features.md"
LINE = re.compile(r"- (?P<id>[A-Z]+-?\d+b?) (?P<sentence>.+)")

cli = typer.Typer()


@dataclass(frozen=True)
class FeatureRow:
    """A row of the feature list: id, testable sentence, and area."""

    id: str
    sentence: str
    area: str


def listed(text: str) -> list[FeatureRow]:
    """The features of the list, in order."""
    found, area = [], ""
    for line in text.splitlines():
        if line.startswith("## "):
            area = line.removeprefix("## ")
        elif match := LINE.fullmatch(line):
            found.append(FeatureRow(match["id"], match["sentence"], area))
    return found


def named(source: str) -> Iterator[str]:
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
        for id in named(file.read_text()):
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


@cli.command()
def features(
    prefix: Annotated[
        str,
        typer.Argument(
            metavar="[AREA]", help="The beginning of an area or id, such as VN or EP-12."
        ),
    ] = "",
    missing: Annotated[
        bool, typer.Option("--missing", help="List the features that no test covers.")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Write docs/status.md: what exists and what is planned.")
    ] = False,
) -> None:
    """Count the features that tests cover. With --write, update docs/status.md."""
    if write:
        from cli.status import PAGE, page

        PAGE.write_text(page())
        print_err(f"Wrote {PAGE.relative_to(ROOT)}")
        return
    selected = matching(listed(LIST.read_text()), prefix)
    if not selected:
        print_err(f"No area and no id in {LIST.relative_to(ROOT)} begins with {prefix}.")
        raise typer.Exit(1)
    files = covering_files(ROOT / "tests")
    areas: dict[str, list[FeatureRow]] = defaultdict(list)
    for each in selected:
        areas[each.area].append(each)
    width = max(len("all of them"), *map(len, areas))
    for area, of_area in areas.items():
        print(_count(area, of_area, files, width))
        for each in of_area:
            if missing and each.id not in files:
                print(f"    {each.id:8} {each.sentence}")
    print(_count("all of them", selected, files, width))


def _count(name: str, some: list[FeatureRow], files: Mapping[str, set[str]], width: int) -> str:
    done = sum(each.id in files for each in some)
    return f"{name:{width}}  {done:3} of {len(some):3}"
