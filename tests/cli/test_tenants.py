"""The tenant commands: show, list, suspend, resume and rename, and their effect on the running server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.cli.conftest import Operate
from tests.commands.newcomer import ISSUE, REFRESH, RESET, newcomer, wrong
from tests.support.covers import covers
from tests.writes.client import TenantClient

WRITE = 'mutation { accountCreate(input: { name: "New" }) { id } }'
READ = "{ accounts(first: 1) { nodes { id } } }"


@pytest.fixture(autouse=True)
async def restore_acme(tenant: TenantClient) -> AsyncIterator[None]:
    """Restore the name and the state of `acme` after each test."""
    yield
    text = "UPDATE catalog.tenant SET slug = 'acme', state = 'active' WHERE id = $1"
    await tenant.world.admin.execute(text, tenant.world.tenants["acme"].id)
    expire_cache(tenant)


def expire_cache(tenant: TenantClient) -> None:
    """Drop the tenant from the server's cache, which otherwise expires after 30 seconds."""
    tenant.world.endpoint.app_context.directory.forget(tenant.world.tenants["acme"].id)


@covers("D-18")
async def test_suspended_tenant_is_read_only_until_it_is_resumed(
    operate: Operate, tenant: TenantClient
) -> None:
    assert not (await tenant.ask("admin", WRITE)).codes
    result = await operate("tenant", "suspend", "acme")
    assert "read-only within 30 seconds" in result.stderr
    expire_cache(tenant)
    assert (await tenant.ask("admin", WRITE)).codes == ["TENANT_SUSPENDED"]
    assert not (await tenant.ask("admin", READ)).codes
    assert "suspended already" in (await operate("tenant", "suspend", "acme")).stderr
    assert "suspended" in (await operate("tenant", "list")).stdout
    await operate("tenant", "resume", "acme")
    expire_cache(tenant)
    assert not (await tenant.ask("admin", WRITE)).codes


SIGN_OUT = "mutation { signOut { signedOut } }"
OLD, NEW = "the words of before", "the words of afterwards"


@covers("D-18")
async def test_closed_tenant_refuses_every_request(tenant: TenantClient) -> None:
    user = await newcomer(tenant, "closed", OLD)
    assert await user.signs_in(OLD)
    token = (await tenant.ask("admin", ISSUE, {"i": {"id": user.user}})).data["done"]["token"]
    text = "UPDATE catalog.tenant SET state = 'closed' WHERE id = $1"
    await tenant.world.admin.execute(text, tenant.world.tenants["acme"].id)
    expire_cache(tenant)
    before = await tenant.log()
    for query in (
        READ,
        WRITE,
        "{ viewer { id } }",
        "{ __schema { queryType { name } } }",
        SIGN_OUT,
    ):
        assert (await user.post(query, 0)).codes == ["TENANT_SUSPENDED"], query
        assert (await tenant.ask("admin", query)).codes == ["TENANT_SUSPENDED"], query
    refreshed = await user.post(REFRESH, refreshToken=user.tokens[0]["refreshToken"])
    assert refreshed.data["signIn"]["userErrors"] == [{"code": "INVALID_TOKEN"}]
    assert not await user.signs_in(OLD)
    reset = await user.post(RESET, token=token, password=NEW)
    assert reset.data["done"] == wrong("INVALID_TOKEN", "token")
    assert await tenant.log() == before
    assert not (await tenant.world.ask("admin", READ, tenant="globex")).codes, (
        "another tenant is served"
    )


async def test_renamed_tenant_keeps_its_data_and_sessions(
    operate: Operate, tenant: TenantClient
) -> None:
    await tenant.ask("admin", READ)
    await operate("tenant", "rename", "acme", "apex")
    expire_cache(tenant)
    assert not (await tenant.ask("admin", READ)).codes, "sessions remain valid"
    assert "apex" in (await operate("tenant", "list")).stdout
    taken = await operate("tenant", "rename", "apex", "globex", fails=True)
    assert "already. Choose another name" in taken.stderr
    wrong = await operate("tenant", "rename", "apex", "No Name", fails=True)
    assert "lower-case letters" in wrong.stderr


async def test_tenant_show_prints_state_version_and_record_counts(
    operate: Operate, tenant: TenantClient
) -> None:
    output = (await operate("tenant", "show", "acme")).stdout
    assert "acme: Acme Desk & Paper" in output
    assert "state     active, a demonstration" in output
    assert "(the newest)" in output
    assert "position" in output
    assert "opportunity" in output


@pytest.mark.parametrize("action", ["show", "suspend", "resume"])
async def test_unknown_tenant_is_refused_with_the_list_of_tenants(
    operate: Operate, action: str
) -> None:
    result = await operate("tenant", action, "missing", fails=True)
    assert result.stderr.strip() == "There is no tenant 'missing'. The tenants are: acme, globex."
