"""Rules of accounts, as tables of cases."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.accounts import (
    Wanted,
    arranged,
    country_of,
    head_office,
    in_country,
    misplaced,
    unnamed,
)
from domain.codes import UserErrorCode
from domain.violations import Row
from tests.support.covers import covers

OLD, MIDDLE, NEW, OTHER = (UUID(int=number) for number in (3, 1, 2, 9))
AGES = {OLD: 1, MIDDLE: 2, NEW: 3}


def address(identity: UUID, *, head: bool = False) -> Row:
    return {"id": identity, "created_at": AGES[identity], "head_office": head}


@pytest.mark.parametrize(
    ("country", "right"),
    [
        *(pytest.param(text, True, id=repr(text)) for text in ("NL", "DE", None)),
        *(
            pytest.param(text, False, id=repr(text))
            for text in ("nl", "NLD", "N", "", "N1", "NL\n", " NL", "ÅÅ", "\uff2e\uff2c")
        ),
    ],
)
def test_country(country: str | None, right: bool) -> None:
    faults = in_country(None, {"country": country})
    assert [(fault.problem, fault.column) for fault in faults] == (
        [] if right else [(UserErrorCode.INVALID, "country")]
    )


@covers("D-12")
@pytest.mark.parametrize(
    ("addresses", "wanted", "head"),
    [
        pytest.param([], None, None, id="no address"),
        pytest.param([], OLD, None, id="wanted, but not there"),
        pytest.param([address(NEW)], None, NEW, id="the first"),
        pytest.param([address(NEW), address(OLD)], None, OLD, id="the oldest, in any order"),
        pytest.param([address(NEW, head=True), address(OLD)], None, NEW, id="the one that is"),
        pytest.param([address(OLD, head=True), address(NEW)], NEW, NEW, id="the one wanted"),
        pytest.param([address(OLD), address(NEW, head=True)], OTHER, NEW, id="of another account"),
        pytest.param([address(MIDDLE), address(NEW)], None, MIDDLE, id="the holder is gone"),
        pytest.param(
            [address(NEW, head=True), address(MIDDLE, head=True)], None, MIDDLE, id="never two"
        ),
    ],
)
def test_head_office(addresses: list[Row], wanted: UUID | None, head: UUID | None) -> None:
    assert head_office(addresses, wanted) == head
    assert head_office(reversed(addresses), wanted) == head


@covers("D-12")
def test_of_the_same_age_the_id_decides() -> None:
    same = [{**address(each), "created_at": 5} for each in (OLD, MIDDLE, NEW)]
    assert head_office(same) == min(OLD, MIDDLE, NEW)


def place(identity: UUID, roles: str, country: str | None = None) -> Row:
    """An address with the roles by their first letters: head, invoicing, postal, default."""
    names = {"h": "head_office", "i": "invoicing", "p": "postal", "d": "default_invoicing"}
    held = {name: letter in roles for letter, name in names.items()}
    return {"id": identity, "created_at": AGES[identity], "country": country, **held}


@covers("VPM-24", "D-12", "SMP-20")
@pytest.mark.parametrize(
    ("addresses", "wanted", "roles"),
    [
        pytest.param([(OLD, ""), (NEW, "")], Wanted(False), {OLD: "h", NEW: ""}, id="no invoices"),
        pytest.param(
            [(OLD, "h"), (NEW, "i")], Wanted(False), {OLD: "h", NEW: "id"}, id="the only one"
        ),
        pytest.param([(OLD, "hi"), (NEW, "id")], Wanted(False), {OLD: "hi", NEW: "id"}, id="stays"),
        pytest.param(
            [(OLD, "hi"), (NEW, "d")], Wanted(False), {OLD: "hid", NEW: ""}, id="given up"
        ),
        pytest.param(
            [(OLD, "hid"), (NEW, "i")],
            Wanted(False, None, NEW),
            {OLD: "hi", NEW: "id"},
            id="wanted",
        ),
        pytest.param(
            [(OLD, "hid"), (NEW, "")], Wanted(False, NEW, NEW), {OLD: "id", NEW: "h"}, id="not one"
        ),
        pytest.param([(OLD, "hid"), (NEW, "p")], Wanted(True), {OLD: "h", NEW: "id"}, id="follows"),
        pytest.param([(OLD, "hid"), (NEW, "i")], Wanted(True), {OLD: "h", NEW: ""}, id="no post"),
    ],
)
def test_arranged(
    addresses: list[tuple[UUID, str]], wanted: Wanted, roles: dict[UUID, str]
) -> None:
    found = arranged([place(*each) for each in addresses], wanted)
    letters = {"head_office": "h", "invoicing": "i", "default_invoicing": "d"}
    assert {
        id: "".join(letter for role, letter in letters.items() if each[role])
        for id, each in found.items()
    } == roles


@covers("SMP-21", "VPM-24")
@pytest.mark.parametrize(
    ("roles", "asked", "follows", "column"),
    [
        ("i", {"invoicing"}, False, None),
        ("id", {"default_invoicing"}, False, None),
        ("d", {"default_invoicing"}, False, "default_invoicing"),
        ("d", set(), False, None),
        ("i", {"invoicing"}, True, "invoicing"),
        ("p", {"invoicing"}, True, "invoicing"),
        ("pi", {"invoicing"}, True, None),
        ("pd", {"default_invoicing"}, True, None),
        ("id", {"default_invoicing"}, True, "default_invoicing"),
    ],
)
def test_misplaced(roles: str, asked: set[str], follows: bool, column: str | None) -> None:
    faults = misplaced(place(OLD, roles), asked, follows)
    assert [fault.column for fault in faults] == ([column] if column else [])


@covers("EP-172")
@pytest.mark.parametrize(
    ("switches", "before", "after", "wrong"),
    [
        ((True, True), None, ("Anna", "Berg", 1), []),
        ((True, False), None, ("Anna", "Berg", 1), ["last_name"]),
        ((False, True), None, ("Anna", "Berg", 1), ["name"]),
        ((True, False), None, ("Anna", " ", 1), []),
        ((True, False), ("Anna", "Berg", 1), ("Anne", "Berg", 1), []),
        ((True, False), ("Anna", "Berg", 1), ("Anna", "Bergh", 1), ["last_name"]),
        ((True, False), ("Anna", "Berg", 1), ("Anna", "Berg", 2), ["last_name"]),
        ((True, False), ("Anna", "Berg", 1), ("Anna", None, 2), []),
    ],
)
def test_unnamed(
    switches: tuple[bool, bool],
    before: tuple[str | None, ...] | None,
    after: tuple[str | None, ...],
    wrong: list[str],
) -> None:
    columns = ("name", "last_name", "type_id")
    kind = dict(zip(("with_name", "with_last_name"), switches, strict=True))
    old = None if before is None else dict(zip(columns, before, strict=True))
    new = dict(zip(columns, after, strict=True))
    assert [fault.column for fault in unnamed(kind, old, new)] == wrong


@pytest.mark.parametrize(
    ("own", "places", "country"),
    [
        ("NL", [(OLD, "h", "SE")], "NL"),
        (None, [(OLD, "", "SE"), (NEW, "h", "NL")], "NL"),
        (None, [(NEW, "", "SE"), (OLD, "", "NL")], "NL"),
        (None, [(OLD, "h", None), (NEW, "", "NL")], None),
        (None, [], None),
    ],
)
def test_country_of(
    own: str | None, places: list[tuple[UUID, str, str | None]], country: str | None
) -> None:
    assert country_of({"country": own}, [place(*each) for each in places]) == country
