"""Rules of accounts and addresses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.accounts import (
    AddressRoles,
    RequestedRoles,
    address_role_violations,
    arrange_roles,
    country_of,
    country_violations,
    disallowed_name_violations,
    head_office,
)
from domain.codes import UserErrorCode
from tests.support.covers import covers

OLD, MIDDLE, NEW, OTHER = (UUID(int=number) for number in (3, 1, 2, 9))
TYPE, OTHER_TYPE = UUID(int=21), UUID(int=22)
START = datetime(2026, 3, 14, tzinfo=UTC)
AGES = {OLD: START, MIDDLE: START + timedelta(days=1), NEW: START + timedelta(days=2)}


@dataclass
class Account:
    country: str | None = None
    name: str | None = None
    last_name: str | None = None
    type_id: UUID | None = TYPE


@dataclass
class AccountType:
    with_name: bool
    with_last_name: bool


@dataclass
class Address:
    id: UUID
    created_at: datetime
    head_office: bool = False
    postal: bool = False
    invoicing: bool = False
    default_invoicing: bool = False
    country: str | None = None


def address(identity: UUID, *, head: bool = False) -> Address:
    return Address(identity, AGES[identity], head_office=head)


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
    found = country_violations(None, Account(country))
    assert [(each.code, each.column) for each in found] == (
        [] if right else [(UserErrorCode.INVALID, "country")]
    )


@covers("D-12")
@pytest.mark.parametrize(
    ("addresses", "requested", "head"),
    [
        pytest.param([], None, None, id="no address"),
        pytest.param([], OLD, None, id="requested, but missing"),
        pytest.param([address(NEW)], None, NEW, id="the first"),
        pytest.param([address(NEW), address(OLD)], None, OLD, id="the oldest, in any order"),
        pytest.param([address(NEW, head=True), address(OLD)], None, NEW, id="the one that is"),
        pytest.param([address(OLD, head=True), address(NEW)], NEW, NEW, id="the requested one"),
        pytest.param([address(OLD), address(NEW, head=True)], OTHER, NEW, id="of another account"),
        pytest.param(
            [address(MIDDLE), address(NEW)], None, MIDDLE, id="the previous one is deleted"
        ),
        pytest.param(
            [address(NEW, head=True), address(MIDDLE, head=True)], None, MIDDLE, id="never two"
        ),
    ],
)
def test_head_office(addresses: list[Address], requested: UUID | None, head: UUID | None) -> None:
    assert head_office(addresses, requested) == head
    assert head_office(reversed(addresses), requested) == head


@covers("D-12")
def test_lowest_id_of_the_same_age_is_head_office() -> None:
    same = [Address(each, START) for each in (OLD, MIDDLE, NEW)]
    assert head_office(same) == min(OLD, MIDDLE, NEW)


def place(identity: UUID, roles: str, country: str | None = None) -> Address:
    """An address with roles by their first letters: head, invoicing, postal, default."""
    return replace(
        address(identity, head="h" in roles),
        postal="p" in roles,
        invoicing="i" in roles,
        default_invoicing="d" in roles,
        country=country,
    )


@covers("VPM-24", "D-12", "SMP-20")
@pytest.mark.parametrize(
    ("addresses", "requested", "roles"),
    [
        pytest.param(
            [(OLD, ""), (NEW, "")], RequestedRoles(False), {OLD: "h", NEW: ""}, id="no invoices"
        ),
        pytest.param(
            [(OLD, "h"), (NEW, "i")],
            RequestedRoles(False),
            {OLD: "h", NEW: "id"},
            id="the only one",
        ),
        pytest.param(
            [(OLD, "hi"), (NEW, "id")], RequestedRoles(False), {OLD: "hi", NEW: "id"}, id="stays"
        ),
        pytest.param(
            [(OLD, "hi"), (NEW, "d")], RequestedRoles(False), {OLD: "hid", NEW: ""}, id="given up"
        ),
        pytest.param(
            [(OLD, "hid"), (NEW, "i")],
            RequestedRoles(False, None, NEW),
            {OLD: "hi", NEW: "id"},
            id="requested",
        ),
        pytest.param(
            [(OLD, "hid"), (NEW, "")],
            RequestedRoles(False, NEW, NEW),
            {OLD: "id", NEW: "h"},
            id="not one",
        ),
        pytest.param(
            [(OLD, "hid"), (NEW, "p")], RequestedRoles(True), {OLD: "h", NEW: "id"}, id="follows"
        ),
        pytest.param(
            [(OLD, "hid"), (NEW, "i")], RequestedRoles(True), {OLD: "h", NEW: ""}, id="no post"
        ),
    ],
)
def test_arrange_roles_keeps_exclusive_roles(
    addresses: list[tuple[UUID, str]], requested: RequestedRoles, roles: dict[UUID, str]
) -> None:
    found = arrange_roles([place(*each) for each in addresses], requested)
    assert found == {
        id: AddressRoles("i" in each, head_office="h" in each, default_invoicing="d" in each)
        for id, each in roles.items()
    }


@covers("SMP-21", "VPM-24")
@pytest.mark.parametrize(
    ("roles", "sent", "follows", "column"),
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
def test_invalid_invoicing_roles_are_refused(
    roles: str, sent: set[str], follows: bool, column: str | None
) -> None:
    found = address_role_violations(place(OLD, roles), sent, follows)
    assert [each.column for each in found] == ([column] if column else [])


def named(name: str, last_name: str | None, type_id: UUID = TYPE) -> Account:
    return Account(name=name, last_name=last_name, type_id=type_id)


@covers("EP-172")
@pytest.mark.parametrize(
    ("switches", "before", "after", "wrong"),
    [
        ((True, True), None, named("Anna", "Berg"), []),
        ((True, False), None, named("Anna", "Berg"), ["last_name"]),
        ((False, True), None, named("Anna", "Berg"), ["name"]),
        ((True, False), None, named("Anna", " "), []),
        ((True, False), named("Anna", "Berg"), named("Anne", "Berg"), []),
        ((True, False), named("Anna", "Berg"), named("Anna", "Bergh"), ["last_name"]),
        ((True, False), named("Anna", "Berg"), named("Anna", "Berg", OTHER_TYPE), ["last_name"]),
        ((True, False), named("Anna", "Berg"), named("Anna", None, OTHER_TYPE), []),
    ],
)
def test_names_not_allowed_by_the_type_are_refused(
    switches: tuple[bool, bool],
    before: Account | None,
    after: Account,
    wrong: list[str],
) -> None:
    found = disallowed_name_violations(AccountType(*switches), before, after)
    assert [each.column for each in found] == wrong


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
    assert country_of(Account(own), [place(*each) for each in places]) == country
