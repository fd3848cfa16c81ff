"""How an import works: many transactions with an administrator's rights, each for up to 250 records, in nobody's name."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from auth.engine.viewer import Viewer
from db import sessions
from db.api import MODEL
from db.engine.write.unit_of_work import UnitOfWork
from resolvers.engine.deeds import Wish, do
from resolvers.engine.drafts import Draft
from resolvers.operator import Desk, administrator, entered, unit_in, wrong
from tenancy.engine.provision import TenantError

MOST = 250
"""Records of one batch."""
NOON = time(12, tzinfo=UTC)
Given = Mapping[str, Any]
T = TypeVar("T")
Tell = Callable[[str, str, str], None]
"""Told of which record what is not as it should be, and what was done about it."""
LEFT_OUT = "left out"


def at(day: date) -> datetime:
    """The moment that stands for a day: noon, so that it is that day nearly everywhere."""
    return datetime.combine(day, NOON)


def spelled(entity: str, id: UUID) -> str:
    """An id as it is given to a deed."""
    return f"{MODEL.entities[entity].prefix}_{id.hex}"


def batches(several: Iterable[T]) -> Iterator[list[T]]:
    """All of them, up to 250 at a time."""
    rest = iter(several)
    while batch := list(islice(rest, MOST)):
        yield batch


@dataclass
class Work:
    """The transactions of one import."""

    desk: Desk
    session: UUID
    done: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often what was done with which kind of record."""
    viewer: Viewer | None = None

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[UnitOfWork]:
        """One transaction. Rights are loaded anew only where the one before it changed them."""
        async with entered(self.desk) as connection:
            viewer = self.viewer or await administrator(self.desk, connection)
            async with unit_in(self.desk, connection, viewer, self.session) as unit:
                yield unit
        changed = any(each.entity.is_rights for each in unit.written)
        self.viewer = None if changed else viewer

    async def all(
        self, unit: UnitOfWork, entity: str, verb: str, inputs: Iterable[Given]
    ) -> list[UUID]:
        """Do all of it. Raises TenantError with everything that is wrong."""
        drafts = await self._do(unit, entity, verb, inputs, all_or_none=True)
        if sentences := [each for draft in drafts for each in wrong(draft)]:
            raise TenantError(" ".join(dict.fromkeys(sentences)))
        return [draft.after["id"] for draft in drafts]

    async def each(
        self, unit: UnitOfWork, entity: str, verb: str, inputs: Mapping[str, Given], tell: Tell
    ) -> dict[str, UUID]:
        """Do what can be done; the records by the names of their inputs."""
        drafts = await self._do(unit, entity, verb, inputs.values(), all_or_none=False)
        found = {}
        for name, draft in zip(inputs, drafts, strict=True):
            if sentences := wrong(draft):
                tell(name, " ".join(sentences), LEFT_OUT)
            else:
                found[name] = draft.after["id"]
        return found

    async def _do(
        self,
        unit: UnitOfWork,
        entity: str,
        verb: str,
        inputs: Iterable[Given],
        *,
        all_or_none: bool,
    ) -> list[Draft]:
        found: list[Draft] = []
        for several in batches(inputs):
            named = tuple((("inputs", str(n)), given) for n, given in enumerate(several))
            viewer: Any = unit.guard
            drafts = await do(unit, viewer, Wish(MODEL.entities[entity], verb, named, all_or_none))
            found += drafts
            self.done[entity, verb] += sum(not draft.failed for draft in drafts)
        return found

    async def known(
        self, unit: UnitOfWork, entity: str, column: str, names: Iterable[str]
    ) -> dict[str, UUID]:
        """The records there are with these texts in a column."""
        return await unit.found(MODEL.entities[entity], column, names)

    async def ensure(
        self, unit: UnitOfWork, entity: str, column: str, wanted: Mapping[str, Given]
    ) -> dict[str, str]:
        """The records with these names, as deeds are given them; those that are missing are made."""
        known = await self.known(unit, entity, column, wanted)
        missing = [name for name in wanted if name not in known]
        made = await self.all(unit, entity, "Create", [wanted[name] for name in missing])
        known |= zip(missing, made, strict=True)
        return {name: spelled(entity, known[name]) for name in wanted}


@asynccontextmanager
async def work_of(desk: Desk) -> AsyncIterator[Work]:
    """Work in a tenant, in a session that is lent for as long and opens nothing."""
    session = desk.new_id()
    async with entered(desk) as connection:
        viewer = await administrator(desk, connection)
        await sessions.lend(connection, session, viewer.user, desk.now)
    try:
        yield Work(desk, session)
    finally:
        async with entered(desk) as connection:
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
