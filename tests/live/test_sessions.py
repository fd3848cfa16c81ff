"""A socket lives no longer than its token, its session, its user and its tenant, and is told nothing afterwards."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest

from tests.live.live_tenant import PIPELINE, LiveTenant
from tests.live.wire import Rows, Wire
from tests.support.covers import covers
from tests.support.world import Answer
from tests.writes.parallel import TenantClient, in_second_process

HELLO = "{ viewer { id } }"
REVOKE = "mutation ($id: ID!) { sessionRevoke(input: { id: $id }) { revoked } }"
ACTIVE = """mutation ($id: ID!, $active: Boolean!) {
  userUpdate(input: { id: $id, active: $active }) { userErrors { code } }
}"""
DELETE = "mutation ($id: ID!) { userDelete(input: { id: $id }) { userErrors { code } } }"
RESTORE = "mutation ($id: ID!) { userRestore(input: { id: $id }) { userErrors { code } } }"
FIRST = "a password of some words"
CHANGE = """mutation ($given: PasswordChangeInput!) {
  passwordChange(input: $given) { userErrors { code } }
}"""
REFRESH = """mutation ($token: String!) {
  refresh(input: { refreshToken: $token }) { accessToken userErrors { code } }
}"""


@dataclass
class Ending:
    """A session that is about to end."""

    here: LiveTenant
    asked: TenantClient
    """Through which process of the house it is ended."""
    access: str
    refresh: str

    async def post(self, query: str, **variables: object) -> Answer:
        """Ask as the one whose session it is."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        return await self.asked.world.post(body, authorization=f"Bearer {self.access}")

    async def as_admin(self, query: str, **variables: object) -> None:
        """Ask as an administrator, who must be answered."""
        answer = await self.asked.ask("admin", query, variables)
        [done] = answer.data.values()
        assert not done.get("userErrors"), answer.json

    @property
    def user(self) -> str:
        """The user, as the API spells it."""
        app_context = self.here.world.endpoint.app_context
        return f"usr_{app_context.tokens.verify_access(self.access, app_context.now()).user.hex}"


async def _signed_out(ending: Ending) -> None:
    assert (await ending.post("mutation { signOut { signedOut } }")).data


async def _revoked(ending: Ending) -> None:
    await ending.as_admin(REVOKE, id=ending.here.session(ending.access))


async def _disabled(ending: Ending) -> None:
    await ending.as_admin(ACTIVE, id=ending.user, active=False)


async def _deleted(ending: Ending) -> None:
    await ending.as_admin(DELETE, id=ending.user)


async def _token_used_twice(ending: Ending) -> None:
    for wrong in (False, True):
        body = {"query": REFRESH, "variables": {"token": ending.refresh}}
        answer = await ending.asked.world.post(json.dumps(body).encode())
        assert bool(answer.data["refresh"]["userErrors"]) is wrong


async def _by_an_operator(ending: Ending) -> None:
    """Nothing of the house is asked, as when another process ended it."""
    session = UUID(ending.here.session(ending.access).partition("_")[2])
    await ending.here.own.value("UPDATE session SET revoked_at = now() WHERE id = $1", session)


End = Callable[[Ending], Awaitable[None]]
ENDS: dict[str, End] = {
    "signed out": _signed_out,
    "revoked": _revoked,
    "disabled": _disabled,
    "deleted": _deleted,
    "token used twice": _token_used_twice,
    "by an operator": _by_an_operator,
}


async def _back_again(ending: Ending) -> None:
    """Whoever was disabled or deleted is a user as before, and has to sign in again."""
    here = ending.here
    if await here.own.value('SELECT true FROM "user" WHERE NOT active OR deleted_at IS NOT NULL'):
        with suppress(AssertionError):
            await ending.as_admin(RESTORE, id=ending.user)
        await ending.as_admin(ACTIVE, id=ending.user, active=True)
    here.world.tokens.pop(("rep2", here.own.slug), None)


async def _nothing_after(opened: Wire, rows: Rows, here: LiveTenant, id: str) -> None:
    """What is done after a session ended is not told to it, and its socket is closed."""
    name = await here.rename(id)
    assert await opened.closed() == 4403
    told = json.dumps(opened.received)
    assert name not in told
    assert rows.rows[id]["name"] in told, "the list had begun"


@covers("D-63")
@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "by another process"])
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
async def test_ended_session_receives_nothing(here: LiveTenant, end: End, elsewhere: bool) -> None:
    id = await here.some("rep2")
    access, refresh = await here.tokens("rep2")
    async with (
        in_second_process(here.own) as second,
        here.wire("admin") as other,
        here.wire(None) as opened,
    ):
        await opened.init(access)
        rows, others = await here.live(opened), await here.live(other)
        ending = Ending(here, second if elsewhere else here.own, access, refresh)
        try:
            await end(ending)
            await _nothing_after(opened, rows, here, id)
            await others.until(id, (await here.own.row("opportunity", id))["name"])
        finally:
            await _back_again(ending)


@covers("D-63")
@pytest.mark.parametrize("end", [_signed_out, _disabled], ids=["signed out", "disabled"])
async def test_a_socket_without_operations_is_closed_too(here: LiveTenant, end: End) -> None:
    access, refresh = await here.tokens("rep2")
    async with here.wire(None) as opened:
        await opened.init(access)
        ending = Ending(here, here.own, access, refresh)
        try:
            await end(ending)
            assert await opened.closed() == 4403
        finally:
            await _back_again(ending)


