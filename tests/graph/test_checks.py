"""Each invariant is violated once, and its check must report the violation."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from tests.graph import checks, step_effects
from tests.graph.graph_tenant import GraphTenant, Records, Row
from tests.support.covers import covers
from tests.writes.client import public_id, uuid_of

Corruption = Callable[[Records], Records]


def first(records: Records, entity: str, **having: Any) -> Row:
    """The first record of an entity, outside the trash, with these values."""
    matching = (r for r in records.live(entity) if all(r[n] == v for n, v in having.items()))
    return next(matching)


def change(entity: str, having: dict[str, Any], **changed: Any) -> Corruption:
    """Change values of one record."""
    return lambda records: records.with_changed(
        entity, first(records, entity, **having)["id"], **changed
    )


def duplicated(entity: str, having: dict[str, Any], **changed: Any) -> Corruption:
    """Add a copy of one record."""
    return lambda records: records.with_added(
        entity, {**first(records, entity, **having), "id": uuid4(), **changed}
    )


def cyclic(entity: str, column: str) -> Corruption:
    """Make two records each other's parents."""

    def corrupted(records: Records) -> Records:
        one, other = [row["id"] for row in records.live(entity)][:2]
        return records.with_changed(entity, one, **{column: other}).with_changed(
            entity, other, **{column: one}
        )

    return corrupted


def trashed(entity: str, of: str, relation: str) -> Corruption:
    """Move the target of a reference to the trash."""

    def corrupted(records: Records) -> Records:
        row = next(row for row in records.live(entity) if row[relation] is not None)
        return records.with_changed(of, row[relation], deleted_at=row["created_at"])

    return corrupted


def elsewhere(entity: str, column: str, of: str, **having: Any) -> Corruption:
    """Let a record refer to another record than it should."""

    def corrupted(records: Records) -> Records:
        rows = [row for row in records.live(entity) if row[column] is not None]
        row = next(row for row in rows if all(row[n] == v for n, v in having.items()))
        other = next(each["id"] for each in records.live(of) if each["id"] != row[column])
        return records.with_changed(entity, row["id"], **{column: other})

    return corrupted


CORRUPTIONS: list[tuple[checks.Check, Corruption]] = [
    (checks.quotes_add_up, change("QuoteItem", {"kind": "ITEM"}, net=Decimal(7))),
    (checks.quotes_add_up, change("QuoteItem", {"kind": "ITEM"}, position=9)),
    (checks.quotes_add_up, change("Quote", {"active": True}, total=Decimal(7))),
    (checks.quotes_add_up, change("QuoteItem", {"kind": "ITEM"}, currency="JPY")),
    (checks.at_most_one_quote_is_active, duplicated("Quote", {"active": True})),
    (checks.addresses_have_roles, change("Address", {"head_office": True}, head_office=False)),
    (checks.addresses_have_roles, duplicated("Address", {"head_office": True})),
    (checks.addresses_have_roles, change("Address", {"default_invoicing": True}, invoicing=False)),
    (checks.one_account_is_primary, change("CaseAccount", {"primary": True}, primary=False)),
    (checks.one_account_is_primary, elsewhere("Case", "primary_account_id", "Account")),
    (checks.cases_follow_their_status, change("Case", {"state": "OPEN"}, state="CLOSED")),
    (checks.hierarchies_have_no_cycles, cyclic("Account", "parent_id")),
    (checks.hierarchies_have_no_cycles, cyclic("Employee", "manager_id")),
    (checks.stages_are_of_the_type, trashed("PipelineStage", "PipelineStage", "id")),
    (checks.stages_are_of_the_type, change("Opportunity", {"status": "OPEN"}, status="WON")),
    (checks.stages_are_of_the_type, change("Opportunity", {"status": "WON"}, closed_on=None)),
    (checks.stage_history_is_consistent, duplicated("StageHistory", {"left_at": None})),
    (
        checks.stage_history_is_consistent,
        elsewhere("StageHistory", "stage_id", "Stage", left_at=None),
    ),
    (checks.stage_history_is_consistent, change("StageHistory", {"left_at": None}, seconds=7)),
    (checks.contracts_add_up, change("ContractLine", {"ended_on": None}, net=Decimal(7))),
    (checks.activities_have_one_subject, elsewhere("Activity", "customer_id", "Account")),
    (
        checks.activities_have_one_subject,
        change("Activity", {}, **dict.fromkeys(checks.SUBJECT_COLUMNS)),
    ),
    (checks.tags_and_favorites_are_unique, duplicated("Tagging", {})),
    (checks.tags_and_favorites_are_unique, duplicated("Favorite", {})),
    (checks.affiliation_addresses_match, elsewhere("Affiliation", "address_id", "Address")),
    (checks.nothing_refers_to_the_trash, trashed("QuoteItem", "Quote", "quote_id")),
    (checks.nothing_refers_to_the_trash, trashed("Opportunity", "Account", "account_id")),
    (checks.singletons_are_unique, duplicated("Preferences", {})),
    (checks.singletons_are_unique, duplicated("Feature", {})),
]


