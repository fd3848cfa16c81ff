"""What is done with an opportunity of a file, and on which day: from where it stands to where the file says it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.imports.crm_sales import Deal, Step

ORDER = ("Create", "Move", "Sell", "Lose")
"""The deeds of one day, in the order in which they are done."""
CLOSES = {Step.WON: "Sell", Step.LOST: "Lose"}


@dataclass(frozen=True)
class Event:
    """A deed on a day."""

    day: date
    verb: str
    deal: Deal

    def place(self) -> tuple[date, int, int]:
        """Where it comes among others."""
        return self.day, ORDER.index(self.verb), self.deal.line


def begins_in(deal: Deal) -> Step:
    """The stage an opportunity is created in: who closed it was engaged before."""
    return Step.PROSPECTING if deal.step is Step.PROSPECTING else Step.ENGAGING


def events(deal: Deal, standing: Step | None, *, known: bool) -> list[Event] | None:
    """What is left to be done; None where it went on otherwise than the file says.

    `standing` is the stage it is in by now, if that is one of the file's.
    """
    found = [] if known else [Event(deal.since, "Create", deal)]
    if known and standing is deal.step:
        return []
    if known and (standing is None or standing.is_closed or deal.step is Step.PROSPECTING):
        return None
    if deal.step.is_closed and deal.closed is not None:
        found.append(Event(deal.closed, CLOSES[deal.step], deal))
    elif known:
        found.append(Event(deal.since, "Move", deal))
    return found
