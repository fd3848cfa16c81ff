"""How amounts of money are shown: with the digits of their currency."""

from __future__ import annotations

from decimal import Decimal

from tests.proof.computed import EXACT

_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
DIGITS = {code: digits for digits, codes in _DIGITS.items() for code in codes.split()}
"""ISO 4217's minor digits where they are not two."""


def minor(currency: str) -> int:
    """How many digits an amount has."""
    return DIGITS.get(currency, 2)


def rounded(value: Decimal, digits: int) -> Decimal:
    """Half away from zero."""
    return value.quantize(Decimal(1).scaleb(-digits), context=EXACT)


def shown(amount: Decimal, currency: str, more: int = 0) -> str:
    """An amount with its currency's digits, or for averages with some `more`."""
    return f"{rounded(amount, minor(currency) + more):f}"
