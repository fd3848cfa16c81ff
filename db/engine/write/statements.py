"""The statements that write records, and those that ask past what the caller sees: their answers are told to nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Index

from db.engine.model import Entity, Model
from db.engine.write.connection import TenantConnection
from db.engine.write.row_json import Row, image, read_custom

LASTING = frozenset({"id", "created_at"})


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@cache
def _insert(entity: Entity) -> str:
    table = _quoted(entity.table.name)
    columns = ", ".join(_quoted(column.name) for column in entity.table.columns)
    return (
        f"INSERT INTO {table} ({columns}) SELECT {columns} "  # noqa: S608 - declared names
        f"FROM jsonb_populate_recordset(NULL::{table}, $1)"
    )


@cache
def _update(entity: Entity) -> str:
    table = _quoted(entity.table.name)
    names = [_quoted(c.name) for c in entity.table.columns if c.name not in LASTING]
    values = ", ".join(f"{name} = new.{name}" for name in names)
    return (
        f"UPDATE {table} AS old SET {values} "  # noqa: S608 - declared names
        f"FROM jsonb_populate_recordset(NULL::{table}, $1) AS new WHERE old.id = new.id"
    )


async def insert(connection: TenantConnection, entity: Entity, images: Iterable[bytes]) -> None:
    """Keep new rows, given as their images. Raises UniqueViolationError if somebody was quicker."""
    await connection.later(_insert(entity), _several(images))


async def update(connection: TenantConnection, entity: Entity, images: Iterable[bytes]) -> None:
    """Keep rows that were there as they are now. Raises UniqueViolationError if somebody was quicker."""
    await connection.later(_update(entity), _several(images))


def _several(images: Iterable[bytes]) -> str:
    return (b"[" + b",".join(images) + b"]").decode()


async def parts(
    connection: TenantConnection, model: Model, entity: Entity, ids: list[UUID]
) -> list[tuple[Entity, Row]]:
    """What are parts of these records, and parts of those, deleted or not; all of it locked."""
    found: dict[UUID, tuple[Entity, Row]] = {}
    for kind, way in model.parts(entity):
        rows = await _rows(connection, kind, way.column, ids)
        found |= {row["id"]: (kind, row) for row in rows if row["id"] not in found}
        if rows and model.parts(kind):
            below = await parts(connection, model, kind, [row["id"] for row in rows])
            found |= {row["id"]: (part, row) for part, row in below if row["id"] not in found}
    return list(found.values())


async def among(
    connection: TenantConnection, entity: Entity, column: str, values: Iterable[object]
) -> list[Row]:
    """The live records with one of these values in a column, locked."""
    rows = await _rows(connection, entity, column, list(values))
    return [row for row in rows if row["deleted_at"] is None]


async def _rows(
    connection: TenantConnection, entity: Entity, column: str, values: list[Any]
) -> list[Row]:
    text = (
        f"SELECT * FROM {_quoted(entity.table.name)} "  # noqa: S608 - declared names
        f"WHERE {_quoted(column)} = ANY($1) ORDER BY id FOR UPDATE"
    )
    rows = [dict(row) for row in await connection.fetch(text, values)]
    if entity.attributes:
        for row in rows:
            row[entity.attributes] = read_custom(row[entity.attributes])
    return rows


async def only(connection: TenantConnection, entity: Entity) -> Row:
    """The live record of a kind of which there is exactly one."""
    text = f"SELECT * FROM {_quoted(entity.table.name)} WHERE deleted_at IS NULL"  # noqa: S608 - declared names
    return dict((await connection.fetch(text))[0])


async def look(
    connection: TenantConnection, entity: Entity, column: str, values: Iterable[object]
) -> list[Row]:
    """The live records with one of these values in a column, not locked."""
    text = (
        f"SELECT * FROM {_quoted(entity.table.name)} "  # noqa: S608 - declared names
        f"WHERE {_quoted(column)} = ANY($1) AND deleted_at IS NULL ORDER BY id"
    )
    return [dict(row) for row in await connection.fetch(text, list(values))]


async def alone(connection: TenantConnection, what: str) -> None:
    """Wait until nobody else in the tenant is about to change `what`, and keep others waiting."""
    text = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || $1, 0))"
    await connection.fetch(text, f":{what}")


async def ancestors(
    connection: TenantConnection, entity: Entity, column: str, ids: Iterable[UUID]
) -> dict[UUID, UUID | None]:
    """Who is above these records, and above those, by a column that leads to the same kind. Ends on cycles."""
    table, above = _quoted(entity.table.name), _quoted(column)
    text = (
        f"WITH RECURSIVE up AS (SELECT id, {above} AS above FROM {table} WHERE id = ANY($1) "  # noqa: S608 - declared names
        f"UNION SELECT t.id, t.{above} FROM {table} t JOIN up ON t.id = up.above) "
        "SELECT id, above FROM up"
    )
    return {row[0]: row[1] for row in await connection.fetch(text, list(ids))}


async def since(
    connection: TenantConnection, versions: Mapping[UUID, int]
) -> dict[UUID, dict[str, str | None]]:
    """What was changed of each record after the version given, by its key, with what it was before that."""
    text = (
        "SELECT DISTINCT ON (h.record_id, h.key) h.record_id, h.key, h.before "
        "FROM unnest($1::uuid[], $2::int[]) AS seen(id, version) "
        "JOIN history h ON h.record_id = seen.id AND h.record_version > seen.version "
        "WHERE h.kind = 'UPDATED' ORDER BY h.record_id, h.key, h.record_version"
    )
    found: dict[UUID, dict[str, str | None]] = {id: {} for id in versions}
    for row in await connection.fetch(text, list(versions), list(versions.values())):
        found[row["record_id"]][row["key"]] = row["before"]
    return found


async def used(
    connection: TenantConnection, model: Model, entity: Entity, ids: list[UUID]
) -> set[UUID]:
    """Which of these records something live points to that is no part of them and does not go with them."""
    queries = [
        f"SELECT {_quoted(way.column)} FROM {_quoted(kind.table.name)} "  # noqa: S608 - declared names
        f"WHERE {_quoted(way.column)} = ANY($1) AND deleted_at IS NULL"
        + (" AND id <> ALL($1)" if kind is entity else "")
        for kind, way in model.users(entity)
    ]
    if not queries:
        return set()
    return {row[0] for row in await connection.fetch(" UNION ".join(queries), ids)}


async def gone(connection: TenantConnection, wanted: Mapping[Entity, set[UUID]]) -> set[UUID]:
    """Which of these records are in the bin; those that are not stay out of it until the transaction ends."""
    found: set[UUID] = set()
    for entity, ids in sorted(wanted.items(), key=lambda item: item[0].name):
        text = (
            f"SELECT id, deleted_at FROM {_quoted(entity.table.name)} "  # noqa: S608 - declared names
            "WHERE id = ANY($1) ORDER BY id FOR KEY SHARE"
        )
        rows = await connection.fetch(text, sorted(ids))
        found |= {row["id"] for row in rows if row["deleted_at"] is not None}
    return found


@cache
def unique_columns(entity: Entity) -> tuple[tuple[str, ...], ...]:
    """The columns that no two live records have in common, together; a head office is seen to otherwise."""
    indexes: list[Index] = sorted(entity.table.indexes, key=lambda index: str(index.name))
    return tuple(
        tuple(column.name for column in index.columns)
        for index in indexes
        if index.unique
        and len(index.columns) > 0  # there is one record of its kind, and no deed makes another
        and str(index.dialect_options["postgresql"]["where"]) == "deleted_at IS NULL"
    )


async def taken(
    connection: TenantConnection, entity: Entity, columns: tuple[str, ...], rows: list[Row]
) -> set[tuple[Any, ...]]:
    """Which values of these columns other live records have already."""
    table, listed = _quoted(entity.table.name), ", ".join(map(_quoted, columns))
    text = (
        f"SELECT {listed} FROM {table} AS t WHERE t.deleted_at IS NULL AND EXISTS ("  # noqa: S608 - declared names
        f"SELECT FROM jsonb_populate_recordset(NULL::{table}, $1) AS n WHERE t.id <> n.id AND "
        + " AND ".join(f"t.{_quoted(c)} = n.{_quoted(c)}" for c in columns)
        + ")"
    )
    images = _several(image(entity, row) for row in rows)
    return {tuple(row) for row in await connection.fetch(text, images)}
