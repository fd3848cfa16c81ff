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
async def own(world: World) -> AsyncIterator[TenantClient]:
    async with own_tenant(world, "collisions") as client:
        yield client


async def _together(commands: Iterable[Awaitable[Answer]]) -> Counter[str]:
    """Outcome counts of commands started concurrently."""
    return Counter(outcome_of(each) for each in await asyncio.gather(*commands))


# --- trees ----------------------------------------------------------------------------------------


async def _has_cycle(own: TenantClient, table: str, column: str) -> bool:
    """Whether a record is its own ancestor."""
    text = f"""
        WITH RECURSIVE up AS (
            SELECT id AS low, {column} AS id FROM "{table}" WHERE {column} IS NOT NULL
            UNION SELECT up.low, t.{column} FROM "{table}" t JOIN up ON up.id = t.id
        ) SELECT EXISTS (SELECT FROM up WHERE low = id)
    """  # noqa: S608 - constant names
    return bool(await own.value(text))


@pytest.mark.parametrize("length", [2, 3, 5])
async def test_concurrent_account_parents_form_no_cycle(own: TenantClient, length: int) -> None:
    ids = [await own.done("admin", "accountCreate", name=own.name()) for _ in range(length)]
    ring = list(zip(ids, [*ids[1:], ids[0]], strict=True))
    for _ in range(ROUNDS):
        outcomes = await _together(
            own.do("admin", "accountUpdate", id=low, parent=high) for low, high in ring
        )
        assert outcomes == {DONE: length - 1, "CYCLE": 1}
        assert not await _has_cycle(own, "account", "parent_id")
        for id in ids:
            await own.done("admin", "accountUpdate", id=id, parent=None)


async def test_concurrent_supervisors_form_no_cycle(own: TenantClient) -> None:
    params = {"name": "Ann Nu", "email": "ann@nu.example"}
    ids = [await own.done("admin", "employeeCreate", **params) for _ in "ab"]
    for _ in range(ROUNDS):
        outcomes = await _together(
            own.do("admin", "employeeUpdate", id=low, manager=high)
            for low, high in (ids, reversed(ids))
        )
        assert outcomes[DONE] == 1
        assert set(outcomes) <= {DONE, "CYCLE", "RETRYABLE"}
        assert not await _has_cycle(own, "employee", "manager_id")
        for id in ids:
            await own.done("admin", "employeeUpdate", id=id, manager=None)


# --- the same records in another order ------------------------------------------------------------


@covers("D-36")
async def test_overlapping_bulk_updates_all_succeed(own: TenantClient) -> None:
    ids = [await own.done("admin", "accountCreate", name=own.name()) for _ in range(20)]
    for number in range(ROUNDS):
        outcomes = await _together(
            own.many(
                "admin", "accountUpdate", [{"id": id, "name": f"{number}.{writer}"} for id in order]
            )
            for writer, order in enumerate([ids, ids[::-1]] * 4)
        )
        assert outcomes == {DONE: 8}
        names = {(await own.row("account", id))["name"] for id in ids}
        assert len(names) == 1  # all from the same request


@covers("D-36")
async def test_overlapping_root_fields_succeed_or_are_retryable(own: TenantClient) -> None:
    """The caller sets the order of root fields, so two requests can wait for each other."""
    both = """mutation ($a: AccountUpdateInput!, $b: AccountUpdateInput!) {
      first: accountUpdate(input: $a) { id } done: accountUpdate(input: $b) { userErrors { code } }
    }"""
    ids = [await own.done("admin", "accountCreate", name=own.name()) for _ in "ab"]
    outcomes: Counter[str] = Counter()
    for number in range(ROUNDS):
        inputs = [
            {"a": {"id": a, "name": name}, "b": {"id": b, "name": name}}
            for writer, (a, b) in enumerate([ids, ids[::-1]])
            for name in [f"{number}.{writer}"]
        ]
        outcomes += await _together(own.ask("admin", both, each) for each in inputs)
        first, second = [await own.row("account", id) for id in ids]
        assert first["name"] == second["name"]
    assert set(outcomes) <= {DONE, "RETRYABLE"}
    assert outcomes[DONE] >= ROUNDS
    versions = {(await own.row("account", id))["version"] for id in ids}
    assert versions == {1 + outcomes[DONE]}


# --- external ids ---------------------------------------------------------------------------------


