"""Imported opportunities with their quotes, created, sold and lost on the days that the file says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from db.api import MODEL
from db.engine.write.locking import Lock
from db.engine.write.row_json import Row
from db.engine.write.unit_of_work import UnitOfWork
from domain.imports.crm_sales import NO_ACCOUNT, Deal, Step
from domain.imports.events import Event, begins_in, events
from resolvers.imports.lists import CURRENCY, Lists
from resolvers.imports.work import LEFT_OUT, MOST, Tell, Work, at, batches, spelled

OPPORTUNITY = "Opportunity"
AS_IT_IS = "left as it is there"
Advance = Callable[[int], None]


@dataclass(frozen=True)
class Known:
    """What the opportunities of the file lead to, by the names that it has for them."""

    lists: Lists
    products: Mapping[str, str]
    accounts: Mapping[str, str]
    sellers: Mapping[str, str]

    def missing(self, deal: Deal) -> str | None:
        """What it names that could not be kept."""
        if deal.product not in self.products:
            return f"product {deal.product!r} was left out"
        return None if deal.account in self.accounts else f"account {deal.account!r} was left out"

    def given(self, deal: Deal) -> dict[str, Any]:
        """The opportunity with its quote."""
        item = {"product": self.products[deal.product], "unitPrice": deal.price}
        named = deal.account != NO_ACCOUNT
        return {
            "name": f"{deal.product}, {deal.account}" if named else deal.product,
            "externalId": deal.id,
            "account": self.accounts[deal.account],
            "owner": self.sellers[deal.seller],
            "type": self.lists.pipeline,
            "stage": self.lists.stages[begins_in(deal)],
            "currency": CURRENCY,
            "amount": deal.amount,
            "quotes": [{"name": deal.product, "items": [item]}],
        }

    def differs(self, deal: Deal, row: Row) -> list[str]:
        """What the tenant says otherwise of an opportunity."""
        said = {
            "account": (spelled("Account", row["account_id"]), self.accounts[deal.account]),
            "sales_agent": (spelled("Employee", row["owner_id"]), self.sellers[deal.seller]),
            "close_value": (row["amount"], deal.amount),
        }
        return [column for column, (theirs, ours) in said.items() if theirs != ours]


class Deals:
    """Brings the opportunities of a tenant to where the file says they are."""

    def __init__(self, work: Work, known: Known, tell: Tell, advance: Advance) -> None:
        self._work = work
        self._known = known
        self._tell = tell
        self._advance = advance
        self._ids: dict[str, UUID] = {}
        self.there = 0
        """Opportunities that the tenant had already."""

    async def keep(self, deals: Iterable[Deal]) -> None:
        """Do what is left to be done, in the order of the days."""
        left: list[Event] = []
        for several in batches(deals):
            async with self._work.unit() as unit:
                left += await self._left(unit, several)
        left.sort(key=Event.place)
        batch: list[tuple[date, str, list[Event]]] = []
        for (day, verb), same in groupby(left, lambda each: (each.day, each.verb)):
            group = list(same)
            if batch and sum(len(each) for *_, each in batch) + len(group) > MOST:
                await self._do(batch)
                batch = []
            batch.append((day, verb, group))
        await self._do(batch)

    async def _left(self, unit: UnitOfWork, deals: list[Deal]) -> list[Event]:
        entity = MODEL.entities[OPPORTUNITY]
        ids = await self._work.known(unit, OPPORTUNITY, "external_id", [each.id for each in deals])
        rows = await unit.hold(entity, ids.values(), Lock.NONE)
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
                found += self._compared(deal, rows[ids[deal.id]], steps)
        self._advance(sum(_steps(deal) for deal in deals) - len(found))
        return found

    def _compared(self, deal: Deal, row: Row, steps: Mapping[str, Step]) -> list[Event]:
        """What is left to be done with one that is there, where an import was interrupted.

        What people changed since, or the file says anew, is told and left as it is.
        """
        self.there += 1
        left = events(deal, steps.get(spelled("Stage", row["stage_id"])), known=True)
        differs = self._known.differs(deal, row)
        if left is None or (left and differs):
            differs.append("deal_stage")
        if differs:
            self._tell(deal.id, f"{', '.join(differs)}: the tenant says otherwise", AS_IT_IS)
            return []
        return left or []

    async def _do(self, groups: list[tuple[date, str, list[Event]]]) -> None:
        """One transaction, in which every day's deeds are done on that day."""
        if not groups:
            return
        async with self._work.unit() as unit:
            for day, verb, several in groups:
                unit.now = at(day)
                for each in batches(several):
                    await self._done(unit, verb, each)
        self._advance(sum(len(several) for *_, several in groups))

    async def _done(self, unit: UnitOfWork, verb: str, several: list[Event]) -> None:
        inputs = {
            each.deal.id: self._input(verb, each)
            for each in several
            if verb == "Create" or each.deal.id in self._ids
        }
        made = await self._work.each(unit, OPPORTUNITY, verb, inputs, self._tell)
        if verb == "Create":
            self._ids |= made

    def _input(self, verb: str, event: Event) -> dict[str, Any]:
        deal, lists = event.deal, self._known.lists
        if verb == "Create":
            return self._known.given(deal)
        which = {"id": spelled(OPPORTUNITY, self._ids[deal.id])}
        if verb == "Move":
            return {**which, "stage": lists.stages[deal.step]}
        closed = {**which, "stage": lists.stages[deal.step], "closedOn": event.day}
        return {**closed, "reason": lists.reason} if verb == "Lose" else closed


def _steps(deal: Deal) -> int:
    """How many deeds it takes to bring a new one to where it is."""
    return len(events(deal, None, known=False) or ())
