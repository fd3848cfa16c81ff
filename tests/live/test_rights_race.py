"""A permission is revoked during concurrent writes: nothing with a later position in the log reaches its former holder."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from tests.live.property.client import Operation, Socket, until
from tests.live.property.documents import Document
from tests.live.property.flips import FLIPS, Flip
from tests.live.property.served_tenant import ServedTenant, open_tenant
from tests.live.property.watch import Watcher
from tests.proof.contract import snake
from tests.support.covers import covers
from tests.support.world import World

CANARY = re.compile(r"CNRY-(\d+)-")
DAILY, NIGHTLY = 5, 120
NUMBERS = itertools.count()
SUBSCRIBERS, WRITERS, MORE_WRITES, JOINING = 3, 2, 4, 20


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[ServedTenant]:
    async with open_tenant(world, "rights-race") as served:
        yield served


@dataclass
class Race:
    """Repeated revocations of one permission, with concurrent writers and subscribers."""

    tenant: ServedTenant
    flip: Flip
    rng: random.Random
    watchers: list[Watcher] = field(default_factory=list)
    """Subscribers of the viewer, each on its own connection."""
    is_revoked: bool = False

    async def write(self) -> int:
        """Write one more canary as the administrator and return its number."""
        number = next(NUMBERS)
        params = {"id": self.flip.record, self.flip.column: f"CNRY-{number}-"}
        await self.tenant.client.mutate("admin", self.flip.writes, **params)
        return number

    async def keep_writing(self) -> None:
        """Write until the permission is revoked, and a few times more."""
        while not self.is_revoked:
            await self.write()
        for _ in range(MORE_WRITES):
            await self.write()

    async def revoke(self) -> None:
        """Revoke the permission at a random moment."""
        await asyncio.sleep(self.rng.random() * 0.02)
        await self.flip.revoke(self.tenant)
        self.is_revoked = True

    async def join(self, socket: Socket) -> list[Operation]:
        """Subscribe repeatedly until the revocation, with a cursor or without, and return the operations."""
        joined: list[Operation] = []
        while not self.is_revoked and len(joined) < JOINING:
            after = self.rng.choice((None, self.watchers[0].cursor))
            joined.append(await _subscribe(socket, self.flip.document, after))
            if len(joined) > 6:
                await socket.complete(joined[-7])
            await asyncio.sleep(self.rng.random() * 0.004)
        for each in joined:
            if not each.ended:
                await socket.wait_first(each)
        return joined

    async def positions(self, since: int) -> tuple[dict[int, int], int]:
        """The log position of each canary, by its number, and of the revocation."""
        text = """
            SELECT position, entity, changed, after FROM change_log
            WHERE position > $1 ORDER BY position, number
        """
        canaries: dict[int, int] = {}
        revoked = 0
        for row in await self.tenant.client.fetch(text, since):
            if snake(self.flip.column) in row["changed"]:
                canaries[int(CANARY.findall(row["after"])[0])] = row["position"]
            else:
                revoked = row["position"]
        assert revoked, "the log has no entry of the revocation"
        return canaries, revoked


async def _subscribe(socket: Socket, document: Document, after: str | None) -> Operation:
    return await socket.subscribe(document.subscription, {**document.variables, "after": after})


async def _check_visible(race: Race) -> None:
    """While the permission is granted, every subscriber receives what is written."""
    number = await race.write()
    for each in race.watchers:
        if not each.is_alive():
            assert each.socket is not None
            await each.subscribe(each.socket)
        await until(
            lambda each=each: f"CNRY-{number}-" in each.operation.frames[-1],  # type: ignore[misc]
            lambda each=each: f"{each} did not receive canary {number}: {each.operation}",  # type: ignore[misc]
        )
        await each.settle()


def _check_positions(frames: list[str], positions: dict[int, int], revoked: int) -> None:
    """Check that no canary in the frames was written after the revocation."""
    for text in frames:
        for number in map(int, CANARY.findall(text)):
            assert positions.get(number, 0) < revoked, (
                f"written at {positions[number]}, but revoked at {revoked}: {text}"
            )


def _check_after_notice(race: Race, frames: list[str]) -> None:
    """Check that no canary follows the frame that announced the revocation (LEFT or RESYNC)."""
    notice = "RESYNC" if race.flip.changes_class else "LEFT"
    texts = itertools.dropwhile(lambda text: f'"{notice}"' not in text, frames)
    for text in texts:
        assert not CANARY.search(text), f"after the revocation was announced: {text}"


async def _round(race: Race) -> int:
    """Revoke during writes, check the frames, grant again. Returns how many canaries were written after the revocation."""
    tenant, flip = race.tenant, race.flip
    joining = await tenant.connect(flip.viewer)
    await _check_visible(race)
    since = await tenant.position()
    had = [each.applied for each in race.watchers]
    cursor = race.watchers[0].cursor
    race.is_revoked = False
    joins = asyncio.create_task(race.join(joining))
    await asyncio.gather(race.revoke(), joins, *[race.keep_writing() for _ in range(WRITERS)])
    positions, revoked = await race.positions(since)
    for each in race.watchers:
        answer = await each.settle()
        assert answer.code == flip.code, f"{each}: {answer}"
    await race.write()
    for each, before in zip(race.watchers, had, strict=True):
        assert each.operation is not None
        frames = each.operation.frames[before:]
        _check_positions(frames, positions, revoked)
        _check_after_notice(race, frames)
    for operation in joins.result():
        _check_positions(operation.frames, positions, revoked)
        await joining.complete(operation)
    await _check_late_subscribers(race, joining, cursor)
    await joining.close()
    await flip.restore(tenant)
    return sum(position > revoked for position in positions.values())


async def _check_late_subscribers(race: Race, socket: Socket, cursor: str | None) -> None:
    """A subscription after the revocation receives no canary, with an old cursor or without."""
    for after in (cursor, None):
        made = await _subscribe(socket, race.flip.document, after)
        await socket.wait_first(made)
        assert made.code == race.flip.code, made
        assert not any(map(CANARY.search, made.frames)), made.frames
        if after is not None and race.flip.changes_class and made.frames:
            assert '"RESYNC"' in made.frames[0], made.frames
        await socket.complete(made)


async def _race(tenant: ServedTenant, name: str, rounds: int, seed: int) -> None:
    flip = await FLIPS[name](tenant)
    race = Race(tenant, flip, random.Random(seed))
    try:
        await _rounds(race, rounds)
    finally:
        for socket in tenant.sockets:
            await socket.close()
        tenant.sockets.clear()
        await tenant.client.mutate("admin", flip.writes, id=flip.record, **{flip.column: None})
        if flip.cleanup:
            command, params = flip.cleanup
            await tenant.client.mutate("admin", command, **params)


async def _rounds(race: Race, rounds: int) -> None:
    tenant, flip = race.tenant, race.flip
    race.watchers = [Watcher(tenant, flip.viewer, flip.document) for _ in range(SUBSCRIBERS)]
    await race.write()  # before the subscriptions, so that a filter on canaries matches the record
    for each in race.watchers:
        await each.subscribe(await tenant.connect(flip.viewer))
    # A subscriber who keeps all permissions must receive everything.
    superior = Watcher(tenant, "admin", flip.document)
    await superior.subscribe(await tenant.connect("admin"))
    late = 0
    for _ in range(rounds):
        late += await _round(race)
    await _check_visible(race)
    await superior.settle()
    assert late >= rounds, "each round must write canaries after the revocation"


@covers("D-62", "D-63", "D-61")
@pytest.mark.parametrize("name", FLIPS)
async def test_changes_after_revocation_are_not_sent(tenant: ServedTenant, name: str) -> None:
    await _race(tenant, name, DAILY, 1)


@covers("D-62", "D-63", "D-61")
@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(2, 6))
@pytest.mark.parametrize("name", FLIPS)
async def test_changes_after_many_revocations_are_not_sent(
    tenant: ServedTenant, name: str, seed: int
) -> None:
    await _race(tenant, name, NIGHTLY, seed)
