"""The proofs import nothing of the product; they use only the printed schema and the lock file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.proof.contract import SCHEMA, fields, lists, roots, writable_fields
from tests.proof.lock import ENTITIES

HERE = Path(__file__).parent
PRODUCT = {
    file.stem if file.is_file() else file.name
    for file in HERE.parents[1].iterdir()
    if file.suffix == ".py" or (file / "__init__.py").exists() or any(file.glob("*.py"))
} - {"tests"}
RUNNING = "tests.support.world"
"""Module that starts the product, which the proofs access as clients of its API."""


def imported(file: Path) -> Iterator[str]:
    """The modules that a file imports."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name} imports relatively"
            yield node.module or ""


def reached(file: Path, seen: set[Path]) -> Iterator[tuple[Path, str]]:
    """Every module that a file imports, directly or through other test modules."""
    seen.add(file)
    for name in imported(file):
        yield file, name
        inner = HERE.parents[1] / f"{name.replace('.', '/')}.py"
        if name.startswith("tests.") and name != RUNNING and inner.exists() and inner not in seen:
            yield from reached(inner, seen)


def test_proofs_import_no_module_of_the_product() -> None:
    assert {"db", "resolvers", "auth", "domain", "schema", "app"} <= PRODUCT
    files = sorted(HERE.rglob("*.py"))
    assert len(files) > 5
    seen: set[Path] = set()
    wrong = {
        f"{file.name} imports {name}"
        for each in files
        for file, name in reached(each, seen)
        if name.partition(".")[0] in PRODUCT
    }
    assert not wrong, sorted(wrong)


def test_lock_file_matches_the_schema() -> None:
    """Roots, fields, references and lists of the lock file and of the schema are the same."""
    assert SCHEMA.query_type is not None
    assert SCHEMA.mutation_type is not None
    known = set(roots()) | {each.live for each in ENTITIES.values() if each.live}
    assert known <= {
        *SCHEMA.query_type.fields,
        *(SCHEMA.subscription_type or SCHEMA.query_type).fields,
    }
    for name, entity in ENTITIES.items():
        found = fields(name)
        assert {*entity.search, *entity.computed, *entity.links} <= set(found), name
        assert set(entity.digits) <= set(entity.search), name
        assert {f.type for f in found.values() if f.kind == "REFERENCE"} == {
            link.to for link in entity.links.values()
        }, name
        assert {n for n, f in found.items() if f.kind == "LIST"} == {
            n for of, n in lists() if of == name
        }, name
    assert any(writable_fields().values())
