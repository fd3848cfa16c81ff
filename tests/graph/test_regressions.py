"""Minimal reproductions of defects found by random commands."""

from __future__ import annotations

import pytest

from tests.graph import step_effects
from tests.graph.checks import assert_invariants
from tests.graph.graph_tenant import GraphTenant
from tests.support.covers import covers
from tests.writes.client import outcome_of, public_id, uuid_of


@pytest.fixture(autouse=True)
async def _reset(tenant: GraphTenant) -> None:
    await tenant.reset()


async def assert_state(tenant: GraphTenant) -> None:
    """Check the invariants of all records and the log entries since the last call."""
    before, log = tenant.records, await step_effects.new_entries(tenant, at_once=False)
    tenant.records = await tenant.read()
    assert list(step_effects.log_violations(log, before, tenant.records)) == []
    assert_invariants(tenant.records)


@covers("VPM-15")
async def test_activities_follow_employees_of_a_new_account(tenant: GraphTenant) -> None:
    client = tenant.client
    person = await client.mutate("admin", "personCreate", lastName="Ada")
    activity = await client.mutate("admin", "activityCreate", subject="Call", person=person)
    jobs = [{"person": person}]
    account = await client.mutate("rep1", "accountCreate", name="New", affiliations=jobs)
    assert (await client.row("activity", activity))["customer_id"] == uuid_of(account)
    await assert_state(tenant)


async def test_contract_with_a_lower_case_currency_is_refused(tenant: GraphTenant) -> None:
    client = tenant.client
    kind = public_id("cki", tenant.records.live("ContractKind")[0]["id"])
    account = await client.mutate("admin", "accountCreate", name="New")
    params = {"name": "Licence", "account": account, "kind": kind, "currency": "eur"}
    response = await client.attempt("admin", "contractCreate", **params)
    assert response.data["done"]["userErrors"] == [
        {"code": "INVALID", "path": ["input", "currency"]}
    ]


@covers("VN-25", "D-11")
async def test_stage_in_use_keeps_its_meaning(tenant: GraphTenant) -> None:
    client, records = tenant.client, tenant.records
    opportunity = await client.row("opportunity", await client.opportunity("rep1"))
    steps = [s for s in records.live("PipelineStage") if s["type_id"] == opportunity["type_id"]]
    [step] = [s for s in steps if s["stage_id"] == opportunity["stage_id"]]
    other = await client.mutate("admin", "stageCreate", name="Elsewhere", kind="OPEN", position=99)
    params = {"id": public_id("pst", step["id"]), "stage": other}
    response = await client.attempt("admin", "pipelineStageUpdate", **params)
    assert response.data["done"]["userErrors"] == [{"code": "IN_USE", "path": ["input", "stage"]}]
    await assert_state(tenant)


@covers("X-23", "D-11", "D-60")
async def test_stage_history_follows_a_replaced_stage(tenant: GraphTenant) -> None:
    client, records = tenant.client, tenant.records
    opportunity = await client.opportunity("rep1")
    row = await client.row("opportunity", opportunity)
    kinds = {each["id"]: each["kind"] for each in records.live("Stage")}
    steps = [s["stage_id"] for s in records.live("PipelineStage") if s["type_id"] == row["type_id"]]
    other = next(s for s in steps if s != row["stage_id"] and kinds[s] == "OPEN")
    params = {"id": public_id("stg", row["stage_id"]), "replaceWith": public_id("stg", other)}
    assert outcome_of(await client.attempt("admin", "stageDelete", **params)) == "DONE"
    stays = await client.fetch(
        "SELECT stage_id, left_at FROM stage_history WHERE opportunity_id = $1",
        uuid_of(opportunity),
    )
    assert [tuple(stay) for stay in stays] == [(other, None)]
    await assert_state(tenant)
