"""Rules of quotes: what a quote and its lines may hold, what they add up to, and when they are closed to changes."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import Any

from domain.codes import UserErrorCode
from domain.money import PRECISE, minor, rounded, spread
from domain.products import percent
from domain.sales import CURRENCY, unfit
from domain.values import DIGITS
from domain.violations import Row, Violation

ROUNDING_COINS = 10_000
"""What one line may round by, at most: 100.00 euros, 10,000 yen."""
CENT = Decimal("0.01")
ZERO = Decimal()
ONE = Decimal(1)
CONTENT = (
    *("opportunity_id", "number", "name", "currency", "brand", "product_version"),
    *("valid_from", "valid_until", "discount_percent", "items_shown", "net", "tax", "total"),
)
"""What a quote says to the customer: once it is approved or accepted, that stays."""
ACCEPTED = (
    "The customer accepted this quote, so it stays as it is: duplicate it and change the copy."
)
APPROVED = (
    "The quote is approved: take the approval back first, or duplicate it and change the copy."
)
SOLD = "The opportunity was sold and is closed to changes: unlock it first."
ACTIVE = "This is the quote that counts: deactivate it or activate another one, then delete it."
TOO_LARGE = "This comes to more than can be kept: write a smaller quantity or price."
TWO_ACTIVE = (
    "Another quote of the same opportunity stands in the list: only one of them can be active."
)
NOT_OFFERED = "this product cannot be offered now: choose another one, or type the line in by hand."


class ItemKind(StrEnum):
    """What a line of a quote is there for."""

    ITEM = "ITEM"
    ROUNDING = "ROUNDING"


@dataclass(frozen=True)
class Amounts:
    """What something comes to."""

    net: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        """With tax."""
        return self.net + self.tax


def totals(lines: Sequence[Row], discount: Decimal | None, currency: str) -> list[Amounts]:
    """What each line comes to, after the `discount` on the whole (in percent); `whole` adds them up.

    Each line's own price is rounded by itself. The discount on the whole, and the tax of each rate, are
    worked out once for all lines together and spread over them by largest remainder (D-17). What only
    rounds the price is neither discounted nor taxed.
    """
    with localcontext() as exact:
        exact.prec = PRECISE
        nets = [_price(line, currency) for line in lines]
        items = [n for n, line in enumerate(lines) if line["kind"] != ItemKind.ROUNDING]
        shares = spread([nets[n] * (discount or ZERO) * CENT for n in items], currency)
        for n, share in zip(items, shares, strict=True):
            nets[n] -= share
        taxes = [rounded(ZERO, currency)] * len(lines)
        by_rate: dict[Decimal, list[int]] = defaultdict(list)
        for n in items:
            by_rate[lines[n]["tax_percent"] or ZERO].append(n)
        for rate, taxed in by_rate.items():
            parts = spread([nets[n] * rate * CENT for n in taxed], currency)
            for n, part in zip(taxed, parts, strict=True):
                taxes[n] = part
        return [Amounts(net, tax) for net, tax in zip(nets, taxes, strict=True)]


def whole(parts: Iterable[Amounts]) -> Amounts:
    """What all of them come to together."""
    known = list(parts)
    with localcontext() as exact:
        exact.prec = PRECISE
        return Amounts(sum((p.net for p in known), ZERO), sum((p.tax for p in known), ZERO))


def _price(line: Row, currency: str) -> Decimal:
    """A line's price after its own discount; what has no price yet costs nothing."""
    price = line["unit_price"] or ZERO
    if line["kind"] == ItemKind.ROUNDING:
        return rounded(price, currency)
    kept = ONE - (line["discount_percent"] or ZERO) * CENT
    return rounded(line["quantity"] * price * kept, currency)


def fits_columns(amounts: Amounts) -> bool:
    """Whether the amounts are small enough to be kept."""
    return all(abs(each) < 10**DIGITS for each in (amounts.net, amounts.tax, amounts.total))


def quote(before: Row | None, after: Row) -> Sequence[Violation]:
    """What is wrong with a quote by itself."""
    faults = percent(after, "discount_percent")
    if after["currency"] is not None and not CURRENCY.match(after["currency"]):
        message = "Write the currency as three capital letters of ISO 4217, such as EUR."
        faults.append(Violation(UserErrorCode.INVALID, message, "currency"))
    begin, end = after["valid_from"], after["valid_until"]
    if begin is not None and end is not None and end < begin:
        message = "The offer cannot end before it begins: correct one of the two days."
        faults.append(Violation(UserErrorCode.INVALID, message, "valid_until"))
    if before is not None:
        unapproved = before["approved_at"] is not None and after["approved_at"] is None
        changed = any(before[name] != after[name] for name in CONTENT)
        if changed or (unapproved and before["accepted_at"] is not None):
            faults += closed(before, after)
    return faults


