"""Commands that wait on a lock while their record changes: the outcome follows the state after the wait."""

# ruff: noqa: S608 - the statements consist of constants and declared names

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from db.api import MODEL
from tests.support.covers import covers
from tests.support.world import World
from tests.writes.client import (
    DONE,
    TenantClient,
    outcome_of,
    own_tenant,
    public_id,
    until_second_waits,
    until_waits,
    uuid_of,
    version,
    without_commits,
)

BUMP = "UPDATE log_head SET access = access + 1"
PROFILES_OF_ROLE = """
    IN (SELECT p.profile_id FROM role_profile p JOIN role r ON r.id = p.role_id
        WHERE r.name = 'Sales representative')
"""


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[TenantClient]:
    async with own_tenant(world, "races") as client:
        yield client


# --- target of the command ----------------------------------------------------------------------


async def _command_input(tenant: TenantClient, command: str, id: str) -> dict[str, Any]:
    """Input of a command on an opportunity, after preparing its state."""
    if command.startswith("opportunityShare"):
        employee = public_id("emp", await tenant.employee_id("limited"))
        share = {"opportunity": id, "employee": employee}
        if command == "opportunityShareCreate":
            return share
        return {"id": await tenant.mutate("admin", "opportunityShareCreate", **share)}
    if command == "opportunityMove":
        stage = await tenant.value("SELECT id FROM stage WHERE name = 'Negotiation'")
        return {"id": id, "stage": public_id("stg", stage)}
    if command == "opportunityRestore":
        await tenant.mutate("rep1", "opportunityDelete", id=id)
    return {"id": id} | ({"name": tenant.new_name()} if command == "opportunityUpdate" else {})


REASSIGNED = (
    "UPDATE opportunity SET owner_id = (SELECT id FROM employee WHERE email LIKE 'rep2@%') "
    "WHERE id = $1 RETURNING to_jsonb(opportunity)::text"
)
DELETED = (
    "UPDATE opportunity SET deleted_at = now() WHERE id = $1 RETURNING to_jsonb(opportunity)::text"
)


@covers("D-50b")
@pytest.mark.parametrize(
    ("command", "event"),
    [
        ("opportunityUpdate", REASSIGNED),
        ("opportunityMove", REASSIGNED),
        ("opportunityDelete", REASSIGNED),
        ("opportunityRestore", REASSIGNED),
        ("opportunityShareCreate", REASSIGNED),
        ("opportunityShareDelete", REASSIGNED),
        ("opportunityUpdate", DELETED),
        ("opportunityMove", DELETED),
        ("opportunityDelete", DELETED),
        ("opportunityShareCreate", DELETED),
        ("opportunityShareDelete", DELETED),
    ],
)
async def test_record_removed_while_a_command_waits_is_not_found(
    tenant: TenantClient, command: str, event: str
) -> None:
    id = await tenant.opportunity("rep1")
    params = await _command_input(tenant, command, id)
    before = await tenant.log()
    async with tenant.row_locked("opportunity", id) as operator:
        waiting = asyncio.create_task(tenant.attempt("rep1", command, **params))
        await until_waits(operator, waiting)
        expected = await operator.fetchval(event, uuid_of(id))
    answer = await waiting
    assert outcome_of(answer) == "NOT_FOUND", answer.json
    assert await tenant.log() == before
    row = await tenant.value(
        "SELECT to_jsonb(o)::text FROM opportunity o WHERE id = $1", uuid_of(id)
    )
    assert row == expected
    shares = (
        "SELECT count(*) FROM opportunity_share WHERE opportunity_id = $1 AND deleted_at IS NULL"
    )
    assert await tenant.value(shares, uuid_of(id)) == (command == "opportunityShareDelete")


