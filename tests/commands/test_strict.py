"""Strict mutations: a denied field refuses the request before anything is written, under the current rights."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.covers import covers
from tests.support.world import Answer
from tests.writes.client import TenantClient, public_id

CREATE = """mutation ($name: String!) {
  done: accountCreate(input: { name: $name }) { id account { name phone } userErrors { code } }
}"""
NAMED = "SELECT count(*) FROM account WHERE name = $1"


async def created(tenant: TenantClient, name: str, access: str = "strict") -> Answer:
    """The response to a seller who also selects the phone number."""
    return await tenant.ask("rep1", CREATE, {"name": name}, x_access=access)


async def close(tenant: TenantClient) -> dict[str, Any]:
    """Hide the phone number from sellers; the input that grants it again."""
    profile = await tenant.value("SELECT id FROM profile WHERE name = 'Standard sales'")
    field = await tenant.value(
        "SELECT id FROM field_permission WHERE deleted_at IS NULL AND profile_id = $1 "
        "AND entity = 'Account' AND field = 'phone'",
        profile,
    )
    await tenant.mutate("admin", "fieldPermissionDelete", id=public_id("pfi", field))
    return {
        "profile": public_id("prf", profile),
        "entity": "Account",
        "field": "phone",
        "writes": True,
    }


@covers("D-33", "D-34")
async def test_a_strict_mutation_follows_the_current_rights(tenant: TenantClient) -> None:
    """The process has cached the rights of the moment before."""
    for _ in "12":
        opens = await close(tenant)
        name = tenant.new_name()
        refused = await created(tenant, name)
        assert refused.codes == ["FIELD_FORBIDDEN"]
        assert not refused.json.get("data")
        assert await tenant.value(NAMED, name) == 0
        lenient = await created(tenant, name, access="")
        assert lenient.data["done"]["account"] == {"name": name, "phone": None}
        assert lenient.json["extensions"]["access"]["denied"][0]["field"] == "phone"
        await tenant.mutate("admin", "fieldPermissionCreate", **opens)
        done = await created(tenant, name)
        assert done.data["done"]["account"] == {"name": name, "phone": None}
        assert "access" not in done.json["extensions"]
        assert await tenant.value(NAMED, name) == 2


@covers("D-63", "D-58")
@pytest.mark.parametrize("access", ["strict", ""])
@pytest.mark.parametrize("denied", [True, False])
async def test_after_a_sign_out_the_response_reveals_no_rights(
    tenant: TenantClient, denied: bool, access: str
) -> None:
    opens = await close(tenant) if denied else None
    await created(tenant, tenant.new_name(), access)  # fills the caches of rights and plans
    name = tenant.new_name()
    assert (await tenant.ask("rep1", "mutation { signOut { signedOut } }")).data
    answer = await created(tenant, name, access)
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert await tenant.value(NAMED, name) == 0
    await tenant.drop_token("rep1")
    if opens is not None:
        await tenant.mutate("admin", "fieldPermissionCreate", **opens)


@covers("D-37", "D-34")
async def test_a_replay_is_checked_under_the_current_rights(tenant: TenantClient) -> None:
    """It is refused where the current rights do not suffice."""
    name = tenant.new_name()
    headers = {"idempotency_key": "strict", "x_access": "strict"}
    done = await tenant.ask("rep1", CREATE, {"name": name}, **headers)
    assert done.data["done"]["userErrors"] == []
    opens = await close(tenant)
    refused = await tenant.ask("rep1", CREATE, {"name": name}, **headers)
    assert refused.codes == ["FIELD_FORBIDDEN"]
    await tenant.mutate("admin", "fieldPermissionCreate", **opens)
    again = await tenant.ask("rep1", CREATE, {"name": name}, **headers)
    assert again.data == done.data
    assert await tenant.value(NAMED, name) == 1
