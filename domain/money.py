"""Sums of money: how many digits a currency has after the point (ISO 4217)."""

from decimal import Decimal, localcontext

_NONE = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
_THREE = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
_FOUR = frozenset(["CLF", "UYW"])


def minor(currency: str) -> int:
    """How many digits the currency has after the point."""
    if currency in _NONE:
        return 0
    if currency in _THREE:
        return 3
    return 4 if currency in _FOUR else 2


def fits(amount: Decimal, currency: str) -> bool:
    """Whether an amount can be paid in the currency: no smaller than its smallest coin."""
    with localcontext() as exact:
        exact.prec = 200
        return amount.scaleb(minor(currency)) % 1 == 0
