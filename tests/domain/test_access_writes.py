"""Write rights: the union of profiles."""

from __future__ import annotations

import pytest

from domain.access import (
    FULL_WRITE_RIGHTS,
    AttributeRights,
    EntityRights,
    ProfileRights,
    RowScope,
    StatusRestriction,
    WriteRights,
    WriteScope,
    rights,
    widest,
)
from domain.setup import AttributeKind
from tests.support.covers import covers

KNOWN = {"Deal": frozenset({"name", "price", "fee"}), "Firm": frozenset({"name"})}
TIER = AttributeRights("a1", "Deal", "tier", "Tier", AttributeKind.TEXT)
OWN, BELOW, ALL = WriteScope
NOTHING = WriteRights()


def profile(
    reads: str = "", writes: str = "", may: WriteRights = NOTHING, *, full: bool = False
) -> ProfileRights:
    return ProfileRights(
        full=full,
        entities={"Deal": RowScope.OWN},
        fields=frozenset(("Deal", name) for name in reads.split()),
        writes={"Deal": may},
        writable=frozenset(("Deal", name) for name in writes.split()),
    )


def deal(*profiles: ProfileRights) -> EntityRights:
    return rights(profiles, [], [TIER], KNOWN)["Deal"]


@pytest.mark.parametrize(
    ("scopes", "found"),
    [
        ((), None),
        ((None,), None),
        ((None, OWN), OWN),
        ((BELOW, OWN), BELOW),
        ((OWN, ALL, None), ALL),
        ((ALL, BELOW), ALL),
    ],
)
def test_the_widest_scope(scopes: tuple[WriteScope | None, ...], found: WriteScope | None) -> None:
    if scopes:
        assert widest(*scopes) is found
        assert widest(*reversed(scopes)) is found


@pytest.mark.parametrize(
    ("one", "other", "united"),
    [
        pytest.param(NOTHING, NOTHING, NOTHING, id="nothing"),
        pytest.param(
            WriteRights(creates=True),
            WriteRights(edits=OWN),
            WriteRights(creates=True, edits=OWN),
            id="each some",
        ),
        pytest.param(
            WriteRights(edits=BELOW, deletes=OWN),
            WriteRights(edits=OWN, deletes=ALL),
            WriteRights(edits=BELOW, deletes=ALL),
            id="the wider of each",
        ),
        pytest.param(FULL_WRITE_RIGHTS, WriteRights(edits=OWN), FULL_WRITE_RIGHTS, id="everything"),
    ],
)
def test_write_rights_are_the_union_of_profiles(
    one: WriteRights, other: WriteRights, united: WriteRights
) -> None:
    assert one | other == united
    assert other | one == united
    assert deal(profile(may=one), profile(may=other)).writes == united


@covers("D-33", "D-34")
@pytest.mark.parametrize(
    ("profiles", "writable"),
    [
        pytest.param([profile("name", "")], "", id="reading is not writing"),
        pytest.param([profile("name fee", "name")], "name", id="what is granted"),
        pytest.param([profile("", "name")], "", id="writable implies readable"),
        pytest.param([profile("name"), profile("", "name")], "name", id="each from one"),
        pytest.param([profile("name gone", "name gone")], "name", id="what does not exist"),
        pytest.param([profile("a1", "a1")], "a1", id="an attribute by its id"),
        pytest.param([profile("tier", "tier")], "", id="not by its key"),
        pytest.param([profile(full=True)], "name price fee a1", id="full"),
        pytest.param([profile("name"), profile(full=True)], "name price fee a1", id="full beside"),
    ],
)
def test_writable_fields_are_granted_and_readable(
    profiles: list[ProfileRights], writable: str
) -> None:
    assert deal(*profiles).writable == frozenset(writable.split())


def test_full_profile_grants_all_writes() -> None:
    assert deal(profile(full=True)).writes == FULL_WRITE_RIGHTS
    assert rights([profile(full=True)], [], [], KNOWN)["Firm"].writes == FULL_WRITE_RIGHTS


@covers("D-34")
def test_closed_entity_is_not_writable() -> None:
    found = rights([profile("name", "name", FULL_WRITE_RIGHTS)], [], [], KNOWN)
    assert "Firm" not in found
    closed = ProfileRights(
        writes={"Deal": FULL_WRITE_RIGHTS}, writable=frozenset({("Deal", "name")})
    )
    assert "Deal" not in rights([closed], [], [], KNOWN)


@covers("D-33")
def test_status_rule_does_not_change_writable_fields() -> None:
    """The restriction is part of the read rights; whether the field is writable then depends on the record."""
    rule = StatusRestriction("Deal", "fee", frozenset({"WON"}))
    found = rights([profile("fee", "fee")], [rule], [], KNOWN)["Deal"]
    assert found.writable == {"fee"}
    assert found.status_rules == {"fee": ("WON",)}
