"""A program that serves a live list with Strawberry's ASGI application, as its documentation shows."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import strawberry
import uvicorn
from graphql.execution import Executor
from strawberry import ID, Info
from strawberry.asgi import GraphQL

# Only the subscription loop is measured: there is no database, no token and no permission, and the
# records are in memory. Each event object is created once for all subscribers, in favor of Strawberry.


@strawberry.type
class Money:
    """An amount in a currency."""

    amount: Decimal
    currency: str


@strawberry.type
class Account:
    """A customer."""

    name: str


@strawberry.type
class Stage:
    """A stage of the sales process."""

    name: str


@strawberry.type
class Opportunity:
    """A sales opportunity."""

    id: ID
    name: str
    amount: Money | None
    expected_close_on: date | None
    note: str | None
    account: Account
    stage: Stage

    @classmethod
    def of(cls, row: Any) -> Opportunity:
        """Convert a record of the JSON file."""
        amount, day = row["amount"], row["expectedCloseOn"]
        return cls(
            id=ID(row["id"]),
            name=row["name"],
            amount=amount and Money(amount=Decimal(amount["amount"]), currency=amount["currency"]),
            expected_close_on=day and date.fromisoformat(day),
            note=row["note"],
            account=Account(name=row["account"]["name"]),
            stage=Stage(name=row["stage"]["name"]),
        )


@strawberry.enum
class LiveKind(Enum):
    """The kind of an event."""

    SNAPSHOT = "SNAPSHOT"
    DELTA = "DELTA"


@strawberry.enum
class LiveChangeKind(Enum):
    """The kind of a change."""

    ENTERED = "ENTERED"
    UPDATED = "UPDATED"
    LEFT = "LEFT"


@strawberry.type
class OpportunityLiveChange:
    """A record that entered the list, changed in it, or left it."""

    kind: LiveChangeKind
    id: ID
    node: Opportunity | None


@strawberry.type
class OpportunityLive:
    """An event of a live list."""

    kind: LiveKind
    cursor: str
    changes: list[OpportunityLiveChange]


@dataclass
class Broadcast:
    """Distributes events to the queues of all subscribers."""

    _queues: set[asyncio.Queue[OpportunityLive]] = field(default_factory=set)

    @contextmanager
    def subscribe(self) -> Iterator[asyncio.Queue[OpportunityLive]]:
        """A queue that receives all further events."""
        queue: asyncio.Queue[OpportunityLive] = asyncio.Queue()
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.remove(queue)

    def publish(self, event: OpportunityLive) -> None:
        """Put an event into all queues."""
        for queue in self._queues:
            queue.put_nowait(event)


@dataclass
class Board:
    """The records and their subscribers."""

    records: dict[str, Opportunity]
    cursor: str
    """A cursor of Relata, so that the cursors of both have the same length."""
    broadcast: Broadcast = field(default_factory=Broadcast)
    position: int = 0

    def event(self, kind: LiveKind, changes: list[OpportunityLiveChange]) -> OpportunityLive:
        """A new event with the current cursor."""
        digits = str(self.position)
        return OpportunityLive(
            kind=kind, cursor=self.cursor[: -len(digits)] + digits, changes=changes
        )

    def rename(self, id: str, name: str) -> Opportunity:
        """Rename a record and publish the change."""
        changed = self.records[id] = replace(self.records[id], name=name)
        self.position += 1
        change = OpportunityLiveChange(kind=LiveChangeKind.UPDATED, id=changed.id, node=changed)
        self.broadcast.publish(self.event(LiveKind.DELTA, [change]))
        return changed


BoardInfo = Info[Board, None]


@strawberry.type
class Query:
    """The query type that every schema needs."""

    @strawberry.field
    def opportunity(self, info: BoardInfo, id: ID) -> Opportunity | None:
        """An opportunity by id."""
        return info.context.records.get(id)


@strawberry.input
class OpportunityUpdateInput:
    """Input of `opportunityUpdate`."""

    id: ID
    name: str


@strawberry.type
class OpportunityUpdatePayload:
    """Result of `opportunityUpdate`."""

    opportunity: Opportunity


@strawberry.type
class Mutation:
    """Root mutation type."""

    @strawberry.mutation
    async def opportunity_update(
        self, info: BoardInfo, input: OpportunityUpdateInput
    ) -> OpportunityUpdatePayload:
        """Rename an opportunity."""
        return OpportunityUpdatePayload(opportunity=info.context.rename(input.id, input.name))


@strawberry.type
class Subscription:
    """Root subscription type."""

    @strawberry.subscription
    async def opportunities(self, info: BoardInfo) -> AsyncGenerator[OpportunityLive, None]:
        """A snapshot of all records, then every change."""
        board = info.context
        with board.broadcast.subscribe() as queue:
            entered = [
                OpportunityLiveChange(kind=LiveChangeKind.ENTERED, id=each.id, node=each)
                for each in board.records.values()
            ]
            yield board.event(LiveKind.SNAPSHOT, entered)
            while True:
                yield await queue.get()


SCHEMA = strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription)


class Api(GraphQL[Board, None]):
    """The ASGI application, with one board for all requests."""

    def __init__(self, board: Board) -> None:
        super().__init__(SCHEMA, graphql_ide=None)
        self._board = board

    async def get_context(self, request: Any, response: Any) -> Board:
        """The board, for every request."""
        return self._board


def patch() -> None:
    """Patch a memory leak of graphql-core 3.3.2.

    The events of a subscription share a cache of selected fields, but each event adds new keys. The
    cache grows by some KiB per delivered event, and garbage collection becomes ever slower.
    """
    leaking = Executor.build_per_event_executor

    def patched(executor: Executor[Any], payload: Any) -> Executor[Any]:
        executor = leaking(executor, payload)
        executor._relevant_sub_fields = {}  # noqa: SLF001 - this cache is the leak
        return executor

    Executor.build_per_event_executor = patched  # type: ignore[method-assign,assignment]


def load_board(text: str) -> Board:
    """The board from the text of the JSON file."""
    content = json.loads(text)
    records = {row["id"]: Opportunity.of(row) for row in content["records"]}
    return Board(records, content["cursor"])


async def main(board: Board) -> None:
    """Serve until the process receives a signal."""
    config = uvicorn.Config(
        Api(board),
        port=int(os.environ["PORT"]),
        http="httptools",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        ws_per_message_deflate=False,  # as in Relata; the client does not offer compression
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    import uvloop

    if os.environ.get("BENCH_MENDED"):
        patch()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(load_board(Path(os.environ["BENCH_BOARD"]).read_text())))
