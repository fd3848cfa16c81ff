"""Sums of money: how many digits a currency has after the point (ISO 4217), and parts that add up to the whole."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext

from babel.numbers import get_currency_precision

PRECISE = 200
"""Digits to reckon with: more than any product of what the columns hold."""
NOTHING = Decimal()
"""Added to what was rounded, so that there is one zero only."""

_IN_USE = "AFN ALL COP HUF IDR IRR KPW LAK LBP MGA MMK SOS SYP YER"
_WITHDRAWN = "ADP BYR ESP ITL LUF MGF MRO SLL STD TMM TRL ZMK ZWD"
_ISO = {"IQD": 3} | dict.fromkeys(f"{_IN_USE} {_WITHDRAWN}".split(), 2)
"""Digits by ISO 4217 where CLDR, which babel reads, has none because coins are out of use."""


def minor(currency: str) -> int:
    """How many digits the currency has after the point: ISO 4217's minor unit; 2 for unknown codes.

    `platform.minor` in Postgres gives the same.
    """
    return _ISO[currency] if currency in _ISO else get_currency_precision(currency)


def fits(amount: Decimal, currency: str) -> bool:
    """Whether an amount can be paid in the currency: no smaller than its smallest coin."""
    with localcontext() as exact:
        exact.prec = PRECISE
        return amount.scaleb(minor(currency)) % 1 == 0


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount in whole coins of the currency; half a coin goes away from zero."""
    with localcontext() as exact:
        exact.prec = PRECISE
        return amount.quantize(_coin(currency), ROUND_HALF_UP) + NOTHING


def spread(shares: Sequence[Decimal], currency: str) -> list[Decimal]:
    """These exact shares in whole coins that add up to the rounded sum, by largest remainder (D-17).

    Each part is less than one coin off its share. The sum is the same in whatever order the shares
    come; the smaller of two shares with the same remainder gets its coin first, then the earlier one.
    """
    with localcontext() as exact:
        exact.prec = PRECISE
        coin = _coin(currency)
        parts = [share.quantize(coin, ROUND_FLOOR) + NOTHING for share in shares]
        missing = rounded(sum(shares, NOTHING), currency) - sum(parts, NOTHING)
        by_remainder = sorted(
            range(len(shares)), key=lambda n: (parts[n] - shares[n], shares[n], n)
        )
        for n in by_remainder[: int(missing / coin)]:
            parts[n] += coin
        return parts


def _coin(currency: str) -> Decimal:
    """The smallest amount that can be paid."""
    return Decimal(1).scaleb(-minor(currency))
