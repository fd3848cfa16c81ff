"""Records in use are deleted only with a replacement, which takes over every reference in one transaction."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.covers import covers
from tests.writes.client import TenantClient, outcome_of, public_id, uuid_of

DELETE = """mutation ($i: ReplaceInput!) { done: %sDelete(input: $i) { id userErrors { code message path } } }"""


async def delete(tenant: TenantClient, one: str, persona: str = "admin", **params: Any) -> Any:
    """The response to a deletion."""
    return await tenant.ask(persona, DELETE % one, {"i": params})


async def industry(tenant: TenantClient) -> str:
    return await tenant.mutate("admin", "industryCreate", name=tenant.new_name())


@covers("D-11", "VPM-10")
async def test_deleting_a_record_in_use_requires_a_replacement(tenant: TenantClient) -> None:
    old, new = await industry(tenant), await industry(tenant)
    accounts = [
        await tenant.mutate("admin", "accountCreate", name=tenant.new_name(), industry=old)
        for _ in range(3)
    ]
    refused = await delete(tenant, "industry", id=old)
    [error] = refused.data["done"]["userErrors"]
    assert (error["code"], error["path"]) == ("IN_USE", ["input", "id"])
    assert "3" not in error["message"]
    assert "replaceWith" in error["message"]
    position, _ = await tenant.log()
    assert outcome_of(await delete(tenant, "industry", id=old, replaceWith=new)) == "DONE"
    assert (await tenant.log())[0] == position + 1, "one transaction"
    for account in accounts:
        row = await tenant.row("account", account)
        assert (row["industry_id"], row["version"]) == (uuid_of(new), 2)
    assert (await tenant.row("industry", old))["deleted_at"] is not None
    result = await tenant.ask(
        "admin",
        "query ($id: ID!) { account(id: $id) { history(last: 1) { nodes { field before after } } } }",
        {"id": accounts[0]},
    )
    [change] = result.data["account"]["history"]["nodes"]
    assert change == {"field": "industry", "before": old, "after": new}


@covers("D-11", "D-20")
@pytest.mark.parametrize("kind", ["OPEN", "WON", "LOST"])
async def test_a_stage_is_replaced_only_by_one_of_the_same_kind(
    tenant: TenantClient, kind: str
) -> None:
    """Changing the setup does not win or lose opportunities."""
    stages = {
        name: await tenant.mutate(
            "admin", "stageCreate", name=tenant.new_name(), kind=name, position=place
        )
        for place, name in enumerate(("OPEN", "WON", "LOST"), 80)
    }
    old = await tenant.mutate(
        "admin", "stageCreate", name=tenant.new_name(), kind=kind, position=90
    )
    for other, stage in stages.items():
        if other != kind:
            refused = await delete(tenant, "stage", id=old, replaceWith=stage)
            [error] = refused.data["done"]["userErrors"]
            assert (error["code"], error["path"]) == ("INVALID", ["input", "replaceWith"])
            assert "`kind`" in error["message"]
    assert outcome_of(await delete(tenant, "stage", id=old, replaceWith=stages[kind])) == "DONE"


@covers("D-11")
async def test_the_replacement_is_another_record_that_is_not_deleted(tenant: TenantClient) -> None:
    old, new = await industry(tenant), await industry(tenant)
    await tenant.mutate("admin", "accountCreate", name=tenant.new_name(), industry=old)
    for wrong, code in ((old, "INVALID"), (public_id("ind", uuid_of(old)), "INVALID")):
        assert outcome_of(await delete(tenant, "industry", id=old, replaceWith=wrong)) == code
    for unknown in (
        "acc_" + new[4:],
        public_id("ind", tenant.world.endpoint.app_context.new_id()),
    ):
        assert (
            outcome_of(await delete(tenant, "industry", id=old, replaceWith=unknown)) == "NOT_FOUND"
        )
    query = "mutation ($i: [ReplaceInput!]!) { done: industryDeleteMany(inputs: $i) { userErrors { code } } }"
    both = [{"id": old, "replaceWith": new}, {"id": new}]
    assert outcome_of(await tenant.ask("admin", query, {"i": both})) == "INVALID"
    assert (await tenant.row("industry", old))["deleted_at"] is None


@covers("D-11", "VN-40")
async def test_the_replacement_of_a_default_type_becomes_the_default(tenant: TenantClient) -> None:
    types = [
        await tenant.mutate("admin", "accountTypeCreate", name=tenant.new_name()) for _ in range(2)
    ]
    preferences = await tenant.value("SELECT id FROM preferences")
    settled = {"id": public_id("set", preferences), "defaultAccountType": types[0]}
    await tenant.mutate("admin", "preferencesUpdate", **settled)
    assert outcome_of(await delete(tenant, "accountType", id=types[0])) == "IN_USE"
    assert (
        outcome_of(await delete(tenant, "accountType", id=types[0], replaceWith=types[1])) == "DONE"
    )
    default = await tenant.value("SELECT default_account_type_id FROM preferences")
    assert default == uuid_of(types[1])
    made = await tenant.mutate("admin", "accountCreate", name=tenant.new_name())
    assert (await tenant.row("account", made))["type_id"] == uuid_of(types[1])


@covers("D-11")
async def test_duplicates_that_a_replacement_would_cause_are_deleted(tenant: TenantClient) -> None:
    """An account with both tags keeps the replacement once."""
    old, new = [await tenant.mutate("admin", "tagCreate", name=tenant.new_name()) for _ in range(2)]
    account = await tenant.mutate("admin", "accountCreate", name=tenant.new_name())
    other = await tenant.mutate("admin", "accountCreate", name=tenant.new_name())
    for tag, of in ((old, account), (new, account), (old, other)):
        await tenant.mutate("admin", "taggingCreate", tag=tag, account=of)
    assert outcome_of(await delete(tenant, "tag", id=old, replaceWith=new)) == "DONE"
    rows = await tenant.fetch(
        "SELECT account_id, tag_id FROM tagging WHERE deleted_at IS NULL AND account_id = ANY($1)",
        [uuid_of(account), uuid_of(other)],
    )
    assert sorted((row[0], row[1]) for row in rows) == sorted(
        [(uuid_of(account), uuid_of(new)), (uuid_of(other), uuid_of(new))]
    )


@covers("D-11", "D-20", "VN-25")
async def test_a_stage_is_replaced_only_by_one_of_the_same_pipelines(tenant: TenantClient) -> None:
    """The type of each opportunity must have activated the new stage."""
    strange = await tenant.mutate(
        "admin", "stageCreate", name=tenant.new_name(), kind="OPEN", position=99
    )
    opportunity = await tenant.opportunity("rep1")
    stage_id = (await tenant.row("opportunity", opportunity))["stage_id"]
    unfit = await delete(tenant, "stage", id=public_id("stg", stage_id), replaceWith=strange)
    [error] = unfit.data["done"]["userErrors"]
    assert (error["code"], error["path"]) == ("INVALID", ["input", "replaceWith"])
    assert (await tenant.row("opportunity", opportunity))["stage_id"] == stage_id
    types = await tenant.fetch("SELECT type_id FROM pipeline_stage WHERE stage_id = $1", stage_id)
    for row in types:
        kind = public_id("opt", row["type_id"])
        await tenant.mutate(
            "admin", "pipelineStageCreate", type=kind, stage=strange, position=99, probability=0
        )
    assert (
        outcome_of(
            await delete(tenant, "stage", id=public_id("stg", stage_id), replaceWith=strange)
        )
        == "DONE"
    )
    moved = await tenant.row("opportunity", opportunity)
    assert (moved["stage_id"], moved["status"]) == (uuid_of(strange), "OPEN")


@covers("D-11", "D-34")
@pytest.mark.parametrize("persona", ["director", "rep1", "support", "limited"])
async def test_replacing_requires_the_right_to_delete(tenant: TenantClient, persona: str) -> None:
    old, new = await industry(tenant), await industry(tenant)
    account = await tenant.mutate("admin", "accountCreate", name=tenant.new_name(), industry=old)
    assert (
        outcome_of(await delete(tenant, "industry", persona, id=old, replaceWith=new))
        == "FORBIDDEN"
    )
    assert (await tenant.row("account", account))["industry_id"] == uuid_of(old)


async def opportunity_type(tenant: TenantClient) -> str:
    stage = public_id("stg", await tenant.value("SELECT id FROM stage WHERE kind = 'OPEN' LIMIT 1"))
    params = {
        "name": tenant.new_name(),
        "stages": [{"stage": stage, "position": 1, "probability": 10}],
    }
    return await tenant.mutate("admin", "opportunityTypeCreate", **params)


@covers("D-11", "D-33")
async def test_a_replacement_that_would_share_more_records_is_for_administrators(
    tenant: TenantClient,
) -> None:
    """A share rule on a type opens records that become of that type, so other users are refused."""
    old, plain, shared = [await opportunity_type(tenant) for _ in range(3)]
    opportunity = await tenant.opportunity("rep2", type=old)
    text = "SELECT role_id FROM role_assignment WHERE user_id = $1 AND deleted_at IS NULL LIMIT 1"
    role = public_id("rol", await tenant.value(text, await tenant.user_id("rep1")))
    await tenant.mutate("admin", "shareRuleCreate", role=role, type=shared)
    text = (
        "SELECT e.id FROM object_permission e JOIN profile p ON p.id = e.profile_id "
        "WHERE p.name = 'Standard sales' AND e.entity = 'OpportunityType'"
    )
    entity = public_id("pen", await tenant.value(text))
    await tenant.mutate("admin", "objectPermissionUpdate", id=entity, deletes="ALL")
    query = "query ($id: ID!) { opportunity(id: $id) { id } }"
    refused = await delete(tenant, "opportunityType", persona="rep1", id=old, replaceWith=shared)
    assert refused.codes == ["FORBIDDEN"]
    assert (await tenant.row("opportunity", opportunity))["type_id"] == uuid_of(old)
    assert (await tenant.ask("rep1", query, {"id": opportunity})).data["opportunity"] is None
    params = {"id": old, "replaceWith": plain}
    assert outcome_of(await delete(tenant, "opportunityType", persona="rep1", **params)) == "DONE"
    await tenant.mutate("admin", "objectPermissionUpdate", id=entity, deletes=None)
    params = {"id": plain, "replaceWith": shared}
    assert outcome_of(await delete(tenant, "opportunityType", **params)) == "DONE"
    assert (await tenant.row("opportunity", opportunity))["type_id"] == uuid_of(shared)
