"""Rules of quotes: totals, as cases and as properties of arbitrary lines, and locked content."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.codes import UserErrorCode
from domain.money import distribute, minor_digits, rounded
from domain.quotes import (
    QUOTE_CONTENT_COLUMNS,
    ItemKind,
    LineValues,
    QuoteAmounts,
    QuoteFacts,
    copy_from_product,
    delete_violations,
    fits_columns,
    line_amounts,
    quote_item_violations,
    quote_violations,
    sum_totals,
)
from tests.support.covers import covers

MOMENT = datetime(2026, 3, 14, tzinfo=UTC)
DEAL, UNIT = UUID(int=1), UUID(int=7)


@dataclass
class Line:
    """A stored line."""

    kind: ItemKind = ItemKind.ITEM
    quantity: Decimal = Decimal(1)
    unit_price: Decimal | None = None
    discount_percent: Decimal | None = None
    tax_percent: Decimal | None = None
    currency: str = "EUR"
    product_id: UUID | None = None
    unit_id: UUID | None = None
    name: str = "Cap"
    position: int = 3


@dataclass
class Quote:
    """A stored quote."""

    opportunity_id: UUID = DEAL
    number: str = "1"
    name: str = "A"
    currency: str | None = "EUR"
    brand: str | None = None
    product_version: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    discount_percent: Decimal | None = None
    items_shown: bool = True
    net: Decimal | None = None
    tax: Decimal | None = None
    total: Decimal | None = None
    note: str | None = None
    active: bool = False
    approved_at: datetime | None = None
    accepted_at: datetime | None = None


@dataclass
class Product:
    name: str = "Helmet"
    unit_id: UUID | None = UNIT
    price: Decimal | None = Decimal(5)
    currency: str = "EUR"
    tax_percent: Decimal | None = Decimal(21)
    active: bool = True


def line(
    price: str | None,
    quantity: str = "1",
    discount: str | None = None,
    tax: str | None = None,
    kind: ItemKind = ItemKind.ITEM,
) -> Line:
    return Line(
        kind,
        Decimal(quantity),
        None if price is None else Decimal(price),
        None if discount is None else Decimal(discount),
        None if tax is None else Decimal(tax),
    )


ROUNDING = ItemKind.ROUNDING
SUMS: dict[str, tuple[list[Line], str | None, str, list[str], list[str]]] = {
    "nothing": ([], "10", "EUR", [], []),
    "one thing": ([line("10.00", "3", tax="21")], None, "EUR", ["30.00"], ["6.30"]),
    "half a coin goes up": ([line("0.01", "0.5")], None, "EUR", ["0.01"], ["0.00"]),
    "and down below zero": ([line("-0.01", "0.5")], None, "EUR", ["-0.01"], ["0.00"]),
    "a discount on a line": ([line("9.99", "2", "33.33")], None, "EUR", ["13.32"], ["0.00"]),
    "all of it given": ([line("9.99", "2", "100", "21")], None, "EUR", ["0.00"], ["0.00"]),
    "the first of equal lines gets the coin": (
        [line("1.00")] * 3,
        "0.5",
        "EUR",
        ["0.99", "0.99", "1.00"],
        ["0.00"] * 3,
    ),
    "tax is worked out once for a rate": (
        [line("0.10", tax="5")] * 3,
        None,
        "EUR",
        ["0.10"] * 3,
        ["0.01", "0.01", "0.00"],
    ),
    "each rate by itself": (
        [line("0.10", tax="5"), line("0.10", tax="6"), line("0.10", tax="5")],
        None,
        "EUR",
        ["0.10"] * 3,
        ["0.01", "0.01", "0.00"],
    ),
    "yen have no coins": ([line("999", "1", "0.1", "10")] * 2, None, "JPY", ["998"] * 2, ["100"] * 2),
    "dinars have three digits": ([line("1.005", "3", tax="5")], None, "KWD", ["3.015"], ["0.151"]),
    "what rounds is not discounted nor taxed": (
        [line("100.00", tax="21"), line("-0.90", kind=ROUNDING)],
        "10",
        "EUR",
        ["90.00", "-0.90"],
        ["18.90", "0.00"],
    ),
    "no price yet": ([line(None, "7", tax="21")], None, "EUR", ["0.00"], ["0.00"]),
    "what is given back": (
        [line("100.00", tax="21"), line("-100.00", tax="21")],
        "15",
        "EUR",
        ["85.00", "-85.00"],
        ["17.85", "-17.85"],
    ),
}  # fmt: skip


@covers("D-17", "EP-117")
@pytest.mark.parametrize("case", SUMS)
def test_totals(case: str) -> None:
    lines, discount, currency, nets, taxes = SUMS[case]
    found = line_amounts(lines, None if discount is None else Decimal(discount), currency)
    assert [f"{each.net:f}" for each in found] == nets
    assert [f"{each.tax:f}" for each in found] == taxes
    sums = sum_totals(found)
    assert sums.net == sum(map(Decimal, nets))
    assert sums.total == sums.net + sum(map(Decimal, taxes))


CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "CLF"])
PERCENT = st.decimals(0, 100, places=4)
LARGE = 10**14 - 1


@st.composite
def quotes(draw: st.DrawFn) -> tuple[list[Line], Decimal | None, str]:
    """Valid lines, a discount on the quote, and a currency."""
    currency = draw(CURRENCIES)
    several = st.builds(
        Line,
        kind=st.sampled_from(ItemKind),
        quantity=st.decimals("0.0001", LARGE, places=4),
        unit_price=st.none() | st.decimals(-LARGE, LARGE, places=minor_digits(currency)),
        discount_percent=st.none() | PERCENT,
        tax_percent=st.sampled_from([None, Decimal(6), Decimal(21)]) | PERCENT,
    )
    return draw(st.lists(several, max_size=8)), draw(st.none() | PERCENT), currency


def coins(amount: Decimal, currency: str) -> int:
    """An amount in minor units, which must be an integer."""
    scaled = amount.scaleb(minor_digits(currency))
    assert scaled == int(scaled)
    return int(scaled)


@covers("D-17")
@given(quotes(), st.randoms(use_true_random=False))
def test_sum_is_independent_of_line_order(
    asked: tuple[list[Line], Decimal | None, str], random: Any
) -> None:
    lines, discount, currency = asked
    found = line_amounts(lines, discount, currency)
    mixed = lines[:]
    random.shuffle(mixed)
    assert sum_totals(line_amounts(mixed, discount, currency)) == sum_totals(found)
    for each in found:
        coins(each.net, currency)
        coins(each.tax, currency)


@covers("D-17")
@given(quotes(), st.integers(2, 5))
def test_equal_lines_differ_by_at_most_one_minor_unit(
    asked: tuple[list[Line], Decimal | None, str], times: int
) -> None:
    lines, discount, currency = asked
    found = line_amounts(lines * times, discount, currency)
    for n in range(len(lines)):
        equal = found[n :: len(lines)]
        for amounts in ([each.net for each in equal], [each.tax for each in equal]):
            assert coins(max(amounts) - min(amounts), currency) <= 1


@covers("D-17")
@given(
    CURRENCIES.flatmap(
        lambda c: st.tuples(st.just(c), st.lists(st.decimals(-LARGE, LARGE, places=8), max_size=30))
    )
)
def test_spread_shares_add_up_to_the_rounded_sum(asked: tuple[str, list[Decimal]]) -> None:
    currency, shares = asked
    parts = distribute(shares, currency)
    assert sum(parts) == rounded(sum(shares, Decimal()), currency)
    for part, share in zip(parts, shares, strict=True):
        assert abs(coins(part, currency) - share.scaleb(minor_digits(currency))) < 1


@covers("D-17")
@given(quotes(), PERCENT)
def test_tax_and_discount_are_computed_on_the_sum(
    asked: tuple[list[Line], Decimal | None, str], rate: Decimal
) -> None:
    """The total does not depend on how lines are split."""
    lines, discount, currency = asked
    taxed = [replace(each, kind=ItemKind.ITEM, tax_percent=rate) for each in lines]
    gross = sum_totals(line_amounts(taxed, None, currency)).net
    sums = sum_totals(line_amounts(taxed, discount, currency))
    with localcontext(prec=200):  # the default of 28 digits would round what is expected
        assert sums.net == gross - rounded(gross * (discount or 0) / 100, currency)
        assert sums.tax == rounded(sums.net * rate / 100, currency)


def test_amounts_too_large_for_columns_are_refused() -> None:
    assert fits_columns(QuoteAmounts(Decimal(LARGE), Decimal(0)))
    assert not fits_columns(QuoteAmounts(Decimal(LARGE), Decimal(1)))
    assert not fits_columns(QuoteAmounts(Decimal(-LARGE - 1), Decimal(1)))


ITEMS: dict[str, tuple[dict[str, Any], list[tuple[UserErrorCode, str]]]] = {
    "a thing": ({}, []),
    "nothing of it": ({"quantity": Decimal(0)}, [(UserErrorCode.INVALID, "quantity")]),
    "less than nothing": ({"quantity": Decimal(-1)}, [(UserErrorCode.INVALID, "quantity")]),
    "no price": ({"unit_price": None}, [(UserErrorCode.REQUIRED, "unit_price")]),
    "half a cent": ({"unit_price": Decimal("0.005")}, [(UserErrorCode.INVALID, "unit_price")]),
    "a price below zero": ({"unit_price": Decimal(-5)}, []),
    "more than all": (
        {"discount_percent": Decimal("100.1"), "tax_percent": Decimal(-1)},
        [(UserErrorCode.INVALID, "discount_percent"), (UserErrorCode.INVALID, "tax_percent")],
    ),
    "rounding": ({"kind": ROUNDING, "unit_price": Decimal(-100)}, []),
    "too much rounding": (
        {"kind": ROUNDING, "unit_price": Decimal("100.01")},
        [(UserErrorCode.INVALID, "unit_price")],
    ),
    "rounding of yen": ({"kind": ROUNDING, "currency": "JPY", "unit_price": Decimal(10_000)}, []),
    "rounding twice": (
        {"kind": ROUNDING, "quantity": Decimal(2)},
        [(UserErrorCode.INVALID, "quantity")],
    ),
    "rounding with everything": (
        {
            "kind": ROUNDING,
            "product_id": UUID(int=1),
            "unit_id": UUID(int=2),
            "discount_percent": Decimal(0),
            "tax_percent": Decimal(0),
        },
        [
            (UserErrorCode.INVALID, name)
            for name in ("product_id", "unit_id", "discount_percent", "tax_percent")
        ],
    ),
}


@covers("EP-116", "EP-117")
@pytest.mark.parametrize("case", ITEMS)
def test_quote_item(case: str) -> None:
    given_, expected = ITEMS[case]
    after = replace(line("9.99"), **given_)
    assert [(each.code, each.column) for each in quote_item_violations(None, after)] == expected


def test_unchanged_invalid_values_of_a_line_are_accepted() -> None:
    """Invalid values from earlier rules do not block changes of other fields."""
    wrong = replace(line(None), quantity=Decimal(0), tax_percent=Decimal(101))
    assert quote_item_violations(wrong, replace(wrong, unit_id=UUID(int=1))) == []


APPROVED = {"approved_at": MOMENT}
ACCEPTED = {"accepted_at": MOMENT}
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], list[tuple[UserErrorCode, str]]]] = {
    "open": ({}, {"name": "B", "discount_percent": Decimal(1)}, []),
    "one day": ({}, {"valid_from": date(2026, 1, 1), "valid_until": date(2026, 1, 1)}, []),
    "ends before it begins": (
        {},
        {"valid_from": date(2026, 1, 2), "valid_until": date(2026, 1, 1)},
        [(UserErrorCode.INVALID, "valid_until")],
    ),
    "too much discount": (
        {},
        {"discount_percent": Decimal("100.0001")},
        [(UserErrorCode.INVALID, "discount_percent")],
    ),
    "no currency": ({}, {"currency": "eur"}, [(UserErrorCode.INVALID, "currency")]),
    "approved": (APPROVED, {"name": "B", "brand": "C"}, [(UserErrorCode.LOCKED, "approved_at")]),
    "the sums of an approved one": (APPROVED, {"net": Decimal(1), "total": Decimal(1)}, [(UserErrorCode.LOCKED, "approved_at")]),
    "the note on an approved one": (APPROVED, {"note": "by phone", "active": True}, []),
    "no more approved": (APPROVED, {"approved_at": None}, []),
    "accepted": (ACCEPTED, {"name": "B"}, [(UserErrorCode.LOCKED, "accepted_at")]),
    "accepted, no more approved": (ACCEPTED | APPROVED, {"approved_at": None}, [(UserErrorCode.LOCKED, "accepted_at")]),
    "changed as the approval is taken back": (APPROVED, {"approved_at": None, "name": "B"}, []),
    "accepted, no more active": (ACCEPTED, {"active": False, "approved_at": MOMENT}, []),
    "approved and accepted": (APPROVED, {"accepted_at": MOMENT}, []),
}  # fmt: skip


@covers("EP-112", "EP-121")
@pytest.mark.parametrize("case", CHANGES)
def test_quote(case: str) -> None:
    was, now, expected = CHANGES[case]
    before = replace(Quote(), **was)
    found = quote_violations(before, replace(before, **now))
    assert [(each.code, each.column) for each in found] == expected


def test_the_content_of_a_quote_is_every_column_of_its_protocol() -> None:
    assert set(QUOTE_CONTENT_COLUMNS) == {*QuoteFacts.__annotations__, "currency"}


@pytest.mark.parametrize("column", QUOTE_CONTENT_COLUMNS)
def test_content_of_an_approved_quote_is_locked(column: str) -> None:
    before = replace(Quote(), approved_at=MOMENT, valid_until=date(2026, 1, 1))
    other: dict[str, Any] = {
        **dict.fromkeys(("number", "name", "brand", "product_version"), "B"),
        "opportunity_id": UUID(int=2),
        "currency": "USD",
        "items_shown": False,
        **dict.fromkeys(("valid_from", "valid_until"), date(2025, 1, 1)),
    }
    now: Any = {column: other.get(column, Decimal(1))}
    found = quote_violations(before, replace(before, **now))
    assert [each.column for each in found] == ["approved_at"]


@covers("EP-120")
@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({}, []),
        ({"active": True}, [UserErrorCode.ACTIVE_QUOTE]),
        (ACCEPTED, [UserErrorCode.LOCKED]),
        ({"active": True, **ACCEPTED}, [UserErrorCode.LOCKED]),
        (APPROVED, []),
    ],
)
def test_deleted(given_: dict[str, Any], expected: list[UserErrorCode]) -> None:
    assert [each.code for each in delete_violations(replace(Quote(), **given_))] == expected


SEEN = ("name", "unit_id", "price", "currency", "tax_percent", "active")
OPEN = ("name", "unit_id", "unit_price", "tax_percent")
OWN: dict[str, Any] = {
    "name": "Cap",
    "unit_id": None,
    "unit_price": Decimal(1),
    "tax_percent": None,
}
TAKEN: dict[str, Any] = {
    "name": "Helmet",
    "unit_id": UNIT,
    "unit_price": Decimal(5),
    "tax_percent": Decimal(21),
}
PRODUCTS: dict[str, tuple[dict[str, Any], tuple[str, ...], tuple[str, ...], set[str], list[str]]] = {
    "all of it": ({}, OPEN, SEEN, set(OPEN), []),
    "what was left open": ({}, ("name",), SEEN, {"name"}, []),
    "the price alone": ({}, ("unit_price",), SEEN, {"unit_price"}, []),
    "another currency": ({"currency": "USD"}, OPEN, SEEN, set(OPEN) - {"unit_price"}, ["unit_price"]),
    "another currency, priced": ({"currency": "USD"}, ("name",), SEEN, {"name"}, []),
    "no price": ({"price": None}, OPEN, SEEN, set(OPEN) - {"unit_price"}, ["unit_price"]),
    "a hidden price": ({}, OPEN, ("name", "currency", "tax_percent"), {"name", "tax_percent"}, ["unit_price"]),
    "a hidden tax": ({}, OPEN, ("name", "currency", "price"), {"name", "unit_price"}, ["tax_percent"]),
    "not offered": ({"active": False}, ("name",), SEEN, {"name"}, ["product_id"]),
}  # fmt: skip


@covers("EP-097", "EP-116", "EP-300")
@pytest.mark.parametrize("case", PRODUCTS)
def test_line_gets_defaults_from_its_product(case: str) -> None:
    product, left_open, seen, taken, wrong = PRODUCTS[case]
    row = replace(Line(position=3), **OWN)
    found, violations = copy_from_product(row, replace(Product(), **product), left_open, seen)
    values = OWN | {name: TAKEN[name] for name in taken}
    assert found == LineValues(**values)
    assert [each.column for each in violations] == wrong
    assert all(each.message.startswith("Line 3: ") for each in violations)
