"""The query type, with filters and sort orders."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy import Select, func, select
from strawberry import ID
from strawberry.extensions import ParserCache, ValidationCache

from bench.idiomatic import models
from bench.idiomatic.context import Session
from bench.idiomatic.types import (
    Account,
    AccountConnection,
    ContextInfo,
    GroupKey,
    Money,
    Opportunity,
    OpportunityConnection,
    OpportunityGroup,
    OpportunityGroups,
    OpportunitySum,
    PageInfo,
    Stage,
    StageKey,
    StageKind,
    identity,
)

MOST = 100


@strawberry.enum
class OpportunityOrder(Enum):
    """Sort orders of opportunities."""

    ID = "id"
    AMOUNT_DESC = "amount_desc"


@strawberry.input
class OpportunityFilter:
    """Filter of opportunities."""

    status: StageKind | None = None
    amount_gte: Decimal | None = None
    amount_lte: Decimal | None = None


@strawberry.input
class AccountFilter:
    """Filter of accounts."""

    employee_count_gte: int | None = None


def _filtered(info: ContextInfo, wanted: OpportunityFilter | None) -> Select[Any]:
    model = models.Opportunity
    statement = info.context.viewer.visible(select(model))
    if wanted is None:
        return statement
    if wanted.status is not None:
        statement = statement.where(model.status == wanted.status.value)
    if wanted.amount_gte is not None:
        statement = statement.where(model.amount >= wanted.amount_gte)
    if wanted.amount_lte is not None:
        statement = statement.where(model.amount <= wanted.amount_lte)
    return statement


def _ordered(statement: Select[Any], order: OpportunityOrder) -> Select[Any]:
    model = models.Opportunity
    if order is OpportunityOrder.AMOUNT_DESC:
        return statement.order_by(model.amount.desc().nulls_last(), model.id.desc())
    return statement.order_by(model.id)


@strawberry.type
class Query:
    """Root query type."""

    @strawberry.field
    async def opportunity(self, info: ContextInfo, id: ID) -> Opportunity | None:
        """One opportunity."""
        wanted = _filtered(info, None).where(models.Opportunity.id == identity(id))
        rows = await info.context.records(wanted)
        return Opportunity.of(rows[0]) if rows else None

    @strawberry.field
    async def opportunities(
        self,
        info: ContextInfo,
        first: int = 25,
        filter: OpportunityFilter | None = None,
        order_by: OpportunityOrder = OpportunityOrder.ID,
    ) -> OpportunityConnection:
        """A page of opportunities."""
        first, found = min(first, MOST), _filtered(info, filter)
        rows = await info.context.records(_ordered(found, order_by).limit(first + 1))
        page = PageInfo(has_next_page=len(rows) > first, has_previous_page=False)
        nodes = [Opportunity.of(row) for row in rows[:first]]
        return OpportunityConnection(nodes=nodes, page_info=page)

    @strawberry.field
    async def accounts(
        self, info: ContextInfo, first: int = 25, filter: AccountFilter | None = None
    ) -> AccountConnection:
        """A page of accounts."""
        model = models.Account
        statement = select(model).where(model.deleted_at.is_(None))
        if filter is not None and filter.employee_count_gte is not None:
            statement = statement.where(model.employee_count >= filter.employee_count_gte)
        statement = statement.order_by(model.id).limit(min(first, MOST))
        rows = await info.context.records(statement)
        return AccountConnection(nodes=[Account.of(row) for row in rows])

    @strawberry.field
    async def opportunities_by_stage(
        self, info: ContextInfo, filter: OpportunityFilter | None = None
    ) -> OpportunityGroups:
        """Aggregates of opportunities by stage."""
        every = _filtered(info, filter).subquery()
        keys = (every.c.stage_id, every.c.currency)
        statement = select(*keys, func.count(), func.sum(every.c.amount)).group_by(*keys)
        found: dict[UUID, OpportunityGroup] = {}
        for stage_id, currency, count, total in await info.context.rows(statement.order_by(*keys)):
            group = found.get(stage_id)
            if group is None:
                row = await info.context.stages.load(stage_id)
                key = GroupKey(stage=StageKey(record=Stage.of(row) if row else None))
                group = OpportunityGroup(key=key, count=0, sum=OpportunitySum(amount=[]))
                found[stage_id] = group
            group.count += count
            if total is not None:
                group.sum.amount.append(Money(amount=total, currency=currency))
        return OpportunityGroups(groups=list(found.values()))


SCHEMA = strawberry.Schema(query=Query, extensions=[ParserCache, ValidationCache, Session])
