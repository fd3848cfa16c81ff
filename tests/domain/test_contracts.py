"""Rules of contracts: the ledger of sales and repeated sales, terms and renewals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.codes import UserErrorCode
from domain.contracts import (
    LINE_CONTENT_COLUMNS,
    NO_KIND_MESSAGE,
    ContractDiff,
    ContractStatus,
    ContractTerm,
    CurrentLine,
    KindTerms,
    Renewal,
    SoldContent,
    SoldLine,
    assign_kinds,
    compute_term,
    contract_violations,
    days_later,
    diff_lines,
    last_day,
    months_later,
    renewed,
    status_on,
)
from domain.quotes import ItemKind
from domain.violations import Violation
from tests.support.covers import covers

ONCE = KindTerms(UUID(int=1), time_based=False, months=None, renews=False)
YEARLY = KindTerms(UUID(int=2), time_based=True, months=12, renews=True)
MONTHLY = KindTerms(UUID(int=3), time_based=True, months=1, renews=False)
KINDS = (ONCE, YEARLY, MONTHLY)
CONTRACT = UUID(int=30)


@dataclass
class Line:
    """A quote line or contract line."""

    id: UUID
    net: Decimal | None
    total: Decimal | None
    product_id: UUID | None = None
    name: str = "Helmet"
    quantity: Decimal = Decimal(1)
    unit_id: UUID | None = None
    currency: str = "EUR"
    unit_price: Decimal | None = None
    discount_percent: Decimal | None = None
    tax_percent: Decimal | None = None
    kind: ItemKind = ItemKind.ITEM
    contract_id: UUID = CONTRACT
    position: int = 1
    revision: int = 1
    starts_on: date | None = None


@dataclass
class Contract:
    starts_on: date | None = None
    ends_on: date | None = None
    renewal_months: int | None = None
    currency: str | None = "EUR"


def line(id: int, net: int, currency: str = "EUR") -> Line:
    return Line(UUID(int=id), Decimal(net), Decimal(net), currency=currency)


def sold(root: int, net: int = 10, kind: KindTerms = ONCE, currency: str = "EUR") -> SoldLine:
    return SoldLine(UUID(int=root), kind, line(0, net, currency))


def held(id: int, root: int | None, net: int = 10, kind: KindTerms = ONCE) -> CurrentLine:
    return CurrentLine(None if root is None else UUID(int=root), kind.id, line(id, net))


def moves(found: ContractDiff) -> dict[str, list[Any]]:
    """The changes of a ledger, by line ids."""
    return {
        "added": [
            (e.sold.root.int, e.replaces.id.int if e.replaces else None) for e in found.added
        ],
        "ended": [row.id.int for row in found.ended],
        "unchanged": [row.id.int for row in found.unchanged],
    }


@covers("D-04", "EP-145", "EP-151")
@pytest.mark.parametrize(
    ("now", "before", "added", "ended", "unchanged"),
    [
        pytest.param([], [], [], [], [], id="nothing"),
        pytest.param([sold(1)], [], [(1, None)], [], [], id="new"),
        pytest.param([sold(1)], [held(7, 1)], [], [], [7], id="the same"),
        pytest.param([sold(1, 11)], [held(7, 1)], [(1, 7)], [7], [], id="changed"),
        pytest.param([], [held(7, 1)], [], [7], [], id="gone"),
        pytest.param([sold(1)], [held(7, 2)], [(1, None)], [7], [], id="another one"),
        pytest.param([sold(1)], [held(7, None)], [(1, None)], [7], [], id="from nowhere"),
        pytest.param(
            [sold(1, kind=YEARLY)], [held(7, 1)], [], [], [7], id="the same, of another kind by now"
        ),
        pytest.param(
            [sold(1, 11, kind=YEARLY)],
            [held(7, 1)],
            [(1, None)],
            [7],
            [],
            id="changed to another kind",
        ),
        pytest.param(
            [sold(1, currency="USD")], [held(7, 1)], [(1, None)], [7], [], id="another currency"
        ),
        pytest.param(
            [sold(1, 11), sold(1, 10)],
            [held(7, 1, 10), held(8, 1, 12)],
            [(1, 8)],
            [8],
            [7],
            id="two of one origin: equal content first",
        ),
        pytest.param(
            [sold(1, 11), sold(1, 12), sold(1, 13)],
            [held(7, 1), held(8, 1)],
            [(1, 7), (1, 8), (1, None)],
            [7, 8],
            [],
            id="two of one origin: then in order",
        ),
    ],
)
def test_ledger_starts_ends_and_keeps_lines(
    now: list[SoldLine],
    before: list[CurrentLine],
    added: list[Any],
    ended: list[int],
    unchanged: list[int],
) -> None:
    assert moves(diff_lines(now, before)) == {
        "added": added,
        "ended": ended,
        "unchanged": unchanged,
    }


QUOTE = st.lists(
    st.tuples(st.integers(1, 5), st.integers(-3, 3), st.sampled_from(KINDS)), max_size=8
)


@covers("D-04", "EP-145")
@given(st.lists(QUOTE, min_size=1, max_size=6))
def test_repeated_sales_touch_only_different_lines(
    quotes: list[list[tuple[int, int, KindTerms]]],
) -> None:
    """After any sequence of sales the contracts equal the last sale, and only different lines changed."""
    holds: dict[UUID, CurrentLine] = {}
    touched: Counter[UUID] = Counter()
    ids = iter(range(1, 1000))
    for quote in quotes:
        lines = [sold(root, net, kind) for root, net, kind in quote]
        before = dict(holds)
        found = diff_lines(lines, holds.values())
        assert len(found.added) + len(found.unchanged) == len(lines)
        for row in found.ended:
            touched[row.id] += 1
            del holds[row.id]
        assert {row.id for row in found.unchanged} == set(holds), "nothing is left over"
        for entry in found.added:
            replaced = entry.replaces
            if replaced is not None:
                old = before[replaced.id]
                assert replaced.id not in holds, "it has ended"
                assert (old.root, old.kind) == (entry.sold.root, entry.sold.kind.id)
            id = UUID(int=next(ids))
            assert isinstance(entry.sold.row, Line)
            row = replace(entry.sold.row, id=id)
            holds[id] = CurrentLine(entry.sold.root, entry.sold.kind.id, row)
        assert _content(holds.values()) == _content(lines)
        again = diff_lines(lines, holds.values())
        assert not again.added, "sold once more as it is, nothing is written"
        assert not again.ended
    assert all(times == 1 for times in touched.values()), "what has ended ends once"


def _content(lines: Iterable[SoldLine | CurrentLine]) -> Counter[tuple[Any, ...]]:
    return Counter(
        (each.root, *(getattr(each.row, name) for name in LINE_CONTENT_COLUMNS)) for each in lines
    )


def test_the_content_of_a_line_is_every_column_of_its_protocol() -> None:
    assert set(LINE_CONTENT_COLUMNS) == set(SoldContent.__annotations__)


@pytest.mark.parametrize("column", LINE_CONTENT_COLUMNS)
def test_line_with_any_different_content_is_replaced(column: str) -> None:
    same, root = line(7, 10), UUID(int=1)
    before = CurrentLine(root, ONCE.id, same)
    other: dict[str, Any] = {
        "name": "Cap",
        "currency": "USD",
        "product_id": PRODUCT,
        "unit_id": PLAIN,
    }
    changed: Any = replace(same, **{column: other.get(column, Decimal(99))})
    assert diff_lines([SoldLine(root, ONCE, same)], [before]).unchanged
    assert not diff_lines([SoldLine(root, ONCE, changed)], [before]).unchanged


PRODUCT, PLAIN = UUID(int=20), UUID(int=21)


def item(id: int, net: int, product: UUID | None = None, kind: ItemKind = ItemKind.ITEM) -> Line:
    return replace(line(id, net), product_id=product, kind=kind)


@covers("EP-142", "EP-147", "D-17")
@pytest.mark.parametrize(
    ("items", "kinds"),
    [
        pytest.param([], [], id="none"),
        pytest.param([item(1, 5, PRODUCT)], [YEARLY], id="by its product"),
        pytest.param([item(1, 5, PLAIN), item(2, 5)], [ONCE, ONCE], id="the default one"),
        pytest.param([item(1, 1, kind=ItemKind.ROUNDING)], [ONCE], id="nothing but rounded"),
        pytest.param(
            [item(1, 1, kind=ItemKind.ROUNDING), item(2, 4), item(3, 5, PRODUCT)],
            [YEARLY, ONCE, YEARLY],
            id="rounded with the most",
        ),
        pytest.param(
            [item(1, 3), item(2, 5, PRODUCT), item(3, 9, kind=ItemKind.ROUNDING), item(4, 3)],
            [ONCE, YEARLY, ONCE, ONCE],
            id="the most together",
        ),
        pytest.param(
            [item(1, 5), item(2, 5, PRODUCT), item(3, 1, kind=ItemKind.ROUNDING)],
            [ONCE, YEARLY, YEARLY],
            id="as much of both",
        ),
    ],
)
def test_items_get_the_kind_of_their_product(items: list[Line], kinds: Sequence[KindTerms]) -> None:
    roots = {each.id: each.id for each in items}
    found = assign_kinds(items, {PRODUCT: YEARLY}, ONCE, roots)
    assert not isinstance(found, Violation)
    assert [each.kind for each in found] == kinds
    assert [each.row.id for each in found] == [each.id for each in items]


@covers("EP-147")
def test_sale_without_contract_kinds_is_refused() -> None:
    items = [item(1, 5, PRODUCT), item(2, 1, kind=ItemKind.ROUNDING)]
    roots = {each.id: each.id for each in items}
    assert not isinstance(assign_kinds(items, {PRODUCT: YEARLY}, None, roots), Violation)
    found = assign_kinds(
        [*items, item(3, 1)], {PRODUCT: YEARLY}, None, roots | {UUID(int=3): PLAIN}
    )
    assert found == Violation(UserErrorCode.INVALID, NO_KIND_MESSAGE)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 11, 15), 2, date(2027, 1, 15)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
    ],
)
def test_months_later(day: date, months: int, expected: date) -> None:
    assert months_later(day, months) == expected


@covers("EP-149")
def test_term_follows_the_contract_kind() -> None:
    begin = date(2026, 1, 31)
    assert compute_term(ONCE, begin) == ContractTerm(begin, None, None, None)
    assert compute_term(MONTHLY, begin) == ContractTerm(begin, date(2026, 2, 27), None, None)
    assert compute_term(YEARLY, begin) == ContractTerm(
        begin, date(2027, 1, 30), 12, date(2026, 12, 31)
    )
    endless = KindTerms(UUID(int=4), time_based=True, months=None, renews=False)
    assert compute_term(endless, begin) == ContractTerm(begin, None, None, None)
    short = KindTerms(UUID(int=5), time_based=True, months=1, renews=True)
    assert compute_term(short, date(2026, 2, 1)).remind_on == date(2026, 2, 1), (
        "not before it begins"
    )


@covers("EP-154")
@pytest.mark.parametrize(
    ("end", "months", "status"),
    [
        (None, None, ContractStatus.ACTIVE),
        (date(2026, 3, 14), None, ContractStatus.ACTIVE),
        (date(2026, 3, 13), None, ContractStatus.ENDED),
        (date(2026, 3, 13), 12, ContractStatus.ACTIVE),
        (date(2026, 3, 15), 12, ContractStatus.ACTIVE),
    ],
)
def test_status_follows_end_and_renewal(
    end: date | None, months: int | None, status: ContractStatus
) -> None:
    row = Contract(ends_on=end, renewal_months=months)
    assert status_on(row, date(2026, 3, 14)) == status


def test_renewed() -> None:
    row = Contract(ends_on=date(2026, 1, 30), renewal_months=1)
    end, reminder = date(2026, 2, 27), date(2026, 1, 28)
    assert renewed(row) == Renewal(end, reminder, ContractStatus.ACTIVE)
    for endless in (replace(row, ends_on=None), replace(row, renewal_months=None)):
        wrong = renewed(endless)
        assert isinstance(wrong, Violation)
        assert (wrong.code, wrong.column) == (UserErrorCode.INVALID, "renewal_months")


def test_terms_are_limited_to_the_range_of_dates() -> None:
    """Terms and renewals stay within the range of dates."""
    assert months_later(date(9999, 12, 1), 1) == date.max
    assert days_later(date.max, 1) == date.max
    assert days_later(date.min, -1) == date.min
    assert last_day(None, date.min) == date.min
    assert compute_term(YEARLY, date(9999, 6, 1)).ends_on == date(9999, 12, 30)
    last = renewed(Contract(ends_on=date.max, renewal_months=12))
    assert isinstance(last, Renewal)
    assert last.ends_on == date(9999, 12, 30)


def test_last_day_is_not_before_the_start() -> None:
    day = date(2026, 3, 14)
    assert last_day(date(2026, 1, 1), day) == date(2026, 3, 13)
    assert last_day(day, day) == day
    assert last_day(date(2026, 4, 1), day) == date(2026, 4, 1)
    assert last_day(None, day) == date(2026, 3, 13)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, []),
        ({"starts_on": date(2026, 3, 2)}, ["ends_on"]),
        ({"starts_on": date(2026, 3, 1)}, []),
        ({"starts_on": None, "ends_on": None}, []),
        ({"renewal_months": 0}, ["renewal_months"]),
        ({"renewal_months": 1201}, ["renewal_months"]),
        ({"renewal_months": 1200}, []),
        ({"currency": "eur"}, ["currency"]),
        ({"currency": None}, []),
    ],
)
def test_values(given: dict[str, Any], wrong: list[str]) -> None:
    row = replace(Contract(ends_on=date(2026, 3, 1)), **given)
    assert [each.column for each in contract_violations(None, row)] == wrong
