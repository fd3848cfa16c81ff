"""Rules of quotes: values of a quote and its lines, totals, and when a quote is immutable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import Protocol
from uuid import UUID

from domain.codes import UserErrorCode
from domain.columns import changed
from domain.described import DescribedEnum
from domain.message import Message
from domain.money import PRECISION, distribute, minor_digits, rounded
from domain.products import percent_violations
from domain.sales import CURRENCY_CODE, currency_violations
from domain.values import MAX_INTEGER_DIGITS
from domain.violations import Violation

MAX_ROUNDING_MINOR_UNITS = 10_000
"""Maximum amount of a rounding line, in minor units of the currency: 100.00 euros, 10,000 yen."""
PERCENT = Decimal("0.01")
ZERO = Decimal()
ONE = Decimal(1)
QUOTE_CONTENT_COLUMNS = (
    *("opportunity_id", "number", "name", "currency", "brand", "product_version"),
    *("valid_from", "valid_until", "discount_percent", "items_shown", "net", "tax", "total"),
)
"""The content of the offer: columns that are immutable once the quote is approved or accepted."""
ACCEPTED_MESSAGE = Message(
    "The quote was accepted by the customer and cannot be changed. Duplicate it, and change the "
    "copy."
)
APPROVED_MESSAGE = Message(
    "The quote is approved and cannot be changed. Withdraw the approval, or duplicate the quote "
    "and change the copy."
)
ACTIVE_QUOTE_MESSAGE = Message(
    "The active quote cannot be deleted. Deactivate it or activate another one first."
)
TOO_LARGE_MESSAGE = Message("The amount is too large to store. Enter a smaller quantity or price.")
TWO_ACTIVE_MESSAGE = Message(
    "The list activates two quotes of the same opportunity. Send only one: an opportunity has one "
    "active quote."
)
LINE_MESSAGE = Message("Line {position}: {problem}")
UNREADABLE_TAX_MESSAGE = Message(
    "you cannot read the tax of this product. Enter the tax, or 0 if there is none."
)
NOT_OFFERED_MESSAGE = Message(
    "the product cannot be offered now. Choose another product, or enter the line without one."
)


class ItemKind(DescribedEnum):
    """Purpose of a line of a quote."""

    ITEM = "ITEM", "A product or service that is offered."
    ROUNDING = "ROUNDING", "Difference that rounds the total of the quote."


class PricedLine(Protocol):
    """The columns of a line that its amounts are computed from."""

    kind: ItemKind
    quantity: Decimal
    unit_price: Decimal | None
    discount_percent: Decimal | None
    tax_percent: Decimal | None


class Approval(Protocol):
    """When a quote was approved and accepted."""

    approved_at: datetime | None
    accepted_at: datetime | None


class QuoteFacts(Approval, Protocol):
    """The columns of a quote that its rule reads, with those in `CONTENT`."""

    opportunity_id: UUID
    number: str
    name: str
    brand: str | None
    product_version: str | None
    valid_from: date | None
    valid_until: date | None
    discount_percent: Decimal | None
    items_shown: bool
    net: Decimal | None
    tax: Decimal | None
    total: Decimal | None

    @property
    def currency(self) -> str | None:
        """ISO 4217; None while neither the caller nor the opportunity has set it."""


class DeletableQuote(Protocol):
    """The columns that decide whether a quote can be deleted."""

    active: bool
    accepted_at: datetime | None


class QuoteItemFacts(Protocol):
    """The columns of a line that its rule reads."""

    kind: ItemKind
    product_id: UUID | None
    unit_id: UUID | None
    unit_price: Decimal | None
    discount_percent: Decimal | None
    tax_percent: Decimal | None

    @property
    def quantity(self) -> Decimal | None:
        """None while it is missing."""

    @property
    def currency(self) -> str | None:
        """ISO 4217; None while the quote has none."""


class LineFacts(Protocol):
    """The columns of a line with values from its product, and its position and currency."""

    position: int
    currency: str
    name: str
    unit_id: UUID | None
    unit_price: Decimal | None
    tax_percent: Decimal | None


class ProductFacts(Protocol):
    """The columns of a product that lines copy, and whether it is offered."""

    name: str
    unit_id: UUID | None
    currency: str
    price: Decimal | None
    tax_percent: Decimal | None
    active: bool


@dataclass(frozen=True)
class LineValues:
    """The values of a line, with those from its product where the caller omitted them."""

    name: str
    unit_id: UUID | None
    unit_price: Decimal | None
    tax_percent: Decimal | None


@dataclass(frozen=True)
class QuoteAmounts:
    """The amounts of a line or of a quote."""

    net: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        """Amount including tax."""
        return self.net + self.tax


def line_amounts(
    lines: Sequence[PricedLine], discount: Decimal | None, currency: str
) -> list[QuoteAmounts]:
    """The amounts of each line after the `discount` on the entire quote, in percent.

    Each line's price is rounded separately. The quote's discount, and the tax of each rate, are computed
    for all lines together and distributed by largest remainder (D-17). Rounding lines are neither
    discounted nor taxed.
    """
    with localcontext() as exact:
        exact.prec = PRECISION
        nets = [_price(line, currency) for line in lines]
        items = [n for n, line in enumerate(lines) if line.kind != ItemKind.ROUNDING]
        shares = distribute([nets[n] * (discount or ZERO) * PERCENT for n in items], currency)
        for n, share in zip(items, shares, strict=True):
            nets[n] -= share
        taxes = [rounded(ZERO, currency)] * len(lines)
        by_rate: dict[Decimal, list[int]] = defaultdict(list)
        for n in items:
            by_rate[lines[n].tax_percent or ZERO].append(n)
        for rate, taxed in by_rate.items():
            amounts = distribute([nets[n] * rate * PERCENT for n in taxed], currency)
            for n, amount in zip(taxed, amounts, strict=True):
                taxes[n] = amount
        return [QuoteAmounts(net, tax) for net, tax in zip(nets, taxes, strict=True)]


def sum_totals(amounts: Iterable[QuoteAmounts]) -> QuoteAmounts:
    """The sum of amounts."""
    amounts = list(amounts)
    with localcontext() as exact:
        exact.prec = PRECISION
        return QuoteAmounts(
            sum((a.net for a in amounts), ZERO), sum((a.tax for a in amounts), ZERO)
        )


def _price(line: PricedLine, currency: str) -> Decimal:
    """A line's price after its own discount; zero without a unit price."""
    price = line.unit_price or ZERO
    if line.kind == ItemKind.ROUNDING:
        return rounded(price, currency)
    factor = ONE - (line.discount_percent or ZERO) * PERCENT
    return rounded(line.quantity * price * factor, currency)


