"""A socket is closed when its token, session, user or tenant ends, and receives nothing afterwards."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.live.live_tenant import OPPORTUNITIES_SUBSCRIPTION, LiveTenant
from tests.live.wire import Rows, Wire
from tests.support.covers import covers
from tests.support.world import Answer
from tests.writes.client import TenantClient, in_second_instance

HELLO = "{ viewer { id } }"
REVOKE = "mutation ($id: ID!) { sessionRevoke(input: { id: $id }) { revoked } }"
ACTIVE = """mutation ($id: ID!, $active: Boolean!) {
  userUpdate(input: { id: $id, active: $active }) { userErrors { code } }
}"""
DELETE = "mutation ($id: ID!) { userDelete(input: { id: $id }) { userErrors { code } } }"
RESTORE = "mutation ($id: ID!) { userRestore(input: { id: $id }) { userErrors { code } } }"
FIRST = "a password of some words"
CHANGE = """mutation ($input: PasswordChangeInput!) {
  passwordChange(input: $input) { userErrors { code } }
}"""
REFRESH = """mutation ($token: String!) {
  refresh(input: { refreshToken: $token }) { refreshToken userErrors { code } }
}"""


@dataclass
class Ending:
    """A session and the process through which a test ends it."""

    tenant: LiveTenant
    process: TenantClient
    """Client of the server process that ends the session."""
    access: str
    refresh: str

    async def post(self, query: str, **variables: object) -> Answer:
        """Send a request with the access token of the session."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        return await self.process.world.post(body, authorization=f"Bearer {self.access}")

    async def as_admin(self, query: str, **variables: object) -> None:
        """Run a mutation as the administrator; it must succeed."""
        response = await self.process.ask("admin", query, variables)
        [result] = response.data.values()
        assert not result.get("userErrors"), response.json

    @property
    def user(self) -> str:
        """The public id of the user of the session."""
        app_context = self.tenant.world.endpoint.app_context
        return f"usr_{app_context.tokens.verify_access(self.access, app_context.now()).user.hex}"


async def _signed_out(ending: Ending) -> None:
    assert (await ending.post("mutation { signOut { signedOut } }")).data


async def _revoked(ending: Ending) -> None:
    await ending.as_admin(REVOKE, id=ending.tenant.session_id(ending.access))


async def _disabled(ending: Ending) -> None:
    await ending.as_admin(ACTIVE, id=ending.user, active=False)


async def _deleted(ending: Ending) -> None:
    await ending.as_admin(DELETE, id=ending.user)


async def _token_used_again(ending: Ending) -> None:
    """Use a token whose successor was used, which no two tabs do."""
    token = ending.refresh
    for _ in range(2):
        token = (await _refresh(ending, token))["refreshToken"]
    assert (await _refresh(ending, ending.refresh))["userErrors"]


async def _refresh(ending: Ending, token: str) -> dict[str, Any]:
    body = {"query": REFRESH, "variables": {"token": token}}
    payload: dict[str, Any] = (await ending.process.world.post(json.dumps(body).encode())).data[
        "refresh"
    ]
    return payload


async def _by_an_operator(ending: Ending) -> None:
    """Revoke it in the database, without a request to the application."""
    session = UUID(ending.tenant.session_id(ending.access).partition("_")[2])
    await ending.tenant.client.value("UPDATE session SET revoked_at = now() WHERE id = $1", session)


End = Callable[[Ending], Awaitable[None]]
ENDS: dict[str, End] = {
    "signed out": _signed_out,
    "revoked": _revoked,
    "disabled": _disabled,
    "deleted": _deleted,
    "token used again": _token_used_again,
    "by an operator": _by_an_operator,
}


