"""What is done with an opportunity of a file, and on which day: from where it stands to where the file says it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum

from domain.imports.crm_sales import DealRow, ImportedStage


class EventKind(Enum):
    """What happened to an opportunity; what happened on one day is carried out in this order."""

    CREATE = 0
    MOVE = 1
    SELL = 2
    LOSE = 3


CLOSES = {ImportedStage.WON: EventKind.SELL, ImportedStage.LOST: EventKind.LOSE}


@dataclass(frozen=True)
class Event:
    """What happened on a day."""

    day: date
    kind: EventKind
    deal: DealRow

    def place(self) -> tuple[date, int, int]:
        """Where it comes among others."""
        return self.day, self.kind.value, self.deal.line


def begins_in(deal: DealRow) -> ImportedStage:
    """The stage an opportunity is created in: who closed it was engaged before."""
    return (
        ImportedStage.PROSPECTING
        if deal.step is ImportedStage.PROSPECTING
        else ImportedStage.ENGAGING
    )


def events(deal: DealRow, standing: ImportedStage | None, *, known: bool) -> list[Event] | None:
    """What is left to be done; None where it went on otherwise than the file says.

    `standing` is the stage it is in by now, if that is one of the file's.
    """
    found = [] if known else [Event(deal.since, EventKind.CREATE, deal)]
    if known and standing is deal.step:
        return []
    if known and (standing is None or standing.is_closed or deal.step is ImportedStage.PROSPECTING):
        return None
    if deal.step.is_closed and deal.closed is not None:
        found.append(Event(deal.closed, CLOSES[deal.step], deal))
    elif known:
        found.append(Event(deal.since, EventKind.MOVE, deal))
    return found
