"""Minimal reproductions of defects found by random commands."""

from __future__ import annotations

import pytest

from tests.graph import step_effects
from tests.graph.checks import hold
from tests.graph.place import Place
from tests.support.covers import covers
from tests.writes.client import outcome_of, public_id, uuid_of


@pytest.fixture(autouse=True)
async def _from_the_beginning(place: Place) -> None:
    await place.put_back()


async def holds(place: Place) -> None:
    """What must be true of all records is, and the log is true, too."""
    before, log = place.facts, await step_effects.entries(place, at_once=False)
    place.facts = await place.look()
    assert list(step_effects.told(log, before, place.facts)) == []
    hold(place.facts)


@covers("VPM-15")
async def test_activities_follow_employees_of_a_new_account(place: Place) -> None:
    own = place.own
    person = await own.done("admin", "personCreate", lastName="Ada")
    activity = await own.done("admin", "activityCreate", subject="Call", person=person)
    jobs = [{"person": person}]
    account = await own.done("rep1", "accountCreate", name="New", affiliations=jobs)
    assert (await own.row("activity", activity))["customer_id"] == uuid_of(account)
    await holds(place)


async def test_a_contract_is_in_a_currency_that_can_be_written(place: Place) -> None:
    own = place.own
    kind = public_id("cki", place.facts.live("ContractKind")[0]["id"])
    account = await own.done("admin", "accountCreate", name="New")
    given = {"name": "Licence", "account": account, "kind": kind, "currency": "eur"}
    answer = await own.do("admin", "contractCreate", **given)
    assert answer.data["done"]["userErrors"] == [{"code": "INVALID", "path": ["input", "currency"]}]


@covers("VN-25", "D-11")
async def test_stage_in_use_keeps_its_meaning(place: Place) -> None:
    own, facts = place.own, place.facts
    opportunity = await own.row("opportunity", await own.opportunity("rep1"))
    steps = [s for s in facts.live("PipelineStage") if s["type_id"] == opportunity["type_id"]]
    [step] = [s for s in steps if s["stage_id"] == opportunity["stage_id"]]
    other = await own.done("admin", "stageCreate", name="Elsewhere", kind="OPEN", position=99)
    given = {"id": public_id("pst", step["id"]), "stage": other}
    answer = await own.do("admin", "pipelineStageUpdate", **given)
    assert answer.data["done"]["userErrors"] == [{"code": "IN_USE", "path": ["input", "stage"]}]
    await holds(place)


@covers("X-23", "D-11", "D-60")
async def test_stage_history_follows_a_replaced_stage(place: Place) -> None:
    own, facts = place.own, place.facts
    opportunity = await own.opportunity("rep1")
    row = await own.row("opportunity", opportunity)
    kinds = {each["id"]: each["kind"] for each in facts.live("Stage")}
    steps = [s["stage_id"] for s in facts.live("PipelineStage") if s["type_id"] == row["type_id"]]
    other = next(s for s in steps if s != row["stage_id"] and kinds[s] == "OPEN")
    given = {"id": public_id("stg", row["stage_id"]), "replaceWith": public_id("stg", other)}
    assert outcome_of(await own.do("admin", "stageDelete", **given)) == "DONE"
    visits = await own.fetch(
        "SELECT stage_id, left_at FROM stage_history WHERE opportunity_id = $1",
        uuid_of(opportunity),
    )
    assert [tuple(visit) for visit in visits] == [(other, None)]
    await holds(place)