@covers("D-63")
async def test_only_the_session_that_ended_is_closed(here: LiveTenant) -> None:
    id = await here.some("rep2")
    (access, refresh), (going_on, _) = await here.tokens("rep2"), await here.tokens("rep2")
    async with here.wire(None) as opened, here.wire(None) as other:
        await opened.init(access)
        await other.init(going_on)
        await here.live(opened)
        rows = await here.live(other)  # evaluated once for both
        await _signed_out(Ending(here, here.own, access, refresh))
        await rows.until(id, await here.rename(id))
        assert await opened.closed() == 4403
        await rows.until(id, await here.rename(id))
        assert set(rows.kinds[1:]) == {"DELTA"}


@covers("D-63")
async def test_password_change_ends_other_sessions(here: LiveTenant) -> None:
    await _password(here, "support", FIRST)  # that of the demonstration is everybody's
    sessions = [await here.tokens("support", FIRST) for _ in range(2)]
    async with here.wire(None) as opened, here.wire(None) as kept:
        await opened.init(sessions[0][0])
        await kept.init(sessions[1][0])
        given = {"current": FIRST, "password": "another one, and just as long"}
        answer = await Ending(here, here.own, *sessions[1]).post(CHANGE, given=given)
        assert not answer.data["passwordChange"]["userErrors"]
        assert await opened.closed() == 4403
        await kept.ask("1", HELLO)


async def _password(here: LiveTenant, persona: str, password: str) -> None:
    """Give a persona another password, as an operator may."""
    hashed = await here.world.endpoint.app_context.passwords.hash(password)
    change = "UPDATE credential SET password = $1 WHERE email = $2"
    await here.own.value(change, hashed, f"{persona}@{here.own.slug}.example")


@covers("D-63")
@pytest.mark.parametrize("listening", [True, False], ids=["with a list", "with nothing"])
async def test_a_socket_ends_with_its_token(here: LiveTenant, listening: bool) -> None:
    id, app_context = await here.some("rep2"), here.world.endpoint.app_context
    token = await here.expiring(await here.token("rep2"), left=timedelta(seconds=4))
    async with here.wire(None) as opened:
        await opened.init(token)
        if listening:
            rows = await here.live(opened)
            await rows.until(id, await here.rename(id))
        assert await opened.closed() == 4403
        assert (
            app_context.tokens.verify_access(token, app_context.now()).expires_at
            <= app_context.now()
        )
        name = await here.rename(id)
        assert name not in json.dumps(opened.received)


@covers("D-63")
async def test_reconnect_with_a_new_token_resumes(here: LiveTenant) -> None:
    id = await here.some("rep2")
    token = await here.expiring(await here.token("rep2"), left=timedelta(seconds=3))
    async with here.wire(None) as opened:
        await opened.init(token)
        rows = await here.live(opened)
        assert await opened.closed() == 4403
    name = await here.rename(id)
    async with here.wire("rep2") as opened:
        await opened.begin("again", PIPELINE, {"after": rows.cursor})
        again = Rows(opened, "again", dict(rows.rows))
        await again.until(id, name)
        assert again.kinds in (["RESUMED"], ["RESUMED", "DELTA"])


async def test_tenants_are_apart(here: LiveTenant) -> None:
    """The same rows with the same ids are in both; a cursor of the one is none of the other."""
    id = await here.some()
    async with here.wire() as ours, here.wire(None) as theirs:
        await theirs.init(await here.world.token("rep1", "globex"))
        rows, others = await here.live(ours), await here.live(theirs)
        await rows.until(id, await here.rename(id))
        event = await _after(theirs, rows.cursor)
        assert event in ("RESYNC", "BAD_CURSOR")
        await theirs.alive()
        assert others.kinds == ["SNAPSHOT"]
        assert rows.rows[id]["name"] not in json.dumps(theirs.received)


async def _after(opened: Wire, cursor: str | None) -> str:
    """How a list begins after a cursor that is not its own."""
    await opened.begin("after", PIPELINE, {"after": cursor})
    message = await opened.hear("after")
    if message["type"] == "error":
        return str(message["payload"][0]["extensions"]["code"])
    return str(message["payload"]["data"]["opportunities"]["kind"])


@covers("D-18", "D-63")
async def test_a_tenant_that_is_closed(here: LiveTenant) -> None:
    """It is noticed as late as the directory notices it; a stranger to come is refused at once."""
    world, slug = here.world, here.own.slug
    change = "UPDATE catalog.tenant SET state = $1 WHERE slug = $2"
    async with here.wire() as opened:
        await here.live(opened)
        await world.admin.execute(change, "closed", slug)
        world.endpoint.app_context.directory.forget(world.tenants[slug].id)
        try:
            assert await opened.closed() == 4403
            async with here.wire(None) as late:
                payload = {"authorization": f"Bearer {await here.token()}"}
                await late.say({"type": "connection_init", "payload": payload})
                assert await late.closed() == 4403
        finally:
            await world.admin.execute(change, "active", slug)
            world.endpoint.app_context.directory.forget(world.tenants[slug].id)