@covers("D-04", "D-11", "D-12", "D-17", "SMP-12", "X-23")
@pytest.mark.parametrize(
    ("check", "corrupted"),
    [pytest.param(*each, id=f"{each[0].__name__}{n}") for n, each in enumerate(CORRUPTIONS)],
)
def test_each_corruption_is_detected(
    tenant: GraphTenant, check: checks.Check, corrupted: Corruption
) -> None:
    assert list(check(tenant.initial)) == []
    assert list(check(corrupted(tenant.initial))) != []
    with pytest.raises(AssertionError, match=check.__name__):
        checks.assert_invariants(corrupted(tenant.initial))


def test_every_check_has_a_corruption() -> None:
    tested_separately = {checks.links_are_mirrored, checks.sold_once}
    assert {check for check, _ in CORRUPTIONS} | tested_separately == set(checks.CHECKS)


async def _run(
    tenant: GraphTenant, mutation: str, **params: Any
) -> tuple[str, Records, Records, list[Row]]:
    """Run a mutation; returns the record's id, the rows before and after, and the log entries."""
    tenant.records = before = await tenant.read()
    await step_effects.new_entries(tenant, at_once=False)
    id = await tenant.client.mutate("admin", mutation, **params)
    log = await step_effects.new_entries(tenant)
    tenant.records = await tenant.read()
    return id, before, tenant.records, log


@covers("EP-191", "EP-192")
async def test_link_that_is_not_mirrored_is_detected(tenant: GraphTenant) -> None:
    one, other = (public_id("acc", row["id"]) for row in tenant.records.live("Account")[:2])
    id, _, records, _ = await _run(tenant, "accountLinkCreate", account=one, other=other)
    assert list(checks.links_are_mirrored(records)) == []
    assert (
        list(checks.links_are_mirrored(records.with_changed("AccountLink", uuid_of(id), note="x")))
        != []
    )


@covers("D-04", "EP-149")
async def test_wrong_or_double_sale_is_detected(tenant: GraphTenant) -> None:
    opportunity = await tenant.client.opportunity("rep1")
    items = [{"name": "Desk", "unitPrice": "12.50"}]
    await tenant.client.mutate(
        "admin", "quoteCreate", opportunity=opportunity, name="Q", items=items
    )
    _, before, records, _ = await _run(tenant, "opportunitySell", id=opportunity)
    sold = uuid_of(opportunity)
    assert [*step_effects.sale_violations(records, sold), *checks.sold_once(records)] == []
    [contract] = checks.attached(records)[sold]
    [line] = checks.in_force(records)[contract["id"]]
    assert list(checks.sold_once(records.with_added("Contract", {**contract, "id": uuid4()}))) != []
    twice = records.with_added("ContractLine", {**line, "id": uuid4()})
    assert list(checks.sold_once(twice)) != []
    assert list(step_effects.sale_violations(twice, sold)) != []
    assert list(step_effects.sale_violations(before, sold)) != []
    changed = records.with_changed("Opportunity", sold, amount=Decimal(7))
    assert list(step_effects.frozen_violations(records, records)) == []
    assert list(step_effects.frozen_violations(records, changed)) != []
    [quote] = [q for q in records.live("Quote") if q["opportunity_id"] == sold]
    assert (
        list(
            step_effects.frozen_violations(
                records, records.with_changed("Quote", quote["id"], name="Other")
            )
        )
        != []
    )


@covers("D-60")
async def test_missing_log_entry_is_detected(tenant: GraphTenant) -> None:
    id = await tenant.client.opportunity("rep1")
    _, before, after, log = await _run(tenant, "opportunityUpdate", id=id, note="Call them")
    changed = uuid_of(id)
    assert list(step_effects.log_violations(log, before, after)) == []
    assert await step_effects.history_violations(tenant, before, after, log) == []
    assert list(step_effects.log_violations([], before, after)) == [], (
        "no row of a logged entity changed"
    )
    wrong = after.with_changed("Opportunity", changed, version=9)
    assert list(step_effects.log_violations(log, before, wrong)) != []
    other = next(row["id"] for row in after.live("Opportunity") if row["id"] != changed)
    assert (
        list(
            step_effects.log_violations(
                log, before, after.with_changed("Opportunity", other, note="x")
            )
        )
        != []
    )
    incorrect = [{**log[0], "changed": ["name"]}]
    assert list(step_effects.log_violations(incorrect, before, after)) != []
    renamed = after.with_changed("Opportunity", changed, name="Other")
    assert await step_effects.history_violations(tenant, before, renamed, log) != []
    without_history = Records({**after.rows, "StageHistory": {}})
    assert list(step_effects.stage_violations(tenant.initial, after)) == []
    assert list(step_effects.stage_violations(tenant.initial, without_history)) != []
    await tenant.operator.execute("UPDATE log_head SET position = position + 1")
    with pytest.raises(AssertionError, match="gaps"):
        await step_effects.new_entries(tenant)


async def test_children_deleted_at_another_time_are_detected(tenant: GraphTenant) -> None:
    id = await tenant.client.mutate(
        "admin", "accountCreate", name="New", addresses=[{"city": "Bonn"}]
    )
    _, before, after, _ = await _run(tenant, "accountDelete", id=id)
    assert list(step_effects.frozen_violations(before, after)) == []
    [address] = [row for row in after.all("Address") if row["account_id"] == uuid_of(id)]
    later = after.with_changed("Address", address["id"], deleted_at=address["created_at"])
    assert list(step_effects.frozen_violations(before, later)) != []


@pytest.fixture(autouse=True)
async def _reset(tenant: GraphTenant) -> None:
    await tenant.reset()
