"""A live list as SQL: a row for each record, with its id and its texts; of all records, or of those among some ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from sqlalchemy import Uuid, func, select

from db.engine.dependencies import Dependencies, entities_of
from db.engine.entity import Entity
from db.engine.gate import Authorizer, Form, Gate
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
from db.engine.plan.source import Binding, Joined, Pages, Scope, beside
from db.engine.plan.where import where
from db.engine.sql import Concat, IntLiteral, one_of
from db.engine.transaction import CUSTOM, Driver, LockTimeout, Placement, StatementTimeout

IDS = "@ids"
"""The value with the ids that are asked about: no variable can be called so."""
Row = tuple[UUID, tuple[bytes, ...]]
"""A record's id, and its texts."""
PAST = (
    "WITH was AS (SELECT DISTINCT ON (record_id) before FROM change_log"
    " WHERE entity = ${entity} AND position > ${position} ORDER BY record_id, position, number), "
    "{table} AS (SELECT row.* FROM was, jsonb_populate_record(NULL::{table}, was.before) AS row"
    " WHERE was.before IS NOT NULL) "
)
"""Put in front of a statement, lets it see what a table's records were before they changed after a position:
what stands in WITH goes before a table of the same name."""
OLDER = (
    "SELECT EXISTS (SELECT FROM change_log WHERE entity = $1 AND position > $2"
    " AND NOT before ?& $3)"
)
"""Whether some of those were noted before the table got all the columns it has."""
AUTO = "SET LOCAL plan_cache_mode = auto"


@dataclass(frozen=True)
class Live:
    """A live list as it is asked for: which records, at most how many, and what is told of each."""

    entity: Entity
    condition: Condition | None
    texts: tuple[ObjectSelection, ...]
    """Usually one; as many as different selections are made of a record."""
    depends_on: Dependencies
    filter_depends_on: Dependencies
    sizes: tuple[tuple[int, BindParam], ...]
    """How long the page of each list within a record is."""

    @property
    def related(self) -> frozenset[str]:
        """The entities whose changes may change what is told of a record that did not change itself."""
        named = entities_of(self.depends_on | self.filter_depends_on)
        inner = [each for text in self.texts for each in _within(text)]
        inner += [] if self.condition is None else _decided_by(self.condition)
        # A list may lead back to where it was asked of; a reference leads where it says.
        again = None in inner or self.entity.name in inner
        return named if again else named - {self.entity.name}


def _within(asked: ObjectSelection) -> Iterator[str | None]:
    """The entities that references within a record lead to; None for a list."""
    for _, part in asked.parts:
        if isinstance(part, ToOneSelection):
            yield part.object.entity.name
            yield from _within(part.object)
        elif isinstance(part, ConnectionSelection):
            yield None


def _decided_by(condition: Condition) -> Iterator[str | None]:
    """Entity whose row decides each part of a condition; None for a part that a list decides."""
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

    whole: Plan
    """All records, and one more than there may be if there are too many."""
    some: Plan
    """Only records whose id is in `IDS`."""


def plan_live(
    asked: Live, most: int, authorizer: Authorizer, model: Model, pages: Pages
) -> LivePlan | Forbidden:
    """Compile a live list for a permission shape, under which its entity is open."""
    names = closed(asked.filter_depends_on, authorizer)
    if names:
        return Forbidden(names)
    form = authorizer.form(asked.entity.name)
    whole = _statement(asked, Scope(Gate(authorizer), model, pages), form, most)
    return LivePlan(
        whole, _statement(asked, Scope(Gate(authorizer), model, pages), Form.PREDICATE, None)
    )


def _statement(asked: Live, scope: Scope, form: Form, most: int | None) -> Plan:
    seen = scope.gate.see(asked.entity, form)
    laterals: list[Joined] = []
    texts = [record(scope, seen, text, laterals) for text in asked.texts]
    utf8 = [func.convert_to(each, Concat(["UTF8"])).label(f"r{i}") for i, each in enumerate(texts)]
    id_ = seen.column("id")
    statement = select(id_.label("id"), *utf8).select_from(beside(seen, laterals))
    if asked.condition is not None:
        statement = statement.where(where(scope, seen, asked.condition))
    if most is None:
        scope.bindings[IDS] = Binding(BindParam((IDS,)), list)
        statement = statement.where(one_of(id_, IDS, Uuid()))
    else:
        statement = statement.limit(IntLiteral(most + 1))
    compiled = scope.gate.compile(statement)
    return Plan(
        compiled=compiled,
        columns=(),
        bindings=scope.bindings,
        bounds=tuple(scope.bounds),
        denied=denied(scope),
        cursors="\\x02" in compiled.sql,
        narrow=form is Form.ID_IN,
        searches=scope.searches,
    )


async def rows(
    connection: Driver, placement: Placement, plan: Plan, values: Sequence[object]
) -> Mapping[UUID, tuple[bytes, ...]]:
    """The texts of each record, by its id, in no order. Raises TookTooLong, or Occupied."""
    assert plan.compiled is not None  # noqa: S101 - only open entities are planned
    if plan.custom:
        await connection.execute(CUSTOM)
    found = await _fetch(connection, tagged(placement, plan.compiled), values)
    if plan.custom:
        await connection.execute(AUTO)
    return found


async def rows_before(
    connection: Driver,
    placement: Placement,
    plan: Plan,
    values: Sequence[object],
    entity: Entity,
    position: int,
) -> Mapping[UUID, tuple[bytes, ...]] | None:
    """Likewise, of records that changed after a position, as they were there, and as seen by the same rights.

    Whatever else the statement looks at must not have changed since. None if it is not known any more.
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
        found = await connection.fetch(text, *values)
    except asyncpg.QueryCanceledError as error:
        raise StatementTimeout from error
    except asyncpg.LockNotAvailableError as error:
        raise LockTimeout from error
    return {row[0]: tuple(row)[1:] for row in found}
