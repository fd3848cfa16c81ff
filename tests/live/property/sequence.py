"""A drawn sequence of deeds under the eyes of many: after each burst everybody knows what he would be answered."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.live.property.client import Socket, until
from tests.live.property.documents import Document
from tests.live.property.draw import Drawn, Request
from tests.live.property.place import Place
from tests.live.property.watch import Answered, Watcher
from tests.support.world import PERSONAS

DISCONNECTED, ANEW, FROM_THE_PAST = 0.15, 0.1, 0.1
"""How likely these are, of each persona, or subscriber, and burst."""
TRACE = 8
"""How many steps are told when something is wrong."""


@dataclass
class Going:
    """What goes on."""

    place: Place
    rng: random.Random
    watchers: list[Watcher]
    tally: Counter[str]
    drawn: Drawn
    steps: list[str] = field(default_factory=list)
    sockets: dict[str, Socket | None] = field(default_factory=dict)
    """By persona; None if he may not sign in."""
    answers: dict[int, Answered] = field(default_factory=dict)
    """What each subscriber's viewer was answered last, by the subscriber's place."""
    rights_ever_moved: bool = False
    """Whether somebody's rights are not those any more under which old cursors were given."""
    rights_moved: bool = True
    """Whether the last burst changed somebody's rights: what comes of that may come late where nobody sees a difference."""


async def run(
    place: Place,
    rng: random.Random,
    documents: Sequence[Document],
    *,
    bursts: int,
    rights: float,
    tally: Counter[str],
) -> None:
    """Let everybody watch, and write."""
    watchers = [Watcher(place, who, each) for who in PERSONAS for each in documents]
    going = Going(place, rng, watchers, tally, Drawn(place, rng, rights))
    try:
        await _connect(going, PERSONAS)
        await _agree(going, single=False, rights=True)
        for _ in range(bursts):
            await _step(going)
        await _quiet(going)
    except AssertionError as wrong:
        told = "\n".join(going.steps[-TRACE:])
        raise AssertionError(
            f"after {len(going.steps)} steps, the last of which:\n{told}\n{wrong}"
        ) from wrong
    finally:
        for socket in going.sockets.values():
            if socket is not None:
                await socket.close()


async def _step(going: Going) -> None:
    """Some lose their connections, something is written, all agree again."""
    place, rng = going.place, going.rng
    gone = [who for who, socket in going.sockets.items() if socket and rng.random() < DISCONNECTED]
    for who in gone:
        await _lose(going, who)
    await going.drawn.look()
    burst = going.drawn.burst()
    going.steps.append(f"{gone or ''} {' || '.join(map(str, burst))}")
    since = await place.position()
    told = {n: each.taken for n, each in enumerate(going.watchers)}
    outcomes = await asyncio.gather(*[_ask(going, each) for each in burst])
    going.steps[-1] += f" -> {', '.join(outcomes)}"
    rights = await place.changed_rights(since)
    going.rights_ever_moved |= rights
    single = await place.position() - since <= 1
    await _connect(going, [who for who in PERSONAS if not _is_open(going, who)], gone, rights)
    before = await _agree(going, single=single, rights=rights)
    if single and not rights:
        _exactly(going, told, before, gone)
    going.rights_moved = rights
    await _looked_at_anew(going)


async def _ask(going: Going, request: Request) -> str:
    if (request.persona, going.place.slug) not in going.place.world.tokens:
        return "nobody"
    answer = await going.place.own.ask(request.persona, request.query, request.variables)
    if answer.codes:
        going.tally[answer.codes[0]] += 1
        return answer.codes[0]
    faults = [
        fault["code"]
        for root in answer.data.values()
        for each in (root, *(root.get("results") or ()))
        for fault in each["userErrors"]
    ]
    going.tally[faults[0] if faults else "done"] += 1
    if not faults:
        going.tally.update(each.deed for each in request.roots)
    return faults[0] if faults else "done"


def _is_open(going: Going, who: str) -> bool:
    socket = going.sockets.get(who)
    return socket is not None and socket.closed is None


async def _lose(going: Going, who: str) -> None:
    """One way or the other, his connection ends."""
    socket = going.sockets[who]
    assert socket is not None
    await (socket.vanish() if going.rng.random() < 0.5 else socket.close())
    for each in going.watchers:
        if each.persona == who:
            each.take()


