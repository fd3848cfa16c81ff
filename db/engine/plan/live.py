"""Live lists as SQL: one row per record with its id, texts and sort keys, of the first records or of given ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import Uuid, func, select

from db.engine.dependencies import Dependencies, entities_of
from db.engine.entity import Entity
from db.engine.gate import Authorizer, Gate, VisibilityForm
from db.engine.model import Model
from db.engine.plan.order import Direction, SortExpression, keys
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
    SortKey,
    ToManyFilter,
    ToOneFilter,
    ToOneSelection,
)
from db.engine.plan.shape import record
from db.engine.plan.source import CURSOR_MARK, Binding, Joined, PageCut, Pages, Scope, join_laterals
from db.engine.plan.where import where
from db.engine.sql import Concat, IntLiteral, one_of
from db.engine.transaction import CUSTOM, Driver, LockTimeout, Placement, StatementTimeout

IDS = "@ids"
"""Name of the parameter with the ids; it is no valid GraphQL variable name, so it cannot collide."""
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


class LiveRow(NamedTuple):
    """A record as the statement returns it."""

    texts: tuple[bytes, ...]
    keys: tuple[object, ...]
    """The values of the sort keys, without the id."""


@dataclass(frozen=True)
class Live:
    """Selection of a live list: filter, order, page sizes, and the selected fields of each record."""

    entity: Entity
    condition: Condition | None
    order: tuple[SortKey, ...]
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
        inner += [reference.target for key in self.order for reference in key.path]
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
    """Reads the first records in order, and one more if there are more."""
    by_ids: Plan
    """Reads the records with an id in `IDS`."""
    directions: tuple[Direction, ...]
    """The direction of each sort key, the id last."""


def compile_live_plan(
    live: Live, limit: int, authorizer: Authorizer, model: Model, pages: Pages
) -> LivePlan | Forbidden:
    """Compile a live list for a permission shape with access to its entity."""
    closed_dependencies = closed(live.filter_depends_on, authorizer)
    if closed_dependencies:
        return Forbidden(closed_dependencies)
    form = authorizer.form(live.entity.name)
    full, sort = _statement(live, Scope(Gate(authorizer), model, pages), form, limit)
    scope = Scope(Gate(authorizer), model, pages)
    by_ids, _ = _statement(live, scope, VisibilityForm.PREDICATE, None)
    return LivePlan(full, by_ids, tuple(Direction(k.descending, k.nulls_first) for k in sort))


def _statement(
    live: Live, scope: Scope, form: VisibilityForm, limit: int | None
) -> tuple[Plan, list[SortExpression]]:
    view = scope.gate.see(live.entity, form)
    sort, key_laterals = keys(scope, view, live.order)
    page = PageCut(view)
    id_ = page.column("id").label("id")
    columns = [page.carry(f"key_{n}", key.value) for n, key in enumerate(sort[:-1], start=1)]
    laterals: list[Joined] = []
    texts = [record(scope, page, text, laterals) for text in live.texts]
    utf8 = [func.convert_to(each, Concat(["UTF8"])).label(f"r{i}") for i, each in enumerate(texts)]
    # The page is cut first, so that the texts are made for its rows only.
    listed = [value.label(label) for label, value in page.listed.items()]
    cut = select(*listed).select_from(join_laterals(view, key_laterals))
    if live.condition is not None:
        cut = cut.where(where(scope, view, live.condition))
    if limit is None:
        scope.bindings[IDS] = Binding(BindParam((IDS,)), list)
        cut = cut.where(one_of(view.column("id"), IDS, Uuid()))
    else:
        cut = cut.order_by(*(key.ordered(key.value) for key in sort)).limit(IntLiteral(limit + 1))
    query = select(id_, *utf8, *columns).select_from(
        join_laterals(cut.subquery(page.name), laterals)
    )
    if limit is not None:
        values = zip(sort, [*columns, page.column("id")], strict=True)
        query = query.order_by(*(key.ordered(value) for key, value in values))
    compiled = scope.gate.compile(query)
    plan = Plan(
        compiled=compiled,
        columns=(),
        bindings=scope.bindings,
        range_checks=tuple(scope.range_checks),
        denied=denied(scope),
        cursors=CURSOR_MARK in compiled.sql,
        uses_id_in=form is VisibilityForm.ID_IN,
        searches=scope.searches,
    )
    return plan, sort


async def rows(
    connection: Driver, placement: Placement, plan: Plan, values: Sequence[object], texts: int
) -> Mapping[UUID, LiveRow]:
    """The records by id, each with this number of texts. Raises StatementTimeout or LockTimeout."""
    assert plan.compiled is not None  # noqa: S101 - only open entities are planned
    if plan.needs_custom_plan:
        await connection.execute(CUSTOM)
    result = await _fetch(connection, tagged(placement, plan.compiled), values, texts)
    if plan.needs_custom_plan:
        await connection.execute(AUTO)
    return result


async def rows_before(
    connection: Driver,
    placement: Placement,
    plan: Plan,
    values: Sequence[object],
    live: Live,
    position: int,
) -> Mapping[UUID, LiveRow] | None:
    """The records that changed after a log position, as they were at that position, with the same rights.

    Other tables that the statement reads must not have changed since. None if the old rows are not available.
    """
    assert plan.compiled is not None  # noqa: S101 - likewise
    entity = live.entity
    columns = [str(column.name) for column in entity.table.columns]
    tag = f"/*{placement.schema}*/ "
    if await connection.fetchval(tag + OLDER, entity.name, position, columns):
        return None
    table = f'"{entity.table.name}"'
    past = PAST.format(table=table, entity=len(values) + 1, position=len(values) + 2)
    text = f"{tag}{past}{plan.compiled.sql}"
    return await _fetch(connection, text, [*values, entity.name, position], len(live.texts))


async def _fetch(
    connection: Driver, text: str, values: Sequence[object], texts: int
) -> Mapping[UUID, LiveRow]:
    try:
        rows_ = await connection.fetch(text, *values)
    except asyncpg.QueryCanceledError as error:
        raise StatementTimeout from error
    except asyncpg.LockNotAvailableError as error:
        raise LockTimeout from error
    end = 1 + texts
    return {row[0]: LiveRow(tuple(row[1:end]), tuple(row[end:])) for row in rows_}
