"""Rules of contracts: how long they last, and what a sale makes of those that are there (D-04)."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from domain.codes import Problem
from domain.faults import Fault, Row

SAME = (
    *("product_id", "name", "quantity", "unit_id", "currency", "unit_price"),
    *("discount_percent", "tax_percent", "net", "total"),
)
"""What a line of a contract takes over from the line of the quote: while all of it is equal, the line stays."""
REMIND_DAYS = 30
"""Before a contract that renews ends."""
ONE_OFF = (
    "More is sold on top of what lasts for a time: this contract was delivered once. "
    "Create a new opportunity for its account instead."
)
NOT_SOLD = "This contract does not belong to an opportunity (any more)."
ENDED = "The contract has ended already."


class ContractStatus(StrEnum):
    """Whether a contract is in force."""

    ACTIVE = "ACTIVE"
    ENDED = "ENDED"


@dataclass(frozen=True)
class Kind:
    """What kind of contract a sale makes of a product."""

    id: UUID
    time_based: bool
    months: int | None
    renews: bool


@dataclass(frozen=True)
class Sold:
    """A line of the accepted quote, with the kind of contract it belongs to, and the first line it was copied from."""

    root: UUID
    kind: Kind
    row: Row


@dataclass(frozen=True)
class Held:
    """A line in force of a contract that the opportunity has already."""

    root: UUID | None
    kind: UUID
    row: Row


@dataclass(frozen=True)
class Entry:
    """A line that comes into force: a new one, or one in the place of another."""

    sold: Sold
    replaces: Row | None = None


@dataclass(frozen=True)
class Ledger:
    """What a sale writes: the difference to what was sold before."""

    enter: tuple[Entry, ...]
    end: tuple[Row, ...]
    stay: tuple[Row, ...]


def contract(_: Row | None, after: Row) -> Sequence[Fault]:
    """What is wrong with a contract by itself."""
    begin, end = after["starts_on"], after["ends_on"]
    if begin is not None and end is not None and end < begin:
        message = "The contract cannot end before it begins: correct one of the two days."
        return [Fault(Problem.INVALID, message, "ends_on")]
    months = after["renewal_months"]
    if months is not None and not 1 <= months <= 1200:
        message = "Write a renewal of 1 to 1200 months."
        return [Fault(Problem.INVALID, message, "renewal_months")]
    return []


def ledger(sold: Iterable[Sold], held: Iterable[Held]) -> Ledger:
    """What is new, what takes the place of what, what ends, and what stays untouched (D-04).

    Lines are matched by the line of a quote that both began as; two copies of one line in the same
    quote are told apart by their order. A line that moved to another kind of contract ends there and
    begins here.
    """
    waiting: dict[tuple[UUID | None, UUID, str], list[Held]] = defaultdict(list)
    for each in held:
        waiting[each.root, each.kind, each.row["currency"]].append(each)
    enter: list[Entry] = []
    stay: list[Row] = []
    end: list[Row] = []
    for line in sold:
        known = waiting[line.root, line.kind.id, line.row["currency"]]
        same = next((each for each in known if unchanged(line.row, each.row)), None)
        found = same or next(iter(known), None)
        if found is not None:
            known.remove(found)
        if same is not None:
            stay.append(same.row)
        elif found is not None:
            end.append(found.row)
            enter.append(Entry(line, found.row))
        else:
            enter.append(Entry(line))
    end += [each.row for rest in waiting.values() for each in rest]
    return Ledger(tuple(enter), tuple(end), tuple(stay))


def unchanged(sold: Row, held: Row) -> bool:
    """Whether a line says what was sold before."""
    return all(sold[name] == held[name] for name in SAME)


def by_kind(
    items: Sequence[Row], kinds: Mapping[UUID, Kind], usual: Kind, roots: Mapping[UUID, UUID]
) -> list[Sold]:
    """The items of a quote, each with its kind of contract: that of its product, or the usual one.

    What only rounds the price goes along with the kind that most was sold of.
    """
    known = [kinds.get(item["product_id"], usual) for item in items]
    sums: dict[UUID, Decimal] = defaultdict(Decimal)
    for item, kind in zip(items, known, strict=True):
        if item["kind"] != "ROUNDING":
            sums[kind.id] += item["net"] or 0
    most = max(sums, key=lambda id: (sums[id], id), default=usual.id)
    largest = next((kind for kind in known if kind.id == most), usual)
    return [
        Sold(roots[item["id"]], largest if item["kind"] == "ROUNDING" else kind, item)
        for item, kind in zip(items, known, strict=True)
    ]


def months_later(day: date, months: int) -> date:
    """The same day some months later, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def term(kind: Kind, begin: date) -> dict[str, object]:
    """From when to when a contract of a kind lasts, and when to think of its renewal."""
    if not kind.time_based or kind.months is None:
        return {"starts_on": begin, "ends_on": None, "renewal_months": None, "remind_on": None}
    end = months_later(begin, kind.months) - timedelta(days=1)
    return {
        "starts_on": begin,
        "ends_on": end,
        "renewal_months": kind.months if kind.renews else None,
        "remind_on": max(begin, end - timedelta(days=REMIND_DAYS)) if kind.renews else None,
    }


def renewed(row: Row) -> dict[str, object] | Fault:
    """How long a contract lasts once it goes on for as long as was agreed."""
    if row["ends_on"] is None or row["renewal_months"] is None:
        message = "The contract does not renew: write its last day and a renewal in months first."
        return Fault(Problem.INVALID, message, "renewal_months")
    end = months_later(row["ends_on"] + timedelta(days=1), row["renewal_months"]) - timedelta(
        days=1
    )
    return {
        "ends_on": end,
        "remind_on": end - timedelta(days=REMIND_DAYS),
        "status": ContractStatus.ACTIVE.value,
    }