@covers("D-50b")
@pytest.mark.parametrize(
    "unshare",
    [
        "DELETE FROM opportunity_share WHERE opportunity_id = $1",
        "UPDATE opportunity_share SET deleted_at = now() WHERE opportunity_id = $1",
    ],
)
@pytest.mark.parametrize("within", [True, False])
async def test_record_unshared_while_a_command_waits_is_not_found(
    tenant: TenantClient, unshare: str, within: bool
) -> None:
    """The command waits for another row than the share, so a waiting statement does not see its deletion."""
    id = await tenant.opportunity("rep2")
    employee = public_id("emp", await tenant.employee_id("support"))
    await tenant.mutate("admin", "opportunityShareCreate", opportunity=id, employee=employee)
    await tenant.mutate("support", "opportunityUpdate", id=id, note="seen")
    before = await tenant.log()
    async with tenant.row_locked("opportunity", id) as operator:
        waiting = asyncio.create_task(
            tenant.attempt("support", "opportunityUpdate", id=id, note="x")
        )
        await until_waits(operator, waiting)
        await (operator.execute if within else tenant.value)(unshare, uuid_of(id))
    answer = await waiting
    assert outcome_of(answer) == "NOT_FOUND", answer.json
    assert await tenant.log() == before
    assert (await tenant.row("opportunity", id))["note"] == "seen"


# --- rights and session of the caller -------------------------------------------------------------


@asynccontextmanager
async def _restored(tenant: TenantClient, *tables: str) -> AsyncIterator[None]:
    """Restore the rows of rights tables when the block ends."""
    saved = {name: await tenant.fetch(f"SELECT * FROM {name}") for name in tables}
    try:
        yield
    finally:
        async with tenant.operator() as operator, operator.transaction():
            for name, rows in saved.items():
                await operator.execute(f"DELETE FROM {name}")
                records = [tuple(row) for row in rows]
                await operator.copy_records_to_table(name, records=records)
            await operator.execute(BUMP)


_ENTITY = "object_permission SET {} WHERE entity = 'Opportunity' AND profile_id" + PROFILES_OF_ROLE
RIGHTS = {
    "no edit right": ("UPDATE " + _ENTITY.format("edits = NULL"), "FORBIDDEN"),
    "no read right": (
        "DELETE FROM object_permission WHERE entity = 'Opportunity' AND profile_id"
        + PROFILES_OF_ROLE,
        "FIELD_FORBIDDEN",
    ),
    "field read-only": (
        "UPDATE field_permission SET writes = false "
        "WHERE (entity, field) = ('Opportunity', 'name') AND profile_id" + PROFILES_OF_ROLE,
        "FIELD_READ_ONLY",
    ),
    "field unreadable": (
        "DELETE FROM field_permission "
        "WHERE (entity, field) = ('Opportunity', 'name') AND profile_id" + PROFILES_OF_ROLE,
        "FIELD_FORBIDDEN",
    ),
    "unrelated right": ("UPDATE " + _ENTITY.format("deletes = 'ALL'"), DONE),
}


@covers("D-58", "D-34")
@pytest.mark.parametrize("change", RIGHTS)
async def test_command_is_authorized_with_rights_at_commit(
    tenant: TenantClient, change: str
) -> None:
    text, expected = RIGHTS[change]
    id = await tenant.opportunity("rep1")
    await tenant.mutate("rep1", "opportunityUpdate", id=id, note="mine")
    before = await tenant.log()
    async with _restored(tenant, "object_permission", "field_permission"):
        async with tenant.row_locked("opportunity", id) as operator:
            waiting = asyncio.create_task(
                tenant.attempt("rep1", "opportunityUpdate", id=id, name="x")
            )
            await until_waits(operator, waiting)
            await tenant.value(
                f"WITH done AS ({text} RETURNING 1) {BUMP}"
            )  # before the lock is released
        answer = await waiting
    assert outcome_of(answer) == expected, answer.json
    row = await tenant.row("opportunity", id)
    assert (row["name"] == "x") == (expected == DONE)
    assert row["version"] == (3 if expected == DONE else 2)
    assert await tenant.log() == ((before[0] + 1, before[1] + 1) if expected == DONE else before)


