"""Generates docs/status.md: existing features with their operations and tests, and planned ones."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from cli.common import ROOT
from cli.feature_list import LIST, FeatureRow, covered_ids, parse_features

PAGE = ROOT / "docs" / "status.md"
SDL = ROOT / "schema" / "schema.graphql"
ROOTS = re.compile(r"^type (?:Query|Mutation|Subscription) \{$(.*?)^\}$", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^  (\w+)[(:]", re.MULTILINE)
TOKEN = re.compile(r"\w+|[{}()\[\]:]")
ACTION = re.compile(r"[a-z][A-Z]")
DOCUMENT = ("{", "query", "mutation", "subscription", "#")
AMBIGUOUS = {"node", "nodes", "attributes"}
"""Root fields whose names are also common field names."""
OPERATIONS_SHOWN = 4
HEAD = """<!-- Written by `python3 dev features --write`; do not edit. -->
# Status of the features

Which rows of the [feature list](features.md) exist and which are planned. A row exists if tests show all of it; the
tests name its ID with `@covers`. A planned row may be built in part. **{count} of {total} rows exist.**

| chapter | exist | planned | status |
|---|---:|---:|---|
"""


@dataclass
class Evidence:
    """Evidence of a feature: the files of its tests, and how often they use each root field of the schema."""

    files: set[str] = field(default_factory=set)
    operations: Counter[str] = field(default_factory=Counter)


def roots() -> frozenset[str]:
    """The names of all queries, mutations and subscriptions."""
    blocks = ROOTS.findall(SDL.read_text())
    return frozenset(name for block in blocks for name in FIELD.findall(block))


def selected(text: str, known: frozenset[str]) -> Iterator[str]:
    """The root fields that a GraphQL document selects, or the mutation whose name a text is."""
    if text in known and ACTION.search(text):
        yield text
    if not text.lstrip().startswith(DOCUMENT):
        return
    depth = parentheses = 0
    for word, following in pairwise([*TOKEN.findall(text), ""]):
        depth += (word == "{") - (word == "}")
        parentheses += (word in "([") - (word in ")]")
        # Test documents are also fragments, such as `{ stage { name } }`; a root field of one record has an ID.
        is_root = following == "(" or word.endswith("s") or word == "viewer"
        if depth == 1 and parentheses == 0 and word in known - AMBIGUOUS and is_root:
            yield word


def evidence(tests: Path) -> Mapping[str, Evidence]:
    """The evidence of each ID that tests name."""
    found: dict[str, Evidence] = defaultdict(Evidence)
    known = roots()
    for file in sorted(tests.rglob("*.py")):
        source = file.read_text()
        if "covers(" not in source:
            continue
        module = ast.parse(source)
        constants = _constants(module)
        for function in ast.walk(module):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                for id in _covered(function):
                    found[id].files.add(str(file.relative_to(tests.parent)))
                    for text in _texts(function, constants):
                        found[id].operations.update(set(selected(text, known)))
    return found


def _covered(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> set[str]:
    return {id for each in function.decorator_list for id in covered_ids(ast.unparse(each))}


def _constants(module: ast.Module) -> Mapping[str, list[str]]:
    """The texts of the constants of a module, by name."""
    return {
        target.id: list(_texts(node.value, {}))
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _texts(node: ast.AST, constants: Mapping[str, list[str]]) -> Iterator[str]:
    """The strings below a node, with those of the constants that it uses."""
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            yield from constants.get(each.id, ())
        elif isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value
        elif isinstance(each, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "" for part in each.values)
            yield "".join(map(str, parts))


def page() -> str:
    """The text of docs/status.md."""
    features, found = parse_features(LIST.read_text()), evidence(ROOT / "tests")
    areas: dict[str, list[FeatureRow]] = defaultdict(list)
    for each in features:
        areas[each.area].append(each)
    existing = sum(each.id in found for each in features)
    lines = [HEAD.format(count=existing, total=len(features)).rstrip("\n")]
    lines += [_row(area, mine, found) for area, mine in areas.items()]
    for area, mine in areas.items():
        lines += ["", f"## {area}", *_chapter(mine, found)]
    return "\n".join(lines) + "\n"


def _row(area: str, mine: Sequence[FeatureRow], found: Mapping[str, Evidence]) -> str:
    count = sum(each.id in found for each in mine)
    status = "exists" if count == len(mine) else "partly" if count else "planned"
    anchor = re.sub(r"[^\w -]", "", area.lower()).replace(" ", "-")
    return f"| [{area}](#{anchor}) | {count} | {len(mine) - count} | {status} |"


def _chapter(mine: Sequence[FeatureRow], found: Mapping[str, Evidence]) -> Iterator[str]:
    existing = [each for each in mine if each.id in found]
    planned = [each for each in mine if each.id not in found]
    if existing:
        yield "Exists:"
        yield from (_existing(each, found[each.id]) for each in existing)
    if planned:
        yield from (["", "Planned:"] if existing else ["Planned:"])
        yield from (f"- **{each.id}** {each.sentence}" for each in planned)


def _existing(feature: FeatureRow, shown: Evidence) -> str:
    ranked = sorted(shown.operations.items(), key=lambda each: (-each[1], each[0]))
    operations = ", ".join(f"`{name}`" for name, _ in ranked[:OPERATIONS_SHOWN])
    tests = ", ".join(f"[{Path(file).stem}](../{file})" for file in sorted(shown.files))
    source = f"{operations}; tests: {tests}" if operations else f"tests: {tests}"
    return f"- **{feature.id}** {feature.sentence} ({source})"
