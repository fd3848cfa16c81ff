"""Passwords: changing and resetting them ends the sessions that began with the old one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from auth.engine.passwords import DEMO_PASSWORD, MAX_PASSWORD_LENGTH
from tests.commands.newcomer import (
    CHANGE,
    DONE,
    ISSUE,
    PASSWORD,
    REFRESH,
    RESET,
    REVOKE,
    newcomer,
    wrong,
)
from tests.support.covers import covers
from tests.support.world import World
from tests.writes.client import TenantClient, public_id, uuid_of

OTHER = "some other words of mine"
WEAK = {
    "empty": "",
    "short": "nine char",
    "long": "x" * (MAX_PASSWORD_LENGTH + 1),
    "public": DEMO_PASSWORD,
    "public in wide letters": "".join(chr(ord(c) + 0xFEE0) for c in DEMO_PASSWORD),
}


@asynccontextmanager
async def suspended(tenant: TenantClient) -> AsyncIterator[None]:
    """The tenant is read-only inside this context."""

    async def become(state: str) -> None:
        change = "UPDATE catalog.tenant SET state = $2 WHERE slug = $1"
        await tenant.world.admin.execute(change, tenant.slug, state)
        tenant.world.endpoint.app_context.directory.forget(tenant.world.tenants[tenant.slug].id)

    await become("suspended")
    try:
        yield
    finally:
        await become("active")


async def test_a_password_change_ends_all_other_sessions(tenant: TenantClient) -> None:
    who = await newcomer(tenant, "change")
    assert not await who.signs_in(OTHER)
    assert [await who.signs_in(PASSWORD) for _ in "123"] == [True] * 3
    assert await who.change("not the one of today", OTHER, 1) == wrong(
        "INVALID_CREDENTIALS", "current"
    )
    assert await who.signed_in_devices() == [True] * 3
    assert await who.change(PASSWORD, OTHER, 1) == DONE
    assert await who.signed_in_devices() == [False, True, False]
    refreshed = [
        (await who.post(REFRESH, refreshToken=each["refreshToken"])).data["signIn"]
        for each in who.tokens
    ]
    assert [bool(each["accessToken"]) for each in refreshed] == [False, True, False]
    assert not await who.signs_in(PASSWORD)
    assert await who.signs_in(OTHER)


@pytest.mark.parametrize("how", WEAK)
async def test_a_weak_password_is_refused(tenant: TenantClient, how: str) -> None:
    who, password = await newcomer(tenant, f"weak.{how.replace(' ', '.')}"), WEAK[how]
    assert await who.signs_in(PASSWORD)
    assert await who.change(PASSWORD, password) == wrong("WEAK_PASSWORD", "password")
    token = await who.token()
    assert await who.reset(token, password) == wrong("WEAK_PASSWORD", "password")
    assert await who.signed_in_devices() == [True]
    assert await who.signs_in(PASSWORD)
    assert await who.reset(token, "ten chars.") == DONE, (
        "a refused attempt does not use up the token"
    )


async def test_a_reset_token_works_once_and_ends_all_sessions(tenant: TenantClient) -> None:
    who = await newcomer(tenant, "reset")
    assert [await who.signs_in(PASSWORD) for _ in "12"] == [True] * 2
    token = await who.token()
    assert await who.reset(token, OTHER) == DONE
    assert await who.signed_in_devices() == [False] * 2
    assert await who.reset(token, "yet another one") == wrong("INVALID_TOKEN", "token")
    assert await who.signs_in(OTHER)
    assert not await who.signs_in(PASSWORD)


@pytest.mark.parametrize("void", ["newer", "changed", "late", "inactive", "forged", "other kind"])
async def test_a_void_reset_token_is_refused(tenant: TenantClient, void: str) -> None:
    who = await newcomer(tenant, f"void.{void.replace(' ', '.')}")
    assert await who.signs_in(PASSWORD)
    token, standing = await who.token(), PASSWORD
    if void == "newer":
        assert await who.token() != token
    elif void == "changed":
        assert await who.change(PASSWORD, OTHER) == DONE
        standing = OTHER
    elif void == "late":
        past = "UPDATE credential SET reset_until = now() - interval '1 second' WHERE user_id = $1"
        await tenant.value(past, uuid_of(who.user))
    elif void == "inactive":
        await tenant.mutate("admin", "userUpdate", id=who.user, active=False)
        await tenant.mutate("admin", "userUpdate", id=who.user, active=True)
    elif void == "forged":
        token = f"{token[:-8]}AAAAAAAA"
    else:
        token = who.tokens[0]["refreshToken"]
    assert await who.reset(token, "yet another one") == wrong("INVALID_TOKEN", "token")
    assert await who.signs_in(standing)


@covers("D-32")
async def test_only_administrators_issue_reset_tokens(tenant: TenantClient) -> None:
    """Of existing users only; all others are refused, also for themselves."""
    who = await newcomer(tenant, "handed")
    own_id = public_id("usr", await tenant.user_id("rep1"))
    for persona in ("director", "rep1"):
        for id in (who.user, own_id):
            answer = await tenant.ask(persona, ISSUE, {"i": {"id": id}})
            assert answer.codes[0] in ("FORBIDDEN", "NOT_FOUND")
            assert not answer.json.get("data")
    deleted = await newcomer(tenant, "gone")
    await tenant.mutate("admin", "userDelete", id=deleted.user)
    unknown = (deleted.user, f"usr_{'f' * 32}", f"xyz_{'0' * 32}", who.user.replace("usr", "emp"))
    answers = {(await tenant.ask("admin", ISSUE, {"i": {"id": id}})).body for id in unknown}
    assert len(answers) == 1
    assert b"NOT_FOUND" in next(iter(answers))


@covers("D-40")
async def test_without_an_access_token_only_a_password_reset_is_answered(
    tenant: TenantClient,
) -> None:
    who = await newcomer(tenant, "anonymous")
    for query, params in (
        (CHANGE, {"current": PASSWORD, "password": OTHER}),
        (ISSUE, {"id": who.user}),
    ):
        assert (await who.post(query, **params)).status == 401
    assert (await who.post(RESET, token="", password=OTHER)).status == 200


@covers("D-18")
async def test_passwords_of_a_suspended_tenant_cannot_be_changed(tenant: TenantClient) -> None:
    who = await newcomer(tenant, "suspended")
    assert [await who.signs_in(PASSWORD) for _ in "12"] == [True] * 2
    token = await who.token()
    async with suspended(tenant):
        tried = [
            await who.post(CHANGE, 0, current=PASSWORD, password=OTHER),
            await who.post(RESET, token=token, password=OTHER),
            await tenant.ask("admin", ISSUE, {"i": {"id": who.user}}),
        ]
        assert [each.codes for each in tried] == [["TENANT_SUSPENDED"]] * 3
        # A user who lost a device must still be able to end its session.
        ended = await who.post(REVOKE, 0, id=who.session(1))
        assert ended.data["done"] == {"revoked": True}
    assert await who.signed_in_devices() == [True, False]
    assert await who.reset(token, OTHER) == DONE, "the token still works"


async def test_the_password_of_a_demo_user_cannot_be_changed(
    tenant: TenantClient, scratch_world: World
) -> None:
    change = "mutation ($i: PasswordChangeInput!) { done: passwordChange(input: $i) { changed userErrors { code } } }"
    params = {"current": DEMO_PASSWORD, "password": OTHER}
    answer = await tenant.ask("rep1", change, {"i": params})
    assert answer.data["done"] == {"changed": False, "userErrors": [{"code": "DEMO_ONLY"}]}
    await tenant.drop_token("rep1")
    assert await scratch_world.token("rep1")
