"""How an import works: many transactions with an administrator's rights, each for up to 250 records, in nobody's name."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from itertools import islice
from typing import TypeVar
from uuid import UUID

from auth.engine.viewer import Viewer
from db import sessions
from db.api import MODEL
from db.engine.base import Record, Standard
from db.engine.row import AnyColumn
from resolvers.areas import REGISTRY
from resolvers.engine.changeset import AnyChangeset, Params
from resolvers.engine.command import Command
from resolvers.engine.context import Context
from resolvers.engine.execute import CommandRequest, execute
from resolvers.operator import OperatorSession, administrator, context_in, entered, error_messages
from tenancy.engine.provision import TenantError

MOST = 250
"""Records of one batch."""
NOON = time(12, tzinfo=UTC)
T = TypeVar("T")
Tell = Callable[[str, str, str], None]
"""Told of which record what is not as it should be, and what was done about it."""
LEFT_OUT = "left out"


def at(day: date) -> datetime:
    """The moment that stands for a day: noon, so that it is that day nearly everywhere."""
    return datetime.combine(day, NOON)


def global_id(record: type[Record], id: UUID) -> str:
    """An id as it is given to a command."""
    return f"{MODEL.of(record).prefix}_{id.hex}"


def create(record: type[Record]) -> Command:
    """The command that creates such records."""
    return REGISTRY.standard(record, Standard.CREATE)


def batches(several: Iterable[T]) -> Iterator[list[T]]:
    """All of them, up to 250 at a time."""
    rest = iter(several)
    while batch := list(islice(rest, MOST)):
        yield batch


@dataclass
class Work:
    """The transactions of one import."""

    operator: OperatorSession
    session: UUID
    done: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many records of a type a command was carried out on, by type and command."""
    viewer: Viewer | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Context]:
        """One transaction. Rights are loaded anew only where the one before it changed them."""
        async with entered(self.operator) as connection:
            viewer = self.viewer or await administrator(self.operator, connection)
            async with context_in(self.operator, connection, viewer, self.session) as ctx:
                yield ctx
        changed = any(each.entity.is_rights for each in ctx.unit.written)
        self.viewer = None if changed else viewer

    async def all(self, ctx: Context, command: Command, inputs: Iterable[Params]) -> list[UUID]:
        """Execute a command for all inputs. Raises TenantError with everything that is wrong."""
        items = await self._execute(ctx, command, inputs, all_or_none=True)
        if sentences := [each for item in items for each in error_messages(ctx, item)]:
            raise TenantError(" ".join(dict.fromkeys(sentences)))
        return [item.record.id for item in items]

    async def each(
        self, ctx: Context, command: Command, inputs: Mapping[str, Params], tell: Tell
    ) -> dict[str, UUID]:
        """Execute a command for those inputs that are right; the records by the names of their inputs."""
        items = await self._execute(ctx, command, inputs.values(), all_or_none=False)
        found = {}
        for name, item in zip(inputs, items, strict=True):
            if sentences := error_messages(ctx, item):
                tell(name, " ".join(sentences), LEFT_OUT)
            else:
                found[name] = item.record.id
        return found

    async def _execute(
        self, ctx: Context, command: Command, inputs: Iterable[Params], *, all_or_none: bool
    ) -> list[AnyChangeset]:
        found: list[AnyChangeset] = []
        for several in batches(inputs):
            named = tuple((("inputs", str(n)), given) for n, given in enumerate(several))
            items = await execute(ctx, CommandRequest(command, named, all_or_none))
            found += items
            self.done[command.record.__name__, command.name] += sum(not i.failed for i in items)
        return found

    async def known(
        self, ctx: Context, record: type[Record], column: AnyColumn, names: Iterable[str]
    ) -> dict[str, UUID]:
        """The ids of the records with one of these texts in a column, by text."""
        return await ctx.unit.find_by_text(MODEL.of(record), column.key, names)

    async def ensure(
        self,
        ctx: Context,
        record: type[Record],
        column: AnyColumn,
        wanted: Mapping[str, Params],
    ) -> dict[str, str]:
        """The ids of the records with these names, as commands take them; those that are missing are created."""
        known = await self.known(ctx, record, column, wanted)
        missing = [name for name in wanted if name not in known]
        made = await self.all(ctx, create(record), [wanted[name] for name in missing])
        known |= zip(missing, made, strict=True)
        return {name: global_id(record, known[name]) for name in wanted}


@asynccontextmanager
async def work_of(operator: OperatorSession) -> AsyncIterator[Work]:
    """Work in a tenant, in a session that is lent for as long and opens nothing."""
    session = operator.new_id()
    async with entered(operator) as connection:
        viewer = await administrator(operator, connection)
        await sessions.lend(connection, session, viewer.user, operator.now)
    try:
        yield Work(operator, session)
    finally:
        async with entered(operator) as connection:
            await sessions.take_back(connection, session)


def levels(parents: Mapping[str, str | None], known: Iterable[str]) -> Sequence[list[str]]:
    """Names in groups, each after those that its names are below; without circles."""
    placed, left, found = set(known), dict(parents), []
    while left:
        group = [name for name, above in left.items() if above is None or above in placed]
        if not group:
            break
        placed |= set(group)
        for name in group:
            del left[name]
        found.append(group)
    return found
