"""Imported opportunities with their quotes, created, sold and lost on the days that the file says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import cast
from uuid import UUID

from db.accounts import Account
from db.api import MODEL
from db.engine.write.locking import Lock
from db.sales import Opportunity
from db.setup import Stage
from db.staff import Employee
from domain.imports.crm_sales import NO_ACCOUNT, DealRow, ImportedStage
from domain.imports.events import Event, EventKind, events, initial_stage
from resolvers.engine.changeset import Params
from resolvers.engine.command import Command
from resolvers.engine.context import Context
from resolvers.imports.lists import CURRENCY, Lists
from resolvers.imports.work import LEFT_OUT, MOST, Tell, Work, at, batches, create, global_id
from resolvers.outcome import lose, sell
from resolvers.sales import move

COMMANDS: Mapping[EventKind, Command] = {
    EventKind.CREATE: create(Opportunity),
    EventKind.MOVE: move,
    EventKind.SELL: sell,
    EventKind.LOSE: lose,
}
AS_IT_IS = "left as it is there"
Advance = Callable[[int], None]


@dataclass(frozen=True)
class ImportTargets:
    """What the opportunities of the file lead to, by the names that it has for them."""

    lists: Lists
    products: Mapping[str, str]
    accounts: Mapping[str, str]
    sellers: Mapping[str, str]

    def missing(self, deal: DealRow) -> str | None:
        """What it names that could not be kept."""
        if deal.product not in self.products:
            return f"product {deal.product!r} was left out"
        return None if deal.account in self.accounts else f"account {deal.account!r} was left out"

    def given(self, deal: DealRow) -> Params:
        """The opportunity with its quote."""
        item = {"product": self.products[deal.product], "unitPrice": deal.price}
        named = deal.account != NO_ACCOUNT
        return {
            "name": f"{deal.product}, {deal.account}" if named else deal.product,
            "externalId": deal.id,
            "account": self.accounts[deal.account],
            "owner": self.sellers[deal.seller],
            "type": self.lists.pipeline,
            "stage": self.lists.stages[initial_stage(deal)],
            "currency": CURRENCY,
            "amount": deal.amount,
            "quotes": [{"name": deal.product, "items": [item]}],
        }

    def differs(self, deal: DealRow, row: Opportunity) -> list[str]:
        """What the tenant says otherwise of an opportunity."""
        said = {
            "account": (global_id(Account, row.account_id), self.accounts[deal.account]),
            "sales_agent": (global_id(Employee, row.owner_id), self.sellers[deal.seller]),
            "close_value": (row.amount, deal.amount),
        }
        return [column for column, (theirs, ours) in said.items() if theirs != ours]


class Deals:
    """Brings the opportunities of a tenant to where the file says they are."""

    def __init__(self, work: Work, known: ImportTargets, tell: Tell, advance: Advance) -> None:
        self._work = work
        self._known = known
        self._tell = tell
        self._advance = advance
        self._ids: dict[str, UUID] = {}
        self.there = 0
        """Opportunities that the tenant had already."""

    async def keep(self, deals: Iterable[DealRow]) -> None:
        """Do what is left to be done, in the order of the days."""
        left: list[Event] = []
        for several in batches(deals):
            async with self._work.transaction() as ctx:
                left += await self._left(ctx, several)
        left.sort(key=Event.place)
        batch: list[tuple[date, EventKind, list[Event]]] = []
        for (day, kind), same in groupby(left, lambda each: (each.day, each.kind)):
            group = list(same)
            if batch and sum(len(each) for *_, each in batch) + len(group) > MOST:
                await self._do(batch)
                batch = []
            batch.append((day, kind, group))
        await self._do(batch)

    async def _left(self, ctx: Context, deals: list[DealRow]) -> list[Event]:
        ids = await self._work.known(
            ctx, Opportunity, Opportunity.external_id, [each.id for each in deals]
        )
        rows = await ctx.unit.lock_visible(MODEL.of(Opportunity), ids.values(), Lock.NONE)
        steps = {id: step for step, id in self._known.lists.stages.items()}
        self._ids |= ids
        found: list[Event] = []
        for deal in deals:
            missing = self._known.missing(deal)
            if missing is not None:
                self._tell(deal.id, missing, LEFT_OUT)
            elif deal.id not in ids:
                found += events(deal, None, known=False) or ()
            else:
                found += self._compared(deal, cast("Opportunity", rows[ids[deal.id]]), steps)
        self._advance(sum(_steps(deal) for deal in deals) - len(found))
        return found

    def _compared(
        self, deal: DealRow, row: Opportunity, steps: Mapping[str, ImportedStage]
    ) -> list[Event]:
        """What is left to be done with one that is there, where an import was interrupted.

        What people changed since, or the file says anew, is told and left as it is.
        """
        self.there += 1
        left = events(deal, steps.get(global_id(Stage, row.stage_id)), known=True)
        differs = self._known.differs(deal, row)
        if left is None or (left and differs):
            differs.append("deal_stage")
        if differs:
            self._tell(deal.id, f"{', '.join(differs)}: the tenant says otherwise", AS_IT_IS)
            return []
        return left or []

    async def _do(self, groups: list[tuple[date, EventKind, list[Event]]]) -> None:
        """One transaction, in which every day's commands are carried out on that day."""
        if not groups:
            return
        async with self._work.transaction() as ctx:
            for day, kind, several in groups:
                ctx.unit.now = at(day)
                for each in batches(several):
                    await self._done(ctx, kind, each)
        self._advance(sum(len(several) for *_, several in groups))

    async def _done(self, ctx: Context, kind: EventKind, several: list[Event]) -> None:
        inputs = {
            each.deal.id: self._input(kind, each)
            for each in several
            if kind is EventKind.CREATE or each.deal.id in self._ids
        }
        made = await self._work.each(ctx, COMMANDS[kind], inputs, self._tell)
        if kind is EventKind.CREATE:
            self._ids |= made

    def _input(self, kind: EventKind, event: Event) -> Params:
        deal, lists = event.deal, self._known.lists
        if kind is EventKind.CREATE:
            return self._known.given(deal)
        which = {"id": global_id(Opportunity, self._ids[deal.id])}
        if kind is EventKind.MOVE:
            return {**which, "stage": lists.stages[deal.step]}
        closed = {**which, "stage": lists.stages[deal.step], "closedOn": event.day}
        return {**closed, "reason": lists.reason} if kind is EventKind.LOSE else closed


def _steps(deal: DealRow) -> int:
    """How many commands it takes to bring a new one to where it is."""
    return len(events(deal, None, known=False) or ())
