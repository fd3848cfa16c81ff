"""Fifty concurrent writers: one update per version succeeds, and a key has one effect."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.support.covers import covers
from tests.support.world import Answer, World
from tests.writes.client import (
    DONE,
    TenantClient,
    outcome_of,
    own_tenant,
    public_id,
    uuid_of,
    version,
)

MANY = 50
IN_PROGRESS, MISMATCH = "IDEMPOTENCY_IN_PROGRESS", "IDEMPOTENCY_MISMATCH"
UPDATE = """mutation ($input: AccountUpdateInput!) {
  done: accountUpdate(input: $input) {
    account { version } userErrors { code conflict { version fields { field mine theirs base } } }
  }
}"""
ROUNDS = [pytest.param(8, id="everyday"), pytest.param(100, id="F15", marks=pytest.mark.nightly)]
KEYS = [pytest.param(8, id="everyday"), pytest.param(200, id="F14", marks=pytest.mark.nightly)]


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[TenantClient]:
    async with own_tenant(world, "parallel") as client:
        yield client


# --- versions -------------------------------------------------------------------------------------


async def _round(tenant: TenantClient, id: str, seen: int, number: int) -> str:
    """Update one field of the same version concurrently; return the name that the successful update set."""
    base = (await tenant.row("account", id))["name"]
    names = [f"{number}.{writer}" for writer in range(MANY)]
    answers = await asyncio.gather(
        *(
            tenant.ask("rep1", UPDATE, {"input": {"id": id, "version": seen, "name": name}})
            for name in names
        )
    )
    answer_by_name = dict(zip(names, answers, strict=True))
    won = [name for name, each in answer_by_name.items() if outcome_of(each) == DONE]
    assert len(won) == 1, Counter(outcome_of(each) for each in answers)
    assert version(answer_by_name[won[0]]) == seen + 1
    for name in set(names) - set(won):
        [error] = answer_by_name[name].data["done"]["userErrors"]
        assert error["code"] == "CONFLICT"
        fields = [{"field": "name", "mine": name, "theirs": won[0], "base": base}]
        assert error["conflict"] == {"version": seen + 1, "fields": fields}
    return won[0]


@covers("D-36")
@pytest.mark.parametrize("rounds", ROUNDS)
async def test_concurrent_updates_of_one_version_let_one_succeed(
    tenant: TenantClient, rounds: int
) -> None:
    id = await tenant.mutate("rep1", "accountCreate", name="begun")
    before = await tenant.log()
    for number in range(rounds):
        won = await _round(tenant, id, number + 1, number)
        row = await tenant.row("account", id)
        assert (row["name"], row["version"]) == (won, number + 2)
    assert await tenant.log() == (before[0] + rounds, before[1] + rounds)


@covers("D-36")
async def test_updates_without_version_all_succeed(tenant: TenantClient) -> None:
    id = await tenant.mutate("rep1", "accountCreate", name="begun")
    answers = await asyncio.gather(
        *(tenant.attempt("rep1", "accountUpdate", id=id, name=f"name {n}") for n in range(MANY))
    )
    assert sorted(version(each) for each in answers) == list(range(2, MANY + 2))
    entries = await tenant.fetch(
        "SELECT record_version, before, after FROM history "
        "WHERE record_id = $1 AND kind = 'UPDATED' ORDER BY record_version",
        uuid_of(id),
    )
    assert [each["record_version"] for each in entries] == list(range(2, MANY + 2))
    assert [each["before"] for each in entries] == ["begun", *(e["after"] for e in entries[:-1])]
    assert (await tenant.row("account", id))["name"] == entries[-1]["after"]


@covers("D-36")
async def test_updates_of_different_fields_all_succeed(tenant: TenantClient) -> None:
    id = await tenant.mutate("rep1", "accountCreate", name="begun")
    mine = {"name": "a", "description": "b", "website": "c", "city": "e"}
    answers = await asyncio.gather(
        *(
            tenant.attempt("rep1", "accountUpdate", id=id, version=1, **{k: v})
            for k, v in mine.items()
        )
    )
    assert {outcome_of(each) for each in answers} == {DONE}
    row = await tenant.row("account", id)
    assert {name: row[name] for name in mine} == mine
    assert row["version"] == 1 + len(mine)


# --- idempotency keys -----------------------------------------------------------------------------


def _replayed(answer: Answer) -> bool:
    return bool(answer.json["extensions"].get("idempotency", {}).get("replayed"))


async def _settled(
    tenant: TenantClient, persona: str, key: str, name: str
) -> tuple[Counter[str], set[str]]:
    """Send concurrent requests with one key, repeating those in progress; return the first outcomes and the ids."""

    async def ask() -> Answer:
        return await tenant.attempt(persona, "accountCreate", key, name=name)

    answers = await asyncio.gather(*(ask() for _ in range(MANY)))
    outcomes: Counter[str] = Counter()
    for number, each in enumerate(answers):
        outcomes[
            "replay" if outcome_of(each) == DONE and _replayed(each) else outcome_of(each)
        ] += 1
        if outcome_of(each) == IN_PROGRESS:
            assert each.json["errors"][0]["extensions"]["retryAfter"] == 1
            answers[number] = await ask()
            assert _replayed(answers[number])
    return outcomes, {each.data["done"]["id"] for each in answers}


@covers("D-37")
@pytest.mark.parametrize("keys", KEYS)
async def test_many_requests_with_one_key_have_one_effect(tenant: TenantClient, keys: int) -> None:
    before = await tenant.log()
    for _ in range(keys):
        key = name = tenant.new_name()
        outcomes, ids = await _settled(tenant, "rep1", key, name)
        assert set(outcomes) <= {DONE, "replay", IN_PROGRESS}
        assert outcomes[DONE] == 1
        rows = await tenant.fetch("SELECT id FROM account WHERE name = $1", name)
        assert [public_id("acc", row["id"]) for row in rows] == list(ids)
    assert await tenant.log() == (before[0] + keys, before[1] + keys)


@covers("D-37")
async def test_idempotency_key_is_scoped_to_body_user_and_tenant(tenant: TenantClient) -> None:
    """Concurrent requests: a second body is refused; equal keys of other users and tenants are independent."""
    key, name = tenant.new_name(), tenant.new_name()
    await tenant.world.token("rep1", tenant.slug)  # concurrent sign-ins would reach the rate limit
    bodies = [
        tenant.attempt("rep1", "accountCreate", key, name=f"{name} {n % 2}") for n in range(20)
    ]
    users = [tenant.attempt("rep2", "accountCreate", key, name=name) for _ in range(10)]
    async with own_tenant(tenant.world, "parallel-other") as other:
        tenants = [other.attempt("rep1", "accountCreate", key, name=name) for _ in range(10)]
        answers = await asyncio.gather(*bodies, *users, *tenants)
        assert len(await other.fetch("SELECT FROM account WHERE name = $1", name)) == 1
    outcomes = [
        {outcome_of(a) for a in group} for group in (answers[:20], answers[20:30], answers[30:])
    ]
    assert outcomes[0] <= {DONE, IN_PROGRESS, MISMATCH}
    assert outcomes[1] | outcomes[2] <= {DONE, IN_PROGRESS}
    created = await tenant.fetch("SELECT name FROM account WHERE name LIKE $1 || '%'", name)
    others, won = sorted(row["name"] for row in created)
    assert others == name
    rejected = f"{name} {1 - int(won[-1])}"
    assert outcome_of(await tenant.attempt("rep1", "accountCreate", key, name=won)) == DONE
    assert outcome_of(await tenant.attempt("rep1", "accountCreate", key, name=rejected)) == MISMATCH
    assert (
        outcome_of(await tenant.attempt("rep1", "accountDelete", key, id=f"acc_{'0' * 32}"))
        == MISMATCH
    )
    assert (
        outcome_of(await tenant.attempt("rep1", "accountCreate", tenant.new_name(), name=rejected))
        == DONE
    )


@covers("D-37")
async def test_idempotency_key_expires_after_a_day(tenant: TenantClient) -> None:
    move = "UPDATE idempotency_key SET at = at - $2::interval WHERE key = $1"
    key = tenant.new_name()
    first = await tenant.attempt("rep1", "accountCreate", key, name="a")
    await tenant.value(move, key, timedelta(hours=23, minutes=59))
    again = await tenant.attempt("rep1", "accountCreate", key, name="a")
    assert _replayed(again)
    assert again.data == first.data
    await tenant.value(move, key, timedelta(minutes=2))
    outcomes, ids = await _settled(tenant, "rep1", key, "a")
    assert outcomes[DONE] == 1
    assert ids.isdisjoint({first.data["done"]["id"]})
    assert len(ids) == 1


@covers("D-37")
async def test_failed_request_is_not_stored_under_its_key(tenant: TenantClient) -> None:
    """Also when one of several concurrent requests with the key fails while the others wait."""
    key, external_id = tenant.new_name(), tenant.new_name()
    existing = await tenant.mutate("admin", "accountCreate", name="a", externalId=external_id)
    params = {"name": "b", "externalId": external_id}
    answers = await asyncio.gather(
        *(tenant.attempt("rep1", "accountCreate", key, **params) for _ in range(10))
    )
    assert {outcome_of(each) for each in answers} <= {"DUPLICATE", IN_PROGRESS}
    await tenant.mutate("admin", "accountDelete", id=existing)
    assert outcome_of(await tenant.attempt("rep1", "accountCreate", key, **params)) == DONE
