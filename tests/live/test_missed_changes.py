"""Resuming after permissions were lost: the missed changes contain only values that the subscriber may still read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from tests.live.property.documents import Document
from tests.live.property.served_tenant import ServedTenant, open_tenant
from tests.live.property.watch import Watcher
from tests.support.covers import covers
from tests.support.world import World

SHOWN = Document("shown", "id name note commission { amount }")
CANARY = "CNRY-missed"
COMMISSION = "7654321.25"


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[ServedTenant]:
    async with open_tenant(world, "missed-changes") as served:
        yield served


async def _unshared(tenant: ServedTenant) -> AsyncIterator[None]:
    id = await tenant.client.opportunity("rep1")
    share = {"opportunity": id, "employee": await tenant.employee_id("rep2")}
    created = await tenant.client.mutate("admin", "opportunityShareCreate", **share)
    yield
    await tenant.client.mutate("admin", "opportunityUpdate", id=id, note=CANARY)
    yield
    await tenant.client.mutate("admin", "opportunityShareDelete", id=created)


async def _reassigned(tenant: ServedTenant) -> AsyncIterator[None]:
    id = await tenant.client.opportunity("rep2")
    yield
    await tenant.client.mutate("admin", "opportunityUpdate", id=id, note=CANARY)
    yield
    await tenant.client.mutate(
        "admin", "opportunityUpdate", id=id, owner=await tenant.employee_id("rep1")
    )


async def _deleted(tenant: ServedTenant) -> AsyncIterator[None]:
    id = await tenant.client.opportunity("rep2", note=CANARY)
    yield
    await tenant.client.mutate("admin", "opportunityDelete", id=id)


async def _reopened(tenant: ServedTenant) -> AsyncIterator[None]:
    """The commission is readable only while the opportunity is won."""
    id = await tenant.client.opportunity("rep2", commission=COMMISSION)
    for stage in ("Won", "Negotiation"):
        yield
        await tenant.client.mutate("admin", "opportunityMove", id=id, stage=await tenant.id_of("Stage", stage))  # fmt: skip


SCENARIOS = (_unshared, _reassigned, _deleted, _reopened)


@covers("D-61", "D-63")
@pytest.mark.parametrize("stays", [True, False], ids=["another subscriber", "no subscriber"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.__name__.strip("_"))
async def test_missed_changes_are_sent_with_current_values(
    tenant: ServedTenant, scenario: Callable[[ServedTenant], AsyncIterator[None]], stays: bool
) -> None:
    """Values that were written and became unreadable meanwhile are not sent, with or without another subscriber."""
    before, stayed = [Watcher(tenant, "rep2", SHOWN) for _ in range(2)]
    await before.subscribe(await tenant.connect("rep2"))
    if stays:
        await stayed.subscribe(await tenant.connect("rep2"))
    assert before.socket is not None
    await before.socket.close()
    before.apply_new()
    async for _ in scenario(tenant):
        if stays:
            await stayed.settle()
    if stays:
        await stayed.settle()
    await before.resume(await tenant.connect("rep2"))
    await before.settle()
    assert before.operation is not None
    sent = "".join(before.operation.frames)
    assert CANARY not in sent
    assert COMMISSION not in sent
    for each in (before, stayed):
        if each.socket is not None:
            await each.socket.close()
