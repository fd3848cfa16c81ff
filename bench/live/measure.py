"""Measures who tells watchers: compares what they tell, then lets a thousand watch."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from statistics import median
from typing import Any

from bench.canonical import differences
from bench.contenders.contender import HOST, JSON, ROOT, Failed
from bench.live.contenders import RelataLive, StrawberryLive, Teller
from bench.meter import Meter

WARM = 20
"""So many watch before memory is first looked at."""
WRITERS = 16
"""So many write at once in a burst."""
ANSWER = 1 << 22
MOST_DIFFERENCES = 12
NAN = float("nan")
Tell = Callable[[str], None]
Write = tuple[str, str]
"""A body, and what only an event that tells of it holds."""
_numbers = count(time.time_ns() // 1_000_000)
"""Not what an earlier run gave: what is named as it was is no change, and nobody is told."""


@dataclass(frozen=True)
class LivePlan:
    """How many watch what, and how often it is changed."""

    runs: int = 3
    watchers: int = 1_000
    users: int = 1_000
    """Who they are, by turns; all with the same rights. One user may have twenty sockets."""
    records: int = 50
    events: int = 100
    """Changes that are made one by one, each when all know of the last."""
    bursts: int = 2
    """How often all records are changed without waiting."""
    gentle: int = 20
    """Changes with a pause after each."""
    pause: float = 0.1
    settling: float = 1.0
    """Seconds after which whoever left is gone, and what was to be freed is free."""


@dataclass(frozen=True)
class Sample:
    """One run of one of them."""

    opened: float
    """Connections a second, with their first event."""
    idle: float
    """KiB of a connection with a subscription that was told what there is."""
    told: float
    """The same after one event."""
    after: float
    """The same after all."""
    gentle: Mapping[str, Any]
    one_by_one: Mapping[str, Any]
    burst: Mapping[str, Any]
    """What the load generator told, with the CPU milliseconds of a thousand deliveries."""


@dataclass
class Measured:
    """Everything that was measured."""

    plan: LivePlan
    samples: dict[str, list[Sample]] = field(default_factory=dict)

    def middle(self, name: str, of: Callable[[Sample], float]) -> float:
        """The median of a measure over the runs."""
        return float(median(of(sample) for sample in self.samples[name]))

    def ratio(self, one: str, other: str, of: Callable[[Sample], float]) -> float:
        """The median of one's measure to the other's, run by run."""
        pairs = zip(self.samples[one], self.samples[other], strict=True)
        return float(median(of(a) / (of(b) or NAN) for a, b in pairs))


class Crowd:
    """The watchers, in a process of their own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def do(self, what: str, **given: Any) -> dict[str, Any]:
        """What it answers to a command. Raises Failed if that could not be done."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # noqa: S101 - both are pipes
        assert stdout is not None  # noqa: S101
        stdin.write(json.dumps({"do": what, **given}).encode() + b"\n")
        await stdin.drain()
        line = await stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"bad": "it ended"}
        if "bad" in answer:
            raise Failed(f"{what}: {answer['bad']}")
        return answer


@asynccontextmanager
async def crowd(teller: Teller) -> AsyncIterator[Crowd]:
    """Watchers of a server that runs."""
    tokens = list(teller.tokens)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.live.crowd"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=ANSWER,
    )
    given = {
        "host": HOST,
        "port": teller.port,
        "document": " ".join(teller.subscription.split()),
        "variables": dict(teller.variables),
        "tokens": tokens,
        "write": {"path": "/graphql", "headers": {**JSON, "authorization": tokens[0]}},
    }
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    process.stdin.write(json.dumps(given).encode() + b"\n")
    try:
        yield Crowd(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def writes(teller: Teller, ids: Sequence[str], many: int) -> list[Write]:
    """So many changes, of one record after the other; no name is given twice."""
    found = []
    for at in range(many):
        name = f"Chairs and desks {next(_numbers)}."
        found.append((teller.write(ids[at % len(ids)], name), name))
    return found


async def told(teller: Teller, id: str, name: str) -> dict[str, Any]:
    """What a watcher is told at first, and when a record was changed."""
    async with crowd(teller) as watching:
        opened = await watching.do("open", count=1)
        write = (teller.write(id, name), name)
        changed = await watching.do("one_by_one", writes=[write], pause=0)
    events = {"first": opened["first"], "changed": json.loads(changed["last"])}
    return {key: event["payload"] for key, event in events.items()}


def _shown(told: Mapping[str, Any]) -> dict[str, Any]:
    """But for the cursors, which only who made them can compare."""
    found = {}
    for key, payload in told.items():
        event = dict(payload["data"]["opportunities"])
        del event["cursor"]
        found[key] = {**payload, "data": event}
    return found


async def compare(ours: RelataLive, others: Sequence[StrawberryLive]) -> list[str]:
    """The ids of the records. Raises Failed with what differs."""
    records = ours.records()
    ids = [str(each["id"]) for each in records]
    name = f"Chairs and desks {next(_numbers)}."
    one = await told(ours, ids[0], name)
    for theirs in others:
        theirs.give(records, one["first"]["data"]["opportunities"]["cursor"])
        theirs.start()
        try:
            other = await told(theirs, ids[0], name)
        finally:
            theirs.stop()
        found = list(differences(_shown(one), _shown(other), "told"))
        if found:
            lines = "\n".join(found[:MOST_DIFFERENCES])
            raise Failed(f"{ours.name} and {theirs.name} tell differently:\n{lines}")
    return ids


class Run:
    """One run of one server, which was just started."""

    def __init__(self, teller: Teller, meter: Meter, plan: LivePlan, ids: Sequence[str]) -> None:
        self._teller, self._meter, self._plan, self._ids = teller, meter, plan, ids

    async def _memory(self) -> float:
        """KiB, when all is at rest."""
        await asyncio.sleep(self._plan.settling)
        return 1024 * self._meter.memory(self._teller.pid)

    async def _written(self, watching: Crowd, what: str, many: int, **given: Any) -> dict[str, Any]:
        """Changes, with the CPU milliseconds that a thousand deliveries of them took."""
        before = self._meter.used(self._teller.pid)
        found = await watching.do(what, writes=writes(self._teller, self._ids, many), **given)
        server, postgres = self._meter.used(self._teller.pid).since(before)
        thousands = found["changes"] / 1000
        found |= {"server": 1000 * server / thousands, "postgres": 1000 * postgres / thousands}
        found |= {"load": 1000 * found["load"] / thousands}
        return found

    async def sample(self) -> Sample:
        """Everything that is measured."""
        plan = self._plan
        async with crowd(self._teller) as watching:
            await watching.do("open", count=min(WARM, plan.watchers))
            await self._written(watching, "one_by_one", WARM, pause=0)
            await watching.do("leave")
            empty = await self._memory()
            opened = await watching.do("open", count=plan.watchers)
            idle = await self._memory()
            await self._written(watching, "one_by_one", 1, pause=0)
            one = await self._memory()
            gentle = await self._written(watching, "one_by_one", plan.gentle, pause=plan.pause)
            one_by_one = await self._written(watching, "one_by_one", plan.events, pause=0)
            bursts = [
                await self._written(watching, "burst", plan.records, writers=WRITERS)
                for _ in range(plan.bursts)
            ]
            after = await self._memory()
        idle, one, after = ((each - empty) / plan.watchers for each in (idle, one, after))
        burst = {key: median(each[key] for each in bursts) for key in bursts[0] if key != "last"}
        opening = plan.watchers / opened["seconds"]
        return Sample(opening, idle, one, after, gentle, one_by_one, burst)


async def measure(
    tellers: Sequence[Teller], ids: Sequence[str], plan: LivePlan, backend: int, tell: Tell
) -> Measured:
    """All runs; each begins with a new server, and in every other one they take turns the other way round."""
    measured, meter = Measured(plan), Meter(backend)
    for number in range(plan.runs):
        for teller in reversed(tellers) if number % 2 else tellers:
            teller.start()
            try:
                sample = await Run(teller, meter, plan, ids).sample()
            finally:
                teller.stop()
            measured.samples.setdefault(teller.name, []).append(sample)
            one, burst = sample.one_by_one, sample.burst
            tell(
                f"run {number + 1} {teller.name:12} {one['changes'] / one['seconds']:9.0f}/s one by "
                f"one, {burst['changes'] / burst['seconds']:9.0f}/s in a burst, "
                f"{sample.idle:6.1f} KiB idle"
            )
    return measured
