"""Locks visible records, then reads them by a second statement, because the first one's snapshot predates the locks (D-50b)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TypedDict
from uuid import UUID

import asyncpg
from sqlalchemy import Text, Uuid, select

from db.engine.base import Record
from db.engine.dependencies import RowsOf
from db.engine.entity import Entity
from db.engine.gate import Authorizer, Compiled, Gate, SecuredView, VisibilityForm
from db.engine.hidden import Hidden
from db.engine.sql import (
    AsText,
    Column,
    Folded,
    IntLiteral,
    Query,
    StringAgg,
    one_of,
    parameter,
)
from db.engine.write.connection import TenantConnection
from db.engine.write.row_json import row_of

IDS, GROUP, KEY = "write:ids", "write:group", "write:key"
MAX_COMPILED = 1_000
"""Maximum cached statements; there are a few per entity and permission shape."""


class Lock(Enum):
    """Row lock strengths, held until the transaction ends."""

    UPDATE = "FOR NO KEY UPDATE"
    """For updates: other transactions may still add references."""
    DELETE = "FOR UPDATE"
    """For deletes and restores: no other transaction can add a reference."""
    REFERENCE = "FOR KEY SHARE"
    """For targets of new references: no other transaction can delete them."""
    NONE = ""


class _Strength(TypedDict, total=False):
    """Arguments of SQLAlchemy's `with_for_update` for one lock."""

    key_share: bool
    read: bool


_LOCKS: dict[Lock, _Strength] = {
    Lock.UPDATE: {"key_share": True},
    Lock.DELETE: {},
    Lock.REFERENCE: {"key_share": True, "read": True},
}


@dataclass(frozen=True, slots=True)
class _ByIds:
    """Records of an entity by id."""

    entity: Entity
    lock: Lock
    trashed: bool
    full_rows: bool
    """Whether entire rows are read, or only ids."""


@dataclass(frozen=True, slots=True)
class _ByText:
    """Records of an entity by the text in a column."""

    entity: Entity
    column: str


