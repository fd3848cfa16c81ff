"""A revoked right is ineffective once the revocation responds, in the same application process and in others."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.covers import covers
from tests.support.world import Answer, World
from tests.writes.client import (
    DONE,
    TenantClient,
    in_second_instance,
    outcome_of,
    own_tenant,
    public_id,
    until_waits,
)

ROUNDS = [pytest.param(2, id="everyday"), pytest.param(40, marks=pytest.mark.nightly)]
SECRET = "visible with the right only"
REQUESTS = 4
"""Minimum number of requests of each kind before and after the revocation."""

Ask = Callable[[TenantClient], Awaitable[Answer]]


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[TenantClient]:
    async with own_tenant(world, "revoked") as client:
        yield client


@pytest.fixture(scope="module")
async def other(tenant: TenantClient) -> AsyncIterator[TenantClient]:
    """A client of the same tenant through a second process."""
    async with in_second_instance(tenant) as second:
        yield second


@dataclass
class Revocation:
    """A right: requests that use it, and functions that revoke and grant it."""

    read: Ask
    write: Ask
    revoke: Callable[[], Awaitable[object]]
    grant: Callable[[], Awaitable[object]]


def _reading(persona: str, entity: str, field: str, id: str) -> Ask:
    query = f"query ($id: ID!) {{ {entity}(id: $id) {{ {field} }} }}"
    return lambda tenant: tenant.ask(persona, query, {"id": id})


def _writing(persona: str, command: str, **params: Any) -> Ask:
    return lambda tenant: tenant.attempt(persona, command, **params)


async def _role(tenant: TenantClient) -> Revocation:
    id = await tenant.mutate("rep2", "accountCreate", name=SECRET)
    role = await tenant.value("SELECT id FROM role WHERE name = 'Sales representative'")
    params = {
        "user": public_id("usr", await tenant.user_id("rep2")),
        "role": public_id("rol", role),
    }

    async def revoke() -> None:
        assignment = await tenant.value(
            "SELECT id FROM role_assignment WHERE deleted_at IS NULL AND user_id = $1",
            await tenant.user_id("rep2"),
        )
        await tenant.mutate("admin", "roleAssignmentDelete", id=public_id("ras", assignment))

    return Revocation(
        _reading("rep2", "account", "name", id),
        _writing("rep2", "accountUpdate", id=id, city="Bonn"),
        revoke,
        lambda: tenant.mutate("admin", "roleAssignmentCreate", **params),
    )


async def _field(tenant: TenantClient) -> Revocation:
    id = await tenant.mutate("rep1", "accountCreate", name="a", website=SECRET)
    profile = await tenant.value("SELECT id FROM profile WHERE name = 'Standard sales'")
    params = {
        "profile": public_id("prf", profile), "entity": "Account", "field": "website", "writes": True,
    }  # fmt: skip

    async def revoke() -> None:
        permission = await tenant.value(
            "SELECT id FROM field_permission WHERE deleted_at IS NULL AND profile_id = $1 "
            "AND entity = 'Account' AND field = 'website'",
            profile,
        )
        await tenant.mutate("admin", "fieldPermissionDelete", id=public_id("pfi", permission))

    return Revocation(
        _reading("rep1", "account", "website", id),
        _writing("rep1", "accountUpdate", id=id, website=SECRET),
        revoke,
        lambda: tenant.mutate("admin", "fieldPermissionCreate", **params),
    )


async def _share(tenant: TenantClient) -> Revocation:
    id = await tenant.opportunity("rep2", name=SECRET)
    params = {"opportunity": id, "employee": public_id("emp", await tenant.employee_id("support"))}
    shares = [await tenant.mutate("admin", "opportunityShareCreate", **params)]

    async def grant() -> None:
        shares.append(await tenant.mutate("admin", "opportunityShareCreate", **params))

    return Revocation(
        _reading("support", "opportunity", "name", id),
        _writing("support", "opportunityUpdate", id=id, note="x"),
        lambda: tenant.mutate("admin", "opportunityShareDelete", id=shares[-1]),
        grant,
    )


async def _user(tenant: TenantClient) -> Revocation:
    id = await tenant.mutate("limited", "opportunityCreate", **await _first_opportunity(tenant))
    user = public_id("usr", await tenant.user_id("limited"))

    async def grant() -> None:
        await tenant.mutate("admin", "userUpdate", id=user, active=True)
        await tenant.drop_token("limited")
        await tenant.world.token("limited", tenant.slug)

    return Revocation(
        _reading("limited", "opportunity", "name", id),
        _writing("limited", "opportunityUpdate", id=id, note="x"),
        lambda: tenant.mutate("admin", "userUpdate", id=user, active=False),
        grant,
    )


async def _first_opportunity(tenant: TenantClient) -> dict[str, Any]:
    account = await tenant.mutate("admin", "accountCreate", name=tenant.new_name())
    kind = public_id("opt", await tenant.type_id("New business"))
    return {"name": SECRET, "currency": "EUR", "account": account, "type": kind}


class Requests:
    """Sends requests continuously and counts their outcomes before and after the revocation."""

    def __init__(self, right: Revocation) -> None:
        self.right = right
        self.revoked = asyncio.Event()
        self.outcomes: Counter[tuple[int, str, bool, bool]] = Counter()
        """Counts by process, kind of request, whether it was sent after the revocation, and whether it was allowed."""

    def enough(self, afterwards: bool, allowed: bool) -> bool:
        """Whether reads and writes in both processes had this outcome often enough."""
        keys = [(process, kind) for process in (0, 1) for kind in ("read", "write")]
        return all(self.outcomes[*key, afterwards, allowed] >= REQUESTS for key in keys)

    async def ask(self, process: int, tenant: TenantClient, kind: str) -> None:
        """Send requests until all were refused often enough."""
        while not self.enough(afterwards=True, allowed=False):
            afterwards = self.revoked.is_set()
            answer = await (self.right.read if kind == "read" else self.right.write)(tenant)
            allowed = (
                SECRET.encode() in answer.body if kind == "read" else outcome_of(answer) == DONE
            )
            assert not (afterwards and allowed), answer.json
            assert kind == "read" or outcome_of(answer) != "INTERNAL", answer.json
            self.outcomes[process, kind, afterwards, allowed] += 1


@covers("D-34", "D-58", "D-31")
@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("right", [_role, _field, _share, _user])
async def test_commands_after_revocation_are_refused(
    tenant: TenantClient,
    other: TenantClient,
    right: Callable[[TenantClient], Awaitable[Revocation]],
    rounds: int,
) -> None:
    revocation = await right(tenant)
    for _ in range(rounds):
        requests = Requests(revocation)
        async with asyncio.TaskGroup() as group:
            for process, each in enumerate((tenant, other)):
                for kind in ("read", "read", "write"):
                    group.create_task(requests.ask(process, each, kind))
            while not requests.enough(afterwards=False, allowed=True):  # noqa: ASYNC110 - polls a counter
                await asyncio.sleep(0.001)
            await revocation.revoke()
            requests.revoked.set()
        await revocation.grant()


@covers("D-58", "D-34")
@pytest.mark.parametrize("command", ["userPasswordReset", "sessionRevoke"])
async def test_user_command_waiting_during_revocation_is_refused(
    tenant: TenantClient, command: str
) -> None:
    """These commands write no log entry; they are authorized with the rights at commit nevertheless."""
    query = (
        f"mutation ($input: RecordRefInput!) {{ done: {command}(input: $input) {{ __typename }} }}"
    )
    role = await tenant.value("SELECT id FROM role WHERE name = 'Administrator'")
    params = {
        "user": public_id("usr", await tenant.user_id("director")),
        "role": public_id("rol", role),
    }
    assigned = await tenant.mutate("admin", "roleAssignmentCreate", **params)
    user = await tenant.user_id("rep1")
    table, id = "user", public_id("usr", user)
    if command == "sessionRevoke":
        await tenant.world.token("rep1", tenant.slug)
        session = await tenant.value("SELECT id FROM session WHERE user_id = $1 LIMIT 1", user)
        table, id = "session", public_id("ses", session)
    assert (await tenant.ask("director", "{ users(first: 1) { nodes { id } } }")).data
    async with tenant.row_locked(table, id) as operator:
        waiting = asyncio.create_task(tenant.ask("director", query, {"input": {"id": id}}))
        await until_waits(operator, waiting)
        await tenant.mutate("admin", "roleAssignmentDelete", id=assigned)
    assert (await waiting).codes in (["FORBIDDEN"], ["NOT_FOUND"]), (await waiting).json
