"""Decimals of currencies, and rounding."""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel.numbers import list_currencies

from domain.money import fits, minor_digits
from tests.support.covers import covers


@covers("D-17")
@pytest.mark.parametrize(
    ("currency", "digits"),
    [("EUR", 2), ("USD", 2), ("XXX", 2), ("JPY", 0), ("KRW", 0), ("ISK", 0), ("KWD", 3), ("TND", 3), ("CLF", 4)],
)  # fmt: skip
def test_minor(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits
    assert fits(Decimal(1).scaleb(-digits), currency)
    assert not fits(Decimal(1).scaleb(-digits - 1), currency)


ISO_4217 = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN
        BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL
        GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD
        LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN
        PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB
        TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG""",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
"""Minor units of the currencies in use, from the standard's list one."""


@covers("D-17")
def test_every_currency_in_use_has_the_minor_unit_of_iso_4217() -> None:
    in_use = {code: digits for digits, codes in ISO_4217.items() for code in codes.split()}
    assert len(in_use) == 167
    assert {code: minor_digits(code) for code in in_use} == in_use
    others = list_currencies() - in_use.keys()
    assert len(others) > 100
    assert {minor_digits(code) for code in others} == {2}, "withdrawn currencies, metals, and tests"


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
    """Exact for any number of digits: an amount too large for its column does not raise."""
    assert fits(Decimal(amount), currency) is right
