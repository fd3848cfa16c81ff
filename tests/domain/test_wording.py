"""Short forms for display."""

import pytest

from domain.wording import initials, quarter, web_domain
from tests.support.covers import covers


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Anna de Vries", "AV"),
        ("åsa", "Å"),
        ("  Åsa   Öberg ", "ÅÖ"),
        ("(Vacant) Sales", "VS"),
        ("Jan-Willem 't Hart", "JH"),
        ("- ?", None),
        ("", None),
        (None, None),
    ],
)
def test_initials(name: str | None, shown: str | None) -> None:
    assert initials(name) == shown


@pytest.mark.parametrize(
    ("day", "shown"),
    [
        ("2026-01-01", "2026-Q1"),
        ("2026-03-31", "2026-Q1"),
        ("2026-04-01", "2026-Q2"),
        ("2026-12-31", "2026-Q4"),
        ("0999-08-01", "0999-Q3"),
        (None, None),
    ],
)
def test_quarter(day: str | None, shown: str | None) -> None:
    assert quarter(day) == shown


@covers("D-21")
@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://www.Relata.example/about?x=1", "relata.example"),
        ("relata.example", "relata.example"),
        ("http://user:secret@shop.relata.example:8080", "shop.relata.example"),
        ("//www.", None),
        ("http://[::1", None),
        ("nonsense", None),
        ("", None),
        (None, None),
    ],
)
def test_web_domain(address: str | None, shown: str | None) -> None:
    assert web_domain(address) == shown
