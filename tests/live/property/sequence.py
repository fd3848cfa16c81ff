"""Runs random mutations while all personas are subscribed; after each step every subscriber must match its query."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.live.property.client import Socket, until
from tests.live.property.documents import Document
from tests.live.property.draw import Generator, Request
from tests.live.property.served_tenant import ServedTenant
from tests.live.property.watch import QueryResult, Watcher
from tests.support.world import PERSONAS

DISCONNECTED, SECOND, SECOND_RESUMED = 0.15, 0.1, 0.1
"""Probability per step that a persona is disconnected, and that a subscription is opened a second time."""
TRACE = 8
"""Number of steps that a failure message lists."""


@dataclass
class State:
    """The state of a sequence."""

    tenant: ServedTenant
    rng: random.Random
    watchers: list[Watcher]
    tally: Counter[str]
    generator: Generator
    steps: list[str] = field(default_factory=list)
    sockets: dict[str, Socket | None] = field(default_factory=dict)
    """By persona; None if the persona cannot sign in."""
    results: dict[int, QueryResult] = field(default_factory=dict)
    """The last query result of each subscriber, by its index."""
    rights_ever_changed: bool = False
    """Whether permissions have changed since the first cursor."""
    bump_access_version: bool = True
    """Whether the last step changed permissions; a RESYNC without visible difference may then arrive late."""


async def run(
    tenant: ServedTenant,
    rng: random.Random,
    documents: Sequence[Document],
    *,
    bursts: int,
    rights: float,
    tally: Counter[str],
) -> None:
    """Subscribe every persona to every document and run the steps."""
    watchers = [Watcher(tenant, persona, each) for persona in PERSONAS for each in documents]
    state = State(tenant, rng, watchers, tally, Generator(tenant, rng, rights))
    try:
        await _connect(state, PERSONAS)
        await _check_all(state, single=False, rights=True)
        for _ in range(bursts):
            await _step(state)
        await _check_quiet(state)
    except AssertionError as error:
        trace = "\n".join(state.steps[-TRACE:])
        raise AssertionError(
            f"after {len(state.steps)} steps, the last of which:\n{trace}\n{error}"
        ) from error
    finally:
        for socket in state.sockets.values():
            if socket is not None:
                await socket.close()


async def _step(state: State) -> None:
    """Disconnect some personas, write, reconnect, and check all subscribers."""
    tenant, rng = state.tenant, state.rng
    lost = [
        persona
        for persona, socket in state.sockets.items()
        if socket and rng.random() < DISCONNECTED
    ]
    for persona in lost:
        await _disconnect(state, persona)
    await state.generator.refresh()
    burst = state.generator.burst()
    state.steps.append(f"{lost or ''} {' || '.join(map(str, burst))}")
    since = await tenant.position()
    applied = {n: each.applied for n, each in enumerate(state.watchers)}
    outcomes = await asyncio.gather(*[_execute(state, each) for each in burst])
    state.steps[-1] += f" -> {', '.join(outcomes)}"
    rights = await tenant.rights_changed_since(since)
    state.rights_ever_changed |= rights
    single = await tenant.position() - since <= 1
    await _connect(
        state, [persona for persona in PERSONAS if not _is_open(state, persona)], lost, rights
    )
    before = await _check_all(state, single=single, rights=rights)
    if single and not rights:
        _check_frames(state, applied, before, lost)
    state.bump_access_version = rights
    await _open_second_subscriptions(state)


async def _execute(state: State, request: Request) -> str:
    if (request.persona, state.tenant.slug) not in state.tenant.world.tokens:
        return "signed out"
    response = await state.tenant.client.ask(request.persona, request.query, request.variables)
    if response.codes:
        state.tally[response.codes[0]] += 1
        return response.codes[0]
    codes = [
        error["code"]
        for root in response.data.values()
        for each in (root, *(root.get("results") or ()))
        for error in each["userErrors"]
    ]
    state.tally[codes[0] if codes else "done"] += 1
    if not codes:
        state.tally.update(each.command for each in request.roots)
    return codes[0] if codes else "done"


def _is_open(state: State, persona: str) -> bool:
    socket = state.sockets.get(persona)
    return socket is not None and socket.closed is None


async def _disconnect(state: State, persona: str) -> None:
    """Close or abort the connection of a persona."""
    socket = state.sockets[persona]
    assert socket is not None
    await (socket.abort() if state.rng.random() < 0.5 else socket.close())
    for each in state.watchers:
        if each.persona == persona:
            each.apply_new()


async def _connect(
    state: State, personas: Sequence[str], lost: Sequence[str] = (), rights: bool = True
) -> None:
    """Connect the personas and resume their subscriptions. `lost` are those that the test disconnected."""
    for persona in personas:
        socket = state.sockets.get(persona)
        if socket is not None and persona not in lost:
            # The server closed it, so the user must have been disabled, possibly for a moment.
            assert socket.closed == 4403, f"{persona} was closed with {socket.closed}"
            assert rights, f"{persona} was closed although no permissions had changed"
        # The user may have been disabled or enabled meanwhile.
        sign_in = socket is None or persona not in lost or rights
        if sign_in and not await state.tenant.sign_in(persona):
            state.sockets[persona] = None
            continue
        state.sockets[persona] = fresh = await state.tenant.connect(persona)
        for each in state.watchers:
            if each.persona == persona:
                await each.resume(fresh)
                state.tally[each.kinds[-1] if each.operation and each.operation.frames else "refused"] += 1  # fmt: skip
                if not state.rights_ever_changed and each.cursor and each.is_alive():
                    assert each.kinds[-1] != "RESYNC", f"{each}: it could have been resumed"


async def _check_all(state: State, *, single: bool, rights: bool) -> dict[int, QueryResult]:
    """Wait until every subscriber matches its query. Returns the query results of the previous step."""
    before = dict(state.results)
    for n, each in enumerate(state.watchers):
        socket = state.sockets.get(each.persona)
        if socket is None:
            if each.operation is not None:
                each.apply_new()  # events sent before the session ended
            continue
        assert each.operation is not None
        refused = each.operation.code
        if refused and not (single and refused != (before.get(n) or QueryResult()).code):
            # The reason may have existed only for a moment between two transactions.
            await each.subscribe(socket)
        state.results[n] = await each.settle()
        if state.results[n].code == "UNAUTHENTICATED":
            state.sockets[each.persona] = None
            continue
        assert rights or n not in before or before[n].code == state.results[n].code
    return before


def _check_frames(
    state: State, applied: dict[int, int], before: dict[int, QueryResult], lost: Sequence[str]
) -> None:
    """A single transaction without permission changes sends one DELTA to a subscriber that sees a difference, else nothing."""
    for n, each in enumerate(state.watchers):
        if each.persona in lost or state.sockets.get(each.persona) is None or n not in before:
            continue
        if state.results[n].code is not None:
            continue
        frames = each.kinds[len(each.kinds) - (each.applied - applied[n]) :]
        if "RESYNC" in frames and state.bump_access_version:
            continue
        differs = before[n].window != state.results[n].window
        state.tally["differs" if differs else "silent"] += 1
        assert frames == (["DELTA"] if differs else []), f"{each}: {frames}, {differs=}"


async def _open_second_subscriptions(state: State) -> None:
    """Open second subscriptions at random, from the beginning or from an earlier cursor."""
    for n, each in enumerate(state.watchers):
        socket = state.sockets.get(each.persona)
        if socket is None or not each.is_alive():
            continue
        if state.rng.random() < SECOND:
            await _second(state, each, socket, state.results[n], None)
        if each.past and state.rng.random() < SECOND_RESUMED:
            await _second(state, each, socket, state.results[n], state.rng.choice(each.past))


async def _second(
    state: State,
    first: Watcher,
    socket: Socket,
    expected: QueryResult,
    past: tuple[str, dict[str, str]] | None,
) -> None:
    """Check a second subscriber to the same document, started from an earlier cursor and its rows."""
    cursor, rows = past or (None, {})
    second = Watcher(state.tenant, first.persona, first.document, rows=rows, denied=first.denied)
    await second.subscribe(socket, cursor)
    assert second.kinds, f"{second}: refused with {second.operation and second.operation.code}"
    state.tally[f"{second.kinds[0]} of a second"] += 1
    await until(lambda: second.matches(expected), lambda: second.mismatch(expected))
    assert second.operation is not None
    await socket.complete(second.operation)


async def _check_quiet(state: State) -> None:
    """Check that no frames arrive without writes, over more than one poll of the feed."""
    had = [len(each.kinds) for each in state.watchers]
    await asyncio.sleep(0.8)
    for n, each in enumerate(state.watchers):
        if each.operation is not None:
            each.apply_new()
            unexpected = each.kinds[had[n] :]
            late = state.bump_access_version and set(unexpected) <= {"RESYNC"}
            assert not unexpected or late, f"{each}: {unexpected} without a write"
