"""The context that resolvers share during a request: session, viewer and data loaders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, exists, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import aliased
from strawberry.dataloader import DataLoader
from strawberry.extensions import SchemaExtension

from bench.idiomatic.models import (
    Account,
    Employee,
    Opportunity,
    OpportunityShare,
    OpportunityType,
    Record,
    Stage,
)

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Viewer:
    """The caller. A seller sees opportunities of their own, of employees below them, and shared ones."""

    employee: UUID | None = None
    team: Sequence[UUID] = ()

    def visible(
        self, statement: Select[Any], model: type[Opportunity] = Opportunity
    ) -> Select[Any]:
        """The statement, restricted to opportunities that the viewer sees."""
        statement = statement.where(model.deleted_at.is_(None))
        if self.employee is None:
            return statement
        share = select(OpportunityShare).where(
            OpportunityShare.opportunity_id == model.id,
            OpportunityShare.employee_id == self.employee,
        )
        return statement.where(or_(model.owner_id.in_(self.team), exists(share)))

    def may_see_commission(self, opportunity: Opportunity) -> bool:
        """Whether the commission is readable; for sellers, only of won opportunities."""
        return self.employee is None or opportunity.status == "WON"


@dataclass
class Context:
    """The context of a request."""

    viewer: Viewer
    tenant: str
    sessions: async_sessionmaker[AsyncSession]
    session: AsyncSession | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.accounts = self._by_id(Account)
        self.employees = self._by_id(Employee)
        self.stages = self._by_id(Stage)
        self.types = self._by_id(OpportunityType)
        self.opportunities_of = DataLoader(load_fn=self._opportunities_of)

    async def rows(self, statement: Select[Any]) -> Sequence[Any]:
        """Run a statement. Loaders run concurrently, but a session allows one statement at a time."""
        assert self.session is not None  # noqa: S101 - the extension opened it
        async with self.lock:
            found: Sequence[Any] = (await self.session.execute(statement)).all()
            return found

    async def records(self, statement: Select[Any]) -> list[Any]:
        """The records that a statement returns."""
        return [row[0] for row in await self.rows(statement)]

    def _by_id(self, model: type[R]) -> DataLoader[UUID, R | None]:
        async def load(ids: list[UUID]) -> list[R | None]:
            statement = select(model).where(model.id.in_(ids), model.deleted_at.is_(None))
            found = {record.id: record for record in await self.records(statement)}
            return [found.get(id) for id in ids]

        return DataLoader(load_fn=load)

    async def _opportunities_of(self, keys: list[tuple[UUID, int]]) -> list[list[Opportunity]]:
        """The first opportunities of each account, in one statement."""
        found: dict[tuple[UUID, int], list[Opportunity]] = {key: [] for key in keys}
        for first in {first for _, first in keys}:
            accounts = [account for account, each in keys if each == first]
            place = func.row_number().over(
                partition_by=Opportunity.account_id, order_by=Opportunity.id
            )
            numbered = self.viewer.visible(
                select(Opportunity, place.label("place")).where(
                    Opportunity.account_id.in_(accounts)
                )
            ).subquery()
            record = aliased(Opportunity, numbered)
            statement = select(record).where(numbered.c.place <= first).order_by(record.id)
            for each in await self.records(statement):
                found[each.account_id, first].append(each)
        return [found[key] for key in keys]


class Session(SchemaExtension):
    """Opens one session per operation, with the schema and role of the tenant."""

    async def on_operation(self) -> AsyncIterator[None]:
        context: Context = self.execution_context.context
        async with context.sessions() as session:
            await session.execute(
                text("SELECT set_config('role', :t, true), set_config('search_path', :t, true)"),
                {"t": context.tenant},
            )
            context.session = session
            yield
