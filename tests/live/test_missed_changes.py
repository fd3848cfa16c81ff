"""A cursor from better days: who comes back is told what became of his list, and nothing that he may not see any more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from tests.live.property.documents import Document
from tests.live.property.place import Place, place
from tests.live.property.watch import Watcher
from tests.support.covers import covers
from tests.support.world import World

SHOWN = Document("shown", "id name note commission { amount }")
CANARY = "CNRY-of-better-days"
COMMISSION = "7654321.25"


@pytest.fixture(scope="module")
async def here(world: World) -> AsyncIterator[Place]:
    async with place(world, "better-days") as made:
        yield made


async def _unshared(here: Place) -> AsyncIterator[None]:
    id = await here.own.opportunity("rep1")
    share = {"opportunity": id, "employee": await here.employee("rep2")}
    made = await here.own.done("admin", "opportunityShareCreate", **share)
    yield
    await here.own.done("admin", "opportunityUpdate", id=id, note=CANARY)
    yield
    await here.own.done("admin", "opportunityShareDelete", id=made)


async def _given_away(here: Place) -> AsyncIterator[None]:
    id = await here.own.opportunity("rep2")
    yield
    await here.own.done("admin", "opportunityUpdate", id=id, note=CANARY)
    yield
    await here.own.done("admin", "opportunityUpdate", id=id, owner=await here.employee("rep1"))


async def _deleted(here: Place) -> AsyncIterator[None]:
    id = await here.own.opportunity("rep2", note=CANARY)
    yield
    await here.own.done("admin", "opportunityDelete", id=id)


async def _not_won_any_more(here: Place) -> AsyncIterator[None]:
    """The commission is readable as long as it is won (20)."""
    id = await here.own.opportunity("rep2", commission=COMMISSION)
    for stage in ("Won", "Negotiation"):
        yield
        await here.own.done("admin", "opportunityMove", id=id, stage=await here.named("Stage", stage))  # fmt: skip


HAPPENED = (_unshared, _given_away, _deleted, _not_won_any_more)


@covers("D-61", "D-63")
@pytest.mark.parametrize("stays", [True, False], ids=["somebody stayed", "nobody stayed"])
@pytest.mark.parametrize("happens", HAPPENED, ids=lambda each: each.__name__.strip("_"))
async def test_missed_changes_are_sent_with_current_values(
    here: Place, happens: Callable[[Place], AsyncIterator[None]], stays: bool
) -> None:
    """Step by step or at once, what came and went meanwhile is not told (49, 137)."""
    before, stayed = [Watcher(here, "rep2", SHOWN) for _ in range(2)]
    await before.begin(await here.connect("rep2"))
    if stays:
        await stayed.begin(await here.connect("rep2"))
    assert before.socket is not None
    await before.socket.close()
    before.take()
    async for _ in happens(here):
        if stays:
            await stayed.settle()
    if stays:
        await stayed.settle()
    await before.resume(await here.connect("rep2"))
    await before.settle()
    assert before.operation is not None
    told = "".join(before.operation.frames)
    assert CANARY not in told
    assert COMMISSION not in told
    for each in (before, stayed):
        if each.socket is not None:
            await each.socket.close()