def closed(before: Row, after: Row) -> list[Violation]:
    """Why what a quote offers cannot be changed, if it cannot; told as a fault of the field that says so."""
    if before["accepted_at"] is not None:
        return [Violation(UserErrorCode.LOCKED, ACCEPTED, "accepted_at")]
    if before["approved_at"] is not None and after["approved_at"] is not None:
        return [Violation(UserErrorCode.LOCKED, APPROVED, "approved_at")]
    return []


def deleted(before: Row) -> Sequence[Violation]:
    """What is in the way of deleting a quote (EP-120)."""
    if before["accepted_at"] is not None:
        return [Violation(UserErrorCode.LOCKED, ACCEPTED, "accepted_at")]
    return [Violation(UserErrorCode.ACTIVE_QUOTE, ACTIVE, "active")] if before["active"] else []


def quote_item(before: Row | None, after: Row) -> Sequence[Violation]:
    """What is wrong with a line by itself, as far as it is not as it was."""
    faults = [*percent(after, "discount_percent", "tax_percent"), *_price_faults(after)]
    if after["quantity"] is not None and after["quantity"] <= 0:
        message = "Write how many are offered, more than nothing; what is given back has a price below zero."
        faults.append(Violation(UserErrorCode.INVALID, message, "quantity"))
    if after["kind"] == ItemKind.ROUNDING:
        faults += _rounding(after)
    if before is None or any(before[name] != after[name] for name in ("kind", "currency")):
        return faults
    return [fault for fault in faults if before[fault.column] != after[fault.column]]


def _price_faults(after: Row) -> Sequence[Violation]:
    if after["unit_price"] is None:
        message = "Nobody knows yet what this costs: write the price of one unit."
        return [Violation(UserErrorCode.REQUIRED, message, "unit_price")]
    return unfit(after, ["unit_price"]) if CURRENCY.match(after["currency"] or "") else []


FROM_PRODUCT = {
    "name": "name",
    "unit_id": "unit_id",
    "unit_price": "price",
    "tax_percent": "tax_percent",
}
"""What a line takes over from its product where nothing was said, and which of the product's columns that is."""


def from_product(
    line: Row, product: Row, left_open: Collection[str], seen: Collection[str]
) -> tuple[dict[str, Any], list[Violation]]:
    """What a line takes over from the product it came to offer, and what must be said because it cannot.

    Only what the caller may see of the product, in `seen`, is taken over: the line would tell it.
    """
    at = f"Line {line['position']}: "
    taken = {n: product[FROM_PRODUCT[n]] for n in left_open if FROM_PRODUCT[n] in seen}
    faults = []
    if not product["active"]:
        faults.append(Violation(UserErrorCode.INVALID, at + NOT_OFFERED, "product_id"))
    if "unit_price" in left_open and (message := _unpriced(line, product, seen)):
        taken.pop("unit_price", None)
        faults.append(Violation(UserErrorCode.INVALID, at + message, "unit_price"))
    if "tax_percent" in left_open and "tax_percent" not in seen:
        message = "you may not see the tax on this product: write it, 0 if there is none."
        faults.append(Violation(UserErrorCode.INVALID, at + message, "tax_percent"))
    return taken, faults


def _unpriced(line: Row, product: Row, seen: Collection[str]) -> str | None:
    """Why a line cannot take over its product's price, if it cannot (EP-097)."""
    if not {"price", "currency"} <= set(seen):
        return "you may not see what this product costs: write the unit price."
    if product["price"] is None:
        return "this product has no price of its own: write the unit price."
    theirs, ours = product["currency"], line["currency"]
    if theirs == ours:
        return None
    return (
        f"this product has its price in {theirs}, and the quote is in {ours}: "
        f"write the unit price in {ours}, or choose another product."
    )


def _rounding(after: Row) -> Sequence[Violation]:
    """What only rounds the price is an amount by itself, and a small one (EP-117)."""
    message = "A line that rounds the price has a name and a unit price only: leave this out."
    bare = ("product_id", "unit_id", "discount_percent", "tax_percent")
    extra = [name for name in bare if after[name] is not None]
    extra += ["quantity"] if after["quantity"] != 1 else []
    faults = [Violation(UserErrorCode.INVALID, message, name) for name in extra]
    most = Decimal(ROUNDING_COINS).scaleb(-minor(after["currency"] or ""))
    if after["unit_price"] is not None and abs(after["unit_price"]) > most:
        message = f"A line that rounds the price rounds by {most:f} at most: make it an item."
        faults.append(Violation(UserErrorCode.INVALID, message, "unit_price"))
    return faults