async def _connect(
    going: Going, whom: Sequence[str], gone: Sequence[str] = (), rights: bool = True
) -> None:
    """Connect those who are not, and go on where they were."""
    for who in whom:
        socket = going.sockets.get(who)
        if socket is not None and who not in gone:
            # Not ours to have ended it: so he had been disabled, if only for a moment.
            assert socket.closed == 4403, f"{who} was closed with {socket.closed}"
            assert rights, f"{who} was closed though nobody's rights had changed"
        # He may have been disabled meanwhile, or not be any more.
        anew = socket is None or who not in gone or rights
        if anew and not await going.place.sign_in(who):
            going.sockets[who] = None
            continue
        going.sockets[who] = fresh = await going.place.connect(who)
        for each in going.watchers:
            if each.persona == who:
                await each.resume(fresh)
                going.tally[each.kinds[-1] if each.operation and each.operation.frames else "refused"] += 1  # fmt: skip
                if not going.rights_ever_moved and each.cursor and each.is_alive():
                    assert each.kinds[-1] != "RESYNC", f"{each}: it could have been resumed"


async def _agree(going: Going, *, single: bool, rights: bool) -> dict[int, Answered]:
    """Everybody knows what he would be answered; returns what he was answered the last time."""
    before = dict(going.answers)
    for n, each in enumerate(going.watchers):
        socket = going.sockets.get(each.persona)
        if socket is None:
            if each.operation is not None:
                each.take()  # what came before he was sent away
            continue
        assert each.operation is not None
        refused = each.operation.code
        if refused and not (single and refused != (before.get(n) or Answered()).code):
            # It may have been refused for what was so for a moment only.
            await each.begin(socket)
        going.answers[n] = await each.settle()
        if going.answers[n].code == "UNAUTHENTICATED":
            going.sockets[each.persona] = None
            continue
        assert rights or n not in before or before[n].code == going.answers[n].code
    return before


def _exactly(
    going: Going, told: dict[int, int], before: dict[int, Answered], gone: Sequence[str]
) -> None:
    """Of one transaction that changed nobody's rights there is one frame, or none where nothing is to be seen of it."""
    for n, each in enumerate(going.watchers):
        if each.persona in gone or going.sockets.get(each.persona) is None or n not in before:
            continue
        if going.answers[n].code is not None:
            continue
        frames = each.kinds[len(each.kinds) - (each.taken - told[n]) :]
        if "RESYNC" in frames and going.rights_moved:
            continue
        differs = before[n].rows != going.answers[n].rows
        going.tally["differs" if differs else "silent"] += 1
        assert frames == (["DELTA"] if differs else []), f"{each}: {frames}, {differs=}"


async def _looked_at_anew(going: Going) -> None:
    """Some subscribe once more: from nothing, or from what was long ago."""
    for n, each in enumerate(going.watchers):
        socket = going.sockets.get(each.persona)
        if socket is None or not each.is_alive():
            continue
        if going.rng.random() < ANEW:
            await _second(going, each, socket, going.answers[n], None)
        if each.past and going.rng.random() < FROM_THE_PAST:
            await _second(going, each, socket, going.answers[n], going.rng.choice(each.past))


async def _second(
    going: Going,
    first: Watcher,
    socket: Socket,
    answer: Answered,
    past: tuple[str, dict[str, str]] | None,
) -> None:
    """Another subscriber to the same, who knows what was known then."""
    cursor, rows = past or (None, {})
    second = Watcher(going.place, first.persona, first.document, rows=rows, denied=first.denied)
    await second.begin(socket, cursor)
    assert second.kinds, f"{second}: refused with {second.operation and second.operation.code}"
    going.tally[f"{second.kinds[0]} of a second"] += 1
    await until(lambda: second.agrees(answer), lambda: second.complaint(answer))
    assert second.operation is not None
    await socket.complete(second.operation)


async def _quiet(going: Going) -> None:
    """Nothing more comes when nothing more is done: the feed looks twice a second by itself."""
    had = [len(each.kinds) for each in going.watchers]
    await asyncio.sleep(0.8)
    for n, each in enumerate(going.watchers):
        if each.operation is not None:
            each.take()
            came = each.kinds[had[n] :]
            late = going.rights_moved and set(came) <= {"RESYNC"}
            assert not came or late, f"{each}: unasked came {came}"
