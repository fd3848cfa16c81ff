"""The gate compiles only its own views: every bypass is refused before any SQL exists (D-50)."""

from __future__ import annotations

import ast
import copy
import dataclasses
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import CompileError, UnsupportedCompilationError
from sqlalchemy.schema import CreateTable, DropTable

from auth.engine.system import SystemAuthorizer
from db.api import METADATA, MODEL
from db.engine import internal_tables
from db.engine.base import Internal
from db.engine.entity import Entity
from db.engine.fields import Field
from db.engine.gate import Gate, SecuredView, Unsealed, VisibilityForm
from db.engine.sql import AsDate, Column, Concat, DecimalLiteral, Folded, IntLiteral
from tests.gate.bypasses import FUNCTIONS, PARTIAL, RAW, READS, WRITES, Case, O, S, see
from tests.support.covers import covers
from tests.support.world import World

ROOT = Path(__file__).resolve().parents[2]
DDL: Any = sa.DDL
OPPORTUNITY = MODEL.entities["Opportunity"]
CASES = {
    f"{kind}: {name}": case
    for kind, cases in {
        "reads": READS, "writes": WRITES, "raw": RAW, "functions": FUNCTIONS, "partial": PARTIAL,
    }.items()
    for name, case in cases.items()
}  # fmt: skip


@covers("D-50", "D-53")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_bypass_of_the_gate_is_refused(case: Case, world: World) -> None:
    gate = Gate(SystemAuthorizer())
    statement = case(gate.see(OPPORTUNITY))
    with pytest.raises(Unsealed) as refused:
        gate.compile(statement)
    assert type(refused.value) is Unsealed
    await _is_not_sent(world, case(gate.see(OPPORTUNITY)))


async def _is_not_sent(world: World, statement: Any) -> None:
    """Assert that running the statement as one on internal tables is refused too, without a query to Postgres."""
    sent: list[str] = []
    with (
        world.admin.query_logger(lambda record: sent.append(record.query)),
        pytest.raises(Unsealed),
    ):
        await internal_tables.run(world.admin, statement)
    assert not sent


@covers("D-50")
async def test_statement_on_internal_table_is_sent(world: World) -> None:
    """A statement on internal tables only is permitted."""
    sent: list[str] = []
    async with world.admin.transaction():
        await world.admin.execute(f"SET LOCAL search_path = {world.schema()}")
        with world.admin.query_logger(lambda record: sent.append(record.query)):
            await internal_tables.run(
                world.admin, sa.select(S.c.id).where(S.c.generation == 1).limit(1)
            )
    assert len(sent) == 1


@covers("D-50")
@pytest.mark.parametrize("name", sorted(METADATA.tables))
def test_table_of_a_record_is_refused_and_internal_table_compiles(name: str) -> None:
    """Select, delete, insert and exists on each table: refused for a record's table, compiled for an internal one."""
    table = METADATA.tables[name]
    statements = (
        sa.select(table),
        sa.delete(table),
        sa.insert(table),
        sa.select(sa.exists().select_from(table)),
    )
    mapped = {each.local_table: each.class_ for each in Internal.registry.mappers}
    for statement in statements:
        if issubclass(mapped[table], Internal):
            assert Gate(SystemAuthorizer()).compile(statement).sql
        else:
            with pytest.raises(Unsealed):
                Gate(SystemAuthorizer()).compile(statement)


# --- views not issued by the gate ---------------------------------------------------------------


def _read(seen: SecuredView) -> Any:
    return sa.select(Column(seen.name, "id", sa.Uuid())).select_from(seen)


@covers("D-50")
def test_view_not_issued_by_a_gate_is_refused() -> None:
    forged = SecuredView(OPPORTUNITY, SystemAuthorizer(), VisibilityForm.PREDICATE, "opportunity_1")
    gate = Gate(SystemAuthorizer())
    gate.see(OPPORTUNITY)  # issues a view of the same name
    with pytest.raises(Unsealed, match=r"was not issued by this gate"):
        gate.compile(_read(forged))


