"""Row policies: one per entity, combined explicitly; records of an entity without a policy are invisible."""

from __future__ import annotations

import dataclasses
import importlib
from uuid import UUID

import pytest
import sqlalchemy as sa

from auth.api import POLICIES
from auth.engine.policy import Owned, OwnRecords, Policies, Policy, SharedByRule, SharingRules
from auth.engine.viewer import Viewer
from db.accounts import Account
from db.api import MODEL
from db.engine.gate import Gate, VisibilityForm
from db.sales import Opportunity, ShareRule
from domain.access import EntityRights, RowScope
from tests.support.covers import covers

ANY_ID = UUID(int=0)
OWNED = Policy(Account, rows=(Owned(Account.__table__.c.owner_id),))
MINE = Policy(Account, rows=(OwnRecords(Account.__table__.c.id),))


def _sql(policies: Policies, entity: str, rows: RowScope, *, full: bool = False) -> str:
    """SQL that lists the ids of an entity for a viewer with this row scope."""
    declared = MODEL.entities[entity]
    rights = {entity: EntityRights(rows, declared.granted)}
    viewer = Viewer(ANY_ID, ANY_ID, 0, rights, {}, {}, {}, policies, full=full)
    gate = Gate(viewer)
    view = gate.see(declared, VisibilityForm.PREDICATE)
    return " ".join(gate.compile(sa.select(view.column("id")).select_from(view)).sql.split())


@covers("D-34")
def test_an_entity_with_two_policies_is_refused_naming_both_areas() -> None:
    with pytest.raises(
        TypeError, match=r"Account has two policies.*auth/accounts\.py.*auth/sales\.py"
    ):
        Policies.of_areas(accounts=(OWNED,), sales=(MINE,))
    with pytest.raises(TypeError, match="Account has two policies"):
        Policies.of_areas(accounts=(OWNED, MINE))


@covers("D-34")
@pytest.mark.parametrize("form", VisibilityForm)
def test_an_entity_without_a_policy_is_closed(form: VisibilityForm) -> None:
    none = Policies.of_areas()
    known = MODEL.entities["Account"]
    assert str(none.own_rows_condition(known, form)) == "false"
    assert "owner_id = ANY" in _sql(POLICIES, "Account", RowScope.OWN)
    assert _sql(none, "Account", RowScope.OWN).endswith("AND false) AS account_1")


@covers("D-34")
def test_default_policy_of_an_ownable_entity_selects_by_owner() -> None:
    assert "owner_id = ANY" in _sql(Policies.of_areas(MODEL), "Account", RowScope.OWN)
    declared = Policies.of_areas(MODEL, accounts=(MINE,))
    assert declared.of("Account") is MINE
    assert "owner_id" not in _sql(declared, "Account", RowScope.OWN)
    assert _sql(Policies.of_areas(MODEL), "Product", RowScope.OWN).endswith(
        "AND false) AS product_1"
    )


def test_a_sharing_policy_of_an_entity_that_is_not_shareable_is_refused() -> None:
    rule = SharingRules(ShareRule.__table__.c.type_id, ShareRule.__table__.c.role_id)
    with pytest.raises(
        TypeError, match="Account is shared by its policy: make the class Shareable"
    ):
        Policy(Account, rows=(SharedByRule(Account.__table__.c.type_id, rule),))


def test_policies_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        POLICIES.by_entity = {}  # type: ignore[misc]
    with pytest.raises(TypeError):
        POLICIES.by_entity["Account"] = MINE  # type: ignore[index]


def test_importing_an_area_or_creating_a_policy_registers_nothing() -> None:
    before = dict(POLICIES.by_entity)
    importlib.reload(importlib.import_module("auth.people"))
    Policy(Opportunity, rows=(), restricts=True)
    assert dict(POLICIES.by_entity) == before
    assert not Policies.of_areas().by_entity
    assert "false" not in _sql(POLICIES, "Opportunity", RowScope.ALL)


@covers("D-10")
def test_a_restricting_policy_also_filters_scope_all_unless_it_exempts_full_profiles() -> None:
    restricting = dataclasses.replace(OWNED, restricts=True)
    sparing = dataclasses.replace(restricting, exempts_full=True)
    restricted = {
        (name, full): "owner_id"
        in _sql(Policies.of_areas(a=(policy,)), "Account", RowScope.ALL, full=full)
        for name, policy in (("opens", OWNED), ("restricts", restricting), ("spares", sparing))
        for full in (False, True)
    }
    assert [key for key, is_restricted in restricted.items() if is_restricted] == [
        ("restricts", False),
        ("restricts", True),
        ("spares", False),
    ]


def test_standing_rules_of_different_roles_have_different_parameters() -> None:
    """Two rules may share the same column through different role columns."""
    columns = ShareRule.__table__.c
    by_role, by_id = (
        SharingRules(columns.type_id, columns.role_id),
        SharingRules(columns.type_id, columns.id),
    )
    rows = Opportunity.__table__.c.type_id
    policies = Policies.of_areas(
        a=(Policy(Opportunity, rows=(SharedByRule(rows, by_role), SharedByRule(rows, by_id))),)
    )
    assert policies.sharing_rules() == (by_role, by_id)
    assert len({each.parameter for each in policies.sharing_rules()}) == 2