@covers("X-11")
@pytest.mark.parametrize("known", [False, True])
async def test_concurrent_upserts_create_one_record(own: TenantClient, known: bool) -> None:
    for _ in range(ROUNDS):
        external_id = own.name()
        if known:
            await own.done("admin", "accountUpsert", externalId=external_id, name="before")
        answers = await asyncio.gather(
            *(
                own.do("admin", "accountUpsert", externalId=external_id, name=f"name {number}")
                for number in range(MANY)
            )
        )
        assert Counter(outcome_of(each) for each in answers) == {DONE: MANY}
        [row] = await own.fetch("SELECT * FROM account WHERE external_id = $1", external_id)
        assert {each.data["done"]["id"] for each in answers} == {public_id("acc", row["id"])}
        assert row["version"] == MANY + known


@covers("X-11")
async def test_upsert_updates_a_concurrently_created_record(own: TenantClient) -> None:
    """The lookup of the external id finds no record; the insert then collides with the new one."""
    external_id, parent = own.name(), await own.done("admin", "accountCreate", name=own.name())
    async with own.holding("account", parent) as operator:
        params = {"externalId": external_id, "name": "second", "parent": parent}
        waiting = asyncio.create_task(own.do("admin", "accountUpsert", **params))
        await until_waits(operator, waiting)
        id = await own.done("admin", "accountUpsert", externalId=external_id, name="first")
    answer = await waiting
    assert outcome_of(answer) == DONE, answer.json
    assert answer.data["done"]["id"] == id
    assert (await own.row("account", id))["name"] == "second"


@covers("X-11")
async def test_upsert_creates_when_external_id_changes_concurrently(own: TenantClient) -> None:
    old, new = own.name(), own.name()
    id = await own.done("admin", "accountCreate", name="a", externalId=old)
    async with own.holding("account", id) as operator:
        waiting = asyncio.create_task(
            own.do("admin", "accountUpsert", externalId=old, name="upserted")
        )
        await until_waits(operator, waiting)
        change = "UPDATE account SET external_id = $2 WHERE id = $1"
        await operator.execute(change, uuid_of(id), new)
    assert outcome_of(await waiting) == DONE
    row = await own.row("account", id)
    assert (row["external_id"], row["name"]) == (new, "a")
    upserted = await own.fetch("SELECT name FROM account WHERE external_id = $1", old)
    assert [each["name"] for each in upserted] == ["upserted"]


@covers("X-11")
async def test_upsert_creates_when_record_is_deleted_concurrently(own: TenantClient) -> None:
    external_id = own.name()
    id = await own.done("admin", "accountCreate", name="a", externalId=external_id)
    async with own.holding("account", id) as operator:
        waiting = asyncio.create_task(
            own.do("admin", "accountUpsert", externalId=external_id, name="upserted")
        )
        await until_waits(operator, waiting)
        await operator.execute("UPDATE account SET deleted_at = now() WHERE id = $1", uuid_of(id))
    answer = await waiting
    assert outcome_of(answer) == DONE, answer.json
    assert answer.data["done"]["id"] != id


@covers("X-11")
async def test_concurrent_duplicate_keys_leave_one_record(own: TenantClient) -> None:
    """The first create or restore succeeds; the others get DUPLICATE."""
    external_id = own.name()
    outcomes = await _together(
        own.do("admin", "accountCreate", name=str(n), externalId=external_id) for n in range(MANY)
    )
    assert outcomes == {DONE: 1, "DUPLICATE": MANY - 1}
    trashed = []
    for _ in range(4):
        row = "SELECT id FROM account WHERE external_id = $1 AND deleted_at IS NULL"
        trashed.append(public_id("acc", await own.value(row, external_id)))
        await own.done("admin", "accountDelete", id=trashed[-1])
        await own.done("admin", "accountCreate", name="again", externalId=external_id)
    last = public_id("acc", await own.value(row, external_id))
    await own.done("admin", "accountDelete", id=last)
    outcomes = await _together(own.do("admin", "accountRestore", id=id) for id in [*trashed, last])
    assert outcomes == {DONE: 1, "DUPLICATE": 4}


async def test_concurrent_delete_and_restore_keep_children(own: TenantClient) -> None:
    places = [{"city": "Bonn"}, {"city": "Kiel"}]
    id = await own.done("admin", "accountCreate", name="a", addresses=places)
    state = """
        SELECT DISTINCT a.deleted_at IS NOT DISTINCT FROM b.deleted_at
        FROM account a JOIN address b ON b.account_id = a.id WHERE a.id = $1
    """
    for _ in range(ROUNDS):
        commands = ["accountDelete", "accountRestore"] * 4
        outcomes = await _together(own.do("admin", command, id=id) for command in commands)
        assert set(outcomes) <= {DONE, "NOT_FOUND"}
        assert [row[0] for row in await own.fetch(state, uuid_of(id))] == [True]


