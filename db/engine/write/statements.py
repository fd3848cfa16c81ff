"""Statements that write records, or read them without the caller's rights. Each is compiled once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import (
    Column,
    Index,
    TableValuedAlias,
    Text,
    Uuid,
    cast,
    exists,
    func,
    null,
    select,
    union,
)
from sqlalchemy import insert as insert_into
from sqlalchemy import update as update_table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

from db.engine.entity import Entity
from db.engine.gate import Compiled
from db.engine.model import Model
from db.engine.seal import DIALECT, TrustedCompiler
from db.engine.sql import AsText, Concat, IntLiteral, Query, one_of, parameter
from db.engine.write.connection import TenantConnection
from db.engine.write.row_json import row_of

if TYPE_CHECKING:
    import asyncpg
    from sqlalchemy.sql.elements import ClauseElement

    from db.engine.base import Record

IMMUTABLE = frozenset({"id", "created_at"})
ROWS, VALUES = "rows", "values"
"""Parameter names: rows as JSON, and values of a column."""


class RowType(UserDefinedType[object]):
    """The composite type of a table's rows."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: object) -> str:
        """The type's name, quoted."""
        return str(DIALECT.identifier_preparer.quote(self.name))


def trusted(statement: ClauseElement) -> Compiled:
    """Compile a statement that may name any table. Its results must be typed as hidden."""
    compiler = TrustedCompiler(DIALECT, statement, issued=lambda _: False)
    return Compiled(compiler.string, tuple(compiler.positiontup or ()))


async def fetch(
    connection: TenantConnection, statement: Compiled, **values: object
) -> Sequence[asyncpg.Record]:
    """The rows of a statement with these values of its parameters."""
    return await connection.fetch(statement.sql, *(values[name] for name in statement.parameters))


def _bound_rows(entity: Entity) -> TableValuedAlias:
    """The bound JSON rows as a table named `new`."""
    row_type = cast(null(), RowType(entity.table.name))
    rows = func.jsonb_populate_recordset(row_type, parameter(ROWS, JSONB()))
    columns = (Column(c.name, c.type) for c in entity.table.columns)
    return rows.table_valued(*columns, name="new")


@cache
def _insert(entity: Entity) -> Compiled:
    new, names = _bound_rows(entity), [column.name for column in entity.table.columns]
    rows = select(*(new.c[name] for name in names))
    return trusted(insert_into(entity.table).from_select(names, rows))


@cache
def _update(entity: Entity) -> Compiled:
    new, table = _bound_rows(entity), entity.table
    values = {c.name: new.c[c.name] for c in table.columns if c.name not in IMMUTABLE}
    return trusted(update_table(table).values(values).where(table.c.id == new.c.id))


async def insert(connection: TenantConnection, entity: Entity, rows: Iterable[bytes]) -> None:
    """Insert rows given as JSON. Raises UniqueViolationError on a conflict with another transaction."""
    await connection.defer(_insert(entity).sql, _array(rows))


async def update(connection: TenantConnection, entity: Entity, rows: Iterable[bytes]) -> None:
    """Update rows given as JSON. Raises UniqueViolationError on a conflict with another transaction."""
    await connection.defer(_update(entity).sql, _array(rows))


def _array(rows: Iterable[bytes]) -> str:
    return (b"[" + b",".join(rows) + b"]").decode()


def _matching(entity: Entity, column: str) -> Query:
    table = entity.table
    rows = select(*table.columns).where(one_of(table.c[column], VALUES, table.c[column].type))
    return rows.order_by(table.c.id)


@cache
def _select(entity: Entity, column: str) -> Compiled:
    return trusted(_matching(entity, column).where(entity.table.c.deleted_at.is_(None)))


@cache
def _select_for_update(entity: Entity, column: str) -> Compiled:
    return trusted(_matching(entity, column).with_for_update())


@cache
def _select_one(entity: Entity) -> Compiled:
    return trusted(select(*entity.table.columns).where(entity.table.c.deleted_at.is_(None)))


async def select_rows(
    connection: TenantConnection, entity: Entity, column: str, values: Iterable[object]
) -> list[Record]:
    """The live records with one of these values in a column, not locked, by id."""
    rows = await fetch(connection, _select(entity, column), values=list(values))
    return [row_of(entity, row) for row in rows]


async def select_for_update(
    connection: TenantConnection, entity: Entity, column: str, values: Iterable[object]
) -> list[Record]:
    """The live records with one of these values in a column, locked, by id."""
    rows = await _locked(connection, entity, column, list(values))
    return [row for row in rows if row.deleted_at is None]


async def _locked(
    connection: TenantConnection, entity: Entity, column: str, values: Sequence[object]
) -> list[Record]:
    rows = await fetch(connection, _select_for_update(entity, column), values=values)
    return [row_of(entity, row) for row in rows]


async def get_one(connection: TenantConnection, entity: Entity) -> Record:
    """The live record of a type of which there is exactly one."""
    return row_of(entity, (await fetch(connection, _select_one(entity)))[0])