def fits_columns(amounts: QuoteAmounts) -> bool:
    """Whether the amounts are small enough for their columns."""
    return all(
        abs(each) < 10**MAX_INTEGER_DIGITS for each in (amounts.net, amounts.tax, amounts.total)
    )


def quote_violations(before: QuoteFacts | None, after: QuoteFacts) -> Sequence[Violation]:
    """Violations of a quote by itself."""
    violations = percent_violations({"discount_percent": after.discount_percent})
    if after.currency is not None and not CURRENCY_CODE.match(after.currency):
        message = Message(
            "The currency code is invalid. Use three capital letters of ISO 4217, such as EUR."
        )
        violations.append(Violation(UserErrorCode.INVALID, message, "currency"))
    begin, end = after.valid_from, after.valid_until
    if begin is not None and end is not None and end < begin:
        message = Message("The offer ends before it starts. Correct one of the two dates.")
        violations.append(Violation(UserErrorCode.INVALID, message, "valid_until"))
    if before is not None:
        is_unapproved = before.approved_at is not None and after.approved_at is None
        differs = bool(changed(before, after, QUOTE_CONTENT_COLUMNS))
        if differs or (is_unapproved and before.accepted_at is not None):
            violations += immutability_violations(before, after)
    return violations


def immutability_violations(before: Approval, after: Approval) -> list[Violation]:
    """Violation of a change to an accepted or approved quote, at the column that makes it immutable."""
    if before.accepted_at is not None:
        return [Violation(UserErrorCode.LOCKED, ACCEPTED_MESSAGE, "accepted_at")]
    if before.approved_at is not None and after.approved_at is not None:
        return [Violation(UserErrorCode.LOCKED, APPROVED_MESSAGE, "approved_at")]
    return []


def delete_violations(before: DeletableQuote) -> Sequence[Violation]:
    """Violation of deleting an accepted or active quote (EP-120)."""
    if before.accepted_at is not None:
        return [Violation(UserErrorCode.LOCKED, ACCEPTED_MESSAGE, "accepted_at")]
    return (
        [Violation(UserErrorCode.ACTIVE_QUOTE, ACTIVE_QUOTE_MESSAGE, "active")]
        if before.active
        else []
    )


