"""Passwords are changed, chosen anew and bound to sessions: what an old one had begun ends with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from auth.engine.passwords import DEMO, LONGEST
from tests.commands.newcomer import (
    CHANGE,
    DONE,
    ISSUE,
    REFRESH,
    RESET,
    REVOKE,
    WORDS,
    newcomer,
    wrong,
)
from tests.support.covers import covers
from tests.support.world import World
from tests.writes.parallel import Own, kept, spelled

OTHER = "some other words of mine"
WEAK = {
    "empty": "",
    "short": "nine char",
    "long": "x" * (LONGEST + 1),
    "public": DEMO,
    "public in wide letters": "".join(chr(ord(c) + 0xFEE0) for c in DEMO),
}


@asynccontextmanager
async def suspended(own: Own) -> AsyncIterator[None]:
    """The tenant may be read only, for as long as this lasts."""

    async def become(state: str) -> None:
        change = "UPDATE catalog.tenant SET state = $2 WHERE slug = $1"
        await own.world.admin.execute(change, own.slug, state)
        own.world.endpoint.app_context.directory.forget(own.world.tenants[own.slug].id)

    await become("suspended")
    try:
        yield
    finally:
        await become("active")


async def test_another_password_ends_all_other_sessions(own: Own) -> None:
    who = await newcomer(own, "change")
    assert not await who.signs_in(OTHER)
    assert [await who.signs_in(WORDS) for _ in "123"] == [True] * 3
    assert await who.change("not the one of today", OTHER, 1) == wrong(
        "INVALID_CREDENTIALS", "current"
    )
    assert await who.stands() == [True] * 3
    assert await who.change(WORDS, OTHER, 1) == DONE
    assert await who.stands() == [False, True, False]
    refreshed = [
        (await who.post(REFRESH, refreshToken=each["refreshToken"])).data["signIn"]
        for each in who.tokens
    ]
    assert [bool(each["accessToken"]) for each in refreshed] == [False, True, False]
    assert not await who.signs_in(WORDS)
    assert await who.signs_in(OTHER)


@pytest.mark.parametrize("how", WEAK)
async def test_a_weak_password_is_refused(own: Own, how: str) -> None:
    who, password = await newcomer(own, f"weak.{how.replace(' ', '.')}"), WEAK[how]
    assert await who.signs_in(WORDS)
    assert await who.change(WORDS, password) == wrong("WEAK_PASSWORD", "password")
    token = await who.token()
    assert await who.reset(token, password) == wrong("WEAK_PASSWORD", "password")
    assert await who.stands() == [True]
    assert await who.signs_in(WORDS)
    assert await who.reset(token, "ten chars.") == DONE, "refused, it was not used up"


async def test_a_reset_token_is_good_once_and_ends_all_sessions(own: Own) -> None:
    who = await newcomer(own, "reset")
    assert [await who.signs_in(WORDS) for _ in "12"] == [True] * 2
    token = await who.token()
    assert await who.reset(token, OTHER) == DONE
    assert await who.stands() == [False] * 2
    assert await who.reset(token, "yet another one") == wrong("INVALID_TOKEN", "token")
    assert await who.signs_in(OTHER)
    assert not await who.signs_in(WORDS)


@pytest.mark.parametrize("void", ["newer", "changed", "late", "inactive", "forged", "other kind"])
async def test_a_reset_token_that_is_good_no_more(own: Own, void: str) -> None:
    who = await newcomer(own, f"void.{void.replace(' ', '.')}")
    assert await who.signs_in(WORDS)
    token, standing = await who.token(), WORDS
    if void == "newer":
        assert await who.token() != token
    elif void == "changed":
        assert await who.change(WORDS, OTHER) == DONE
        standing = OTHER
    elif void == "late":
        past = "UPDATE credential SET reset_until = now() - interval '1 second' WHERE user_id = $1"
        await own.value(past, kept(who.user))
    elif void == "inactive":
        await own.done("admin", "userUpdate", id=who.user, active=False)
        await own.done("admin", "userUpdate", id=who.user, active=True)
    elif void == "forged":
        token = f"{token[:-8]}AAAAAAAA"
    else:
        token = who.tokens[0]["refreshToken"]
    assert await who.reset(token, "yet another one") == wrong("INVALID_TOKEN", "token")
    assert await who.signs_in(standing)


@covers("D-32")
async def test_who_hands_out_reset_tokens(own: Own) -> None:
    """An administrator with full access, of users who are there; nobody else, not even for himself."""
    who = await newcomer(own, "handed")
    himself = spelled("usr", await own.user("rep1"))
    for persona in ("director", "rep1"):
        for id in (who.user, himself):
            answer = await own.ask(persona, ISSUE, {"i": {"id": id}})
            assert answer.codes[0] in ("FORBIDDEN", "NOT_FOUND")
            assert not answer.json.get("data")
    gone = await newcomer(own, "gone")
    await own.done("admin", "userDelete", id=gone.user)
    nobodies = (gone.user, f"usr_{'f' * 32}", "nonsense", who.user.replace("usr", "emp"))
    answers = {(await own.ask("admin", ISSUE, {"i": {"id": id}})).body for id in nobodies}
    assert len(answers) == 1
    assert b"NOT_FOUND" in next(iter(answers))


@covers("D-40")
async def test_without_a_token_only_choosing_with_a_token_is_answered(own: Own) -> None:
    who = await newcomer(own, "nobody")
    for query, given in (
        (CHANGE, {"current": WORDS, "password": OTHER}),
        (ISSUE, {"id": who.user}),
    ):
        assert (await who.post(query, **given)).status == 401
    assert (await who.post(RESET, token="", password=OTHER)).status == 200


@covers("D-18")
async def test_a_suspended_tenant_keeps_its_passwords(own: Own) -> None:
    who = await newcomer(own, "suspended")
    assert [await who.signs_in(WORDS) for _ in "12"] == [True] * 2
    token = await who.token()
    async with suspended(own):
        tried = [
            await who.post(CHANGE, 0, current=WORDS, password=OTHER),
            await who.post(RESET, token=token, password=OTHER),
            await own.ask("admin", ISSUE, {"i": {"id": who.user}}),
        ]
        assert [each.codes for each in tried] == [["TENANT_SUSPENDED"]] * 3
        # Whoever lost a device ends its session all the same.
        ended = await who.post(REVOKE, 0, id=who.session(1))
        assert ended.data["done"] == {"revoked": True}
    assert await who.stands() == [True, False]
    assert await who.reset(token, OTHER) == DONE, "it is as good as it was"


async def test_the_password_of_the_demonstration_stays(own: Own, desk: World) -> None:
    change = "mutation ($i: PasswordChangeInput!) { done: passwordChange(input: $i) { changed userErrors { code } } }"
    given = {"current": DEMO, "password": OTHER}
    answer = await own.ask("rep1", change, {"i": given})
    assert answer.data["done"] == {"changed": False, "userErrors": [{"code": "DEMO_ONLY"}]}
    await own.forget("rep1")
    assert await desk.token("rep1")
