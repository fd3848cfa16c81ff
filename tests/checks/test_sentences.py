"""Rules about the code that no import contract can express; each message states what to do instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import ObjectTypeDefinitionNode, parse
from sqlalchemy.orm import Mapped, mapped_column

from db.api import METADATA, MODEL
from db.engine.base import Base
from db.engine.model import Model

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("schema", "subscriptions", "resolvers", "auth", "tenancy", "db", "domain")
EXECUTE = {"execute", "executemany", "fetch", "fetchrow", "fetchval", "copy_records_to_table"}


def sources(*layers: str) -> Iterator[tuple[str, ast.Module]]:
    for layer in layers:
        for file in sorted((ROOT / layer).rglob("*.py")):
            yield str(file.relative_to(ROOT)), ast.parse(file.read_text())


def calls(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr


def names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)


def test_only_db_and_tenancy_execute_statements() -> None:
    """Other layers query through a plan, or through db/engine/internal_tables.py."""
    elsewhere = {
        file
        for file, tree in sources("schema", "subscriptions", "resolvers", "auth")
        if EXECUTE & set(calls(tree)) and file != "auth/rights.py"  # it loads rights, its purpose
    }
    executed = {file for file in elsewhere if file != "schema/endpoint.py"}  # a schema's execute
    assert not executed, f"{executed} execute statements: put them into db/ and call that"


def test_the_application_does_not_import_the_command_line() -> None:
    """The contracts of import-linter judge packages; these two are modules."""
    for file in ("app.py", "settings.py"):
        imported = {
            name.partition(".")[0]
            for node in ast.walk(ast.parse((ROOT / file).read_text()))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in [getattr(node, "module", None) or node.names[0].name]
        }
        assert "cli" not in imported, f"{file}: pass in what it needs from cli/serving.py"


def test_only_loading_of_rights_reads_without_a_viewer() -> None:
    users = {file for file, tree in sources(*LAYERS) if "SystemAuthorizer" in set(names(tree))}
    assert users <= {"auth/rights.py"}, (
        "read through a viewer: gate.see hides what the viewer may not see"
    )


def test_the_sealed_compiler_is_made_in_two_places() -> None:
    makers = {file for file, tree in sources(*LAYERS) if "SealedCompiler" in set(names(tree))}
    allowed = {"db/engine/gate.py", "db/engine/internal_tables.py", "db/engine/seal.py"}
    assert makers <= allowed, "compile through gate.compile, which knows the views it created"


def test_the_trusted_compiler_is_made_in_one_place() -> None:
    makers = {file for file, tree in sources(*LAYERS) if "TrustedCompiler" in set(names(tree))}
    allowed = {"db/engine/seal.py", "db/engine/write/statements.py"}
    assert makers <= allowed, "compile with trusted(), and return what is read as Hidden"


def test_every_column_has_a_description() -> None:
    """Covers internal tables too; of entities, a bare mapped_column is refused when the model is read."""
    silent = [
        str(column)
        for table in METADATA.tables.values()
        for column in table.columns
        if not column.comment
    ]
    assert not silent, f"{silent}: declare them with field(), reference(), money() or internal()"


def test_a_bare_column_is_refused() -> None:
    class Bare(Base):
        """A table with a column that has no description."""

        __tablename__ = "bare"
        __prefix__ = "bar"
        __status__ = None
        id: Mapped[int] = mapped_column(primary_key=True)

    try:
        with pytest.raises(TypeError, match="declare it with field"):
            Model([Bare])  # type: ignore[list-item]  # the invalid class is what is tested
    finally:
        METADATA.remove(Bare.__table__)
        Base.registry._dispose_cls(Bare)


def entities_of_the_contract() -> set[str]:
    """The object types of the SDL that implement Node: the records of every area."""
    document = parse((ROOT / "schema" / "schema.graphql").read_text())
    return {
        node.name.value
        for node in document.definitions
        if isinstance(node, ObjectTypeDefinitionNode)
        and any(each.name.value == "Node" for each in node.interfaces or ())
    }


def named_in(tree: ast.Module, entities: set[str]) -> Iterator[tuple[int, str]]:
    """The string constants that are an entity's name, or a type expression with one in it.

    Sentences, such as descriptions and docstrings, are no expressions.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                expression = ast.parse(node.value.strip(), mode="eval")
            except (SyntaxError, ValueError):
                continue
            words = {each.id for each in ast.walk(expression) if isinstance(each, ast.Name)}
            yield from ((node.lineno, name) for name in sorted(words & entities))


def test_no_engine_names_an_entity() -> None:
    """Areas, or the api module of a layer, pass in what an engine needs of one entity."""
    entities = entities_of_the_contract()
    assert entities >= {"Opportunity", "User", "HistoryEntry"}
    found = {
        file: [f"line {line}: {name}" for line, name in named]
        for file, tree in sources(*LAYERS)
        if file.split("/")[1] == "engine" and (named := list(named_in(tree, entities)))
    }
    assert found == {}, "pass the entity in from the area or from <layer>/api.py"


def test_rules_use_no_clock_and_no_randomness() -> None:
    """Time, IDs and randomness are arguments in domain/."""
    forbidden = {"now", "today", "utcnow", "monotonic", "uuid4", "uuid7", "random", "choice"}
    asking = {file: forbidden & set(calls(tree)) for file, tree in sources("domain")}
    assert not {file: found for file, found in asking.items() if found}