def quote_item_violations(
    before: QuoteItemFacts | None, after: QuoteItemFacts
) -> Sequence[Violation]:
    """Violations of a line by itself. For an existing line, only changed columns are checked.

    A change of kind or currency checks all columns.
    """
    shares = {"discount_percent": after.discount_percent, "tax_percent": after.tax_percent}
    violations = [*percent_violations(shares), *_price_violations(after)]
    if after.quantity is not None and after.quantity <= 0:
        message = Message(
            "The quantity must be greater than 0. For a return, enter a negative price."
        )
        violations.append(Violation(UserErrorCode.INVALID, message, "quantity"))
    if after.kind == ItemKind.ROUNDING:
        violations += _rounding_line_violations(after)
    if before is None or changed(before, after, ("kind", "currency")):
        return violations
    return [each for each in violations if changed(before, after, (each.column,))]


def _price_violations(after: QuoteItemFacts) -> Sequence[Violation]:
    if after.unit_price is None:
        message = Message("The unit price is missing. Enter the price of one unit.")
        return [Violation(UserErrorCode.REQUIRED, message, "unit_price")]
    currency = after.currency or ""
    return (
        currency_violations(currency, {"unit_price": after.unit_price})
        if CURRENCY_CODE.match(currency)
        else []
    )


COPIED_COLUMNS = {
    "name": "name",
    "unit_id": "unit_id",
    "unit_price": "price",
    "tax_percent": "tax_percent",
}
"""Columns of a line with defaults from its product, and the product's columns."""


def copy_from_product(
    line: LineFacts,
    product: ProductFacts,
    omitted: Collection[str],
    readable: Collection[str],
) -> tuple[LineValues, list[Violation]]:
    """The values of a line with a new product, and violations of values that the caller must set.

    `omitted` are columns of the line that the caller did not send. `readable` are columns of the product that
    the caller can read; others are not copied, because the line would reveal them.
    """
    copied = {name for name in omitted if COPIED_COLUMNS[name] in readable}
    violations = []
    if not product.active:
        violations.append(_line_violation(line, NOT_OFFERED_MESSAGE, "product_id"))
    if "unit_price" in omitted and (message := _missing_price_message(line, product, readable)):
        copied.discard("unit_price")
        violations.append(_line_violation(line, message, "unit_price"))
    if "tax_percent" in omitted and "tax_percent" not in readable:
        violations.append(_line_violation(line, UNREADABLE_TAX_MESSAGE, "tax_percent"))
    values = LineValues(
        name=product.name if "name" in copied else line.name,
        unit_id=product.unit_id if "unit_id" in copied else line.unit_id,
        unit_price=product.price if "unit_price" in copied else line.unit_price,
        tax_percent=product.tax_percent if "tax_percent" in copied else line.tax_percent,
    )
    return values, violations


def _line_violation(line: LineFacts, problem: Message, column: str) -> Violation:
    message = LINE_MESSAGE.fill(position=line.position, problem=problem)
    return Violation(UserErrorCode.INVALID, message, column)


def _missing_price_message(
    line: LineFacts, product: ProductFacts, readable: Collection[str]
) -> Message | None:
    """Why a line cannot have its product's price; None if it can (EP-097)."""
    if not {"price", "currency"} <= set(readable):
        return Message("you cannot read the price of this product. Enter the unit price.")
    if product.price is None:
        return Message("this product has no price. Enter the unit price.")
    product_currency, quote_currency = product.currency, line.currency
    if product_currency == quote_currency:
        return None
    return Message(
        "the product is priced in {product}, but the quote is in {quote}. Enter the unit price in {quote}, or choose "
        "another product.",
        product=product_currency,
        quote=quote_currency,
    )


def _rounding_line_violations(after: QuoteItemFacts) -> Sequence[Violation]:
    """Violations of a rounding line: a small amount without product, discount and tax (EP-117)."""
    message = Message("A rounding line has only a name and a unit price. Leave this field empty.")
    unused: Mapping[str, object] = {
        "product_id": after.product_id,
        "unit_id": after.unit_id,
        "discount_percent": after.discount_percent,
        "tax_percent": after.tax_percent,
    }
    unexpected = [name for name, value in unused.items() if value is not None]
    unexpected += ["quantity"] if after.quantity != 1 else []
    violations = [Violation(UserErrorCode.INVALID, message, name) for name in unexpected]
    limit = Decimal(MAX_ROUNDING_MINOR_UNITS).scaleb(-minor_digits(after.currency or ""))
    if after.unit_price is not None and abs(after.unit_price) > limit:
        message = Message(
            "A rounding line can change the price by at most {limit:f}. Use an item line for more.",
            limit=limit,
        )
        violations.append(Violation(UserErrorCode.INVALID, message, "unit_price"))
    return violations
