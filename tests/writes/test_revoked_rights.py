"""A right that was taken away is gone when the answer says so: in the process that was asked, and in every other."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.covers import covers
from tests.support.world import Answer, World
from tests.writes.parallel import (
    DONE,
    TenantClient,
    in_second_process,
    outcome_of,
    own_tenant,
    public_id,
    until_waits,
)

ROUNDS = [pytest.param(2, id="everyday"), pytest.param(40, marks=pytest.mark.nightly)]
SECRET = "as seen by those who may"
OFTEN = 4
"""So many times each is asked before, and after."""

Ask = Callable[[TenantClient], Awaitable[Answer]]


@pytest.fixture(scope="module")
async def own(world: World) -> AsyncIterator[TenantClient]:
    async with own_tenant(world, "taken") as made:
        yield made


@pytest.fixture(scope="module")
async def other(own: TenantClient) -> AsyncIterator[TenantClient]:
    """The same tenant, through another process."""
    async with in_second_process(own) as second:
        yield second


@dataclass
class Taking:
    """A right: how it is used, how it is taken away, and how it is given back."""

    read: Ask
    write: Ask
    take: Callable[[], Awaitable[object]]
    give: Callable[[], Awaitable[object]]


def _reading(who: str, entity: str, field: str, id: str) -> Ask:
    query = f"query ($id: ID!) {{ {entity}(id: $id) {{ {field} }} }}"
    return lambda own: own.ask(who, query, {"id": id})


def _writing(who: str, deed: str, **given: Any) -> Ask:
    return lambda own: own.do(who, deed, **given)


async def _role(own: TenantClient) -> Taking:
    id = await own.done("rep2", "accountCreate", name=SECRET)
    role = await own.value("SELECT id FROM role WHERE name = 'Sales representative'")
    given = {"user": public_id("usr", await own.user("rep2")), "role": public_id("rol", role)}

    async def take() -> None:
        found = await own.value(
            "SELECT id FROM role_assignment WHERE deleted_at IS NULL AND user_id = $1",
            await own.user("rep2"),
        )
        await own.done("admin", "roleAssignmentDelete", id=public_id("ras", found))

    return Taking(
        _reading("rep2", "account", "name", id),
        _writing("rep2", "accountUpdate", id=id, city="Bonn"),
        take,
        lambda: own.done("admin", "roleAssignmentCreate", **given),
    )


async def _field(own: TenantClient) -> Taking:
    id = await own.done("rep1", "accountCreate", name="a", website=SECRET)
    profile = await own.value("SELECT id FROM profile WHERE name = 'Standard sales'")
    given = {
        "profile": public_id("prf", profile), "entity": "Account", "field": "website", "writes": True,
    }  # fmt: skip

    async def take() -> None:
        found = await own.value(
            "SELECT id FROM field_permission WHERE deleted_at IS NULL AND profile_id = $1 "
            "AND entity = 'Account' AND field = 'website'",
            profile,
        )
        await own.done("admin", "fieldPermissionDelete", id=public_id("pfi", found))

    return Taking(
        _reading("rep1", "account", "website", id),
        _writing("rep1", "accountUpdate", id=id, website=SECRET),
        take,
        lambda: own.done("admin", "fieldPermissionCreate", **given),
    )


async def _share(own: TenantClient) -> Taking:
    id = await own.opportunity("rep2", name=SECRET)
    given = {"opportunity": id, "employee": public_id("emp", await own.employee("support"))}
    shares = [await own.done("admin", "opportunityShareCreate", **given)]

    async def give() -> None:
        shares.append(await own.done("admin", "opportunityShareCreate", **given))

    return Taking(
        _reading("support", "opportunity", "name", id),
        _writing("support", "opportunityUpdate", id=id, note="x"),
        lambda: own.done("admin", "opportunityShareDelete", id=shares[-1]),
        give,
    )


async def _user(own: TenantClient) -> Taking:
    id = await own.done("limited", "opportunityCreate", **await _first_opportunity(own))
    user = public_id("usr", await own.user("limited"))

    async def give() -> None:
        await own.done("admin", "userUpdate", id=user, active=True)
        await own.forget("limited")
        await own.world.token("limited", own.slug)

    return Taking(
        _reading("limited", "opportunity", "name", id),
        _writing("limited", "opportunityUpdate", id=id, note="x"),
        lambda: own.done("admin", "userUpdate", id=user, active=False),
        give,
    )


async def _first_opportunity(own: TenantClient) -> dict[str, Any]:
    account = await own.done("admin", "accountCreate", name=own.name())
    kind = public_id("opt", await own.type("New business"))
    return {"name": SECRET, "currency": "EUR", "account": account, "type": kind}


class Watch:
    """Asks all the time, and notes what was answered to whom: before the right was taken, and after."""

    def __init__(self, taking: Taking) -> None:
        self.taking = taking
        self.taken = asyncio.Event()
        self.asked: Counter[tuple[int, str, bool, bool]] = Counter()
        """By process and kind: whether it was asked afterwards, and whether it was allowed."""

    def often(self, afterwards: bool, allowed: bool) -> bool:
        """Whether all four were so, often enough."""
        keys = [(process, kind) for process in (0, 1) for kind in ("read", "write")]
        return all(self.asked[*key, afterwards, allowed] >= OFTEN for key in keys)

    async def ask(self, process: int, own: TenantClient, kind: str) -> None:
        """One who asks until all were refused often enough."""
        while not self.often(afterwards=True, allowed=False):
            afterwards = self.taken.is_set()
            answer = await (self.taking.read if kind == "read" else self.taking.write)(own)
            allowed = (
                SECRET.encode() in answer.body if kind == "read" else outcome_of(answer) == DONE
            )
            assert not (afterwards and allowed), answer.json
            assert kind == "read" or outcome_of(answer) != "INTERNAL", answer.json
            self.asked[process, kind, afterwards, allowed] += 1


@covers("D-34", "D-58", "D-31")
@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("right", [_role, _field, _share, _user])
async def test_commands_after_revocation_are_refused(
    own: TenantClient,
    other: TenantClient,
    right: Callable[[TenantClient], Awaitable[Taking]],
    rounds: int,
) -> None:
    taking = await right(own)
    for _ in range(rounds):
        watch = Watch(taking)
        async with asyncio.TaskGroup() as group:
            for process, each in enumerate((own, other)):
                for kind in ("read", "read", "write"):
                    group.create_task(watch.ask(process, each, kind))
            while not watch.often(afterwards=False, allowed=True):  # noqa: ASYNC110 - it only counts
                await asyncio.sleep(0.001)
            await taking.take()
            watch.taken.set()
        await taking.give()


@covers("D-58", "D-34")
@pytest.mark.parametrize("deed", ["userPasswordReset", "sessionRevoke"])
async def test_user_command_waiting_during_revocation_is_refused(
    own: TenantClient, deed: str
) -> None:
    """These leave nothing in the log, and end under the rights that stand nevertheless."""
    query = f"mutation ($input: RecordRefInput!) {{ done: {deed}(input: $input) {{ __typename }} }}"
    role = await own.value("SELECT id FROM role WHERE name = 'Administrator'")
    given = {"user": public_id("usr", await own.user("director")), "role": public_id("rol", role)}
    assigned = await own.done("admin", "roleAssignmentCreate", **given)
    user = await own.user("rep1")
    table, id = "user", public_id("usr", user)
    if deed == "sessionRevoke":
        await own.world.token("rep1", own.slug)
        found = await own.value("SELECT id FROM session WHERE user_id = $1 LIMIT 1", user)
        table, id = "session", public_id("ses", found)
    assert (await own.ask("director", "{ users(first: 1) { nodes { id } } }")).data
    async with own.holding(table, id) as operator:
        waiting = asyncio.create_task(own.ask("director", query, {"input": {"id": id}}))
        await until_waits(operator, waiting)
        await own.done("admin", "roleAssignmentDelete", id=assigned)
    assert (await waiting).codes in (["FORBIDDEN"], ["NOT_FOUND"]), (await waiting).json