@covers("D-50")
def test_view_of_another_gate_is_refused() -> None:
    mine, others = Gate(SystemAuthorizer()), Gate(SystemAuthorizer())
    seen = others.see(OPPORTUNITY)
    assert others.compile(_read(seen)).sql
    with pytest.raises(Unsealed, match=r"was not issued by this gate"):
        mine.compile(_read(seen))
    with pytest.raises(Unsealed, match=r"was not issued by this gate"):
        mine.compile(see(mine.see(OPPORTUNITY), sa.exists(_read(seen))))


@covers("D-50")
def test_copy_of_a_view_is_refused() -> None:
    gate = Gate(SystemAuthorizer())
    seen = gate.see(OPPORTUNITY)
    seen.column("id")
    for copied in (copy.copy(seen), seen._clone(), seen._annotate({"x": 1})):
        if copied is not seen:
            with pytest.raises(Unsealed):
                gate.compile(_read(copied))


@covers("D-50")
def test_identity_of_an_issued_view_is_not_reused() -> None:
    """A gate keeps references to issued views, as otherwise a later object could get the same `id()`."""
    gate = Gate(SystemAuthorizer())
    issued = {id(gate.see(OPPORTUNITY)) for _ in range(100)}
    assert len(issued) == 100
    for _ in range(1000):
        forged = SecuredView(
            OPPORTUNITY, SystemAuthorizer(), VisibilityForm.PREDICATE, "opportunity_1"
        )
        with pytest.raises(Unsealed):
            gate.compile(_read(forged))


@covers("D-50")
@pytest.mark.parametrize("column", ["deleted_at", "custom"])
def test_internal_column_is_in_no_view(column: str) -> None:
    with pytest.raises(Unsealed, match="is internal"):
        Gate(SystemAuthorizer()).see(OPPORTUNITY).column(column)


@covers("D-50")
@pytest.mark.parametrize(
    "statement",
    [CreateTable(O), DropTable(S), DDL("DROP TABLE x"), see(Gate(SystemAuthorizer()).see(OPPORTUNITY)).order_by("margin; --")],
    ids=["create", "drop", "ddl", "order by a string"],
)  # fmt: skip
def test_ddl_and_textual_order_do_not_compile(statement: Any) -> None:
    with pytest.raises((Unsealed, UnsupportedCompilationError, CompileError)):
        Gate(SystemAuthorizer()).compile(statement)


# --- expressions and numbers --------------------------------------------------------------------


def with_formula(formula: Any, *needs: str) -> Entity:
    """The opportunity entity with another formula for `weighted`."""
    weighted = OPPORTUNITY.fields["weighted"]
    forged: Field = dataclasses.replace(weighted, formula=formula, inputs=needs)
    return dataclasses.replace(OPPORTUNITY, fields={**OPPORTUNITY.fields, "weighted": forged})


FORMULAS: dict[str, Any] = {
    "a column not in its inputs": lambda row: row.amount * row.margin,
    "an internal column": lambda row: row.custom,
    "deleted_at": lambda row: row.deleted_at,
    "a nonexistent column": lambda row: row.nonesuch,
    "the underlying table": lambda row: row.amount.table.c.margin * row.table,
    "a cast": lambda row: sa.cast(row.amount, sa.Integer),
    "a division": lambda row: row.amount / row.amount,
    "a raw column": lambda row: sa.literal_column("margin"),
    "a function not allowed": lambda row: sa.func.pg_sleep(row.amount),
    "a date of text": lambda row: AsDate(row.amount),
    "a custom operator": lambda row: row.amount.op("~")("x"),
}
"""Formulas that read undeclared columns, raise an error on some rows, or contain unchecked SQL."""


@covers("D-50", "D-53", "D-57")
@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_formula_beyond_declared_inputs_is_refused(formula: Any) -> None:
    gate = Gate(SystemAuthorizer())
    seen = gate.see(with_formula(formula, "amount"))
    with pytest.raises(Unsealed):
        gate.compile(sa.select(seen.column("weighted")).select_from(seen))