async def _signs_out(tenant: TenantClient, token: str) -> None:
    answer = await tenant.world.post(
        b'{"query": "mutation { signOut { __typename } }"}',
        authorization=f"Bearer {token}",
    )
    assert answer.data


async def _is_disabled(tenant: TenantClient, token: str) -> None:
    user = public_id("usr", await tenant.user_id("rep2"))
    await tenant.mutate("admin", "userUpdate", id=user, active=False)


@covers("D-58")
@pytest.mark.parametrize("end", [_signs_out, _is_disabled])
async def test_command_of_a_revoked_session_is_refused(
    tenant: TenantClient, end: Callable[[TenantClient, str], Awaitable[None]]
) -> None:
    id = await tenant.opportunity("rep2")
    await tenant.drop_token("rep2")
    token = await tenant.world.token("rep2", tenant.slug)
    await tenant.mutate("rep2", "opportunityUpdate", id=id, note="mine")
    before = await tenant.row("opportunity", id)
    try:
        async with tenant.row_locked("opportunity", id) as operator:
            waiting = asyncio.create_task(
                tenant.attempt("rep2", "opportunityUpdate", id=id, note="x")
            )
            await until_waits(operator, waiting)
            await end(tenant, token)
        answer = await waiting
    finally:
        await tenant.drop_token("rep2")
        user = await tenant.user_id("rep2")
        await tenant.value(
            f'WITH done AS (UPDATE "user" SET active = true WHERE id = $1 RETURNING 1) {BUMP}', user
        )
    assert outcome_of(answer) == "UNAUTHENTICATED", answer.json
    assert await tenant.row("opportunity", id) == before


# --- linked records -------------------------------------------------------------------------------


async def _dangling(tenant: TenantClient) -> set[tuple[str, str, str]]:
    """Live records that link to deleted ones, as entity, relation and id."""
    dangling = set()
    for name, entity in MODEL.entities.items():
        if entity.is_trace or "deleted_at" not in entity.table.c:
            continue
        for relation in entity.references.values():
            target = entity.targets[relation.name].table.name
            rows = await tenant.fetch(
                f'SELECT a.id FROM "{entity.table.name}" a JOIN "{target}" b ON b.id = a.{relation.column} '
                "WHERE a.deleted_at IS NULL AND b.deleted_at IS NOT NULL"
            )
            dangling |= {(name, relation.name, str(row["id"])) for row in rows}
    return dangling


async def _linking_input(tenant: TenantClient, link: str, target: str) -> dict[str, Any]:
    """Input of a command that links to the target."""
    entity, _, action = link.partition(":")
    match entity, action:
        case "address" | "opportunityShare", _:
            parent = "account" if entity == "address" else "opportunity"
            share = {"employee": public_id("emp", await tenant.employee_id("limited"))}
            return {parent: target} | (share if entity == "opportunityShare" else {})
        case "opportunity", "Create":
            type_id = public_id("opt", await tenant.type_id("New business"))
            return {
                "account": target,
                "name": tenant.new_name(),
                "currency": "EUR",
                "type": type_id,
            }
        case "opportunity", "Update":
            return {"id": await tenant.opportunity("rep1"), "account": target}
        case "opportunity", _:
            id = await tenant.opportunity("rep1", account=target)
            await tenant.mutate("rep1", "opportunityDelete", id=id)
            return {"id": id}
        case "owned", _:
            return {"id": await tenant.mutate("rep1", "accountCreate", name="a"), "owner": target}
        case _, "Update":
            return {
                "id": await tenant.mutate("rep1", "accountCreate", name="below"),
                "parent": target,
            }
    return {"parent": target, "name": tenant.new_name()}


LINKS = (
    "opportunity:Create",
    "opportunity:Update",
    "opportunity:Restore",
    "account:Create",
    "account:Update",
    "owned:Update",
    "address:Create",
    "opportunityShare:Create",
)


