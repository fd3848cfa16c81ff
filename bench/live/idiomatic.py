"""Serves a live list with Strawberry's own ASGI application, as its documentation shows it; a program of its own."""

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

# What is measured is the loop: there is no database, no token and no right here, and the records
# are in memory. What an event tells is made once for all, in this contender's favor.


@strawberry.type
class Money:
    """An amount in a currency."""

    amount: Decimal
    currency: str


@strawberry.type
class Account:
    """Somebody to sell to."""

    name: str


@strawberry.type
class Stage:
    """A step of selling."""

    name: str


@strawberry.type
class Opportunity:
    """Something that may be sold."""

    id: ID
    name: str
    amount: Money | None
    expected_close_on: date | None
    note: str | None
    account: Account
    stage: Stage

    @classmethod
    def of(cls, row: Any) -> Opportunity:
        """As a row tells it."""
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
    """How an event is to be read."""

    SNAPSHOT = "SNAPSHOT"
    DELTA = "DELTA"


@strawberry.enum
class LiveChangeKind(Enum):
    """What became of a record."""

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
    """What a list tells."""

    kind: LiveKind
    cursor: str
    changes: list[OpportunityLiveChange]


@dataclass
class Broadcast:
    """Tells all who listen what has changed."""

    _listening: set[asyncio.Queue[OpportunityLive]] = field(default_factory=set)

    @contextmanager
    def listen(self) -> Iterator[asyncio.Queue[OpportunityLive]]:
        """A queue of what is told from now on."""
        queue: asyncio.Queue[OpportunityLive] = asyncio.Queue()
        self._listening.add(queue)
        try:
            yield queue
        finally:
            self._listening.remove(queue)

    def tell(self, event: OpportunityLive) -> None:
        """Something has changed."""
        for queue in self._listening:
            queue.put_nowait(event)


@dataclass
class Board:
    """The records, and whoever watches them."""

    records: dict[str, Opportunity]
    cursor: str
    """One of ours, so that those of both are as long."""
    broadcast: Broadcast = field(default_factory=Broadcast)
    position: int = 0

    def told(self, kind: LiveKind, changes: list[OpportunityLiveChange]) -> OpportunityLive:
        """An event, with the cursor of now."""
        place = str(self.position)
        return OpportunityLive(
            kind=kind, cursor=self.cursor[: -len(place)] + place, changes=changes
        )

    def rename(self, id: str, name: str) -> Opportunity:
        """Change a record, and tell all who watch."""
        changed = self.records[id] = replace(self.records[id], name=name)
        self.position += 1
        change = OpportunityLiveChange(kind=LiveChangeKind.UPDATED, id=changed.id, node=changed)
        self.broadcast.tell(self.told(LiveKind.DELTA, [change]))
        return changed


Asked = Info[Board, None]


@strawberry.type
class Query:
    """A schema must have one."""

    @strawberry.field
    def opportunity(self, info: Asked, id: ID) -> Opportunity | None:
        """A record."""
        return info.context.records.get(id)


@strawberry.input
class OpportunityUpdateInput:
    """What to change."""

    id: ID
    name: str


@strawberry.type
class OpportunityUpdatePayload:
    """What came of it."""

    opportunity: Opportunity


@strawberry.type
class Mutation:
    """What can be changed."""

    @strawberry.mutation
    async def opportunity_update(
        self, info: Asked, input: OpportunityUpdateInput
    ) -> OpportunityUpdatePayload:
        """Give a record another name."""
        return OpportunityUpdatePayload(opportunity=info.context.rename(input.id, input.name))


@strawberry.type
class Subscription:
    """What can be watched."""

    @strawberry.subscription
    async def opportunities(self, info: Asked) -> AsyncGenerator[OpportunityLive, None]:
        """All records, and then whatever changes."""
        board = info.context
        with board.broadcast.listen() as queue:
            entered = [
                OpportunityLiveChange(kind=LiveChangeKind.ENTERED, id=each.id, node=each)
                for each in board.records.values()
            ]
            yield board.told(LiveKind.SNAPSHOT, entered)
            while True:
                yield await queue.get()


SCHEMA = strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription)


class Api(GraphQL[Board, None]):
    """All ask about one board."""

    def __init__(self, board: Board) -> None:
        super().__init__(SCHEMA, graphql_ide=None)
        self._board = board

    async def get_context(self, request: Any, response: Any) -> Board:
        """The same for everybody."""
        return self._board


def mend() -> None:
    """Let go of what each event leaves behind in graphql-core 3.3.2.

    There a subscription's events share a memory of what was selected, whose keys are new with each
    event: it grows by some KiB with every one that is delivered, and the garbage collector gets
    slower and slower.
    """
    leaking = Executor.build_per_event_executor

    def mended(executor: Executor[Any], payload: Any) -> Executor[Any]:
        found = leaking(executor, payload)
        found._relevant_sub_fields = {}  # noqa: SLF001 - this is the leak that is mended
        return found

    Executor.build_per_event_executor = mended  # type: ignore[method-assign,assignment]


def board(told: str) -> Board:
    """As a file of JSON tells it."""
    given = json.loads(told)
    records = {row["id"]: Opportunity.of(row) for row in given["records"]}
    return Board(records, given["cursor"])


async def main(watched: Board) -> None:
    """Serve until a signal ends it."""
    config = uvicorn.Config(
        Api(watched),
        port=int(os.environ["PORT"]),
        http="httptools",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        ws_per_message_deflate=False,  # as ours; our client would not offer it either
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    import uvloop

    if os.environ.get("BENCH_MENDED"):
        mend()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(board(Path(os.environ["BENCH_BOARD"]).read_text())))
