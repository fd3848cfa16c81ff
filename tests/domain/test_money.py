"""How many digits a currency has, as a table of cases."""

from __future__ import annotations

from decimal import Decimal

import pytest

from domain.money import fits, minor
from tests.support.covers import covers


@covers("D-17")
@pytest.mark.parametrize(
    ("currency", "digits"),
    [("EUR", 2), ("USD", 2), ("XXX", 2), ("JPY", 0), ("KRW", 0), ("ISK", 0), ("KWD", 3), ("TND", 3), ("CLF", 4)],
)  # fmt: skip
def test_minor(currency: str, digits: int) -> None:
    assert minor(currency) == digits
    assert fits(Decimal(1).scaleb(-digits), currency)
    assert not fits(Decimal(1).scaleb(-digits - 1), currency)


@covers("D-17", "D-42")
@pytest.mark.parametrize(
    ("amount", "currency", "right"),
    [
        ("0", "JPY", True),
        ("-0", "EUR", True),
        ("0.00", "JPY", True),
        ("12.3400", "EUR", True),
        ("12.3450", "EUR", False),
        ("-12.345", "EUR", False),
        ("99999999999999.99", "EUR", True),
        ("1E+2", "JPY", True),
        ("0.5", "JPY", False),
        ("2.5", "JPY", False),
        ("1" * 38, "EUR", True),
        ("1" * 38 + ".01", "EUR", True),
        ("1" * 38 + ".001", "EUR", False),
        ("1" * 27 + ".5", "JPY", False),
    ],
)
def test_fits(amount: str, currency: str, right: bool) -> None:
    """Exact however many digits there are: an amount that no column holds is refused, and not failed on."""
    assert fits(Decimal(amount), currency) is right
