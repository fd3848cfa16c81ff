"""Amounts of money: decimals of currencies (ISO 4217), rounding, and distribution without rounding loss."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext

from babel.numbers import get_currency_precision

PRECISION = 200
"""Precision of calculations: more digits than any product of column values."""
ZERO = Decimal()
"""Added to rounded amounts to normalize negative zero."""

_CURRENCIES_IN_USE = "AFN ALL COP HUF IDR IRR KPW LAK LBP MGA MMK SOS SYP YER"
_WITHDRAWN_CURRENCIES = "ADP BYR ESP ITL LUF MGF MRO SLL STD TMM TRL ZMK ZWD"
_ISO_DIGITS = {"IQD": 3} | dict.fromkeys(f"{_CURRENCIES_IN_USE} {_WITHDRAWN_CURRENCIES}".split(), 2)
"""Number of decimals in ISO 4217, for currencies that have fewer in CLDR, which babel uses, because coins are out of use."""


def minor_digits(currency: str) -> int:
    """Number of decimals of a currency, the minor unit of ISO 4217; 2 for unknown codes.

    Must return the same as `platform.minor` in Postgres.
    """
    return _ISO_DIGITS[currency] if currency in _ISO_DIGITS else get_currency_precision(currency)


def fits(amount: Decimal, currency: str) -> bool:
    """Whether an amount has at most the decimals of the currency."""
    with localcontext() as exact:
        exact.prec = PRECISION
        return amount.scaleb(minor_digits(currency)) % 1 == 0


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount rounded to the currency's decimals, half away from zero."""
    with localcontext() as exact:
        exact.prec = PRECISION
        return amount.quantize(_minor_unit(currency), ROUND_HALF_UP) + ZERO


def distribute(shares: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Round shares so that they add up to the rounded sum, by largest remainder (D-17).

    Each result differs from its share by less than one minor unit. The sum does not depend on the order;
    with equal remainders, the smaller share is rounded up first, then the earlier one.
    """
    with localcontext() as exact:
        exact.prec = PRECISION
        unit = _minor_unit(currency)
        parts = [share.quantize(unit, ROUND_FLOOR) + ZERO for share in shares]
        missing = rounded(sum(shares, ZERO), currency) - sum(parts, ZERO)
        by_remainder = sorted(
            range(len(shares)), key=lambda n: (parts[n] - shares[n], shares[n], n)
        )
        for n in by_remainder[: int(missing / unit)]:
            parts[n] += unit
        return parts


def _minor_unit(currency: str) -> Decimal:
    """One minor unit of the currency."""
    return Decimal(1).scaleb(-minor_digits(currency))
