"""Live lists as SQL: one row per record with its id and texts, of all records or of given ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from sqlalchemy import Uuid, func, select

from db.engine.dependencies import Dependencies, entities_of
from db.engine.entity import Entity
from db.engine.gate import Authorizer, Gate, VisibilityForm
from db.engine.model import Model
from db.engine.plan.planner import Forbidden, Plan, closed, denied
from db.engine.plan.run import tagged
from db.engine.plan.selection import (
    And,
    BindParam,
    Condition,
    ConnectionSelection,
    Not,
    ObjectSelection,
    Or,
    ToManyFilter,
    ToOneFilter,
    ToOneSelection,
)
from db.engine.plan.shape import record
from db.engine.plan.source import CURSOR_MARK, Binding, Joined, Pages, Scope, join_laterals
from db.engine.plan.where import where
from db.engine.sql import Concat, IntLiteral, one_of
from db.engine.transaction import CUSTOM, Driver, LockTimeout, Placement, StatementTimeout

IDS = "@ids"
"""Name of the parameter with the ids; it is no valid GraphQL variable name, so it cannot collide."""
Row = tuple[UUID, tuple[bytes, ...]]
"""A record's id, and its texts."""
PAST = (
    "WITH was AS (SELECT DISTINCT ON (record_id) before FROM change_log"
    " WHERE entity = ${entity} AND position > ${position} ORDER BY record_id, position, number), "
    "{table} AS (SELECT row.* FROM was, jsonb_populate_record(NULL::{table}, was.before) AS row"
    " WHERE was.before IS NOT NULL) "
)
"""Prefix of a statement: a CTE that shadows the table with the changed records as they were at a log position."""
OLDER = (
    "SELECT EXISTS (SELECT FROM change_log WHERE entity = $1 AND position > $2"
    " AND NOT before ?& $3)"
)
"""Whether any of those entries predates a column of the table."""
AUTO = "SET LOCAL plan_cache_mode = auto"


@dataclass(frozen=True)
class Live:
    """Selection of a live list: filter, page sizes, and the selected fields of each record."""

    entity: Entity
    condition: Condition | None
    texts: tuple[ObjectSelection, ...]
    """Usually one; one per distinct selection of the record."""
    depends_on: Dependencies
    filter_depends_on: Dependencies
    sizes: tuple[tuple[int, BindParam], ...]
    """Page size of each list within a record, by its number."""

    @property
    def related(self) -> frozenset[str]:
        """Entities whose changes may change the response for a record that did not change itself."""
        named = entities_of(self.depends_on | self.filter_depends_on)
        inner = [each for text in self.texts for each in _within(text)]
        inner += [] if self.condition is None else _decided_by(self.condition)
        # A list may lead back to the entity itself; a reference leads to its target only.
        recursive = None in inner or self.entity.name in inner
        return named if recursive else named - {self.entity.name}


def _within(selection: ObjectSelection) -> Iterator[str | None]:
    """The entities that references within a record lead to; None for a list."""
    for _, part in selection.parts:
        if isinstance(part, ToOneSelection):
            yield part.object.entity.name
            yield from _within(part.object)
        elif isinstance(part, ConnectionSelection):
            yield None


def _decided_by(condition: Condition) -> Iterator[str | None]:
    """The entity that each part of a condition depends on; None for a part that depends on a list."""
    match condition:
        case And(items) | Or(items):
            for each in items:
                yield from _decided_by(each)
        case Not(item):
            yield from _decided_by(item)
        case ToOneFilter(reference, inner):
            yield reference.target
            yield from _decided_by(inner)
        case ToManyFilter():
            yield None


@dataclass(frozen=True)
class LivePlan:
    """The statements of a live list, for every viewer with the same permission shape."""

    full: Plan
    """Reads all records, and one more than the limit if there are too many."""
    by_ids: Plan
    """Reads the records with an id in `IDS`."""


def compile_live_plan(
    live: Live, limit: int, authorizer: Authorizer, model: Model, pages: Pages
) -> LivePlan | Forbidden:
    """Compile a live list for a permission shape with access to its entity."""
    closed_dependencies = closed(live.filter_depends_on, authorizer)
    if closed_dependencies:
        return Forbidden(closed_dependencies)
    form = authorizer.form(live.entity.name)
    full = _statement(live, Scope(Gate(authorizer), model, pages), form, limit)
    return LivePlan(
        full,
        _statement(live, Scope(Gate(authorizer), model, pages), VisibilityForm.PREDICATE, None),
    )


def _statement(live: Live, scope: Scope, form: VisibilityForm, limit: int | None) -> Plan:
    view = scope.gate.see(live.entity, form)
    laterals: list[Joined] = []
    texts = [record(scope, view, text, laterals) for text in live.texts]
    utf8 = [func.convert_to(each, Concat(["UTF8"])).label(f"r{i}") for i, each in enumerate(texts)]
    id_ = view.column("id")
    query = select(id_.label("id"), *utf8).select_from(join_laterals(view, laterals))
    if live.condition is not None:
        query = query.where(where(scope, view, live.condition))
    if limit is None:
        scope.bindings[IDS] = Binding(BindParam((IDS,)), list)
        query = query.where(one_of(id_, IDS, Uuid()))
    else:
        query = query.limit(IntLiteral(limit + 1))
    compiled = scope.gate.compile(query)
    return Plan(
        compiled=compiled,
        columns=(),
        bindings=scope.bindings,
        range_checks=tuple(scope.range_checks),
        denied=denied(scope),
        cursors=CURSOR_MARK in compiled.sql,
        uses_id_in=form is VisibilityForm.ID_IN,
        searches=scope.searches,
    )


async def rows(
    connection: Driver, placement: Placement, plan: Plan, values: Sequence[object]
) -> Mapping[UUID, tuple[bytes, ...]]:
    """The texts of each record by id, in no order. Raises StatementTimeout or LockTimeout."""
    assert plan.compiled is not None  # noqa: S101 - only open entities are planned
    if plan.needs_custom_plan:
        await connection.execute(CUSTOM)
    result = await _fetch(connection, tagged(placement, plan.compiled), values)
    if plan.needs_custom_plan:
        await connection.execute(AUTO)
    return result


async def rows_before(
    connection: Driver,
    placement: Placement,
    plan: Plan,
    values: Sequence[object],
    entity: Entity,
    position: int,
) -> Mapping[UUID, tuple[bytes, ...]] | None:
    """The texts of records that changed after a log position, as they were at that position, with the same rights.

    Other tables that the statement reads must not have changed since. None if the old rows are not available.
    """
    assert plan.compiled is not None  # noqa: S101 - likewise
    columns = [str(column.name) for column in entity.table.columns]
    tag = f"/*{placement.schema}*/ "
    if await connection.fetchval(tag + OLDER, entity.name, position, columns):
        return None
    table = f'"{entity.table.name}"'
    past = PAST.format(table=table, entity=len(values) + 1, position=len(values) + 2)
    text = f"{tag}{past}{plan.compiled.sql}"
    return await _fetch(connection, text, [*values, entity.name, position])


async def _fetch(
    connection: Driver, text: str, values: Sequence[object]
) -> Mapping[UUID, tuple[bytes, ...]]:
    try:
        rows_ = await connection.fetch(text, *values)
    except asyncpg.QueryCanceledError as error:
        raise StatementTimeout from error
    except asyncpg.LockNotAvailableError as error:
        raise LockTimeout from error
    return {row[0]: tuple(row)[1:] for row in rows_}