async def _target(tenant: TenantClient, link: str) -> tuple[str, str]:
    """The link target and the command that deletes it."""
    if link.startswith("opportunityShare"):
        return await tenant.opportunity("rep1"), "opportunityDelete"
    if link.startswith("owned"):
        params = {"name": "Ann Nu", "email": "ann@nu.example"}
        return await tenant.mutate("admin", "employeeCreate", **params), "employeeDelete"
    return await tenant.mutate("rep1", "accountCreate", name=tenant.new_name()), "accountDelete"


def _command(link: str) -> str:
    return link.replace("owned", "account").replace(":", "")


@covers("D-50b")
@pytest.mark.parametrize("link", LINKS)
async def test_link_to_a_record_being_deleted_is_refused(tenant: TenantClient, link: str) -> None:
    target, delete = await _target(tenant, link)
    params, before = await _linking_input(tenant, link, target), await _dangling(tenant)
    async with without_commits(tenant) as operator:
        first = asyncio.create_task(tenant.attempt("admin", delete, id=target))
        await until_waits(operator, first)
        second = asyncio.create_task(tenant.attempt("rep1", _command(link), **params))
        await until_second_waits(operator, second)
    assert outcome_of(await first) == DONE
    late = outcome_of(await second)
    assert late == ("PARENT_DELETED" if link.endswith("Restore") else "NOT_FOUND")
    assert await _dangling(tenant) == before


@covers("D-50b")
@pytest.mark.parametrize("link", LINKS)
async def test_delete_of_a_record_being_linked_is_refused(tenant: TenantClient, link: str) -> None:
    target, delete = await _target(tenant, link)
    params, before = await _linking_input(tenant, link, target), await _dangling(tenant)
    async with without_commits(tenant) as operator:
        first = asyncio.create_task(tenant.attempt("rep1", _command(link), **params))
        await until_waits(operator, first)
        second = asyncio.create_task(tenant.attempt("admin", delete, id=target))
        await until_second_waits(operator, second)
    assert outcome_of(await first) == DONE
    is_child = link.startswith(("address", "opportunityShare"))
    assert outcome_of(await second) == (
        DONE if is_child else "IN_USE"
    )  # a child is trashed with its parent
    assert await _dangling(tenant) == before


async def test_concurrent_links_and_deletes_leave_no_dangling_reference(
    tenant: TenantClient,
) -> None:
    before = await _dangling(tenant)
    for link in LINKS:
        for _ in range(4):
            target, delete = await _target(tenant, link)
            params = await _linking_input(tenant, link, target)
            answers = await asyncio.gather(
                tenant.attempt("rep1", _command(link), **params),
                tenant.attempt("admin", delete, id=target),
            )
            assert {outcome_of(each) for each in answers} <= {
                DONE, "NOT_FOUND", "IN_USE", "PARENT_DELETED", "RETRYABLE",
            }  # fmt: skip
    assert await _dangling(tenant) == before


# --- timestamps -----------------------------------------------------------------------------------


@covers("D-36")
async def test_later_change_has_later_timestamp(tenant: TenantClient) -> None:
    """A command that waits for another one starts before it but gets the later timestamp."""
    first, second = [
        await tenant.mutate("admin", "accountCreate", name=tenant.new_name()) for _ in "ab"
    ]
    both = """mutation ($a: AccountUpdateInput!, $b: AccountUpdateInput!) {
      a: accountUpdate(input: $a) { id } done: accountUpdate(input: $b) { account { version } userErrors { code } }
    }"""
    params = {"a": {"id": first, "name": "x"}, "b": {"id": second, "name": "x"}}
    async with tenant.row_locked("account", first) as operator:
        waiting = asyncio.create_task(tenant.ask("admin", both, params))
        await until_waits(operator, waiting)
        await tenant.mutate("admin", "accountUpdate", id=second, name="y")
        earlier = await tenant.row("account", second)
    assert version(await waiting) == 3
    later = await tenant.row("account", second)
    assert later["version"] == earlier["version"] + 1
    assert later["updated_at"] > earlier["updated_at"]
