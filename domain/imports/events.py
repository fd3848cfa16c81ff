"""The dated commands that bring an opportunity from its current stage to that of the file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum

from domain.imports.crm_sales import DealRow, ImportedStage


class EventKind(Enum):
    """Kind of a command on an opportunity, in the order of execution within a day."""

    CREATE = 0
    MOVE = 1
    SELL = 2
    LOSE = 3


CLOSES = {ImportedStage.WON: EventKind.SELL, ImportedStage.LOST: EventKind.LOSE}


@dataclass(frozen=True)
class Event:
    """A command on an opportunity, with its date."""

    day: date
    kind: EventKind
    deal: DealRow

    def place(self) -> tuple[date, int, int]:
        """Sort key."""
        return self.day, self.kind.value, self.deal.line


def initial_stage(deal: DealRow) -> ImportedStage:
    """The stage in which an opportunity is created: closed ones start in Engaging."""
    return (
        ImportedStage.PROSPECTING
        if deal.stage is ImportedStage.PROSPECTING
        else ImportedStage.ENGAGING
    )


def events(deal: DealRow, current: ImportedStage | None, *, known: bool) -> list[Event] | None:
    """The remaining commands; None if the opportunity was changed in a way that contradicts the file.

    `current` is its current stage, if that is one of the file's.
    """
    remaining = [] if known else [Event(deal.since, EventKind.CREATE, deal)]
    if known and current is deal.stage:
        return []
    if known and (current is None or current.is_closed or deal.stage is ImportedStage.PROSPECTING):
        return None
    if deal.stage.is_closed and deal.closed is not None:
        remaining.append(Event(deal.closed, CLOSES[deal.stage], deal))
    elif known:
        remaining.append(Event(deal.since, EventKind.MOVE, deal))
    return remaining
