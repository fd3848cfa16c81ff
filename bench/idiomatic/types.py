"""The GraphQL types, whose resolvers use data loaders."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

import strawberry
from strawberry import ID, Info

from bench.idiomatic import models
from bench.idiomatic.context import Context

ContextInfo = Info[Context, None]


@strawberry.enum
class StageKind(Enum):
    """Outcome of a stage."""

    OPEN = "OPEN"
    WON = "WON"
    LOST = "LOST"


@strawberry.type
class Money:
    """Amount with currency."""

    amount: Decimal
    currency: str


def money(amount: Decimal | None, currency: str) -> Money | None:
    """The amount, or None."""
    return None if amount is None else Money(amount=amount, currency=currency)


@strawberry.type
class Employee:
    """An employee."""

    id: ID
    name: str
    email: str
    title: str | None

    @classmethod
    def of(cls, row: models.Employee) -> Employee:
        """The GraphQL object of a row."""
        return cls(id=ID(str(row.id)), name=row.name, email=row.email, title=row.title)


@strawberry.type
class Stage:
    """A stage of a pipeline."""

    id: ID
    name: str
    position: int

    @classmethod
    def of(cls, row: models.Stage) -> Stage:
        """The GraphQL object of a row."""
        return cls(id=ID(str(row.id)), name=row.name, position=row.position)


@strawberry.type
class OpportunityType:
    """An opportunity type."""

    id: ID
    name: str


@strawberry.type
class PageInfo:
    """Information about a page."""

    has_next_page: bool
    has_previous_page: bool


@strawberry.type
class Account:
    """An account."""

    row: strawberry.Private[models.Account]
    id: ID
    name: str | None
    number: str
    country: str | None
    city: str | None
    employee_count: int | None

    @classmethod
    def of(cls, row: models.Account) -> Account:
        """The GraphQL object of a row."""
        return cls(
            row=row,
            id=ID(str(row.id)),
            name=row.name,
            number=row.number,
            country=row.country,
            city=row.city,
            employee_count=row.employee_count,
        )

    @strawberry.field
    async def opportunities(self, info: ContextInfo, first: int = 25) -> NestedOpportunities:
        """Opportunities of this account."""
        rows = await info.context.opportunities_of.load((self.row.id, first))
        return NestedOpportunities(nodes=[Opportunity.of(row) for row in rows])


@strawberry.type
class Opportunity:
    """An opportunity."""

    row: strawberry.Private[models.Opportunity]
    id: ID
    name: str
    status: StageKind
    probability: int | None
    amount: Money | None
    margin: Money | None
    expected_close_on: date | None
    note: str | None
    created_at: datetime

    @classmethod
    def of(cls, row: models.Opportunity) -> Opportunity:
        """The GraphQL object of a row."""
        return cls(
            row=row,
            id=ID(str(row.id)),
            name=row.name,
            status=StageKind(row.status),
            probability=row.probability,
            amount=money(row.amount, row.currency),
            margin=money(row.margin, row.currency),
            expected_close_on=row.expected_close_on,
            note=row.note,
            created_at=row.created_at,
        )

    @strawberry.field
    def commission(self, info: ContextInfo) -> Money | None:
        """Commission of the seller."""
        if not info.context.viewer.may_see_commission(self.row):
            return None
        return money(self.row.commission, self.row.currency)

    @strawberry.field
    async def account(self, info: ContextInfo) -> Account | None:
        """The account."""
        row = await info.context.accounts.load(self.row.account_id)
        return Account.of(row) if row else None

    @strawberry.field
    async def owner(self, info: ContextInfo) -> Employee | None:
        """The owner."""
        row = await info.context.employees.load(self.row.owner_id)
        return Employee.of(row) if row else None

    @strawberry.field
    async def stage(self, info: ContextInfo) -> Stage | None:
        """The stage."""
        row = await info.context.stages.load(self.row.stage_id)
        return Stage.of(row) if row else None

    @strawberry.field
    async def type(self, info: ContextInfo) -> OpportunityType | None:
        """The opportunity type."""
        row = await info.context.types.load(self.row.type_id)
        return OpportunityType(id=ID(str(row.id)), name=row.name) if row else None


@strawberry.type
class NestedOpportunities:
    """The opportunities of a record."""

    nodes: list[Opportunity]


@strawberry.type
class OpportunitySum:
    """Sums, by currency."""

    amount: list[Money]


@strawberry.type
class StageKey:
    """The stage of a group."""

    record: Stage | None


@strawberry.type
class GroupKey:
    """The key of a group."""

    stage: StageKey


@strawberry.type
class OpportunityGroup:
    """Aggregates of the opportunities of one stage."""

    key: GroupKey
    count: int
    sum: OpportunitySum


@strawberry.type
class OpportunityGroups:
    """All groups."""

    groups: list[OpportunityGroup]


@strawberry.type
class OpportunityConnection:
    """A page of opportunities."""

    nodes: list[Opportunity]
    page_info: PageInfo


@strawberry.type
class AccountConnection:
    """A page of accounts."""

    nodes: list[Account]


def identity(id: ID) -> UUID | None:
    """The UUID in an id; None if it is malformed."""
    try:
        return UUID(id)
    except ValueError:
        return None