async def _reactivate(ending: Ending) -> None:
    """Restore a disabled or deleted user and discard its cached token."""
    tenant = ending.tenant
    if await tenant.client.value(
        'SELECT true FROM "user" WHERE NOT active OR deleted_at IS NOT NULL'
    ):
        with suppress(AssertionError):
            await ending.as_admin(RESTORE, id=ending.user)
        await ending.as_admin(ACTIVE, id=ending.user, active=True)
    tenant.world.tokens.pop(("rep2", tenant.client.slug), None)


async def _check_nothing_sent(ws: Wire, rows: Rows, tenant: LiveTenant, id: str) -> None:
    """Check that the socket is closed and does not receive a change made after the session ended."""
    name = await tenant.rename(id)
    assert await ws.wait_closed() == 4403
    received = json.dumps(ws.received)
    assert name not in received
    assert rows.rows[id]["name"] in received, "the snapshot must have arrived"


@covers("D-63")
@pytest.mark.parametrize("elsewhere", [False, True], ids=["same process", "other process"])
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
async def test_ended_session_receives_nothing(
    tenant: LiveTenant, end: End, elsewhere: bool
) -> None:
    id = await tenant.any_opportunity("rep2")
    access, refresh = await tenant.tokens("rep2")
    async with (
        in_second_instance(tenant.client) as second,
        tenant.wire("admin") as other,
        tenant.wire(None) as ws,
    ):
        await ws.init(access)
        rows, others = await tenant.open_list(ws), await tenant.open_list(other)
        ending = Ending(tenant, second if elsewhere else tenant.client, access, refresh)
        try:
            await end(ending)
            await _check_nothing_sent(ws, rows, tenant, id)
            await others.until(id, (await tenant.client.row("opportunity", id))["name"])
        finally:
            await _reactivate(ending)


@covers("D-63")
@pytest.mark.parametrize("end", [_signed_out, _disabled], ids=["signed out", "disabled"])
async def test_socket_without_operations_is_closed_with_its_session(
    tenant: LiveTenant, end: End
) -> None:
    access, refresh = await tenant.tokens("rep2")
    async with tenant.wire(None) as ws:
        await ws.init(access)
        ending = Ending(tenant, tenant.client, access, refresh)
        try:
            await end(ending)
            assert await ws.wait_closed() == 4403
        finally:
            await _reactivate(ending)


@covers("D-63")
async def test_only_the_session_that_ended_is_closed(tenant: LiveTenant) -> None:
    id = await tenant.any_opportunity("rep2")
    (access, refresh), (active, _) = await tenant.tokens("rep2"), await tenant.tokens("rep2")
    async with tenant.wire(None) as ws, tenant.wire(None) as other:
        await ws.init(access)
        await other.init(active)
        await tenant.open_list(ws)
        rows = await tenant.open_list(other)  # evaluated once for both
        await _signed_out(Ending(tenant, tenant.client, access, refresh))
        await rows.until(id, await tenant.rename(id))
        assert await ws.wait_closed() == 4403
        await rows.until(id, await tenant.rename(id))
        assert set(rows.kinds[1:]) == {"DELTA"}


@covers("D-63")
async def test_password_change_ends_other_sessions(tenant: LiveTenant) -> None:
    await _password(tenant, "support", FIRST)  # all demonstration users share one password
    sessions = [await tenant.tokens("support", FIRST) for _ in range(2)]
    async with tenant.wire(None) as ws, tenant.wire(None) as current:
        await ws.init(sessions[0][0])
        await current.init(sessions[1][0])
        params = {"current": FIRST, "password": "another one, and just as long"}
        response = await Ending(tenant, tenant.client, *sessions[1]).post(CHANGE, input=params)
        assert not response.data["passwordChange"]["userErrors"]
        assert await ws.wait_closed() == 4403
        await current.execute("1", HELLO)


async def _password(tenant: LiveTenant, persona: str, password: str) -> None:
    """Set the password of a persona in the database."""
    hashed = await tenant.world.endpoint.app_context.passwords.hash(password)
    change = "UPDATE credential SET password = $1 WHERE email = $2"
    await tenant.client.value(change, hashed, f"{persona}@{tenant.client.slug}.example")


