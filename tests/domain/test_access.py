"""Rights: the union of profiles, and status restrictions."""

from __future__ import annotations

import pytest

from domain.access import AttributeRights, ProfileRights, RowScope, StatusRestriction, rights
from domain.setup import AttributeKind
from tests.support.covers import covers

KNOWN = {"Deal": frozenset({"name", "price", "fee"}), "Firm": frozenset({"name"})}
OWN, ALL = RowScope.OWN, RowScope.ALL
TIER = AttributeRights("a1", "Deal", "tier", "Tier", AttributeKind.TEXT)
SEATS = AttributeRights("a2", "Deal", "seats", "Seats", AttributeKind.NUMBER)
ADMIN = ProfileRights(full=True)


def deal(rows: RowScope, *names: str) -> ProfileRights:
    return ProfileRights(
        entities={"Deal": rows}, fields=frozenset(("Deal", name) for name in names)
    )


@covers("D-34")
@pytest.mark.parametrize(
    ("profiles", "rows", "fields"),
    [
        pytest.param([deal(OWN, "name")], OWN, {"name"}, id="what is not named is closed"),
        pytest.param([deal(OWN)], OWN, set(), id="an entity without fields"),
        pytest.param([deal(OWN, "name"), deal(OWN, "fee")], OWN, {"name", "fee"}, id="united"),
        pytest.param([deal(OWN, "name"), deal(ALL)], ALL, {"name"}, id="the wider scope wins"),
        pytest.param([deal(ALL, "gone")], ALL, set(), id="a field that does not exist"),
        pytest.param([ADMIN], ALL, KNOWN["Deal"], id="full opens all"),
        pytest.param([deal(OWN), ADMIN], ALL, KNOWN["Deal"], id="full beside another"),
        pytest.param(
            [ProfileRights(fields=frozenset({("Deal", "name")}))], None, None, id="field, no entity"
        ),
        pytest.param([], None, None, id="no profile"),
    ],
)
def test_rights_are_the_union_of_profiles(
    profiles: list[ProfileRights], rows: RowScope | None, fields: set[str] | None
) -> None:
    found = rights(profiles, [], [], KNOWN).get("Deal")
    assert (found.rows if found else None) is rows
    assert (set(found.fields) if found else None) == fields


@covers("D-31")
@pytest.mark.parametrize(
    ("profiles", "rules", "ruled"),
    [
        pytest.param([deal(OWN, "fee")], [{"WON"}], {"fee": ("WON",)}, id="one rule"),
        pytest.param(
            [deal(OWN, "fee")], [{"WON", "LOST"}, {"WON"}], {"fee": ("WON",)}, id="intersect"
        ),
        pytest.param([deal(OWN, "fee")], [{"WON"}, {"LOST"}], {"fee": ()}, id="nothing is left"),
        pytest.param([deal(OWN, "name")], [{"WON"}], {}, id="a rule grants nothing"),
        pytest.param([ADMIN], [{"WON"}], {}, id="full profiles are spared"),
        pytest.param([ADMIN, deal(OWN, "fee")], [{"WON"}], {}, id="full beside another"),
    ],
)
def test_status_restrictions_narrow_rights(
    profiles: list[ProfileRights], rules: list[set[str]], ruled: dict[str, tuple[str, ...]]
) -> None:
    kept = [StatusRestriction("Deal", "fee", frozenset(statuses)) for statuses in rules]
    assert rights(profiles, kept, [], KNOWN)["Deal"].status_rules == ruled


COMPUTED = {"Deal": {"margin": frozenset({"price", "fee"}), "short": frozenset({"name"})}}


@covers("D-57")
@pytest.mark.parametrize(
    ("profiles", "rules", "fields", "ruled"),
    [
        pytest.param([deal(OWN, "price")], {}, {"price"}, {}, id="an input is closed"),
        pytest.param(
            [deal(OWN, "price"), deal(OWN, "fee")],
            {},
            {"price", "fee", "margin"},
            {},
            id="all inputs, from two profiles",
        ),
        pytest.param([deal(OWN, "margin", "name")], {}, {"name", "short"}, {}, id="no own grant"),
        pytest.param(
            [deal(OWN, "price", "fee")],
            {"fee": {"WON"}},
            {"price", "fee", "margin"},
            {"fee": ("WON",), "margin": ("WON",)},
            id="ruled as its input",
        ),
        pytest.param(
            [deal(OWN, "price", "fee")],
            {"fee": {"WON", "LOST"}, "price": {"LOST", "OPEN"}},
            {"price", "fee", "margin"},
            {"fee": ("LOST", "WON"), "price": ("LOST", "OPEN"), "margin": ("LOST",)},
            id="where all inputs may be read",
        ),
        pytest.param(
            [deal(OWN, "price", "fee")],
            {"margin": {"WON"}},
            {"price", "fee", "margin"},
            {"margin": ("WON",)},
            id="a rule of its own",
        ),
        pytest.param([ADMIN], {"fee": {"WON"}}, {*KNOWN["Deal"], "margin", "short"}, {}, id="full"),
    ],
)
def test_right_to_computed_field_follows_its_inputs(
    profiles: list[ProfileRights],
    rules: dict[str, set[str]],
    fields: set[str],
    ruled: dict[str, tuple[str, ...]],
) -> None:
    kept = [
        StatusRestriction("Deal", name, frozenset(statuses)) for name, statuses in rules.items()
    ]
    found = rights(profiles, kept, [], KNOWN, COMPUTED)["Deal"]
    assert set(found.fields) == fields
    assert found.status_rules == ruled


@covers("D-34")
def test_attributes_are_granted_by_id() -> None:
    by_id, by_key = deal(OWN, "a1"), deal(OWN, "tier")
    assert set(rights([by_id], [], [TIER, SEATS], KNOWN)["Deal"].attributes) == {"tier"}
    assert not rights([by_key], [], [TIER, SEATS], KNOWN)["Deal"].attributes
    assert set(rights([ADMIN], [], [TIER, SEATS], KNOWN)["Deal"].attributes) == {"tier", "seats"}
    assert not rights([ADMIN], [], [TIER], KNOWN)["Firm"].attributes
