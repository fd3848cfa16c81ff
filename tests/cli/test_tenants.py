"""The operator looks at tenants, suspends and renames them; the server that runs notices."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.cli.conftest import Operate
from tests.commands.newcomer import ISSUE, REFRESH, RESET, newcomer, wrong
from tests.support.covers import covers
from tests.writes.parallel import TenantClient

WRITE = 'mutation { accountCreate(input: { name: "New" }) { id } }'
READ = "{ accounts(first: 1) { nodes { id } } }"


@pytest.fixture(autouse=True)
async def put_back(own: TenantClient) -> AsyncIterator[None]:
    yield
    text = "UPDATE catalog.tenant SET slug = 'acme', state = 'active' WHERE id = $1"
    await own.world.admin.execute(text, own.world.tenants["acme"].id)
    notice(own)


def notice(own: TenantClient) -> None:
    """As if the half minute had passed after which the catalog is asked again."""
    own.world.endpoint.app_context.directory.forget(own.world.tenants["acme"].id)


@covers("D-18")
async def test_a_suspended_tenant_is_read_and_not_written_until_it_is_resumed(
    operate: Operate, own: TenantClient
) -> None:
    assert not (await own.ask("admin", WRITE)).codes
    said = await operate("tenant", "suspend", "acme")
    assert "read-only within 30 seconds" in said.stderr
    notice(own)
    assert (await own.ask("admin", WRITE)).codes == ["TENANT_SUSPENDED"]
    assert not (await own.ask("admin", READ)).codes
    assert "suspended already" in (await operate("tenant", "suspend", "acme")).stderr
    assert "suspended" in (await operate("tenant", "list")).stdout
    await operate("tenant", "resume", "acme")
    notice(own)
    assert not (await own.ask("admin", WRITE)).codes


SIGN_OUT = "mutation { signOut { signedOut } }"
OLD, NEW = "the words of before", "the words of afterwards"


@covers("D-18")
async def test_a_closed_tenant_is_refused_everything(own: TenantClient) -> None:
    user = await newcomer(own, "closed", OLD)
    assert await user.signs_in(OLD)
    token = (await own.ask("admin", ISSUE, {"i": {"id": user.user}})).data["done"]["token"]
    text = "UPDATE catalog.tenant SET state = 'closed' WHERE id = $1"
    await own.world.admin.execute(text, own.world.tenants["acme"].id)
    notice(own)
    before = await own.log()
    for query in (
        READ,
        WRITE,
        "{ viewer { id } }",
        "{ __schema { queryType { name } } }",
        SIGN_OUT,
    ):
        assert (await user.post(query, 0)).codes == ["TENANT_SUSPENDED"], query
        assert (await own.ask("admin", query)).codes == ["TENANT_SUSPENDED"], query
    refreshed = await user.post(REFRESH, refreshToken=user.tokens[0]["refreshToken"])
    assert refreshed.data["signIn"]["userErrors"] == [{"code": "INVALID_TOKEN"}]
    assert not await user.signs_in(OLD)
    reset = await user.post(RESET, token=token, password=NEW)
    assert reset.data["done"] == wrong("INVALID_TOKEN", "token")
    assert await own.log() == before
    assert not (await own.world.ask("admin", READ, tenant="globex")).codes, "others are answered"


async def test_a_tenant_with_another_name_stays_the_same(
    operate: Operate, own: TenantClient
) -> None:
    await own.ask("admin", READ)
    await operate("tenant", "rename", "acme", "apex")
    notice(own)
    assert not (await own.ask("admin", READ)).codes, "who is signed in stays so"
    assert "apex" in (await operate("tenant", "list")).stdout
    taken = await operate("tenant", "rename", "apex", "globex", fails=True)
    assert "already. Choose another name" in taken.stderr
    wrong = await operate("tenant", "rename", "apex", "No Name", fails=True)
    assert "lower-case letters" in wrong.stderr


async def test_a_tenant_is_shown_in_numbers(operate: Operate, own: TenantClient) -> None:
    said = (await operate("tenant", "show", "acme")).stdout
    assert "acme: Acme Desk & Paper" in said
    assert "state     active, a demonstration" in said
    assert "(the newest)" in said
    assert "position" in said
    assert "opportunity" in said


@pytest.mark.parametrize("verb", ["show", "suspend", "resume"])
async def test_an_unknown_tenant_is_answered_with_those_there_are(
    operate: Operate, verb: str
) -> None:
    said = await operate("tenant", verb, "nobody", fails=True)
    assert said.stderr.strip() == "There is no tenant 'nobody'. The tenants are: acme, globex."
