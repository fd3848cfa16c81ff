"""Errors that name other records: conflicts, duplicates and records in the trash, as far as the caller sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.covers import covers
from tests.support.world import Answer, World
from tests.writes.client import TenantClient, own_tenant

CONFLICT = "conflict { version changedAt changedBy { __typename id name } fields { field mine theirs base } }"
UPDATE = f"""mutation ($input: AccountUpdateInput!) {{
  accountUpdate(input: $input) {{
    account {{ version }} userErrors {{ code message path params {CONFLICT} record {{ id name }} }}
  }}
}}"""


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[TenantClient]:
    async with own_tenant(world, "conflicts") as tenant:
        yield tenant


def errors_of(answer: Answer) -> list[dict[str, Any]]:
    [payload] = answer.data.values()
    found: list[dict[str, Any]] = payload["userErrors"]
    return found


async def update(tenant: TenantClient, persona: str, **params: Any) -> list[dict[str, Any]]:
    return errors_of(await tenant.ask(persona, UPDATE, {"input": params}))


@covers("D-36")
async def test_a_conflict_has_the_three_values_and_who_changed_the_field_when(
    tenant: TenantClient,
) -> None:
    id = await tenant.mutate("rep1", "accountCreate", name="base", phone="+31 20 123 4567")
    await update(tenant, "admin", id=id, name="theirs")
    await update(tenant, "rep1", id=id, phone="+31 20 123 4568")
    [error] = await update(tenant, "rep1", id=id, version=1, name="mine", description="d")
    conflict = error["conflict"]
    names = {"field": "name", "mine": "mine", "theirs": "theirs", "base": "base"}
    assert (conflict["version"], conflict["fields"]) == (3, [names])
    assert (error["code"], error["path"]) == ("CONFLICT", ["input", "version"])
    assert error["params"] == {"version": "1", "fields": "name"}
    admin = await tenant.employee_id("admin")
    assert conflict["changedBy"]["id"] == f"emp_{admin.hex}", "the later change was of the phone"
    history = "query ($id: ID!) { account(id: $id) { history(first: 100) { nodes { field at } } } }"
    entries = (await tenant.ask("admin", history, {"id": id})).data["account"]["history"]["nodes"]
    assert conflict["changedAt"] in [each["at"] for each in entries if each["field"] == "name"]
    assert (await tenant.row("account", id))["description"] is None, "nothing was written"
    assert await update(tenant, "rep1", id=id, version=conflict["version"], name="merged") == []


@covers("D-36")
async def test_all_conflicts_of_a_list_are_returned(tenant: TenantClient) -> None:
    ids = [await tenant.mutate("rep1", "accountCreate", name=f"many {n}") for n in range(2)]
    for id in ids:
        await update(tenant, "admin", id=id, name="changed")
    many = f"""mutation ($inputs: [AccountUpdateInput!]!) {{
      accountUpdateMany(inputs: $inputs) {{ userErrors {{ code path {CONFLICT} }} }}
    }}"""
    inputs = [{"id": id, "version": 1, "name": f"mine {n}"} for n, id in enumerate(ids)]
    found = errors_of(await tenant.ask("rep1", many, {"inputs": inputs}))
    assert [each["path"] for each in found] == [["inputs", str(n), "version"] for n in range(2)]
    assert [each["conflict"]["fields"][0]["mine"] for each in found] == ["mine 0", "mine 1"]


@covers("D-36")
async def test_a_version_that_does_not_exist_yet_is_invalid(tenant: TenantClient) -> None:
    id = await tenant.mutate("rep1", "accountCreate", name="new")
    [error] = await update(tenant, "rep1", id=id, version=9, name="other")
    assert (error["code"], error["path"], error["conflict"]) == (
        "INVALID",
        ["input", "version"],
        None,
    )
    assert error["message"].startswith("The record has no version 9 yet.")


@covers("D-36")
async def test_a_deletion_of_an_older_version_names_no_fields(tenant: TenantClient) -> None:
    id = await tenant.mutate("rep1", "accountCreate", name="to delete")
    await update(tenant, "rep1", id=id, name="changed")
    delete = f"""mutation ($input: RecordInput!) {{
      accountDelete(input: $input) {{ userErrors {{ code {CONFLICT} }} }}
    }}"""
    [error] = errors_of(await tenant.ask("rep1", delete, {"input": {"id": id, "version": 1}}))
    assert (error["code"], error["conflict"]["version"], error["conflict"]["fields"]) == (
        "CONFLICT",
        2,
        [],
    )
    rep = await tenant.employee_id("rep1")
    assert error["conflict"]["changedBy"]["id"] == f"emp_{rep.hex}"
    assert error["conflict"]["changedBy"]["__typename"] == "RecordReference"


DUPLICATE = """mutation ($input: OpportunityUpdateInput!) {
  opportunityUpdate(input: $input) { userErrors { code path record { id name } } }
}"""


@covers("D-35")
async def test_a_duplicate_names_the_record_only_to_those_who_see_it(tenant: TenantClient) -> None:
    first = await tenant.opportunity("rep1", name="the first")
    await tenant.mutate("admin", "opportunityUpdate", id=first, externalId="E-1")
    expected = {"rep1": {"id": first, "name": "the first"}, "rep2": None}
    for persona, record in expected.items():
        other = await tenant.opportunity(persona, name="another")
        given = {"input": {"id": other, "externalId": "E-1"}}
        [error] = errors_of(await tenant.ask(persona, DUPLICATE, given))
        assert error == {"code": "DUPLICATE", "path": ["input", "externalId"], "record": record}
        assert (await tenant.row("opportunity", other))["external_id"] is None


@covers("D-11", "D-32")
async def test_a_record_in_the_trash_is_named_only_to_those_who_may_restore_it(
    tenant: TenantClient,
) -> None:
    own = await tenant.opportunity("rep1", name="deleted")
    await tenant.mutate("rep1", "opportunityDelete", id=own)
    missing = "The record does not exist, or you cannot see it. Check the ID."
    messages = {
        "rep1": "The record is in the trash. Restore it first, or check the ID.",
        "admin": "The record is in the trash. Restore it first, or check the ID.",
        "rep2": missing,
        "limited": missing,
    }
    for persona, message in messages.items():
        answer = await tenant.attempt(persona, "opportunityUpdate", id=own, name="changed")
        assert answer.codes == ["NOT_FOUND"], persona
        assert answer.json["errors"][0]["message"] == message, persona
    await tenant.mutate("rep1", "opportunityRestore", id=own)
    await tenant.mutate("rep1", "opportunityUpdate", id=own, name="changed")