def test_every_ignore_has_a_reason() -> None:
    """A reason follows `# noqa: X` and `# type: ignore[x]`."""
    bare = [
        f"{file}:{number}"
        for layer in LAYERS
        for file in sorted((ROOT / layer).rglob("*.py"))
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if ("# noqa" in line or "# type: ignore" in line)
        and not line.rpartition("noqa")[2].partition(" - ")[2]
        and not line.rpartition("ignore[")[2].partition("]  # ")[2]
    ]
    assert not bare, f"add the reason beside the ignore: {bare}"


def test_every_disabled_ruff_rule_has_a_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    section = text.partition("[tool.ruff.lint]")[2].partition("[tool.importlinter]")[0]
    assert 'select = ["ALL"]' in section, "select all rules and disable some with a reason"
    lines = section.partition("ignore = [")[2].splitlines()
    bare = [line.strip() for line in lines if re.search(r'"[A-Z]+\d*"', line) and "# " not in line]
    assert not bare, f"add the reason beside the ignore: {bare}"


def test_every_entity_can_be_granted_field_by_field() -> None:
    for name, entity in MODEL.entities.items():
        assert entity.granted >= set(entity.references), name
        assert "id" not in entity.granted, "the ID is readable wherever the entity is"


SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|LOCK|SET) [\"\w(*]")
HOMES = ("db/engine/", "db/migrations/", "tenancy/")


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """String constants that are not docstrings."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


def test_only_the_engine_contains_sql_text() -> None:
    found = [
        f"{file}:{line}"
        for file, tree in sources(*LAYERS)
        if not file.startswith(HOMES)
        for line, text in texts(tree)
        if SQL.match(text)
    ]
    assert not found, f"{found}: write it in SQLAlchemy Core and compile it with trusted()"


def test_only_the_unit_of_work_opens_hidden_values() -> None:
    """`opened` returns a hidden value in order to store it in another record."""
    users = {
        file
        for file, tree in sources(*LAYERS)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module == "db.engine.hidden"
        and "opened" in {alias.name for alias in node.names}
    }
    allowed = {"resolvers/engine/changeset.py", "db/credentials.py"}
    assert users <= allowed, "use decide() with a rule, or reveal() to the viewer"


def test_a_rule_does_not_return_the_hidden_value_itself() -> None:
    """`decide(lambda row: row)` would return what the caller may not read."""
    returning = [
        f"{file}:{node.lineno}"
        for file, tree in sources("resolvers")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "decide"
        and isinstance(rule := node.args[0], ast.Lambda)
        and isinstance(rule.body, ast.Name)
        and rule.body.id == rule.args.args[0].arg
        and not file.startswith("resolvers/engine/")
    ]
    assert not returning, f"{returning}: use a rule of domain/ or a comparison"


def test_no_command_is_compared_by_name() -> None:
    """Behavior must not depend on the names of commands."""
    comparing = [
        f"{file}:{node.lineno}"
        for file, tree in sources("schema", "subscriptions", "resolvers", "auth", "db")
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        for side in (node.left, *node.comparators)
        if isinstance(side, ast.Attribute)
        and side.attr in ("name", "suffix")
        and isinstance(side.value, ast.Name | ast.Attribute)
        and ast.unparse(side.value).endswith(("command", "hook"))
    ]
    assert not comparing, f"{comparing}: declare the difference on the command, or skip a hook"


PRODUCT = (*LAYERS, "cli", "web")
ANY = 55
"""Most uses of Any in the product: where asyncpg, SQLAlchemy, strawberry and JSON are untyped."""


def untyped(tree: ast.Module) -> Iterator[int]:
    """Lines with Any in an annotation or in the type of a cast."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "Any":
            yield node.lineno
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            first = node.args[0] if node.func.id == "cast" and node.args else None
            if isinstance(first, ast.Constant) and re.search(r"\bAny\b", str(first.value)):
                yield node.lineno


def test_uses_of_any_do_not_increase() -> None:
    trees = [tree for file, tree in sources(*PRODUCT) if "/migrations/" not in file]
    trees += [ast.parse((ROOT / file).read_text()) for file in ("app.py", "settings.py")]
    found = sum(len(list(untyped(tree))) for tree in trees)
    assert found <= ANY, (
        "add a type, or define one alias at the border as db/engine/sql.py does; "
        "annotate a value that is only passed on, compared or formatted as object"
    )


def test_any_is_found_in_annotations_and_casts() -> None:
    source = "from typing import Any, cast\na: Any = cast('list[Any]', 1)\nb: dict[str, Any] = {}"
    assert sorted(untyped(ast.parse(source))) == [2, 2, 3]


def test_rules_and_commands_take_typed_records() -> None:
    """Rows have attributes for the columns of their record class; parameters have narrow types."""
    mappings = [
        f"{file}:{node.lineno}"
        for file, tree in sources("resolvers", "domain")
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and re.search(r"\bAny\b", ast.unparse(node.slice))
        if ast.unparse(node.value) in ("dict", "Mapping", "MutableMapping", "defaultdict")
    ]
    assert not mappings, f"{mappings}: take the record itself, a TypedDict or a dataclass"


def test_decisions_are_numbered_once() -> None:
    """The number of a decision record is that of its file and of its heading."""
    files = sorted((ROOT / "docs" / "adr").glob("*.md"))
    headings = [int(file.read_text().partition(".")[0].removeprefix("# ")) for file in files]
    numbers = [int(file.name[:4]) for file in files]
    assert numbers == headings, "give the heading the number of the file"
    assert numbers == list(range(1, len(files) + 1)), "give each decision the next free number"
