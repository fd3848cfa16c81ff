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

from domain.codes import UserErrorCode
from domain.sales import CURRENCY
from domain.violations import Row, Violation

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
NOT_SOLD = "This contract does not belong to an opportunity (any more), so there is nothing to take it off."
ENDED = "The contract has ended already: if its last day is another one, update `endsOn`."
NO_KIND = "There is no kind of contract yet: create one, so that it is known what a sale makes."
SOLD_ANEW = (
    "What is in this contract was sold anew since, so that there is another one: take that one off "
    "the opportunity first, or leave this one in the bin."
)
ROUNDING = "ROUNDING"
DAY = timedelta(days=1)


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


def contract(_: Row | None, after: Row) -> Sequence[Violation]:
    """What is wrong with a contract by itself."""
    if after["currency"] is not None and not CURRENCY.match(after["currency"]):
        message = "Write the currency as three capital letters of ISO 4217, such as EUR."
        return [Violation(UserErrorCode.INVALID, message, "currency")]
    begin, end = after["starts_on"], after["ends_on"]
    if begin is not None and end is not None and end < begin:
        message = "The contract cannot end before it begins: correct one of the two days."
        return [Violation(UserErrorCode.INVALID, message, "ends_on")]
    months = after["renewal_months"]
    if months is not None and not 1 <= months <= 1200:
        message = "Write a renewal of 1 to 1200 months."
        return [Violation(UserErrorCode.INVALID, message, "renewal_months")]
    return []


def ledger(sold: Sequence[Sold], held: Iterable[Held]) -> Ledger:
    """What is new, what takes the place of what, what ends, and what stays untouched (D-04).

    Lines are matched by the line of a quote that both began as; two copies of one line in the same
    quote are told apart by what they say, then by their order. What says the same stays, in whatever
    contract it is; what was changed takes its place there, unless it belongs to another kind by now.
    """
    waiting: dict[UUID | None, list[Held]] = defaultdict(list)
    for each in held:
        waiting[each.root].append(each)
    stay = {n: line for n, one in enumerate(sold) if (line := _take(waiting, one, same=True))}
    enter: list[Entry] = []
    end: list[Row] = []
    for place, one in enumerate(sold):
        if place in stay:
            continue
        found = _take(waiting, one, same=False)
        end += [found] if found else []
        enter.append(Entry(one, found))
    end += [each.row for rest in waiting.values() for each in rest]
    return Ledger(tuple(enter), tuple(end), tuple(stay.values()))


def _take(waiting: dict[UUID | None, list[Held]], sold: Sold, *, same: bool) -> Row | None:
    """A line in force that this one is, or whose place it takes."""
    for each in waiting[sold.root]:
        of_kind = each.kind == sold.kind.id and each.row["currency"] == sold.row["currency"]
        if unchanged(sold.row, each.row) if same else of_kind:
            waiting[sold.root].remove(each)
            return each.row
    return None


def unchanged(sold: Row, held: Row) -> bool:
    """Whether a line says what was sold before."""
    return all(sold[name] == held[name] for name in SAME)


def by_kind(
    items: Sequence[Row], kinds: Mapping[UUID, Kind], usual: Kind | None, roots: Mapping[UUID, UUID]
) -> list[Sold] | Violation:
    """The items of a quote, each with its kind of contract: that of its product, or the usual one.

    What only rounds the price goes along with the kind that most was sold of.
    """
    known: dict[UUID, Kind | None] = {}
    sums: dict[Kind | None, Decimal] = defaultdict(Decimal)
    for item in items:
        if item["kind"] != ROUNDING:
            kind = known[item["id"]] = kinds.get(item["product_id"], usual)
            sums[kind] += item["net"] or 0
    largest = max((k for k in sums if k), key=lambda k: (sums[k], k.id), default=usual)
    found: list[Sold] = []
    for item in items:
        kind = known.get(item["id"], largest)
        if kind is None:
            return Violation(UserErrorCode.INVALID, NO_KIND)
        found.append(Sold(roots[item["id"]], kind, item))
    return found


def months_later(day: date, months: int) -> date:
    """The same day some months later, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def status_on(row: Row, today: date) -> ContractStatus:
    """Whether a contract is in force: until its last day, or for as long as it renews."""
    end = row["ends_on"]
    ended = end is not None and end < today and row["renewal_months"] is None
    return ContractStatus.ENDED if ended else ContractStatus.ACTIVE


def last_day(begin: date | None, day: date) -> date:
    """The last day of what no longer holds on a day: the one before, if it had begun by then."""
    return max(begin or day - DAY, day - DAY)


def term(kind: Kind, begin: date) -> dict[str, object]:
    """From when to when a contract of a kind lasts, and when to think of its renewal."""
    if not kind.time_based or kind.months is None:
        return {"starts_on": begin, "ends_on": None, "renewal_months": None, "remind_on": None}
    end = months_later(begin, kind.months) - DAY
    return {
        "starts_on": begin,
        "ends_on": end,
        "renewal_months": kind.months if kind.renews else None,
        "remind_on": max(begin, end - timedelta(days=REMIND_DAYS)) if kind.renews else None,
    }


def renewed(row: Row) -> dict[str, object] | Violation:
    """How long a contract lasts once it goes on for as long as was agreed."""
    if row["ends_on"] is None or row["renewal_months"] is None:
        message = "The contract does not renew: write its last day and a renewal in months first."
        return Violation(UserErrorCode.INVALID, message, "renewal_months")
    end = months_later(row["ends_on"] + DAY, row["renewal_months"]) - DAY
    return {
        "ends_on": end,
        "remind_on": end - timedelta(days=REMIND_DAYS),
        "status": ContractStatus.ACTIVE.value,
    }
