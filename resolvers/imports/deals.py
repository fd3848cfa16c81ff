"""Imports opportunities with their quotes: creates, sells and loses them on the dates of the file."""

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
from resolvers.imports.work import (
    BATCH_SIZE,
    LEFT_OUT,
    Report,
    Work,
    at,
    batches,
    create,
    global_id,
)
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
    """The records that opportunities refer to, by their names in the file."""

    lists: Lists
    products: Mapping[str, str]
    accounts: Mapping[str, str]
    sellers: Mapping[str, str]

    def missing(self, deal: DealRow) -> str | None:
        """Why a row's target was not imported; None if all targets exist."""
        if deal.product not in self.products:
            return f"product {deal.product!r} was left out"
        return None if deal.account in self.accounts else f"account {deal.account!r} was left out"

    def params(self, deal: DealRow) -> Params:
        """Parameters of the opportunity with its quote."""
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
        """Columns of the file that differ from an existing opportunity."""
        values = {
            "account": (global_id(Account, row.account_id), self.accounts[deal.account]),
            "sales_agent": (global_id(Employee, row.owner_id), self.sellers[deal.seller]),
            "close_value": (row.amount, deal.amount),
        }
        return [column for column, (theirs, ours) in values.items() if theirs != ours]


class Deals:
    """Imports the opportunities of the file."""

    def __init__(
        self, work: Work, targets: ImportTargets, report: Report, advance: Advance
    ) -> None:
        self._work = work
        self._targets = targets
        self._report = report
        self._advance = advance
        self._ids: dict[str, UUID] = {}
        self.existing = 0
        """Number of opportunities that already existed."""

    async def run(self, deals: Iterable[DealRow]) -> None:
        """Execute the remaining commands, in the order of their dates."""
        remaining: list[Event] = []
        for group in batches(deals):
            async with self._work.transaction() as ctx:
                remaining += await self._remaining(ctx, group)
        remaining.sort(key=Event.place)
        batch: list[tuple[date, EventKind, list[Event]]] = []
        for (day, kind), same_day in groupby(remaining, lambda each: (each.day, each.kind)):
            day_events = list(same_day)
            if batch and sum(len(each) for *_, each in batch) + len(day_events) > BATCH_SIZE:
                await self._execute(batch)
                batch = []
            batch.append((day, kind, day_events))
        await self._execute(batch)

    async def _remaining(self, ctx: Context, deals: list[DealRow]) -> list[Event]:
        ids = await self._work.known(
            ctx, Opportunity, Opportunity.external_id, [each.id for each in deals]
        )
        rows = await ctx.unit.lock_visible(MODEL.of(Opportunity), ids.values(), Lock.NONE)
        steps = {id: step for step, id in self._targets.lists.stages.items()}
        self._ids |= ids
        remaining: list[Event] = []
        for deal in deals:
            missing = self._targets.missing(deal)
            if missing is not None:
                self._report(deal.id, missing, LEFT_OUT)
            elif deal.id not in ids:
                remaining += events(deal, None, known=False) or ()
            else:
                remaining += self._remaining_for_existing(
                    deal, cast("Opportunity", rows[ids[deal.id]]), steps
                )
        self._advance(sum(_steps(deal) for deal in deals) - len(remaining))
        return remaining

    def _remaining_for_existing(
        self, deal: DealRow, row: Opportunity, steps: Mapping[str, ImportedStage]
    ) -> list[Event]:
        """The remaining commands for an existing opportunity, after an interrupted import.

        If users changed it since, or the file changed, it is reported and left unchanged.
        """
        self.existing += 1
        remaining = events(deal, steps.get(global_id(Stage, row.stage_id)), known=True)
        differs = self._targets.differs(deal, row)
        if remaining is None or (remaining and differs):
            differs.append("deal_stage")
        if differs:
            self._report(deal.id, f"{', '.join(differs)}: the tenant has other values", AS_IT_IS)
            return []
        return remaining or []

    async def _execute(self, groups: list[tuple[date, EventKind, list[Event]]]) -> None:
        """Execute commands in one transaction, each dated on its day."""
        if not groups:
            return
        async with self._work.transaction() as ctx:
            for day, kind, group in groups:
                ctx.unit.now = at(day)
                for each in batches(group):
                    await self._execute_commands(ctx, kind, each)
        self._advance(sum(len(group) for *_, group in groups))

    async def _execute_commands(self, ctx: Context, kind: EventKind, group: list[Event]) -> None:
        inputs = {
            each.deal.id: self._input(kind, each)
            for each in group
            if kind is EventKind.CREATE or each.deal.id in self._ids
        }
        created = await self._work.each(ctx, COMMANDS[kind], inputs, self._report)
        if kind is EventKind.CREATE:
            self._ids |= created

    def _input(self, kind: EventKind, event: Event) -> Params:
        deal, lists = event.deal, self._targets.lists
        if kind is EventKind.CREATE:
            return self._targets.params(deal)
        record = {"id": global_id(Opportunity, self._ids[deal.id])}
        if kind is EventKind.MOVE:
            return {**record, "stage": lists.stages[deal.stage]}
        closed = {**record, "stage": lists.stages[deal.stage], "closedOn": event.day}
        return {**closed, "reason": lists.reason} if kind is EventKind.LOSE else closed


def _steps(deal: DealRow) -> int:
    """Number of commands for a new opportunity."""
    return len(events(deal, None, known=False) or ())