async def children(
    connection: TenantConnection, model: Model, entity: Entity, ids: list[UUID]
) -> list[tuple[Entity, Record]]:
    """All descendants of these records, deleted or not, locked."""
    descendants: dict[UUID, tuple[Entity, Record]] = {}
    for kind, relation in model.children(entity):
        rows = await _locked(connection, kind, relation.column, ids)
        descendants |= {row.id: (kind, row) for row in rows if row.id not in descendants}
        if rows and model.children(kind):
            below = await children(connection, model, kind, [row.id for row in rows])
            descendants |= {
                row.id: (child, row) for child, row in below if row.id not in descendants
            }
    return list(descendants.values())


@cache
def _advisory_lock() -> Compiled:
    key = Concat([AsText(func.current_schema()), parameter(VALUES, Text())])
    return trusted(select(func.pg_advisory_xact_lock(func.hashtextextended(key, IntLiteral(0)))))


async def advisory_lock(connection: TenantConnection, name: str) -> None:
    """Acquire a named, exclusive lock of the tenant, held until the transaction ends."""
    await fetch(connection, _advisory_lock(), values=f":{name}")


@cache
def _ancestors(entity: Entity, column: str) -> Compiled:
    table = entity.table
    start = select(table.c.id, table.c[column].label("parent"))
    up = start.where(one_of(table.c.id, VALUES, Uuid())).cte("up", recursive=True)
    above = table.alias("above")
    step = select(above.c.id, above.c[column]).join_from(above, up, above.c.id == up.c.parent)
    up = up.union(step)
    return trusted(select(up.c.id, up.c.parent))


async def ancestors(
    connection: TenantConnection, entity: Entity, column: str, ids: Iterable[UUID]
) -> dict[UUID, UUID | None]:
    """Parent by id, for these records and all their ancestors along a self-referencing column. Terminates on cycles."""
    rows = await fetch(connection, _ancestors(entity, column), values=list(ids))
    return {row[0]: row[1] for row in rows}


@cache
def _referenced(model: Model, entity: Entity) -> Compiled | None:
    queries = []
    for kind, relation in model.users(entity):
        column = kind.table.c[relation.column]
        query = select(column).where(
            one_of(column, VALUES, Uuid()), kind.table.c.deleted_at.is_(None)
        )
        if kind is entity:
            query = query.where(~one_of(kind.table.c.id, VALUES, Uuid()))
        queries.append(query)
    return trusted(union(*queries)) if queries else None


async def referenced(
    connection: TenantConnection, model: Model, entity: Entity, ids: list[UUID]
) -> set[UUID]:
    """The ids of these records that other live records refer to, except their children, which are deleted with them."""
    statement = _referenced(model, entity)
    if statement is None:
        return set()
    return {row[0] for row in await fetch(connection, statement, values=ids)}


@cache
def _deleted(entity: Entity) -> Compiled:
    table = entity.table
    rows = select(table.c.id, table.c.deleted_at).where(one_of(table.c.id, VALUES, Uuid()))
    return trusted(rows.order_by(table.c.id).with_for_update(key_share=True, read=True))


async def deleted(connection: TenantConnection, targets: Mapping[Entity, set[UUID]]) -> set[UUID]:
    """The ids of these records that are in the trash. The others are locked against deletes until the transaction ends."""
    trashed: set[UUID] = set()
    for entity, ids in sorted(targets.items(), key=lambda item: item[0].name):
        rows = await fetch(connection, _deleted(entity), values=sorted(ids))
        trashed |= {row["id"] for row in rows if row["deleted_at"] is not None}
    return trashed


@cache
def unique_columns(entity: Entity) -> tuple[tuple[str, ...], ...]:
    """Column sets that are unique among live records."""
    indexes: list[Index] = sorted(entity.table.indexes, key=lambda index: str(index.name))
    return tuple(
        tuple(column.name for column in index.columns)
        for index in indexes
        if index.unique
        and len(index.columns) > 0  # an index without columns limits an entity to one record
        and str(index.dialect_options["postgresql"]["where"]) == "deleted_at IS NULL"
    )


@cache
def _existing(entity: Entity, columns: tuple[str, ...]) -> Compiled:
    table, new = entity.table, _bound_rows(entity)
    same = [table.c[name] == new.c[name] for name in columns]
    other = exists(select(IntLiteral(1)).select_from(new).where(table.c.id != new.c.id, *same))
    rows = select(table.c.id, *(table.c[name] for name in columns))
    return trusted(rows.where(table.c.deleted_at.is_(None), other.correlate(table)))


async def existing(
    connection: TenantConnection, entity: Entity, columns: tuple[str, ...], rows: Iterable[bytes]
) -> dict[tuple[object, ...], UUID]:
    """The values of these columns in the JSON rows that other live records already have, with their ids."""
    matches = await fetch(connection, _existing(entity, columns), rows=_array(rows))
    return {tuple(row)[1:]: row["id"] for row in matches}
