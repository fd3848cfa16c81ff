"""Sign-in, refresh and sign-out: failures are indistinguishable, and ended sessions cannot be used again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from auth.engine.passwords import DEMO_PASSWORD, MAX_PASSWORD_LENGTH
from auth.engine.throttle import ACCOUNT_LIMIT
from auth.engine.tokens import REFRESH_LIFETIME
from db import sessions
from db.engine.transaction import TransactionStart
from domain.codes import Code, Refused, UserErrorCode
from resolvers.engine.context import AppContext
from resolvers.sessions import FAILURE_SECONDS, Tokens, refresh, sign_in, sign_out
from tenancy.engine.provision import Tenant
from tests.auth.world import ADDRESS, PASSWORD, World

pytestmark = pytest.mark.usefixtures("patient")


async def signed_in(
    world: World, app_context: AppContext, tenant: Tenant, email: str, password: str = PASSWORD
) -> Tokens:
    tokens = await sign_in(app_context, ADDRESS, tenant.slug, email, password)
    assert isinstance(tokens, Tokens)
    return tokens


async def refreshed(app_context: AppContext, tokens: Tokens) -> Tokens:
    answer = await refresh(app_context, ADDRESS, tokens.refresh)
    assert isinstance(answer, Tokens)
    return answer


@asynccontextmanager
async def state(world: World, tenant: Tenant, state: str) -> AsyncIterator[None]:
    change = "UPDATE catalog.tenant SET state = $1 WHERE id = $2"
    await world.admin.execute(change, state, tenant.id)
    try:
        yield
    finally:
        await world.admin.execute(change, "active", tenant.id)


async def deactivate(world: World, tenant: Tenant, user: UUID) -> None:
    await world.run(tenant, 'UPDATE "user" SET active = false WHERE id = $1', user)


async def count_sessions(world: World, user: UUID) -> int:
    rows = await world.run(world.acme, "SELECT count(*) FROM session WHERE user_id = $1", user)
    return int(rows[0][0])


# --- sign-in ------------------------------------------------------------------------------------


async def test_a_user_signs_in(world: World) -> None:
    app_context = world.app_context()
    user, email = await world.user(world.acme)
    tokens = await signed_in(world, app_context, world.acme, f"  {email.upper()} ")
    access = app_context.tokens.verify_access(tokens.access, app_context.now())
    assert (access.tenant, access.user) == (world.acme.id, user)
    assert abs(access.expires_at - tokens.expires_at) < timedelta(seconds=1)
    assert await world.enters(app_context, tokens)
    assert world.slept == []
    assert tokens.access not in repr(tokens)
    assert tokens.refresh not in repr(tokens)


WRONG = ["tenant", "no slug", "closed", "email", "inactive", "deleted", "password", "empty"]
WRONG += ["demo", "long password", "long email", "NUL", "surrogate", "other tenant"]


@pytest.mark.covers("D-32", "D-40")
@pytest.mark.parametrize("what", WRONG)
async def test_failed_sign_ins_have_equal_responses_and_equal_work(world: World, what: str) -> None:
    moments = iter([10.0, 10.07])
    app_context = world.app_context(monotonic=lambda: next(moments))
    user, email = await world.user(world.acme, active=what != "inactive")
    tenant, password = world.acme.slug, PASSWORD
    match what:
        case "tenant":
            tenant = "unknown"
        case "no slug":
            tenant = "No-Slug\x00"
        case "email":
            email = "unknown@example.com"
        case "deleted":
            await world.run(world.acme, 'UPDATE "user" SET deleted_at = now() WHERE id = $1', user)
        case "password":
            password = "wrong"
        case "empty":
            password = ""
        case "demo":
            _, email = await world.user(world.acme, password=DEMO_PASSWORD)
            password = DEMO_PASSWORD
        case "long password":
            password = "x" * (MAX_PASSWORD_LENGTH + 1)
        case "long email":
            email = "x" * 321
        case "NUL":
            email = "a\x00@example.com"
        case "surrogate":
            email = password = "\ud800"
        case "other tenant":
            tenant = world.demo.slug
    async with state(world, world.acme, "closed" if what == "closed" else "active"):
        world.passwords.verified = 0
        answer = await sign_in(app_context, ADDRESS, tenant, email, password)
    assert answer is UserErrorCode.INVALID_CREDENTIALS
    assert world.passwords.verified == 1
    assert world.slept == [pytest.approx(FAILURE_SECONDS - 0.07)]
    assert await count_sessions(world, user) == 0


@pytest.mark.parametrize(("took", "until"), [(0.0, 0.25), (0.25, 0.5), (0.3, 0.5), (-5.0, 0.25)])
async def test_slow_failure_waits_for_the_next_interval(
    world: World, took: float, until: float
) -> None:
    moments = iter([100.0, 100.0 + took])
    app_context = world.app_context(monotonic=lambda: next(moments))
    await sign_in(app_context, ADDRESS, "unknown", "a@b", "wrong")
    assert world.slept == [pytest.approx(until - max(0.0, took))]


async def test_demo_password_signs_in_to_a_demo_tenant(world: World) -> None:
    app_context = world.app_context()
    _, email = await world.user(world.demo, password=DEMO_PASSWORD)
    tokens = await signed_in(world, app_context, world.demo, email, DEMO_PASSWORD)
    assert await world.enters(app_context, tokens)


async def test_password_changed_during_sign_in_is_refused(world: World) -> None:
    app_context = world.app_context()
    user, email = await world.user(world.acme)
    async with world.database.read(world.acme.placement, TransactionStart()) as connection:
        known = await sessions.find_credential(connection, sessions.fold(email))
    assert known is not None
    assert known.hash not in repr(known)
    async with world.database.write(world.acme.placement, TransactionStart()) as connection:
        await sessions.set_hash(connection, user, await app_context.passwords.hash("a new one"))
        waiting = asyncio.create_task(sign_in(app_context, ADDRESS, "acme", email, PASSWORD))
        blocked = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        async with asyncio.timeout(2):
            while not await world.admin.fetchval(blocked):  # noqa: ASYNC110 - a lock has no event
                await asyncio.sleep(0.01)
        assert await sessions.revoke_all(connection, user, app_context.now()) == 0
    assert await waiting is UserErrorCode.INVALID_CREDENTIALS
    assert await count_sessions(world, user) == 0
    await signed_in(world, app_context, world.acme, email, "a new one")


async def test_an_outdated_hash_is_renewed_at_sign_in(world: World) -> None:
    from argon2 import PasswordHasher

    app_context = world.app_context()
    user, email = await world.user(world.acme)
    old = PasswordHasher(1, 8_192, 1).hash(PASSWORD)
    change = "UPDATE credential SET password = $1 WHERE user_id = $2"
    await world.run(world.acme, change, old, user)
    await signed_in(world, app_context, world.acme, email)
    rows = await world.run(world.acme, "SELECT password FROM credential WHERE user_id = $1", user)
    assert not world.passwords.outdated(rows[0][0])
    await signed_in(world, app_context, world.acme, email)


async def test_ten_concurrent_guesses_pass_and_then_the_right_password_is_refused(
    world: World,
) -> None:
    app_context = world.app_context()
    _, email = await world.user(world.acme)
    guesses = (sign_in(app_context, ADDRESS, "acme", email, f"guess {n}") for n in range(30))
    answers = await asyncio.gather(*guesses, return_exceptions=True)
    assert answers.count(UserErrorCode.INVALID_CREDENTIALS) == ACCOUNT_LIMIT.amount
    assert world.passwords.verified == ACCOUNT_LIMIT.amount
    with pytest.raises(Refused) as known:
        await sign_in(app_context, ADDRESS, "ACME ", email.upper(), PASSWORD)
    for n in range(ACCOUNT_LIMIT.amount):
        await sign_in(app_context, "198.51.100.1", "acme", "unknown@b", f"guess {n}")
    with pytest.raises(Refused) as unknown:
        await sign_in(app_context, "198.51.100.1", "acme", "unknown@b", PASSWORD)
    assert known.value.code is unknown.value.code is Code.RATE_LIMITED
    assert world.passwords.verified == 2 * ACCOUNT_LIMIT.amount


async def test_success_after_nine_failures_resets_the_window(world: World) -> None:
    app_context = world.app_context()
    _, email = await world.user(world.acme)
    for _ in range(2):
        for _ in range(ACCOUNT_LIMIT.amount - 1):
            await sign_in(app_context, ADDRESS, "acme", email, "wrong")
        await signed_in(world, app_context, world.acme, email)


# --- state of the tenant ------------------------------------------------------------------------


@pytest.mark.covers("D-18")
async def test_sign_in_to_a_suspended_tenant_succeeds_and_to_a_closed_one_fails(
    world: World,
) -> None:
    _, email = await world.user(world.acme)
    async with state(world, world.acme, "suspended"):
        app_context = world.app_context()
        tokens = await refreshed(
            app_context, await signed_in(world, app_context, world.acme, email)
        )
    async with state(world, world.acme, "closed"):
        app_context = world.app_context()
        assert await refresh(app_context, ADDRESS, tokens.refresh) is UserErrorCode.INVALID_TOKEN
    await refreshed(world.app_context(), tokens)


@pytest.mark.covers("D-58")
async def test_sign_in_while_the_tenant_is_moved_is_retryable(world: World) -> None:
    app_context = world.app_context()
    _, email = await world.user(world.acme)
    tokens = await signed_in(world, app_context, world.acme, email)
    await world.run(world.acme, "UPDATE log_head SET fenced = true")
    try:
        for command in (
            sign_in(app_context, ADDRESS, "acme", email, PASSWORD),
            refresh(app_context, ADDRESS, tokens.refresh),
        ):
            with pytest.raises(Refused) as refused:
                await command
            assert refused.value.code is Code.RETRYABLE
    finally:
        await world.run(world.acme, "UPDATE log_head SET fenced = false")
    await refreshed(app_context, tokens)


@pytest.mark.covers("D-58")
async def test_a_moved_tenant_is_looked_up_again(world: World) -> None:
    app_context = world.app_context()
    _, email = await world.user(world.acme)
    tokens = await signed_in(world, app_context, world.acme, email)
    await world.run(world.acme, "UPDATE log_head SET placement = 2")
    with pytest.raises(Refused) as refused:  # moved, but the catalog is not updated yet
        await refresh(app_context, ADDRESS, tokens.refresh)
    assert refused.value.code is Code.RETRYABLE
    change = "UPDATE catalog.tenant SET placement = $1 WHERE id = $2"
    await world.admin.execute(change, 2, world.acme.id)
    try:
        await signed_in(world, app_context, world.acme, email)
    finally:
        await world.run(world.acme, "UPDATE log_head SET placement = 1")
        await world.admin.execute(change, 1, world.acme.id)
    await refreshed(app_context, tokens)


# --- refresh ------------------------------------------------------------------------------------


async def test_tokens_rotate(world: World) -> None:
    app_context = world.app_context()
    _, email = await world.user(world.acme)
    first = await signed_in(world, app_context, world.acme, email)
    tokens = first
    for _ in range(5):
        tokens = await refreshed(app_context, tokens)
    assert tokens.refresh != first.refresh
    sids = {
        app_context.tokens.verify_access(t.access, app_context.now()).session
        for t in (first, tokens)
    }
    assert len(sids) == 1
    assert await world.enters(app_context, tokens)


def at(moment: datetime, seconds: float) -> Callable[[], datetime]:
    """A clock that shows this time."""
    return lambda: moment + timedelta(seconds=seconds)


NOW = datetime.now(UTC)


@pytest.mark.parametrize("seconds", [0, 1, 30])
async def test_a_token_used_again_within_30_seconds_returns_the_same_tokens(
    world: World, seconds: float
) -> None:
    app_context, later = world.app_context(now=at(NOW, 0)), world.app_context(now=at(NOW, seconds))
    _, email = await world.user(world.acme)
    first = await signed_in(world, app_context, world.acme, email)
    second = await refreshed(app_context, first)
    assert second.refresh != first.refresh
    for _ in range(3):
        assert await refreshed(later, first) == second
    assert await world.enters(later, second)
    third = await refreshed(later, second)
    assert third.refresh != second.refresh
    assert await refreshed(later, second) == third


async def test_a_lost_answer_is_sent_again(world: World) -> None:
    """The client knows its old token only, and continues with the repeated answer."""
    _, email = await world.user(world.acme)
    tokens = await signed_in(world, world.app_context(now=at(NOW, 0)), world.acme, email)
    for hour in range(3):
        await refreshed(world.app_context(now=at(NOW, 3_600 * hour)), tokens)
        tokens = await refreshed(world.app_context(now=at(NOW, 3_600 * hour + 20)), tokens)
    assert await world.enters(world.app_context(now=at(NOW, 7_220)), tokens)


async def test_a_repetition_does_not_extend_the_window(world: World) -> None:
    _, email = await world.user(world.acme)
    first = await signed_in(world, world.app_context(now=at(NOW, 0)), world.acme, email)
    for seconds in (0, 20, 30):
        await refreshed(world.app_context(now=at(NOW, seconds)), first)
    late = world.app_context(now=at(NOW, 31))
    assert await refresh(late, ADDRESS, first.refresh) is UserErrorCode.INVALID_TOKEN


@pytest.mark.parametrize("seconds", [31, 3_600])
async def test_a_token_used_again_after_30_seconds_ends_the_session(
    world: World, seconds: float
) -> None:
    app_context, later = world.app_context(now=at(NOW, 0)), world.app_context(now=at(NOW, seconds))
    _, email = await world.user(world.acme)
    other = await signed_in(world, app_context, world.acme, email)
    first = await signed_in(world, app_context, world.acme, email)
    second = await refreshed(app_context, first)
    assert await refresh(later, ADDRESS, first.refresh) is UserErrorCode.INVALID_TOKEN
    assert not await world.enters(app_context, second)
    assert await refresh(later, ADDRESS, second.refresh) is UserErrorCode.INVALID_TOKEN
    await refreshed(later, other)  # another device stays signed in


async def test_a_token_whose_successor_was_used_ends_the_session_within_30_seconds_too(
    world: World,
) -> None:
    """A thief refreshes twice before the victim refreshes: neither keeps the session."""
    app_context = world.app_context(now=at(NOW, 0))
    _, email = await world.user(world.acme)
    stolen = await signed_in(world, app_context, world.acme, email)
    thief = await refreshed(app_context, await refreshed(app_context, stolen))
    assert await refresh(app_context, ADDRESS, stolen.refresh) is UserErrorCode.INVALID_TOKEN
    assert not await world.enters(app_context, thief)
    assert await refresh(app_context, ADDRESS, thief.refresh) is UserErrorCode.INVALID_TOKEN


async def test_a_thief_within_the_window_loses_the_tokens_with_the_victim(world: World) -> None:
    """Both hold the same tokens: the next one of them to refresh late ends the session of both."""
    app_context = world.app_context(now=at(NOW, 0))
    _, email = await world.user(world.acme)
    stolen = await signed_in(world, app_context, world.acme, email)
    victim = await refreshed(app_context, stolen)
    thief = await refreshed(world.app_context(now=at(NOW, 10)), stolen)
    assert thief == victim
    newest = await refreshed(world.app_context(now=at(NOW, 800)), victim)
    late = world.app_context(now=at(NOW, 860))
    assert await refresh(late, ADDRESS, thief.refresh) is UserErrorCode.INVALID_TOKEN
    assert not await world.enters(late, newest)


async def test_signing_out_refuses_a_repetition(world: World) -> None:
    app_context = world.app_context(now=at(NOW, 0))
    _, email = await world.user(world.acme)
    first = await signed_in(world, app_context, world.acme, email)
    second = await refreshed(app_context, first)
    await sign_out(app_context, await world.caller(app_context, second))
    assert await refresh(app_context, ADDRESS, first.refresh) is UserErrorCode.INVALID_TOKEN


async def check_rotated_once(world: World, user: UUID, answers: list[object]) -> None:
    """Check that all answers are the same tokens, and that they are the first rotation of the session."""
    assert isinstance(answers[0], Tokens)
    assert answers == [answers[0]] * len(answers)
    rows = await world.run(world.acme, "SELECT generation FROM session WHERE user_id = $1", user)
    assert [row[0] for row in rows] == [sessions.FIRST + 1]
    app_context = world.app_context()
    assert await world.enters(app_context, answers[0])
    await refreshed(app_context, answers[0])


async def test_twenty_refreshes_at_once_return_the_same_tokens(world: World) -> None:
    app_context = world.app_context()
    user, email = await world.user(world.acme)
    tokens = await signed_in(world, app_context, world.acme, email)
    answers = await asyncio.gather(
        *(refresh(app_context, ADDRESS, tokens.refresh) for _ in range(20))
    )
    await check_rotated_once(world, user, list(answers))


@pytest.mark.parametrize("tabs", [2, 8])
async def test_refreshes_that_overlap_in_postgres_return_the_same_tokens(
    world: World, tabs: int
) -> None:
    """All have begun their transaction before the first of them can lock the session."""
    user, email = await world.user(world.acme)
    tokens = await signed_in(world, world.app_context(), world.acme, email)
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    async with world.database.write(world.acme.placement, TransactionStart()) as connection:
        await connection.execute("UPDATE session SET generation = generation")
        tasks = [
            asyncio.create_task(refresh(world.app_context(), ADDRESS, tokens.refresh))
            for _ in range(tabs)
        ]
        async with asyncio.timeout(5):
            while await world.admin.fetchval(waiting) < tabs:  # noqa: ASYNC110 - a lock has no event
                await asyncio.sleep(0.01)
    await check_rotated_once(world, user, list(await asyncio.gather(*tasks)))


async def test_a_session_from_before_the_window_ends_by_reuse(world: World) -> None:
    """Sessions rotated by an earlier version have no time of rotation."""
    app_context = world.app_context(now=at(NOW, 0))
    user, email = await world.user(world.acme)
    first = await signed_in(world, app_context, world.acme, email)
    second = await refreshed(app_context, first)
    await world.run(world.acme, "UPDATE session SET rotated_at = NULL WHERE user_id = $1", user)
    assert await refresh(app_context, ADDRESS, first.refresh) is UserErrorCode.INVALID_TOKEN
    assert not await world.enters(app_context, second)


async def test_future_generation_neither_refreshes_nor_ends_the_session(world: World) -> None:
    app_context = world.app_context()
    _, email = await world.user(world.acme)
    tokens = await signed_in(world, app_context, world.acme, email)
    decoded = app_context.tokens.verify_refresh(tokens.refresh)
    assert decoded is not None
    ahead = app_context.tokens.issue_refresh(decoded.tenant, decoded.session, 9)
    assert await refresh(app_context, ADDRESS, ahead) is UserErrorCode.INVALID_TOKEN
    await refreshed(app_context, tokens)


async def test_refresh_token_of_another_tenant_or_no_user_is_refused(world: World) -> None:
    app_context = world.app_context()
    _, email = await world.user(world.acme)
    tokens = await signed_in(world, app_context, world.acme, email)
    decoded = app_context.tokens.verify_refresh(tokens.refresh)
    assert decoded is not None
    other_tenant = app_context.tokens.issue_refresh(world.demo.id, decoded.session, 1)
    unknown_tenant = app_context.tokens.issue_refresh(UUID(int=9), decoded.session, 1)
    for token in (other_tenant, unknown_tenant, "", tokens.access, tokens.refresh[:-1] + "é"):
        assert await refresh(app_context, ADDRESS, token) is UserErrorCode.INVALID_TOKEN
    await refreshed(app_context, tokens)


async def test_session_without_refresh_expires(world: World) -> None:
    past = datetime.now(UTC) - REFRESH_LIFETIME - timedelta(seconds=1)
    _, email = await world.user(world.acme)
    old = world.app_context(now=lambda: past)
    answer = await sign_in(old, ADDRESS, "acme", email, PASSWORD)
    assert answer is UserErrorCode.INVALID_CREDENTIALS  # already expired by the clock of Postgres
    app_context = world.app_context(now=lambda: past + timedelta(seconds=61))
    tokens = await signed_in(world, app_context, world.acme, email)
    await world.run(world.acme, "UPDATE session SET expires_at = now() - interval '1 s'")
    assert await refresh(app_context, ADDRESS, tokens.refresh) is UserErrorCode.INVALID_TOKEN
    assert not await world.enters(app_context, tokens)


async def test_replayed_refresh_tokens_have_a_separate_rate_limit(world: World) -> None:
    app_context = world.app_context()
    _, email = await world.user(world.acme)
    used = await signed_in(world, app_context, world.acme, email)
    await refreshed(app_context, await refreshed(app_context, used))
    for _ in range(100):
        assert await refresh(app_context, ADDRESS, used.refresh) is UserErrorCode.INVALID_TOKEN
    with pytest.raises(Refused) as refused:
        await refresh(app_context, ADDRESS, used.refresh)
    assert refused.value.code is Code.RATE_LIMITED
    await signed_in(world, app_context, world.acme, email)


# --- sign-out -----------------------------------------------------------------------------------


@pytest.mark.covers("D-63")
async def test_sign_out_ends_the_session_at_once(world: World) -> None:
    app_context = world.app_context()
    _, email = await world.user(world.acme)
    tokens, other = [await signed_in(world, app_context, world.acme, email) for _ in range(2)]
    caller = await world.caller(app_context, tokens)
    await sign_out(app_context, caller)
    await sign_out(app_context, caller)
    assert not await world.enters(app_context, tokens)
    assert await refresh(app_context, ADDRESS, tokens.refresh) is UserErrorCode.INVALID_TOKEN
    assert await world.enters(app_context, other)


@pytest.mark.covers("D-63")
async def test_disabling_a_user_ends_their_sessions_at_once(world: World) -> None:
    app_context = world.app_context()
    user, email = await world.user(world.acme)
    tokens = await signed_in(world, app_context, world.acme, email)
    await deactivate(world, world.acme, user)
    assert not await world.enters(app_context, tokens)
    assert await refresh(app_context, ADDRESS, tokens.refresh) is UserErrorCode.INVALID_TOKEN
    assert (
        await sign_in(app_context, ADDRESS, "acme", email, PASSWORD)
        is UserErrorCode.INVALID_CREDENTIALS
    )


async def test_sign_out_everywhere_ends_only_the_users_sessions(world: World) -> None:
    app_context = world.app_context()
    user, email = await world.user(world.acme)
    _, neighbor = await world.user(world.acme)
    mine = [await signed_in(world, app_context, world.acme, email) for _ in range(3)]
    theirs = await signed_in(world, app_context, world.acme, neighbor)
    for ended in (3, 0):
        async with world.database.write(world.acme.placement, TransactionStart()) as connection:
            assert await sessions.revoke_all(connection, user, app_context.now()) == ended
    assert [await world.enters(app_context, tokens) for tokens in mine] == [False] * 3
    assert await world.enters(app_context, theirs)


async def test_sign_in_works_and_guesses_are_counted_without_valkey(world: World) -> None:
    throttle = world.throttle("redis://127.0.0.1:1/0")
    app_context = world.app_context(throttle=throttle)
    _, email = await world.user(world.acme)
    await refreshed(app_context, await signed_in(world, app_context, world.acme, email))
    guesses = (sign_in(app_context, ADDRESS, "acme", email, f"guess {n}") for n in range(20))
    answers = await asyncio.gather(*guesses, return_exceptions=True)
    assert answers.count(UserErrorCode.INVALID_CREDENTIALS) == ACCOUNT_LIMIT.amount
    assert sum(isinstance(answer, Refused) for answer in answers) == 20 - ACCOUNT_LIMIT.amount