@covers("D-57")
def test_formula_of_declared_inputs_compiles() -> None:
    gate = Gate(SystemAuthorizer())
    seen = gate.see(with_formula(lambda row: row.amount * DecimalLiteral(Decimal("0.5")), "amount"))
    sql = gate.compile(sa.select(seen.column("weighted")).select_from(seen)).sql
    assert "opportunity.amount * 0.5" in sql
    assert "margin" not in sql


@covers("D-50")
@pytest.mark.parametrize(
    "value", ["1; DROP TABLE opportunity", "1 OR true", "(SELECT 1)", "", None, [1]]
)
def test_non_number_as_number_literal_is_refused(value: Any) -> None:
    """A value that is not a number is not rendered into the SQL."""
    for forged in (DecimalLiteral(value), IntLiteral(value)):
        with pytest.raises((ValueError, TypeError)):
            Gate(SystemAuthorizer()).compile(sa.select(forged))


@covers("D-50")
async def test_decimal_literals_are_exact(world: World) -> None:
    """Rendered without an exponent and with all digits, also negative ones."""
    for text in ("0.01", "1E+3", "1E-9", "-0.5", "9" * 38, "0." + "0" * 37 + "1"):
        number = Decimal(text)
        sql = Gate(SystemAuthorizer()).compile(sa.select(DecimalLiteral(number))).sql
        assert "E" not in sql.replace("SELECT", "")
        assert await world.admin.fetchval(sql) == number


# --- valid statements ---------------------------------------------------------------------------


@covers("D-50")
def test_views_compile_alone_joined_and_nested() -> None:
    gate = Gate(SystemAuthorizer())
    a, b, c = (gate.see(OPPORTUNITY) for _ in range(3))
    account = gate.see(MODEL.entities["Account"])
    inner = sa.lateral(see(c, c.column("owner_id") == a.column("owner_id")), "l")
    for statement in (
        see(gate.see(OPPORTUNITY)),
        sa.select(a.column("id")).select_from(sa.join(a, account, a.column("account_id") == account.column("id"))),
        see(a, sa.exists(see(b, b.column("id") == a.column("id")))),
        sa.select(a.column("id")).select_from(sa.join(a, inner, sa.true())),
        sa.union_all(see(a), see(b)),
        sa.delete(S).where(sa.exists(see(b, b.column("id") == S.c.user_id))),
        see(a, Folded(a.column("name")).like(Concat(["%", sa.func.platform.pattern("x"), "%"]))),
        see(a, Folded(a.column("name")).like(Concat([sa.func.platform.pattern("x"), "%"]))),
    ):  # fmt: skip
        assert "FROM opportunity" in gate.compile(statement).sql


@covers("D-50")
def test_compiler_extensions_exist_only_in_gate_and_sql() -> None:
    """Custom elements, which could render any SQL, are defined in db/engine/gate.py and sql.py only."""
    found = [
        file.relative_to(ROOT).as_posix()
        for package in ("auth", "db", "resolvers", "schema", "subscriptions", "tenancy", "domain")
        for file in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "sqlalchemy.ext.compiler"
    ]
    assert not found, f"{found}: render it in SealedCompiler instead"
    definitions = [
        file.relative_to(ROOT).as_posix()
        for package in ("auth", "db", "resolvers", "schema", "subscriptions", "tenancy", "domain")
        for file in sorted((ROOT / package).rglob("*.py"))
        if "__visit_name__" in file.read_text()
    ]
    assert set(definitions) <= {"db/engine/gate.py", "db/engine/sql.py"}


@covers("D-50")
async def test_text_literals_are_escaped(world: World) -> None:
    """Keys of the response are rendered into the SQL; any text remains one literal."""
    for text in (
        "it's",
        "a\\",
        "\\'; DROP TABLE x; --",
        "\x01\x02'\\",
        "%s %(x)s",
        "é'ü",
        "''",
        "$1",
        "\n",
    ):
        sql = Gate(SystemAuthorizer()).compile(sa.select(Concat([text]))).sql
        assert await world.admin.fetchval(sql) == text
