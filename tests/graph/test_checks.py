"""What would be wrong is seen: each thing that must be true is broken once, and the check that is about it says so."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from tests.graph import checks, step_effects
from tests.graph.place import Facts, Place, Row
from tests.support.covers import covers
from tests.writes.client import public_id, uuid_of

Broken = Callable[[Facts], Facts]


def first(facts: Facts, entity: str, **having: Any) -> Row:
    """The first live record of a kind that has all this."""
    found = (r for r in facts.live(entity) if all(r[n] == v for n, v in having.items()))
    return next(found)


def change(entity: str, having: dict[str, Any], **changed: Any) -> Broken:
    """One record says something else."""
    return lambda facts: facts.with_(entity, first(facts, entity, **having)["id"], **changed)


def again(entity: str, having: dict[str, Any], **changed: Any) -> Broken:
    """One record is there once more."""
    return lambda facts: facts.plus(
        entity, {**first(facts, entity, **having), "id": uuid4(), **changed}
    )


def above_itself(entity: str, column: str) -> Broken:
    """Two records stand above each other."""

    def broken(facts: Facts) -> Facts:
        one, other = [row["id"] for row in facts.live(entity)][:2]
        return facts.with_(entity, one, **{column: other}).with_(entity, other, **{column: one})

    return broken


def gone(entity: str, of: str, way: str) -> Broken:
    """What something points to is in the bin, and it is not."""

    def broken(facts: Facts) -> Facts:
        row = next(row for row in facts.live(entity) if row[way] is not None)
        return facts.with_(of, row[way], deleted_at=row["created_at"])

    return broken


def elsewhere(entity: str, column: str, of: str, **having: Any) -> Broken:
    """A record points to another one than it should."""

    def broken(facts: Facts) -> Facts:
        here = [row for row in facts.live(entity) if row[column] is not None]
        row = next(row for row in here if all(row[n] == v for n, v in having.items()))
        other = next(each["id"] for each in facts.live(of) if each["id"] != row[column])
        return facts.with_(entity, row["id"], **{column: other})

    return broken


WRONG: list[tuple[checks.Check, Broken]] = [
    (checks.quotes_add_up, change("QuoteItem", {"kind": "ITEM"}, net=Decimal(7))),
    (checks.quotes_add_up, change("QuoteItem", {"kind": "ITEM"}, position=9)),
    (checks.quotes_add_up, change("Quote", {"active": True}, total=Decimal(7))),
    (checks.quotes_add_up, change("QuoteItem", {"kind": "ITEM"}, currency="JPY")),
    (checks.one_quote_counts, again("Quote", {"active": True})),
    (checks.addresses_have_roles, change("Address", {"head_office": True}, head_office=False)),
    (checks.addresses_have_roles, again("Address", {"head_office": True})),
    (checks.addresses_have_roles, change("Address", {"default_invoicing": True}, invoicing=False)),
    (checks.one_account_is_primary, change("CaseAccount", {"primary": True}, primary=False)),
    (checks.one_account_is_primary, elsewhere("Case", "primary_account_id", "Account")),
    (checks.cases_follow_their_status, change("Case", {"state": "OPEN"}, state="CLOSED")),
    (checks.nothing_is_above_itself, above_itself("Account", "parent_id")),
    (checks.nothing_is_above_itself, above_itself("Employee", "manager_id")),
    (checks.stages_are_of_the_type, gone("PipelineStage", "PipelineStage", "id")),
    (checks.stages_are_of_the_type, change("Opportunity", {"status": "OPEN"}, status="WON")),
    (checks.stages_are_of_the_type, change("Opportunity", {"status": "WON"}, closed_on=None)),
    (checks.stays_are_noted, again("StageHistory", {"left_at": None})),
    (checks.stays_are_noted, elsewhere("StageHistory", "stage_id", "Stage", left_at=None)),
    (checks.stays_are_noted, change("StageHistory", {"left_at": None}, seconds=7)),
    (checks.contracts_add_up, change("ContractLine", {"ended_on": None}, net=Decimal(7))),
    (checks.activities_are_on_one, elsewhere("Activity", "customer_id", "Account")),
    (checks.activities_are_on_one, change("Activity", {}, **dict.fromkeys(checks.ON))),
    (checks.labels_are_unique, again("Tagging", {})),
    (checks.labels_are_unique, again("Favorite", {})),
    (checks.people_work_at_places, elsewhere("Affiliation", "address_id", "Address")),
    (checks.nothing_points_into_the_bin, gone("QuoteItem", "Quote", "quote_id")),
    (checks.nothing_points_into_the_bin, gone("Opportunity", "Account", "account_id")),
    (checks.one_of_its_kind, again("Preferences", {})),
    (checks.one_of_its_kind, again("Feature", {})),
]


@covers("D-04", "D-11", "D-12", "D-17", "SMP-12", "X-23")
@pytest.mark.parametrize(
    ("check", "broken"),
    [pytest.param(*each, id=f"{each[0].__name__}{n}") for n, each in enumerate(WRONG)],
)
def test_each_corruption_is_detected(place: Place, check: checks.Check, broken: Broken) -> None:
    assert list(check(place.begun)) == []
    assert list(check(broken(place.begun))) != []
    with pytest.raises(AssertionError, match=check.__name__):
        checks.hold(broken(place.begun))


def test_every_check_has_a_corruption() -> None:
    below = {checks.links_are_mirrored, checks.sold_once}
    assert {check for check, _ in WRONG} | below == set(checks.CHECKS)


async def _done(place: Place, deed: str, **given: Any) -> tuple[str, Facts, Facts, list[Row]]:
    """Do something; the record, what there was before and after, and what is in the log of it."""
    place.facts = before = await place.look()
    await step_effects.entries(place, at_once=False)
    id = await place.own.done("admin", deed, **given)
    log = await step_effects.entries(place)
    place.facts = await place.look()
    return id, before, place.facts, log


@covers("EP-191", "EP-192")
async def test_half_a_link_is_detected(place: Place) -> None:
    one, other = (public_id("acc", row["id"]) for row in place.facts.live("Account")[:2])
    id, _, facts, _ = await _done(place, "accountLinkCreate", account=one, other=other)
    assert list(checks.links_are_mirrored(facts)) == []
    assert list(checks.links_are_mirrored(facts.with_("AccountLink", uuid_of(id), note="x"))) != []


@covers("D-04", "EP-149")
async def test_wrong_or_double_sale_is_detected(place: Place) -> None:
    opportunity = await place.own.opportunity("rep1")
    items = [{"name": "Desk", "unitPrice": "12.50"}]
    await place.own.done("admin", "quoteCreate", opportunity=opportunity, name="Q", items=items)
    _, before, facts, _ = await _done(place, "opportunitySell", id=opportunity)
    sold = uuid_of(opportunity)
    assert [*step_effects.sold(facts, sold), *checks.sold_once(facts)] == []
    [contract] = checks.attached(facts)[sold]
    [line] = checks.in_force(facts)[contract["id"]]
    assert list(checks.sold_once(facts.plus("Contract", {**contract, "id": uuid4()}))) != []
    twice = facts.plus("ContractLine", {**line, "id": uuid4()})
    assert list(checks.sold_once(twice)) != []
    assert list(step_effects.sold(twice, sold)) != []
    assert list(step_effects.sold(before, sold)) != []
    changed = facts.with_("Opportunity", sold, amount=Decimal(7))
    assert list(step_effects.bound(facts, facts)) == []
    assert list(step_effects.bound(facts, changed)) != []
    [quote] = [q for q in facts.live("Quote") if q["opportunity_id"] == sold]
    assert list(step_effects.bound(facts, facts.with_("Quote", quote["id"], name="Other"))) != []


@covers("D-60")
async def test_missing_log_entry_is_detected(place: Place) -> None:
    id = await place.own.opportunity("rep1")
    _, before, after, log = await _done(place, "opportunityUpdate", id=id, note="Call them")
    changed = uuid_of(id)
    assert list(step_effects.told(log, before, after)) == []
    assert await step_effects.in_history(place, before, after, log) == []
    assert list(step_effects.told([], before, after)) == [], "nothing was said to have changed"
    wrong = after.with_("Opportunity", changed, version=9)
    assert list(step_effects.told(log, before, wrong)) != []
    other = next(row["id"] for row in after.live("Opportunity") if row["id"] != changed)
    assert list(step_effects.told(log, before, after.with_("Opportunity", other, note="x"))) != []
    lying = [{**log[0], "changed": ["name"]}]
    assert list(step_effects.told(lying, before, after)) != []
    renamed = after.with_("Opportunity", changed, name="Other")
    assert await step_effects.in_history(place, before, renamed, log) != []
    away = Facts({**after.rows, "StageHistory": {}})
    assert list(step_effects.begun(place.begun, after)) == []
    assert list(step_effects.begun(place.begun, away)) != []
    await place.operator.execute("UPDATE log_head SET position = position + 1")
    with pytest.raises(AssertionError, match="gaps"):
        await step_effects.entries(place)


async def test_children_deleted_at_another_time_are_detected(place: Place) -> None:
    id = await place.own.done("admin", "accountCreate", name="New", addresses=[{"city": "Bonn"}])
    _, before, after, _ = await _done(place, "accountDelete", id=id)
    assert list(step_effects.bound(before, after)) == []
    [address] = [row for row in after.all("Address") if row["account_id"] == uuid_of(id)]
    later = after.with_("Address", address["id"], deleted_at=address["created_at"])
    assert list(step_effects.bound(before, later)) != []


@pytest.fixture(autouse=True)
async def _from_the_beginning(place: Place) -> None:
    await place.put_back()
