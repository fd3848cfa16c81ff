"""Locks records that the caller sees, then reads them by a second statement: the first one's snapshot is older (D-50b)."""

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
from db.engine.gate import Authorizer, Compiled, Form, Gate, SecuredView
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
KEPT = 1_000
"""Compiled statements that are remembered: a few for each kind of record and permission shape."""


class Lock(Enum):
    """How records are locked until the transaction ends."""

    UPDATE = "FOR NO KEY UPDATE"
    """They are updated: others may refer to them meanwhile."""
    DELETE = "FOR UPDATE"
    """For deletes and restores: no other transaction can add a reference meanwhile."""
    REFERENCE = "FOR KEY SHARE"
    """A record comes to refer to them: they are not deleted meanwhile."""
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
class _Asked:
    """Records of an entity, by id."""

    entity: Entity
    lock: Lock
    bin: bool
    facts: bool
    """Whether the rows themselves are read, or only their ids."""


@dataclass(frozen=True, slots=True)
class _ByText:
    """Records of an entity, by a text in a column."""

    entity: Entity
    column: str


@dataclass(frozen=True, slots=True)
class _Referenced:
    """Records of several entities, locked so that they can be referred to."""

    entities: tuple[Entity, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """The records of a type that have the same value in one column, sorted by the text in another."""

    entity: Entity
    group: str
    key: str


@dataclass(frozen=True, slots=True)
class _Nearest:
    """The record before or after a text in a series."""

    series: Series
    before: bool


@dataclass(frozen=True, slots=True)
class _Key:
    """A compiled statement: what it selects, and the caller's rights as far as it depends on them."""

    statement: _Asked | _ByText | _Referenced | _Nearest
    rights: Hashable


_compiled: dict[_Key, Compiled] = {}


async def lock_visible(
    connection: TenantConnection,
    authorizer: Authorizer,
    entity: Entity,
    ids: Iterable[UUID],
    lock: Lock,
    *,
    bin: bool = False,
) -> dict[UUID, Record]:
    """The records that the caller may see, locked, by id; with `bin`, those in the trash.

    A policy may read other tables, whose rows a statement sees as they were when it began. So where
    there is one, a second statement reads what is visible now that the lock is held.
    """
    wanted = sorted(set(ids))
    if not wanted or not authorizer.may_see(entity.name):
        return {}
    if lock is not Lock.NONE and authorizer.rows(entity, Form.PREDICATE) is not None:
        locked = await _fetch(
            connection, authorizer, _Asked(entity, lock, bin, facts=False), wanted
        )
        # What became visible after that is not locked, so it does not count.
        lock, wanted = Lock.NONE, [row["id"] for row in locked]
    rows = await _fetch(connection, authorizer, _Asked(entity, lock, bin, facts=True), wanted)
    return {row["id"]: row_of(entity, row) for row in rows}


async def visible(
    connection: TenantConnection, authorizer: Authorizer, entity: Entity, ids: Iterable[UUID]
) -> set[UUID]:
    """Which of the records the caller sees."""
    wanted = sorted(set(ids))
    if not wanted or not authorizer.may_see(entity.name):
        return set()
    rows = await _fetch(
        connection, authorizer, _Asked(entity, Lock.NONE, bin=False, facts=False), wanted
    )
    return {row["id"] for row in rows}


async def find_by_text(
    connection: TenantConnection,
    authorizer: Authorizer,
    entity: Entity,
    column: str,
    values: Iterable[str],
) -> dict[str, UUID]:
    """The ids of the live records that the caller sees with one of these texts in a column, by text."""
    wanted = sorted(set(values))
    if not wanted or not authorizer.may_see(entity.name):
        return {}
    key = _Key(_ByText(entity, column), authorizer.project(_depends_on(entity)))
    compiled = _remembered(key, lambda: _finding(authorizer, entity, column))
    bound = [wanted if name == IDS else authorizer.value(name) for name in compiled.parameters]
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
    """The nearest smaller key of the live records that the caller sees, or the nearest larger one.

    None if there is none. The text is compared as the API sorts it; records in `without` do not count.
    """
    if not authorizer.may_see(series.entity.name):
        return Hidden(None)
    form = authorizer.form(series.entity.name)
    statement_key = _Key(_Nearest(series, before), authorizer.project(_depends_on(series.entity)))
    compiled = _remembered(statement_key, lambda: _nearest(authorizer, series, form, before=before))
    given = {GROUP: group, KEY: key, IDS: sorted(set(without))}
    bound = [given[n] if n in given else authorizer.value(n) for n in compiled.parameters]
    found = await connection.fetch(compiled.sql, *bound)
    return Hidden(found[0][0] if found else None)


def _nearest(authorizer: Authorizer, series: Series, form: Form, *, before: bool) -> Compiled:
    gate = Gate(authorizer)
    rows = gate.see(series.entity, form)
    key, than = Folded(rows.fact(series.key)), Folded(parameter(KEY, Text()))
    statement = select(rows.fact(series.key).label("key")).select_from(rows)
    statement = statement.where(
        rows.fact(series.group) == parameter(GROUP, Uuid()),
        key < than if before else key > than,
        ~one_of(rows.column("id"), IDS, Uuid()),
    )
    return gate.compile(
        statement.order_by(key.desc() if before else key.asc()).limit(IntLiteral(1))
    )


def _finding(authorizer: Authorizer, entity: Entity, column: str) -> Compiled:
    gate = Gate(authorizer)
    rows = gate.see(entity)
    value = rows.fact(column)
    statement = select(value.label("value"), rows.column("id").label("id")).select_from(rows)
    return gate.compile(statement.where(one_of(value, IDS, Text())))


async def lock_referenced(
    connection: TenantConnection, authorizer: Authorizer, wanted: Mapping[Entity, Iterable[UUID]]
) -> dict[Entity, set[UUID]]:
    """Which of these records the caller sees, of all types in one statement; locked, so that they can be referred to."""
    asked = {entity: sorted(set(ids)) for entity, ids in wanted.items()}
    open_ones = [e for e in asked if asked[e] and authorizer.may_see(e.name)]
    found: dict[Entity, set[UUID]] = {entity: set() for entity in asked}
    if open_ones:
        open_ones.sort(key=lambda entity: entity.name)
        key = _Key(_Referenced(tuple(open_ones)), authorizer.project(_depends_on(*open_ones)))
        compiled = _remembered(key, lambda: _links(authorizer, open_ones))
        arrays = {_ids(entity): asked[entity] for entity in open_ones}
        values = [
            arrays[name] if name in arrays else authorizer.value(name)
            for name in compiled.parameters
        ]
        row = (await connection.fetch(compiled.sql, *values))[0]
        for entity, text in zip(open_ones, row, strict=True):
            found[entity] = {UUID(id) for id in (text or "").split(",") if id}
    return found


def _ids(entity: Entity) -> str:
    return f"{IDS}:{entity.name}"


def _links(authorizer: Authorizer, entities: list[Entity]) -> Compiled:
    gate, texts = Gate(authorizer), []
    for entity in entities:
        rows = gate.see(entity)
        mine = one_of(rows.column("id"), _ids(entity), Uuid())
        found = select(rows.column("id").label("id")).select_from(rows).where(mine)
        locked = found.order_by(rows.column("id")).with_for_update(**_LOCKS[Lock.REFERENCE])
        links = locked.cte(f"{entity.table.name}_links")
        id = Column(links.name, "id", Uuid())
        texts.append(select(StringAgg(AsText(id), id)).select_from(links).scalar_subquery())
    return gate.compile(select(*texts))


async def _fetch(
    connection: TenantConnection, authorizer: Authorizer, asked: _Asked, ids: list[UUID]
) -> Sequence[asyncpg.Record]:
    compiled = _statement(authorizer, asked)
    values = [ids if name == IDS else authorizer.value(name) for name in compiled.parameters]
    return await connection.fetch(compiled.sql, *values)


def _statement(authorizer: Authorizer, asked: _Asked) -> Compiled:
    key = _Key(asked, authorizer.project(_depends_on(asked.entity)))
    return _remembered(key, lambda: _compile(authorizer, asked))


def _remembered(key: _Key, compile: Callable[[], Compiled]) -> Compiled:
    """Compiled once for each permission shape."""
    found = _compiled.get(key)
    if found is None:
        if len(_compiled) >= KEPT:
            _compiled.clear()
        found = _compiled[key] = compile()
    return found


@cache
def _depends_on(*entities: Entity) -> frozenset[RowsOf]:
    """The rows of these entities and of their parents, with which a child record is visible."""
    found = {RowsOf(entity.name) for entity in entities}
    for entity in entities:
        found |= _depends_on(*entity.parent_types)
    return frozenset(found)


def _compile(authorizer: Authorizer, asked: _Asked) -> Compiled:
    gate = Gate(authorizer)
    rows = gate.see(asked.entity, bin=asked.bin)
    statement = _listed(rows, asked).where(one_of(rows.column("id"), IDS, Uuid()))
    if asked.lock is not Lock.NONE:
        # One order for everybody, so that two transactions do not wait for each other.
        locked = _LOCKS[asked.lock]
        statement = statement.order_by(rows.column("id")).with_for_update(**locked)
    return gate.compile(statement)


def _listed(rows: SecuredView, asked: _Asked) -> Query:
    if not asked.facts:
        return select(rows.column("id").label("id")).select_from(rows)
    columns = [column.name for column in asked.entity.table.columns]
    return select(*(rows.fact(name).label(name) for name in columns)).select_from(rows)
