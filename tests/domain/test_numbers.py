"""Normalization of telephone numbers, email addresses, VAT and registration numbers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain.codes import UserErrorCode
from domain.numbers import email, phone, registration_number, vat_number
from domain.violations import Violation
from tests.support.covers import covers


@pytest.mark.parametrize(
    ("text", "country", "kept"),
    [
        ("+31 20 123 4567", None, "+31201234567"),
        ("020 123 4567", "NL", "+31201234567"),
        ("0031 20 123 4567", "NL", "+31201234567"),
        ("+46 (0)8-12 34 56", "NL", "+468123456"),
        ("08-12 34 56", "SE", "+468123456"),
        ("+٣١ ٢٠ ١٢٣ ٤٥٦٧", None, "+31201234567"),
        ("  ", "NL", None),
        ("", None, None),
    ],
)
def test_phone(text: str, country: str | None, kept: str | None) -> None:
    assert phone(text, country) == kept


@pytest.mark.parametrize(
    ("text", "country", "remedy"),
    [
        ("020 123 4567", None, "such as +31 20 123 4567."),
        ("020 123 4567", "nl", "such as +31 20 123 4567."),
        ("020 123 4567", "AQ", "such as +31 20 123 4567."),
        ("12", "NL", "as dialed in NL, such as 010 123 4567, or with"),
        ("+31 555 1234", None, "such as +31 20 123 4567."),
        (
            "ask Anna",
            "SE",
            "such as 08-12 34 56, or with its country code, such as +46 8 12",
        ),
        ("+31 20 123 4567 ext. 12", "NL", "has the extension 12"),
        ("+" + "1" * 300, "NL", "such as +31 10 123 4567."),
    ],
)
def test_invalid_phone_is_refused_with_a_remedy(
    text: str, country: str | None, remedy: str
) -> None:
    found = phone(text, country)
    assert isinstance(found, Violation)
    assert found.code is UserErrorCode.INVALID
    assert remedy in found.message


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("anna@acme.example", "anna@acme.example"),
        ("  Anna.B@ACME.example ", "Anna.B@acme.example"),
        ("jürgen@müller.de", "jürgen@müller.de"),
        ("a+b@x.co.uk", "a+b@x.co.uk"),
        ("   ", None),
    ],
)
def test_email(text: str, kept: str | None) -> None:
    assert email(text) == kept


@pytest.mark.parametrize(
    "text", ["anna", "anna@", "@acme.example", "a b@acme.example", "a@b", "a@b..nl", "a@b.nl\nc"]
)
def test_invalid_email_is_refused(text: str) -> None:
    fault = email(text)
    assert isinstance(fault, Violation)
    assert fault.message.endswith("Enter an address such as anna@acme.example.")


@covers("VPM-09")
@pytest.mark.parametrize(
    ("text", "country", "kept"),
    [
        ("NL004495445B01", None, "NL004495445B01"),
        ("nl 0044.95.445.B01", "SE", "NL004495445B01"),
        ("4495445B01", "NL", "NL004495445B01"),
        ("GR 094259216", None, "EL094259216"),
        ("094259216", "GR", "EL094259216"),
        ("SE556188840401", None, "SE556188840401"),
        ("GB 980 7806 84", None, "GB980780684"),
        ("CHE-107.787.577 IVA", None, "CHE107787577IVA"),
        ("NO 995 525 828 MVA", None, "NO995525828MVA"),
        (" 12-3456789 ", "US", "12-3456789"),
        ("4495445B01", None, "4495445B01"),
        (" ", "NL", None),
    ],
)
def test_vat_number(text: str, country: str | None, kept: str | None) -> None:
    assert vat_number(text, country) == kept


@covers("VPM-09")
@pytest.mark.parametrize(
    ("text", "country", "kept"),
    [
        ("556012-5790", "SE", "5560125790"),
        ("988 077 917", "NO", "988077917"),
        ("DK 13585628", "DK", "13585628"),
        ("BE 0403.019.261", "BE", "0403019261"),
        ("FN 122119m", "AT", "122119m"),
        ("732 829 320", "FR", "732829320"),
        ("73282932000074", "FR", "73282932000074"),
        ("2077474-0", "FI", "20774740"),
        (" KvK 12 345678 ", "NL", "KvK 12 345678"),
        ("anything", None, "anything"),
        ("", "SE", None),
    ],
)
def test_registration_number(text: str, country: str | None, kept: str | None) -> None:
    assert registration_number(text, country) == kept


@covers("VPM-09")
@pytest.mark.parametrize(
    ("check", "text", "country", "named"),
    [
        (vat_number, "NL004495446B01", None, "in NL"),
        (vat_number, "NL1", "SE", "in NL"),
        (vat_number, "1", "SE", "in SE"),
        (vat_number, "GB1", None, "in GB"),
        (registration_number, "556012-5791", "SE", "in SE"),
        (registration_number, "732 829 321", "FR", "in FR"),
    ],
)
def test_invalid_number_is_refused_with_a_remedy(
    check: Callable[[str, str | None], str | Violation | None],
    text: str,
    country: str | None,
    named: str,
) -> None:
    fault = check(text, country)
    assert isinstance(fault, Violation)
    assert named in fault.message
