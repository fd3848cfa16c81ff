"""Rules of quotes: what a quote and its lines may hold, what they add up to, and when they are closed to changes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum

from domain.codes import Problem
from domain.faults import Fault, Row
from domain.money import PRECISE, minor, rounded, spread
from domain.products import percent
from domain.sales import CURRENCY, unfit
from domain.values import DIGITS

LINES = 250
"""Of one quote, at most."""
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
SUMS = ("net", "tax", "total")
ACCEPTED = (
    "The customer accepted this quote, so it stays as it is: duplicate it and change the copy."
)
APPROVED = (
    "The quote is approved: take the approval back first, or duplicate it and change the copy."
)
SOLD = "The opportunity was sold and is closed to changes: unlock it first."
ACTIVE = "This is the quote that counts: deactivate it or activate another one, then delete it."
TOO_LARGE = "This comes to more than can be kept: write a smaller quantity or price."
TOO_MANY = f"A quote has at most {LINES} lines: put some together, or make a second quote."


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


def quote(before: Row | None, after: Row) -> Sequence[Fault]:
    """What is wrong with a quote by itself."""
    faults = percent(after, "discount_percent")
    if not CURRENCY.match(after["currency"]):
        message = "Write the currency as three capital letters of ISO 4217, such as EUR."
        faults.append(Fault(Problem.INVALID, message, "currency"))
    begin, end = after["valid_from"], after["valid_until"]
    if begin is not None and end is not None and end < begin:
        message = "The offer cannot end before it begins: correct one of the two days."
        faults.append(Fault(Problem.INVALID, message, "valid_until"))
    if before is not None and (closed := closed_by(before, after)):
        changed = [name for name in CONTENT if before[name] != after[name]]
        faults += [Fault(Problem.LOCKED, closed, name) for name in changed if name not in SUMS]
        if changed and all(name in SUMS for name in changed):
            faults.append(Fault(Problem.LOCKED, closed))
    return faults


def closed_by(before: Row, after: Row | None = None) -> str | None:
    """Why what a quote offers cannot be changed, if it cannot."""
    if before["accepted_at"] is not None:
        return ACCEPTED
    approved = (after or before)["approved_at"]
    return APPROVED if before["approved_at"] is not None and approved is not None else None


def deleted(before: Row) -> Sequence[Fault]:
    """What is in the way of deleting a quote (EP-120)."""
    if before["accepted_at"] is not None:
        return [Fault(Problem.LOCKED, ACCEPTED, "id")]
    return [Fault(Problem.ACTIVE_QUOTE, ACTIVE, "id")] if before["active"] else []


def quote_item(before: Row | None, after: Row) -> Sequence[Fault]:
    """What is wrong with a line by itself, as far as it is not as it was."""
    faults = [*percent(after, "discount_percent", "tax_percent"), *_price_faults(after)]
    if after["quantity"] is not None and after["quantity"] <= 0:
        message = "Write how many are offered, more than nothing; what is given back has a price below zero."
        faults.append(Fault(Problem.INVALID, message, "quantity"))
    if after["kind"] == ItemKind.ROUNDING:
        faults += _rounding(after)
    if before is None or any(before[name] != after[name] for name in ("kind", "currency")):
        return faults
    return [fault for fault in faults if before[fault.column] != after[fault.column]]


def _price_faults(after: Row) -> Sequence[Fault]:
    if after["unit_price"] is None:
        message = "Nobody knows yet what this costs: write the price of one unit."
        return [Fault(Problem.REQUIRED, message, "unit_price")]
    return unfit(after, ["unit_price"]) if CURRENCY.match(after["currency"] or "") else []


def _rounding(after: Row) -> Sequence[Fault]:
    """What only rounds the price is an amount by itself, and a small one (EP-117)."""
    message = "A line that rounds the price has a name and a unit price only: leave this out."
    bare = ("product_id", "unit_id", "discount_percent", "tax_percent")
    extra = [name for name in bare if after[name] is not None]
    extra += ["quantity"] if after["quantity"] != 1 else []
    faults = [Fault(Problem.INVALID, message, name) for name in extra]
    most = Decimal(ROUNDING_COINS).scaleb(-minor(after["currency"] or ""))
    if after["unit_price"] is not None and abs(after["unit_price"]) > most:
        message = f"A line that rounds the price rounds by {most:f} at most: make it an item."
        faults.append(Fault(Problem.INVALID, message, "unit_price"))
    return faults
