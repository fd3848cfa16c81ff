"""A live list compiled for one permission class: its plan, its messages and its cursors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

import orjson
from graphql import FieldNode, GraphQLSchema

from auth.engine.viewer import Viewer
from db.engine.plan.live import IDS, Live, LivePlan, LiveRow, rows, rows_before
from db.engine.plan.order import place
from db.engine.transaction import Driver, Placement
from domain.live import LiveKind, live_position
from schema.engine.cursors import Cursors
from schema.engine.derived import executed_records
from schema.engine.live_messages import LiveMessage
from schema.engine.reads import Request, with_denied
from schema.engine.variables import Variables
from subscriptions.engine.contracts import RecordChange, Row, RowsById

TextsById = Mapping[UUID, tuple[bytes, ...]]
"""The JSON texts of records, by their ids."""


@dataclass(frozen=True)
class DerivedReader:
    """Computes the derived fields in the texts of records."""

    schema: GraphQLSchema
    request: Request
    nodes: tuple[list[FieldNode] | None, ...]
    """Per text: the selections, if they contain a field that Python computes; None otherwise."""

    async def done(self, entity: str, texts: TextsById) -> TextsById:
        """The texts with all derived fields computed. A field that fails is null, as in queries."""
        computed = {str(n): (entity, nodes) for n, nodes in enumerate(self.nodes) if nodes}
        if not computed or not texts:
            return texts
        ids = list(texts)
        columns = [list(column) for column in zip(*texts.values(), strict=True)]
        request = self.request
        made, _ = await executed_records(
            self.schema,
            request.admitted.document,
            request.admitted.operation(request.name),
            computed,
            {key: b"[%b]" % b",".join(columns[int(key)]) for key in computed},
            request.variables,
        )
        for key, text in made.items():
            columns[int(key)] = [orjson.dumps(each) for each in orjson.loads(text)]
        return dict(zip(ids, zip(*columns, strict=True), strict=True))


@dataclass(frozen=True)
class CompiledSubscription:
    """A live list shared by all subscribers with the same operation, values and permission class (D-64)."""

    key: bytes
    """Digest of the operation, the parameters and the rights: equal exactly for subscribers with equal messages."""
    live: Live
    related: frozenset[str]
    """The entities whose changes may affect any record of the list."""
    max_records: int
    plan: LivePlan
    viewer: Viewer
    values: Variables
    message: LiveMessage
    cursors: Cursors
    tenant: UUID
    computing: DerivedReader

    @property
    def entity(self) -> str:
        """Name of the entity whose records are listed."""
        return self.live.entity.name

    @property
    def shows_more(self) -> bool:
        """Whether messages contain `hasMore`."""
        return self.message.contains("hasMore")

    @property
    def shows_position(self) -> bool:
        """Whether messages contain `livePosition`."""
        return self.message.contains("livePosition")

    async def all(self, connection: Driver, placement: Placement) -> RowsById:
        """The records of the window in order, and one more if more follow."""
        bound = self.plan.full.arguments(self.values, self.viewer, {})
        found = await rows(connection, placement, self.plan.full, bound, len(self.live.texts))
        return await self._rows(found)

    async def read_ids(
        self, connection: Driver, placement: Placement, ids: Iterable[UUID]
    ) -> RowsById:
        """The records of the list that have one of these ids, inside or outside the window."""
        values = {**self.values, IDS: list(ids)}
        bound = self.plan.by_ids.arguments(values, self.viewer, {})
        found = await rows(connection, placement, self.plan.by_ids, bound, len(self.live.texts))
        return await self._rows(found)

    async def read_before(
        self,
        connection: Driver,
        placement: Placement,
        ids: Iterable[UUID],
        position: int,
    ) -> RowsById | None:
        """The same records as of a log position after which nothing else changed; None if that is unknown."""
        values = {**self.values, IDS: list(ids)}
        some = self.plan.by_ids
        bound = some.arguments(values, self.viewer, {})
        found = await rows_before(connection, placement, some, bound, self.live, position)
        return None if found is None else await self._rows(found)

    async def _rows(self, found: Mapping[UUID, LiveRow]) -> RowsById:
        """The records with their derived fields, comparable by their places."""
        texts = {id: row.texts for id, row in found.items()}
        texts = dict(await self.computing.done(self.entity, texts))
        return {
            id: Row(
                place(self.plan.directions, [*row.keys, id]),
                texts[id],
                sum(map(len, texts[id])) + sum(len(k) for k in row.keys if isinstance(k, str)),
            )
            for id, row in found.items()
        }

    def text(
        self,
        kind: LiveKind,
        epoch: int,
        position: int,
        changes: Iterable[RecordChange],
        *,
        has_more: bool,
    ) -> bytes:
        """The payload of a `next` message."""
        whole = kind in (LiveKind.SNAPSHOT, LiveKind.RESYNC)
        denied = with_denied(self.plan.full) if whole else []
        place = orjson.dumps([epoch, position, self.key.hex()])
        cursor = self.cursors.sealed(place, self._bound_to)
        at = live_position(epoch, position)
        return self.message.text(kind, cursor, at, changes, has_more=has_more, denied=denied)

    def position_of(self, cursor: str) -> tuple[int, int] | None:
        """Epoch and position of a cursor; None for another list or permission class. Raises Refused."""
        epoch, position, key = self.cursors.open(cursor, self._bound_to)
        return (int(epoch or 0), int(position or 0)) if key == self.key.hex() else None

    @property
    def _bound_to(self) -> bytes:
        return b"live:" + self.tenant.bytes
