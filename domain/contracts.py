"""Rules of contracts: their term, and the changes that a sale makes to existing contracts (D-04)."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from domain.codes import UserErrorCode
from domain.columns import changed
from domain.described import DescribedEnum
from domain.message import Message
from domain.quotes import ItemKind
from domain.sales import CURRENCY_CODE
from domain.violations import Violation

LINE_CONTENT_COLUMNS = (
    *("product_id", "name", "quantity", "unit_id", "currency", "unit_price"),
    *("discount_percent", "tax_percent", "net", "total"),
)
"""The columns that a contract line copies from its quote line. If all are equal, the contract line is unchanged."""
REMIND_DAYS = 30
"""Days between the reminder and the end of a contract that renews."""
ONE_OFF_MESSAGE = Message(
    "Only time-based contracts can be upsold, and this one was delivered once. Create a new "
    "opportunity for its account instead."
)
NOT_SOLD_MESSAGE = Message(
    "The contract does not belong to an opportunity. There is nothing to detach."
)
ENDED_MESSAGE = Message("The contract has already ended. To correct its last day, update `endsOn`.")
NO_KIND_MESSAGE = Message(
    "No contract kind exists. Create one first: it determines what a sale creates."
)
SOLD_AGAIN_MESSAGE = Message(
    "The content of this contract was sold again and is in a newer contract. Detach the newer "
    "contract from the opportunity first, or leave this one in the trash."
)


class ContractStatus(DescribedEnum):
    """Whether a contract is in force."""

    ACTIVE = "ACTIVE", "In force."
    ENDED = "ENDED", "Ended."


class SoldContent(Protocol):
    """The content of a quote line or contract line: the columns in `LINE_CONTENT_COLUMNS`."""

    product_id: UUID | None
    name: str
    quantity: Decimal
    unit_id: UUID | None
    currency: str
    unit_price: Decimal | None
    discount_percent: Decimal | None
    tax_percent: Decimal | None
    net: Decimal | None
    total: Decimal | None


class QuoteLine(SoldContent, Protocol):
    """A line of a quote."""

    id: UUID
    kind: ItemKind
    position: int


class ExistingLine(SoldContent, Protocol):
    """A line of a contract."""

    id: UUID
    contract_id: UUID
    position: int
    revision: int
    starts_on: date | None


class EndAndRenewal(Protocol):
    """The end of a contract, and the months it is renewed for."""

    @property
    def ends_on(self) -> date | None:
        """The last day; None if the contract has no end."""

    @property
    def renewal_months(self) -> int | None:
        """None if the contract does not renew."""


class ContractFacts(Protocol):
    """The columns of a contract that its rule reads."""

    starts_on: date | None
    ends_on: date | None
    renewal_months: int | None

    @property
    def currency(self) -> str | None:
        """ISO 4217; None while it is missing."""


@dataclass(frozen=True)
class KindTerms:
    """The terms of a contract kind."""

    id: UUID
    time_based: bool
    months: int | None
    renews: bool


@dataclass(frozen=True)
class SoldLine:
    """A line of the accepted quote, with its contract kind and the original line it was copied from."""

    root: UUID
    kind: KindTerms
    row: QuoteLine


@dataclass(frozen=True)
class CurrentLine:
    """A line in force of one of the opportunity's contracts."""

    root: UUID | None
    kind: UUID
    row: ExistingLine


@dataclass(frozen=True)
class NewLine:
    """A new contract line, which may replace an existing one."""

    sold: SoldLine
    replaces: ExistingLine | None = None


@dataclass(frozen=True)
class ContractDiff:
    """The changes of a sale to the lines of contracts."""

    added: tuple[NewLine, ...]
    ended: tuple[ExistingLine, ...]
    unchanged: tuple[ExistingLine, ...]


@dataclass(frozen=True)
class ContractTerm:
    """The term of a contract, and the date of the renewal reminder."""

    starts_on: date
    ends_on: date | None
    renewal_months: int | None
    remind_on: date | None


@dataclass(frozen=True)
class Renewal:
    """The new end of a contract that was renewed; it is active again."""

    ends_on: date
    remind_on: date
    status: ContractStatus = ContractStatus.ACTIVE


def contract_violations(_: ContractFacts | None, after: ContractFacts) -> Sequence[Violation]:
    """Violations of a contract by itself."""
    if after.currency is not None and not CURRENCY_CODE.match(after.currency):
        message = Message(
            "The currency code is invalid. Use three capital letters of ISO 4217, such as EUR."
        )
        return [Violation(UserErrorCode.INVALID, message, "currency")]
    begin, end = after.starts_on, after.ends_on
    if begin is not None and end is not None and end < begin:
        message = Message("The contract ends before it starts. Correct one of the two dates.")
        return [Violation(UserErrorCode.INVALID, message, "ends_on")]
    months = after.renewal_months
    if months is not None and not 1 <= months <= 1200:
        message = Message("The renewal is out of range. Enter 1 to 1200 months.")
        return [Violation(UserErrorCode.INVALID, message, "renewal_months")]
    return []


