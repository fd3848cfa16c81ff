"""Concurrent commands on the same records: the result equals a serial order, and no caller gets a 500."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterable
from typing import Any

import pytest

from tests.support.covers import covers
from tests.support.world import Answer, World
from tests.writes.client import (
    DONE,
    TenantClient,
    outcome_of,
    own_tenant,
    public_id,
    until_waits,
    uuid_of,
)

MANY = 50
ROUNDS = 4


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[TenantClient]:
    async with own_tenant(world, "collisions") as client:
        yield client


async def _together(commands: Iterable[Awaitable[Answer]]) -> Counter[str]:
    """Outcome counts of commands started concurrently."""
    return Counter(outcome_of(each) for each in await asyncio.gather(*commands))


# --- trees ----------------------------------------------------------------------------------------


async def _has_cycle(tenant: TenantClient, table: str, column: str) -> bool:
    """Whether a record is its own ancestor."""
    text = f"""
        WITH RECURSIVE up AS (
            SELECT id AS low, {column} AS id FROM "{table}" WHERE {column} IS NOT NULL
            UNION SELECT up.low, t.{column} FROM "{table}" t JOIN up ON up.id = t.id
        ) SELECT EXISTS (SELECT FROM up WHERE low = id)
    """  # noqa: S608 - constant names
    return bool(await tenant.value(text))


@pytest.mark.parametrize("length", [2, 3, 5])
async def test_concurrent_account_parents_form_no_cycle(tenant: TenantClient, length: int) -> None:
    ids = [
        await tenant.mutate("admin", "accountCreate", name=tenant.new_name()) for _ in range(length)
    ]
    ring = list(zip(ids, [*ids[1:], ids[0]], strict=True))
    for _ in range(ROUNDS):
        outcomes = await _together(
            tenant.attempt("admin", "accountUpdate", id=low, parent=high) for low, high in ring
        )
        assert outcomes == {DONE: length - 1, "CYCLE": 1}
        assert not await _has_cycle(tenant, "account", "parent_id")
        for id in ids:
            await tenant.mutate("admin", "accountUpdate", id=id, parent=None)


async def test_concurrent_supervisors_form_no_cycle(tenant: TenantClient) -> None:
    params = {"name": "Ann Nu", "email": "ann@nu.example"}
    ids = [await tenant.mutate("admin", "employeeCreate", **params) for _ in "ab"]
    for _ in range(ROUNDS):
        outcomes = await _together(
            tenant.attempt("admin", "employeeUpdate", id=low, manager=high)
            for low, high in (ids, reversed(ids))
        )
        assert outcomes[DONE] == 1
        assert set(outcomes) <= {DONE, "CYCLE", "RETRYABLE"}
        assert not await _has_cycle(tenant, "employee", "manager_id")
        for id in ids:
            await tenant.mutate("admin", "employeeUpdate", id=id, manager=None)


# --- the same records in another order ------------------------------------------------------------


@covers("D-36")
async def test_overlapping_bulk_updates_all_succeed(tenant: TenantClient) -> None:
    ids = [await tenant.mutate("admin", "accountCreate", name=tenant.new_name()) for _ in range(20)]
    for number in range(ROUNDS):
        outcomes = await _together(
            tenant.attempt_many(
                "admin", "accountUpdate", [{"id": id, "name": f"{number}.{writer}"} for id in order]
            )
            for writer, order in enumerate([ids, ids[::-1]] * 4)
        )
        assert outcomes == {DONE: 8}
        names = {(await tenant.row("account", id))["name"] for id in ids}
        assert len(names) == 1  # all from the same request


@covers("D-36")
async def test_overlapping_root_fields_succeed_or_are_retryable(tenant: TenantClient) -> None:
    """The caller sets the order of root fields, so two requests can wait for each other."""
    both = """mutation ($a: AccountUpdateInput!, $b: AccountUpdateInput!) {
      first: accountUpdate(input: $a) { id } done: accountUpdate(input: $b) { userErrors { code } }
    }"""
    ids = [await tenant.mutate("admin", "accountCreate", name=tenant.new_name()) for _ in "ab"]
    outcomes: Counter[str] = Counter()
    for number in range(ROUNDS):
        inputs = [
            {"a": {"id": a, "name": name}, "b": {"id": b, "name": name}}
            for writer, (a, b) in enumerate([ids, ids[::-1]])
            for name in [f"{number}.{writer}"]
        ]
        outcomes += await _together(tenant.ask("admin", both, each) for each in inputs)
        first, second = [await tenant.row("account", id) for id in ids]
        assert first["name"] == second["name"]
    assert set(outcomes) <= {DONE, "RETRYABLE"}
    assert outcomes[DONE] >= ROUNDS
    versions = {(await tenant.row("account", id))["version"] for id in ids}
    assert versions == {1 + outcomes[DONE]}


# --- external ids ---------------------------------------------------------------------------------


@covers("X-11")
@pytest.mark.parametrize("known", [False, True])
async def test_concurrent_upserts_create_one_record(tenant: TenantClient, known: bool) -> None:
    for _ in range(ROUNDS):
        external_id = tenant.new_name()
        if known:
            await tenant.mutate("admin", "accountUpsert", externalId=external_id, name="before")
        answers = await asyncio.gather(
            *(
                tenant.attempt(
                    "admin", "accountUpsert", externalId=external_id, name=f"name {number}"
                )
                for number in range(MANY)
            )
        )
        assert Counter(outcome_of(each) for each in answers) == {DONE: MANY}
        [row] = await tenant.fetch("SELECT * FROM account WHERE external_id = $1", external_id)
        assert {each.data["done"]["id"] for each in answers} == {public_id("acc", row["id"])}
        assert row["version"] == MANY + known


@covers("X-11")
async def test_upsert_updates_a_concurrently_created_record(tenant: TenantClient) -> None:
    """The lookup of the external id finds no record; the insert then collides with the new one."""
    external_id, parent = (
        tenant.new_name(),
        await tenant.mutate("admin", "accountCreate", name=tenant.new_name()),
    )
    async with tenant.row_locked("account", parent) as operator:
        params = {"externalId": external_id, "name": "second", "parent": parent}
        waiting = asyncio.create_task(tenant.attempt("admin", "accountUpsert", **params))
        await until_waits(operator, waiting)
        id = await tenant.mutate("admin", "accountUpsert", externalId=external_id, name="first")
    answer = await waiting
    assert outcome_of(answer) == DONE, answer.json
    assert answer.data["done"]["id"] == id
    assert (await tenant.row("account", id))["name"] == "second"


@covers("X-11")
async def test_upsert_creates_when_external_id_changes_concurrently(tenant: TenantClient) -> None:
    old, new = tenant.new_name(), tenant.new_name()
    id = await tenant.mutate("admin", "accountCreate", name="a", externalId=old)
    async with tenant.row_locked("account", id) as operator:
        waiting = asyncio.create_task(
            tenant.attempt("admin", "accountUpsert", externalId=old, name="upserted")
        )
        await until_waits(operator, waiting)
        change = "UPDATE account SET external_id = $2 WHERE id = $1"
        await operator.execute(change, uuid_of(id), new)
    assert outcome_of(await waiting) == DONE
    row = await tenant.row("account", id)
    assert (row["external_id"], row["name"]) == (new, "a")
    upserted = await tenant.fetch("SELECT name FROM account WHERE external_id = $1", old)
    assert [each["name"] for each in upserted] == ["upserted"]


@covers("X-11")
async def test_upsert_creates_when_record_is_deleted_concurrently(tenant: TenantClient) -> None:
    external_id = tenant.new_name()
    id = await tenant.mutate("admin", "accountCreate", name="a", externalId=external_id)
    async with tenant.row_locked("account", id) as operator:
        waiting = asyncio.create_task(
            tenant.attempt("admin", "accountUpsert", externalId=external_id, name="upserted")
        )
        await until_waits(operator, waiting)
        await operator.execute("UPDATE account SET deleted_at = now() WHERE id = $1", uuid_of(id))
    answer = await waiting
    assert outcome_of(answer) == DONE, answer.json
    assert answer.data["done"]["id"] != id


@covers("X-11")
async def test_concurrent_duplicate_keys_leave_one_record(tenant: TenantClient) -> None:
    """The first create or restore succeeds; the others get DUPLICATE."""
    external_id = tenant.new_name()
    outcomes = await _together(
        tenant.attempt("admin", "accountCreate", name=str(n), externalId=external_id)
        for n in range(MANY)
    )
    assert outcomes == {DONE: 1, "DUPLICATE": MANY - 1}
    trashed = []
    for _ in range(4):
        row = "SELECT id FROM account WHERE external_id = $1 AND deleted_at IS NULL"
        trashed.append(public_id("acc", await tenant.value(row, external_id)))
        await tenant.mutate("admin", "accountDelete", id=trashed[-1])
        await tenant.mutate("admin", "accountCreate", name="again", externalId=external_id)
    last = public_id("acc", await tenant.value(row, external_id))
    await tenant.mutate("admin", "accountDelete", id=last)
    outcomes = await _together(
        tenant.attempt("admin", "accountRestore", id=id) for id in [*trashed, last]
    )
    assert outcomes == {DONE: 1, "DUPLICATE": 4}


async def test_concurrent_delete_and_restore_keep_children(tenant: TenantClient) -> None:
    places = [{"city": "Bonn"}, {"city": "Kiel"}]
    id = await tenant.mutate("admin", "accountCreate", name="a", addresses=places)
    state = """
        SELECT DISTINCT a.deleted_at IS NOT DISTINCT FROM b.deleted_at
        FROM account a JOIN address b ON b.account_id = a.id WHERE a.id = $1
    """
    for _ in range(ROUNDS):
        commands = ["accountDelete", "accountRestore"] * 4
        outcomes = await _together(tenant.attempt("admin", command, id=id) for command in commands)
        assert set(outcomes) <= {DONE, "NOT_FOUND"}
        assert [row[0] for row in await tenant.fetch(state, uuid_of(id))] == [True]


@covers("D-50b")
async def test_rules_are_checked_on_the_state_after_waiting(tenant: TenantClient) -> None:
    id = await tenant.opportunity("rep1")
    won = await tenant.value("SELECT id FROM stage WHERE kind = 'WON'")
    async with tenant.row_locked("opportunity", id) as operator:
        waiting = asyncio.create_task(
            tenant.attempt("rep1", "opportunityUpdate", id=id, amount="5.00")
        )
        await until_waits(operator, waiting)
        close = "UPDATE opportunity SET stage_id = $2, status = 'WON' WHERE id = $1"
        await operator.execute(close, uuid_of(id), won)
    assert outcome_of(await waiting) == "LOCKED"


# --- roles with one holder ------------------------------------------------------------------------


async def _head_offices(tenant: TenantClient, account: str) -> tuple[int, int]:
    """Number of head offices and number of addresses of an account."""
    [row] = await tenant.fetch(
        "SELECT count(*) FILTER (WHERE head_office), count(*) FROM address "
        "WHERE account_id = $1 AND deleted_at IS NULL",
        uuid_of(account),
    )
    return row[0], row[1]


@covers("VPM-07")
async def test_concurrent_commands_leave_one_head_office(tenant: TenantClient) -> None:
    account = await tenant.mutate("admin", "accountCreate", name=tenant.new_name())
    outcomes = await _together(
        tenant.attempt("admin", "addressCreate", account=account, city="Bonn", headOffice=True)
        for _ in range(10)
    )
    assert outcomes == {DONE: 10}
    assert await _head_offices(tenant, account) == (1, 10)
    rows = await tenant.fetch("SELECT id FROM address WHERE account_id = $1", uuid_of(account))
    ids = [public_id("adr", row["id"]) for row in rows]
    for _ in range(2):
        commands: list[Awaitable[Answer]] = []
        commands += [
            tenant.attempt("admin", "addressUpdate", id=id, headOffice=True) for id in ids[3:]
        ]
        commands += [tenant.attempt("admin", "addressDelete", id=id) for id in ids[:3]]
        assert await _together(commands) == {DONE: 10}
        assert await _head_offices(tenant, account) == (1, 7)
        commands = [
            tenant.attempt("admin", "addressUpdate", id=id, headOffice=True) for id in ids[3:]
        ]
        commands += [tenant.attempt("admin", "addressRestore", id=id) for id in ids[:3]]
        assert set(await _together(commands)) <= {DONE, "RETRYABLE"}
        for id in ids[:3]:
            await tenant.mutate("admin", "addressRestore", id=id)
        assert await _head_offices(tenant, account) == (1, 10)


@covers("D-34")
async def test_administrators_removing_each_other_leave_one(tenant: TenantClient) -> None:
    """Also when both administrators remove their own assignment."""
    role = public_id("rol", await tenant.value("SELECT id FROM role WHERE name = 'Administrator'"))
    users = {name: public_id("usr", await tenant.user_id(name)) for name in ("admin", "director")}
    for other in (True, False):
        await tenant.mutate("admin", "roleAssignmentCreate", user=users["director"], role=role)
        mine = await _assignments(tenant, role)
        a, b = mine[users["admin"]], mine[users["director"]]
        removed = {"admin": b if other else a, "director": a if other else b}
        before = await tenant.log()
        outcomes = await _together(
            tenant.attempt(who, "roleAssignmentDelete", id=id) for who, id in removed.items()
        )
        assert outcomes[DONE] == 1, outcomes
        remaining = await _assignments(tenant, role)
        assert len(remaining) == 1
        assert (await tenant.log())[0] == before[0] + 1
        if users["admin"] not in remaining:
            await tenant.mutate("director", "roleAssignmentCreate", user=users["admin"], role=role)
            mine = await _assignments(tenant, role)
            await tenant.mutate("admin", "roleAssignmentDelete", id=mine[users["director"]])


async def _assignments(tenant: TenantClient, role: str) -> dict[str, str]:
    """Assignment id by user id, for the users with a role."""
    rows = await tenant.fetch(
        "SELECT id, user_id FROM role_assignment WHERE role_id = $1 AND deleted_at IS NULL",
        uuid_of(role),
    )
    return {public_id("usr", row["user_id"]): public_id("ras", row["id"]) for row in rows}


@covers("D-58")
async def test_concurrent_permission_changes_all_apply(tenant: TenantClient) -> None:
    user = public_id("usr", await tenant.user_id("limited"))
    roles = [await tenant.mutate("admin", "roleCreate", name=tenant.new_name()) for _ in range(8)]
    inputs: list[dict[str, Any]] = [{"user": user, "role": role} for role in roles]
    access = await tenant.value("SELECT access FROM log_head")
    remaining, waves = list(inputs), 0
    while remaining:
        answers = await asyncio.gather(
            *(tenant.attempt("admin", "roleAssignmentCreate", **each) for each in remaining)
        )
        outcomes = [outcome_of(each) for each in answers]
        assert set(outcomes) <= {DONE, "RETRYABLE"}
        remaining = [
            each for each, outcome in zip(remaining, outcomes, strict=True) if outcome != DONE
        ]
        waves += 1
        assert waves <= len(roles)  # each wave makes progress
    assert await tenant.value("SELECT access FROM log_head") == access + len(roles)