@dataclass(frozen=True, slots=True)
class _Referenced:
    """Records of several entities, locked as targets of references."""

    entities: tuple[Entity, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """Records of an entity with the same value in one column, sorted by the text in another."""

    entity: Entity
    group: str
    key: str


@dataclass(frozen=True, slots=True)
class _Nearest:
    """The next smaller or larger key in a series."""

    series: Series
    before: bool


@dataclass(frozen=True, slots=True)
class _Key:
    """Cache key of a compiled statement: its description, and the caller's rights that it depends on."""

    statement: _ByIds | _ByText | _Referenced | _Nearest
    rights: Hashable


_compiled: dict[_Key, Compiled] = {}


async def lock_visible(
    connection: TenantConnection,
    authorizer: Authorizer,
    entity: Entity,
    ids: Iterable[UUID],
    lock: Lock,
    *,
    trashed: bool = False,
) -> dict[UUID, Record]:
    """Lock the records that the caller may see, and return them by id; with `trashed`, those in the trash.

    A row policy may read other tables as they were when the statement began. So with a row policy, a
    second statement checks visibility again after the locks are acquired.
    """
    unique_ids = sorted(set(ids))
    if not unique_ids or not authorizer.may_see(entity.name):
        return {}
    if lock is not Lock.NONE and authorizer.rows(entity, VisibilityForm.PREDICATE) is not None:
        locked = await _fetch(
            connection, authorizer, _ByIds(entity, lock, trashed, full_rows=False), unique_ids
        )
        # Records that became visible after that are not locked, so they are left out.
        lock, unique_ids = Lock.NONE, [row["id"] for row in locked]
    rows = await _fetch(
        connection, authorizer, _ByIds(entity, lock, trashed, full_rows=True), unique_ids
    )
    return {row["id"]: row_of(entity, row) for row in rows}


async def visible(
    connection: TenantConnection, authorizer: Authorizer, entity: Entity, ids: Iterable[UUID]
) -> set[UUID]:
    """The ids of those records that the caller sees."""
    unique_ids = sorted(set(ids))
    if not unique_ids or not authorizer.may_see(entity.name):
        return set()
    rows = await _fetch(
        connection,
        authorizer,
        _ByIds(entity, Lock.NONE, trashed=False, full_rows=False),
        unique_ids,
    )
    return {row["id"] for row in rows}


async def find_by_text(
    connection: TenantConnection,
    authorizer: Authorizer,
    entity: Entity,
    column: str,
    values: Iterable[str],
) -> dict[str, UUID]:
    """Ids of the visible live records with one of these texts in a column, by text."""
    texts = sorted(set(values))
    if not texts or not authorizer.may_see(entity.name):
        return {}
    key = _Key(_ByText(entity, column), authorizer.rights_key(_depends_on(entity)))
    compiled = _cached(key, lambda: _compile_by_text(authorizer, entity, column))
    bound = [texts if name == IDS else authorizer.value(name) for name in compiled.parameters]
    return {row[0]: row[1] for row in await connection.fetch(compiled.sql, *bound)}


async def nearest_visible(
    connection: TenantConnection,
    authorizer: Authorizer,
    series: Series,
    group: UUID,
    key: str,
    *,
    before: bool,
    without: Iterable[UUID] = (),
) -> Hidden[str | None]:
    """The next smaller or larger key of the visible live records in a series, without the records in `without`.

    None if there is none. Keys are compared like sorted text in the API.
    """
    if not authorizer.may_see(series.entity.name):
        return Hidden(None)
    form = authorizer.form(series.entity.name)
    statement_key = _Key(
        _Nearest(series, before), authorizer.rights_key(_depends_on(series.entity))
    )
    compiled = _cached(
        statement_key, lambda: _compile_nearest(authorizer, series, form, before=before)
    )
    arguments = {GROUP: group, KEY: key, IDS: sorted(set(without))}
    bound = [arguments[n] if n in arguments else authorizer.value(n) for n in compiled.parameters]
    rows = await connection.fetch(compiled.sql, *bound)
    return Hidden(rows[0][0] if rows else None)


def _compile_nearest(
    authorizer: Authorizer, series: Series, form: VisibilityForm, *, before: bool
) -> Compiled:
    gate = Gate(authorizer)
    rows = gate.see(series.entity, form)
    key, than = Folded(rows.unmasked_column(series.key)), Folded(parameter(KEY, Text()))
    statement = select(rows.unmasked_column(series.key).label("key")).select_from(rows)
    statement = statement.where(
        rows.unmasked_column(series.group) == parameter(GROUP, Uuid()),
        key < than if before else key > than,
        ~one_of(rows.column("id"), IDS, Uuid()),
    )
    return gate.compile(
        statement.order_by(key.desc() if before else key.asc()).limit(IntLiteral(1))
    )


def _compile_by_text(authorizer: Authorizer, entity: Entity, column: str) -> Compiled:
    gate = Gate(authorizer)
    rows = gate.see(entity)
    value = rows.unmasked_column(column)
    statement = select(value.label("value"), rows.column("id").label("id")).select_from(rows)
    return gate.compile(statement.where(one_of(value, IDS, Text())))


async def lock_referenced(
    connection: TenantConnection, authorizer: Authorizer, targets: Mapping[Entity, Iterable[UUID]]
) -> dict[Entity, set[UUID]]:
    """Lock the visible ones of these records as targets of references, in one statement, and return their ids."""
    ids_by_entity = {entity: sorted(set(ids)) for entity, ids in targets.items()}
    readable = [e for e in ids_by_entity if ids_by_entity[e] and authorizer.may_see(e.name)]
    visible_ids: dict[Entity, set[UUID]] = {entity: set() for entity in ids_by_entity}
    if readable:
        readable.sort(key=lambda entity: entity.name)
        key = _Key(_Referenced(tuple(readable)), authorizer.rights_key(_depends_on(*readable)))
        compiled = _cached(key, lambda: _compile_referenced(authorizer, readable))
        arrays = {_ids(entity): ids_by_entity[entity] for entity in readable}
        values = [
            arrays[name] if name in arrays else authorizer.value(name)
            for name in compiled.parameters
        ]
        row = (await connection.fetch(compiled.sql, *values))[0]
        for entity, text in zip(readable, row, strict=True):
            visible_ids[entity] = {UUID(id) for id in (text or "").split(",") if id}
    return visible_ids


def _ids(entity: Entity) -> str:
    return f"{IDS}:{entity.name}"


def _compile_referenced(authorizer: Authorizer, entities: list[Entity]) -> Compiled:
    gate, texts = Gate(authorizer), []
    for entity in entities:
        rows = gate.see(entity)
        requested = one_of(rows.column("id"), _ids(entity), Uuid())
        visible_rows = select(rows.column("id").label("id")).select_from(rows).where(requested)
        locked = visible_rows.order_by(rows.column("id")).with_for_update(**_LOCKS[Lock.REFERENCE])
        referenced = locked.cte(f"{entity.table.name}_links")
        id = Column(referenced.name, "id", Uuid())
        texts.append(select(StringAgg(AsText(id), id)).select_from(referenced).scalar_subquery())
    return gate.compile(select(*texts))


async def _fetch(
    connection: TenantConnection, authorizer: Authorizer, request: _ByIds, ids: list[UUID]
) -> Sequence[asyncpg.Record]:
    compiled = _statement(authorizer, request)
    values = [ids if name == IDS else authorizer.value(name) for name in compiled.parameters]
    return await connection.fetch(compiled.sql, *values)


def _statement(authorizer: Authorizer, request: _ByIds) -> Compiled:
    key = _Key(request, authorizer.rights_key(_depends_on(request.entity)))
    return _cached(key, lambda: _compile(authorizer, request))


def _cached(key: _Key, compile: Callable[[], Compiled]) -> Compiled:
    """The cached statement, compiled on first use."""
    compiled = _compiled.get(key)
    if compiled is None:
        if len(_compiled) >= MAX_COMPILED:
            _compiled.clear()
        compiled = _compiled[key] = compile()
    return compiled


@cache
def _depends_on(*entities: Entity) -> frozenset[RowsOf]:
    """The dependencies on the rows of these entities and of their parents, which determine a child's visibility."""
    rows = {RowsOf(entity.name) for entity in entities}
    for entity in entities:
        rows |= _depends_on(*entity.parent_types)
    return frozenset(rows)


def _compile(authorizer: Authorizer, request: _ByIds) -> Compiled:
    gate = Gate(authorizer)
    rows = gate.see(request.entity, trashed=request.trashed)
    statement = _columns(rows, request).where(one_of(rows.column("id"), IDS, Uuid()))
    if request.lock is not Lock.NONE:
        # The same order in all transactions prevents deadlocks.
        strength = _LOCKS[request.lock]
        statement = statement.order_by(rows.column("id")).with_for_update(**strength)
    return gate.compile(statement)


def _columns(rows: SecuredView, request: _ByIds) -> Query:
    if not request.full_rows:
        return select(rows.column("id").label("id")).select_from(rows)
    columns = [column.name for column in request.entity.table.columns]
    return select(*(rows.unmasked_column(name).label(name) for name in columns)).select_from(rows)