def diff_lines(sold: Sequence[SoldLine], current_lines: Iterable[CurrentLine]) -> ContractDiff:
    """The lines that start, end and stay unchanged (D-04).

    Lines match if they were copied from the same original quote line; several copies of a line in one
    quote are matched by equal content, then in order. A line with equal content stays in its contract.
    A changed line replaces the old line in its contract, unless its contract kind or currency changed.
    """
    current: dict[UUID | None, list[CurrentLine]] = defaultdict(list)
    for each in current_lines:
        current[each.root].append(each)
    unchanged = {
        index: line
        for index, sold_line in enumerate(sold)
        if (line := _match(current, sold_line, same=True))
    }
    added: list[NewLine] = []
    ended: list[ExistingLine] = []
    for index, sold_line in enumerate(sold):
        if index in unchanged:
            continue
        replaced = _match(current, sold_line, same=False)
        ended += [replaced] if replaced is not None else []
        added.append(NewLine(sold_line, replaced))
    ended += [each.row for remaining in current.values() for each in remaining]
    return ContractDiff(tuple(added), tuple(ended), tuple(unchanged.values()))


def _match(
    current: dict[UUID | None, list[CurrentLine]], sold: SoldLine, *, same: bool
) -> ExistingLine | None:
    """Remove and return the current line with equal content (`same`), or that the sold line replaces."""
    for each in current[sold.root]:
        replaceable = each.kind == sold.kind.id and each.row.currency == sold.row.currency
        if has_same_content(sold.row, each.row) if same else replaceable:
            current[sold.root].remove(each)
            return each.row
    return None


def has_same_content(sold: SoldContent, line: SoldContent) -> bool:
    """Whether two lines have the same content."""
    return not changed(sold, line, LINE_CONTENT_COLUMNS)


def assign_kinds(
    items: Sequence[QuoteLine],
    kinds: Mapping[UUID, KindTerms],
    default: KindTerms | None,
    roots: Mapping[UUID, UUID],
) -> list[SoldLine] | Violation:
    """The lines of a quote with their contract kind: the product's kind, or `default`.

    A rounding line belongs to the kind with the largest sum.
    """
    kinds_by_item: dict[UUID, KindTerms | None] = {}
    sums: dict[KindTerms | None, Decimal] = defaultdict(Decimal)
    for item in items:
        if item.kind != ItemKind.ROUNDING:
            product = item.product_id
            kind = kinds_by_item[item.id] = (
                default if product is None else kinds.get(product, default)
            )
            sums[kind] += item.net or 0
    largest = max((k for k in sums if k), key=lambda k: (sums[k], k.id), default=default)
    sold: list[SoldLine] = []
    for item in items:
        kind = kinds_by_item.get(item.id, largest)
        if kind is None:
            return Violation(UserErrorCode.INVALID, NO_KIND_MESSAGE)
        sold.append(SoldLine(roots[item.id], kind, item))
    return sold


def days_later(day: date, days: int) -> date:
    """A day plus a number of days, which may be negative; limited to the range of dates."""
    number = day.toordinal() + days
    return date.fromordinal(min(max(number, date.min.toordinal()), date.max.toordinal()))


def months_later(day: date, months: int) -> date:
    """A day plus a number of months: the same day of the month, or the last of a shorter month; limited to the range of dates."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def status_on(row: EndAndRenewal, today: date) -> ContractStatus:
    """Status of a contract: active until its last day, or indefinitely if it renews."""
    ended = row.ends_on is not None and row.ends_on < today and row.renewal_months is None
    return ContractStatus.ENDED if ended else ContractStatus.ACTIVE


def last_day(begin: date | None, day: date) -> date:
    """The last day of a contract or line that is replaced on `day`: the day before, but not before its start."""
    before = days_later(day, -1)
    return max(begin or before, before)


def compute_term(kind: KindTerms, begin: date) -> ContractTerm:
    """The term of a contract of this kind with this start."""
    if not kind.time_based or kind.months is None:
        return ContractTerm(begin, ends_on=None, renewal_months=None, remind_on=None)
    end = days_later(months_later(begin, kind.months), -1)
    return ContractTerm(
        begin,
        ends_on=end,
        renewal_months=kind.months if kind.renews else None,
        remind_on=max(begin, days_later(end, -REMIND_DAYS)) if kind.renews else None,
    )


def renewed(row: EndAndRenewal) -> Renewal | Violation:
    """The new end of a contract after its renewal period."""
    if row.ends_on is None or row.renewal_months is None:
        message = Message(
            "The contract cannot be renewed without an end date and a renewal period. Set `endsOn`"
            " and `renewalMonths` first."
        )
        return Violation(UserErrorCode.INVALID, message, "renewal_months")
    end = days_later(months_later(days_later(row.ends_on, 1), row.renewal_months), -1)
    return Renewal(end, remind_on=days_later(end, -REMIND_DAYS))