@covers("D-50b")
async def test_rules_are_checked_on_the_state_after_waiting(own: TenantClient) -> None:
    id = await own.opportunity("rep1")
    won = await own.value("SELECT id FROM stage WHERE kind = 'WON'")
    async with own.holding("opportunity", id) as operator:
        waiting = asyncio.create_task(own.do("rep1", "opportunityUpdate", id=id, amount="5.00"))
        await until_waits(operator, waiting)
        close = "UPDATE opportunity SET stage_id = $2, status = 'WON' WHERE id = $1"
        await operator.execute(close, uuid_of(id), won)
    assert outcome_of(await waiting) == "LOCKED"


# --- roles with one holder ------------------------------------------------------------------------


async def _head_offices(own: TenantClient, account: str) -> tuple[int, int]:
    """Number of head offices and number of addresses of an account."""
    [row] = await own.fetch(
        "SELECT count(*) FILTER (WHERE head_office), count(*) FROM address "
        "WHERE account_id = $1 AND deleted_at IS NULL",
        uuid_of(account),
    )
    return row[0], row[1]


@covers("VPM-07")
async def test_concurrent_commands_leave_one_head_office(own: TenantClient) -> None:
    account = await own.done("admin", "accountCreate", name=own.name())
    outcomes = await _together(
        own.do("admin", "addressCreate", account=account, city="Bonn", headOffice=True)
        for _ in range(10)
    )
    assert outcomes == {DONE: 10}
    assert await _head_offices(own, account) == (1, 10)
    rows = await own.fetch("SELECT id FROM address WHERE account_id = $1", uuid_of(account))
    ids = [public_id("adr", row["id"]) for row in rows]
    for _ in range(2):
        commands: list[Awaitable[Answer]] = []
        commands += [own.do("admin", "addressUpdate", id=id, headOffice=True) for id in ids[3:]]
        commands += [own.do("admin", "addressDelete", id=id) for id in ids[:3]]
        assert await _together(commands) == {DONE: 10}
        assert await _head_offices(own, account) == (1, 7)
        commands = [own.do("admin", "addressUpdate", id=id, headOffice=True) for id in ids[3:]]
        commands += [own.do("admin", "addressRestore", id=id) for id in ids[:3]]
        assert set(await _together(commands)) <= {DONE, "RETRYABLE"}
        for id in ids[:3]:
            await own.done("admin", "addressRestore", id=id)
        assert await _head_offices(own, account) == (1, 10)


@covers("D-34")
async def test_administrators_removing_each_other_leave_one(own: TenantClient) -> None:
    """Also when both administrators remove their own assignment."""
    role = public_id("rol", await own.value("SELECT id FROM role WHERE name = 'Administrator'"))
    users = {name: public_id("usr", await own.user(name)) for name in ("admin", "director")}
    for other in (True, False):
        await own.done("admin", "roleAssignmentCreate", user=users["director"], role=role)
        mine = await _assignments(own, role)
        a, b = mine[users["admin"]], mine[users["director"]]
        removed = {"admin": b if other else a, "director": a if other else b}
        before = await own.log()
        outcomes = await _together(
            own.do(who, "roleAssignmentDelete", id=id) for who, id in removed.items()
        )
        assert outcomes[DONE] == 1, outcomes
        remaining = await _assignments(own, role)
        assert len(remaining) == 1
        assert (await own.log())[0] == before[0] + 1
        if users["admin"] not in remaining:
            await own.done("director", "roleAssignmentCreate", user=users["admin"], role=role)
            mine = await _assignments(own, role)
            await own.done("admin", "roleAssignmentDelete", id=mine[users["director"]])


async def _assignments(own: TenantClient, role: str) -> dict[str, str]:
    """Assignment id by user id, for the users with a role."""
    rows = await own.fetch(
        "SELECT id, user_id FROM role_assignment WHERE role_id = $1 AND deleted_at IS NULL",
        uuid_of(role),
    )
    return {public_id("usr", row["user_id"]): public_id("ras", row["id"]) for row in rows}


@covers("D-58")
async def test_concurrent_permission_changes_all_apply(own: TenantClient) -> None:
    user = public_id("usr", await own.user("limited"))
    roles = [await own.done("admin", "roleCreate", name=own.name()) for _ in range(8)]
    inputs: list[dict[str, Any]] = [{"user": user, "role": role} for role in roles]
    access = await own.value("SELECT access FROM log_head")
    remaining, waves = list(inputs), 0
    while remaining:
        answers = await asyncio.gather(
            *(own.do("admin", "roleAssignmentCreate", **each) for each in remaining)
        )
        outcomes = [outcome_of(each) for each in answers]
        assert set(outcomes) <= {DONE, "RETRYABLE"}
        remaining = [
            each for each, outcome in zip(remaining, outcomes, strict=True) if outcome != DONE
        ]
        waves += 1
        assert waves <= len(roles)  # each wave makes progress
    assert await own.value("SELECT access FROM log_head") == access + len(roles)
