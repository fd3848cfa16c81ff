"""The GraphQL types, with resolvers that ask the loaders."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

import strawberry
from strawberry import ID, Info

from bench.idiomatic import models
from bench.idiomatic.context import Context

Asked = Info[Context, None]


@strawberry.enum
class StageKind(Enum):
    """What a stage means for the outcome."""

    OPEN = "OPEN"
    WON = "WON"
    LOST = "LOST"


@strawberry.type
class Money:
    """An amount in a currency."""

    amount: Decimal
    currency: str


def money(amount: Decimal | None, currency: str) -> Money | None:
    """An amount, if there is one."""
    return None if amount is None else Money(amount=amount, currency=currency)


@strawberry.type
class Employee:
    """Somebody who works here."""

    id: ID
    name: str
    email: str
    title: str | None

    @classmethod
    def of(cls, row: models.Employee) -> Employee:
        """As it is answered."""
        return cls(id=ID(str(row.id)), name=row.name, email=row.email, title=row.title)


@strawberry.type
class Stage:
    """A step of selling."""

    id: ID
    name: str
    position: int

    @classmethod
    def of(cls, row: models.Stage) -> Stage:
        """As it is answered."""
        return cls(id=ID(str(row.id)), name=row.name, position=row.position)


@strawberry.type
class OpportunityType:
    """A kind of opportunity."""

    id: ID
    name: str


@strawberry.type
class PageInfo:
    """Where a page lies."""

    has_next_page: bool
    has_previous_page: bool


@strawberry.type
class Account:
    """Whom we sell to."""

    row: strawberry.Private[models.Account]
    id: ID
    name: str | None
    number: str
    country: str | None
    city: str | None
    employee_count: int | None

    @classmethod
    def of(cls, row: models.Account) -> Account:
        """As it is answered."""
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
    async def opportunities(self, info: Asked, first: int = 25) -> NestedOpportunities:
        """Possible sales to this account."""
        rows = await info.context.opportunities_of.load((self.row.id, first))
        return NestedOpportunities(nodes=[Opportunity.of(row) for row in rows])


@strawberry.type
class Opportunity:
    """What we hope to sell."""

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
        """As it is answered."""
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
    def commission(self, info: Asked) -> Money | None:
        """What the seller earns on it."""
        if not info.context.viewer.may_see_commission(self.row):
            return None
        return money(self.row.commission, self.row.currency)

    @strawberry.field
    async def account(self, info: Asked) -> Account | None:
        """Whom we hope to sell to."""
        row = await info.context.accounts.load(self.row.account_id)
        return Account.of(row) if row else None

    @strawberry.field
    async def owner(self, info: Asked) -> Employee | None:
        """Who works on it."""
        row = await info.context.employees.load(self.row.owner_id)
        return Employee.of(row) if row else None

    @strawberry.field
    async def stage(self, info: Asked) -> Stage | None:
        """Where it stands."""
        row = await info.context.stages.load(self.row.stage_id)
        return Stage.of(row) if row else None

    @strawberry.field
    async def type(self, info: Asked) -> OpportunityType | None:
        """Its kind."""
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
    """What the opportunities of a group have in common."""

    stage: StageKey


@strawberry.type
class OpportunityGroup:
    """Measures over the opportunities of one stage."""

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
    """The id of a record, if it is one."""
    try:
        return UUID(id)
    except ValueError:
        return None