@covers("D-63")
@pytest.mark.parametrize("subscribed", [True, False], ids=["with a list", "without operations"])
async def test_socket_is_closed_when_its_token_expires(
    tenant: LiveTenant, subscribed: bool
) -> None:
    id, app_context = await tenant.any_opportunity("rep2"), tenant.world.endpoint.app_context
    token = await tenant.expiring_token(await tenant.token("rep2"), left=timedelta(seconds=4))
    async with tenant.wire(None) as ws:
        await ws.init(token)
        if subscribed:
            rows = await tenant.open_list(ws)
            await rows.until(id, await tenant.rename(id))
        assert await ws.wait_closed() == 4403
        assert (
            app_context.tokens.verify_access(token, app_context.now()).expires_at
            <= app_context.now()
        )
        name = await tenant.rename(id)
        assert name not in json.dumps(ws.received)


@covers("D-63")
async def test_reconnect_with_a_new_token_resumes(tenant: LiveTenant) -> None:
    id = await tenant.any_opportunity("rep2")
    token = await tenant.expiring_token(await tenant.token("rep2"), left=timedelta(seconds=3))
    async with tenant.wire(None) as ws:
        await ws.init(token)
        rows = await tenant.open_list(ws)
        assert await ws.wait_closed() == 4403
    name = await tenant.rename(id)
    async with tenant.wire("rep2") as ws:
        await ws.subscribe("again", OPPORTUNITIES_SUBSCRIPTION, {"after": rows.cursor})
        again = Rows(ws, "again", dict(rows.rows))
        await again.until(id, name)
        assert again.kinds in (["RESUMED"], ["RESUMED", "DELTA"])


async def test_another_tenants_events_are_not_sent(tenant: LiveTenant) -> None:
    """Both tenants have the same rows with the same ids; a cursor of one is not valid in the other."""
    id = await tenant.any_opportunity()
    async with tenant.wire() as ours, tenant.wire(None) as theirs:
        await theirs.init(await tenant.world.token("rep1", "globex"))
        rows, others = await tenant.open_list(ours), await tenant.open_list(theirs)
        await rows.until(id, await tenant.rename(id))
        event = await _kind_or_code(theirs, rows.cursor)
        assert event in ("RESYNC", "BAD_CURSOR")
        await theirs.check_alive()
        assert others.kinds == ["SNAPSHOT"]
        assert rows.rows[id]["name"] not in json.dumps(theirs.received)


async def _kind_or_code(ws: Wire, cursor: str | None) -> str:
    """The kind of the first event after a cursor of another list, or the code of the error."""
    await ws.subscribe("after", OPPORTUNITIES_SUBSCRIPTION, {"after": cursor})
    message = await ws.receive("after")
    if message["type"] == "error":
        return str(message["payload"][0]["extensions"]["code"])
    return str(message["payload"]["data"]["opportunities"]["kind"])


@covers("D-18", "D-63")
async def test_sockets_of_a_closed_tenant_are_closed(tenant: LiveTenant) -> None:
    """The socket is closed when the cached directory entry is refreshed; new sockets are refused at once."""
    world, slug = tenant.world, tenant.client.slug
    change = "UPDATE catalog.tenant SET state = $1 WHERE slug = $2"
    async with tenant.wire() as ws:
        await tenant.open_list(ws)
        await world.admin.execute(change, "closed", slug)
        world.endpoint.app_context.directory.forget(world.tenants[slug].id)
        try:
            assert await ws.wait_closed() == 4403
            async with tenant.wire(None) as late:
                payload = {"authorization": f"Bearer {await tenant.token()}"}
                await late.send({"type": "connection_init", "payload": payload})
                assert await late.wait_closed() == 4403
        finally:
            await world.admin.execute(change, "active", slug)
            world.endpoint.app_context.directory.forget(world.tenants[slug].id)
