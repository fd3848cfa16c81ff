"""A right is taken away while others write: nothing that was written later reaches who had it, by the log's positions."""

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
from tests.live.property.place import Place, place
from tests.live.property.watch import Watcher
from tests.support.covers import covers
from tests.support.world import World

CANARY = re.compile(r"CNRY-(\d+)-")
DAILY, NIGHTLY = 5, 120
NUMBERS = itertools.count()
SUBSCRIBERS, WRITERS, MORE_WRITES, JOINING = 3, 2, 4, 20


@pytest.fixture(scope="module")
async def here(world: World) -> AsyncIterator[Place]:
    async with place(world, "rights-race") as made:
        yield made


@dataclass
class Race:
    """One flip, over and over."""

    place: Place
    flip: Flip
    rng: random.Random
    watchers: list[Watcher] = field(default_factory=list)
    """Of the viewer's, each on a connection of its own."""
    is_taken: bool = False

    async def write(self) -> int:
        """One more canary, by somebody who may always."""
        number = next(NUMBERS)
        given = {"id": self.flip.record, self.flip.column: f"CNRY-{number}-"}
        await self.place.own.done("admin", self.flip.writes, **given)
        return number

    async def write_on(self) -> None:
        """Until the right is gone, and for a while after."""
        while not self.is_taken:
            await self.write()
        for _ in range(MORE_WRITES):
            await self.write()

    async def take(self) -> None:
        """Take the right away in the midst of it."""
        await asyncio.sleep(self.rng.random() * 0.02)
        await self.flip.taken(self.place)
        self.is_taken = True

    async def join(self, socket: Socket) -> list[Operation]:
        """Others who subscribe meanwhile, with a cursor or without."""
        joined: list[Operation] = []
        while not self.is_taken and len(joined) < JOINING:
            after = self.rng.choice((None, self.watchers[0].cursor))
            joined.append(await _subscribe(socket, self.flip.document, after))
            if len(joined) > 6:
                await socket.complete(joined[-7])
            await asyncio.sleep(self.rng.random() * 0.004)
        for each in joined:
            if not each.ended:
                await socket.first(each)
        return joined

    async def positions(self, since: int) -> tuple[dict[int, int], int]:
        """Where each canary stands in the log, and where it was that the right was taken."""
        text = """
            SELECT position, entity, changed, after FROM change_log
            WHERE position > $1 ORDER BY position, number
        """
        found: dict[int, int] = {}
        taken = 0
        for row in await self.place.own.fetch(text, since):
            if self.flip.column in row["changed"]:
                found[int(CANARY.findall(row["after"])[0])] = row["position"]
            else:
                taken = row["position"]
        assert taken, "the right was taken"
        return found, taken


async def _subscribe(socket: Socket, document: Document, after: str | None) -> Operation:
    return await socket.subscribe(document.subscription, {**document.variables, "after": after})


async def _sees(race: Race) -> None:
    """All is open: what is written is seen."""
    number = await race.write()
    for each in race.watchers:
        if not each.is_alive():
            assert each.socket is not None
            await each.begin(each.socket)
        await until(
            lambda each=each: f"CNRY-{number}-" in each.operation.frames[-1],  # type: ignore[misc]
            lambda each=each: f"{each} did not see {number}: {each.operation}",  # type: ignore[misc]
        )
        await each.settle()


def _nothing_later(frames: list[str], positions: dict[int, int], taken: int) -> None:
    """No canary in them is younger than the right."""
    for text in frames:
        for number in map(int, CANARY.findall(text)):
            assert positions.get(number, 0) < taken, (
                f"written at {positions[number]}, and the right was taken at {taken}: {text}"
            )


def _nothing_after_it_was_noticed(race: Race, frames: list[str]) -> None:
    """From the frame on with which the record went, or the list began anew, there is no canary."""
    noticed = "RESYNC" if race.flip.of_rights else "LEFT"
    texts = itertools.dropwhile(lambda text: f'"{noticed}"' not in text, frames)
    for text in texts:
        assert not CANARY.search(text), f"after it was noticed: {text}"


async def _round(race: Race) -> int:
    """Open, taken while all write, checked, given back; returns how many canaries came too late."""
    place, flip = race.place, race.flip
    joining = await place.connect(flip.viewer)
    await _sees(race)
    since = await place.position()
    had = [each.taken for each in race.watchers]
    cursor = race.watchers[0].cursor
    race.is_taken = False
    joins = asyncio.create_task(race.join(joining))
    await asyncio.gather(race.take(), joins, *[race.write_on() for _ in range(WRITERS)])
    positions, taken = await race.positions(since)
    for each in race.watchers:
        answer = await each.settle()
        assert answer.code == flip.code, f"{each}: {answer}"
    await race.write()
    for each, already in zip(race.watchers, had, strict=True):
        assert each.operation is not None
        frames = each.operation.frames[already:]
        _nothing_later(frames, positions, taken)
        _nothing_after_it_was_noticed(race, frames)
    for operation in joins.result():
        _nothing_later(operation.frames, positions, taken)
        await joining.complete(operation)
    await _who_comes_later(race, joining, cursor)
    await joining.close()
    await flip.given_back(place)
    return sum(position > taken for position in positions.values())


async def _who_comes_later(race: Race, socket: Socket, cursor: str | None) -> None:
    """A cursor from better days opens nothing (137), and neither does none."""
    for after in (cursor, None):
        made = await _subscribe(socket, race.flip.document, after)
        await socket.first(made)
        assert made.code == race.flip.code, made
        assert not any(map(CANARY.search, made.frames)), made.frames
        if after is not None and race.flip.of_rights and made.frames:
            assert '"RESYNC"' in made.frames[0], made.frames
        await socket.complete(made)


async def _race(here: Place, name: str, rounds: int, seed: int) -> None:
    flip = await FLIPS[name](here)
    race = Race(here, flip, random.Random(seed))
    try:
        await _rounds(race, rounds)
    finally:
        for socket in here.sockets:
            await socket.close()
        here.sockets.clear()
        await here.own.done("admin", flip.writes, id=flip.record, **{flip.column: None})
        if flip.last:
            deed, asked = flip.last
            await here.own.done("admin", deed, **asked)


async def _rounds(race: Race, rounds: int) -> None:
    here, flip = race.place, race.flip
    race.watchers = [Watcher(here, flip.viewer, flip.document) for _ in range(SUBSCRIBERS)]
    await race.write()  # before anybody looks: where they are filtered for, it is what is found
    for each in race.watchers:
        await each.begin(await here.connect(flip.viewer))
    # Somebody who sees all, all the time: what is kept from one is not kept from another.
    above = Watcher(here, "admin", flip.document)
    await above.begin(await here.connect("admin"))
    late = 0
    for _ in range(rounds):
        late += await _round(race)
    await _sees(race)
    await above.settle()
    assert late >= rounds, "canaries were written after the right was gone"


@covers("D-62", "D-63", "D-61")
@pytest.mark.parametrize("name", FLIPS)
async def test_changes_after_revocation_are_not_sent(here: Place, name: str) -> None:
    await _race(here, name, DAILY, 1)


@covers("D-62", "D-63", "D-61")
@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(2, 6))
@pytest.mark.parametrize("name", FLIPS)
async def test_invisible_record_is_never_sent(here: Place, name: str, seed: int) -> None:
    await _race(here, name, NIGHTLY, seed)
