"""Format of amounts of money: rounding to the decimal digits of the currency."""

from __future__ import annotations

from decimal import Decimal

from tests.proof.computed import EXACT

_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
DIGITS = {code: digits for digits, codes in _DIGITS.items() for code in codes.split()}
"""Minor digits by ISO 4217 of currencies that do not have two."""


def minor(currency: str) -> int:
    """Number of decimal digits of an amount in a currency."""
    return DIGITS.get(currency, 2)


def rounded(value: Decimal, digits: int) -> Decimal:
    """Round half away from zero."""
    return value.quantize(Decimal(1).scaleb(-digits), context=EXACT)


def shown(amount: Decimal, currency: str, more: int = 0) -> str:
    """An amount as text with the digits of its currency, plus `more` for averages."""
    return f"{rounded(amount, minor(currency) + more):f}"
