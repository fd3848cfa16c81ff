"""Transactions of an import: batches of up to 250 records with an administrator's rights and no user in the history."""

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

BATCH_SIZE = 250
"""Maximum records of a batch."""
NOON = time(12, tzinfo=UTC)
T = TypeVar("T")
Report = Callable[[str, str, str], None]
"""Reports a finding: the record's name, a description, and how the import handles it."""
LEFT_OUT = "left out"


def at(day: date) -> datetime:
    """Noon of a day in UTC, which is the same day in most time zones."""
    return datetime.combine(day, NOON)


def global_id(record: type[Record], id: UUID) -> str:
    """An id in API format."""
    return f"{MODEL.of(record).prefix}_{id.hex}"


def create(record: type[Record]) -> Command:
    """The create command of a record type."""
    return REGISTRY.standard(record, Standard.CREATE)


def batches(group: Iterable[T]) -> Iterator[list[T]]:
    """Split items into batches of up to 250."""
    remaining_items = iter(group)
    while batch := list(islice(remaining_items, BATCH_SIZE)):
        yield batch


@dataclass
class Work:
    """The transactions of one import."""

    operator: OperatorSession
    session: UUID
    done: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Number of records by type and command."""
    viewer: Viewer | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Context]:
        """One transaction. Rights are loaded again only if the previous transaction changed them."""
        async with entered(self.operator) as connection:
            viewer = self.viewer or await administrator(self.operator, connection)
            async with context_in(self.operator, connection, viewer, self.session) as ctx:
                yield ctx
        changed = any(each.entity.is_rights for each in ctx.unit.written)
        self.viewer = None if changed else viewer

    async def all(self, ctx: Context, command: Command, inputs: Iterable[Params]) -> list[UUID]:
        """Execute a command for all inputs. Raises TenantError with all errors."""
        items = await self._execute(ctx, command, inputs, all_or_none=True)
        if messages := [each for item in items for each in error_messages(ctx, item)]:
            raise TenantError(" ".join(dict.fromkeys(messages)))
        return [item.record.id for item in items]

    async def each(
        self, ctx: Context, command: Command, inputs: Mapping[str, Params], report: Report
    ) -> dict[str, UUID]:
        """Execute a command for the valid inputs, and report the others; record ids by input name."""
        items = await self._execute(ctx, command, inputs.values(), all_or_none=False)
        ids = {}
        for name, item in zip(inputs, items, strict=True):
            if messages := error_messages(ctx, item):
                report(name, " ".join(messages), LEFT_OUT)
            else:
                ids[name] = item.record.id
        return ids

    async def _execute(
        self, ctx: Context, command: Command, inputs: Iterable[Params], *, all_or_none: bool
    ) -> list[AnyChangeset]:
        results: list[AnyChangeset] = []
        for group in batches(inputs):
            inputs_ = tuple((("inputs", str(n)), params) for n, params in enumerate(group))
            items = await execute(ctx, CommandRequest(command, inputs_, all_or_none))
            results += items
            self.done[command.record.__name__, command.name] += sum(not i.failed for i in items)
        return results

    async def known(
        self, ctx: Context, record: type[Record], column: AnyColumn, names: Iterable[str]
    ) -> dict[str, UUID]:
        """Ids of existing records with one of these texts in a column, by text."""
        return await ctx.unit.find_by_text(MODEL.of(record), column.key, names)

    async def ensure(
        self,
        ctx: Context,
        record: type[Record],
        column: AnyColumn,
        params_by_name: Mapping[str, Params],
    ) -> dict[str, str]:
        """Ids in API format of the records with these names; missing ones are created."""
        known = await self.known(ctx, record, column, params_by_name)
        missing = [name for name in params_by_name if name not in known]
        created = await self.all(ctx, create(record), [params_by_name[name] for name in missing])
        known |= zip(missing, created, strict=True)
        return {name: global_id(record, known[name]) for name in params_by_name}


@asynccontextmanager
async def work_of(operator: OperatorSession) -> AsyncIterator[Work]:
    """Import transactions in a tenant, with a temporary session."""
    session = operator.new_id()
    async with entered(operator) as connection:
        viewer = await administrator(operator, connection)
        await sessions.create_temporary(connection, session, viewer.user, operator.now)
    try:
        yield Work(operator, session)
    finally:
        async with entered(operator) as connection:
            await sessions.delete_temporary(connection, session)


def levels(parents: Mapping[str, str | None], known: Iterable[str]) -> Sequence[list[str]]:
    """Names in groups, parents before their children; names in cycles are omitted."""
    done, remaining, groups = set(known), dict(parents), []
    while remaining:
        group = [name for name, parent in remaining.items() if parent is None or parent in done]
        if not group:
            break
        done |= set(group)
        for name in group:
            del remaining[name]
        groups.append(group)
    return groups
