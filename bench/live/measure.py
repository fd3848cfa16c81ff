"""Compares the events that the servers send, then measures them with a thousand subscribers."""

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
from bench.live.contenders import LiveServer, RelataLive, StrawberryLive
from bench.meter import Meter

WARMUP_SUBSCRIBERS = 20
"""Number of subscribers and changes before the first measurement of memory."""
WRITERS = 16
"""Concurrent writers in a burst."""
MAX_RESULT = 1 << 22
MAX_DIFFERENCES = 12
NAN = float("nan")
Report = Callable[[str], None]
Write = tuple[str, str]
"""The body of a mutation request, and a text that only the event of the change contains."""
_numbers = count(time.time_ns() // 1_000_000)
"""Starts at the current time, because a name from an earlier run would change nothing and send no event."""


@dataclass(frozen=True)
class LiveRunSettings:
    """Parameters of the benchmark."""

    runs: int = 3
    subscribers: int = 1_000
    users: int = 1_000
    """Users of the subscribers, in rotation, all with the same permissions. The limit is 20 sockets per user."""
    records: int = 50
    events: int = 100
    """Changes made one by one, each after all subscribers received the last one."""
    bursts: int = 2
    """Number of bursts, each of which changes all records without waiting."""
    paced_changes: int = 20
    """Number of changes with a pause after each."""
    pause: float = 0.1
    settling: float = 1.0
    """Seconds to wait before memory is measured, so that closed connections are freed."""


@dataclass(frozen=True)
class Sample:
    """The measurements of one run of one server."""

    connections_per_second: float
    """Connections opened per second, including the first event."""
    idle: float
    """KiB per connection after the snapshot."""
    after_one: float
    """KiB per connection after one event."""
    after: float
    """KiB per connection after all events."""
    paced_changes: Mapping[str, Any]
    one_by_one: Mapping[str, Any]
    burst: Mapping[str, Any]
    """Results of the load generator, with CPU milliseconds per thousand deliveries."""


@dataclass
class Measured:
    """All samples, by the name of the server."""

    plan: LiveRunSettings
    samples: dict[str, list[Sample]] = field(default_factory=dict)

    def middle(self, name: str, of: Callable[[Sample], float]) -> float:
        """The median of a measure over the runs."""
        return float(median(of(sample) for sample in self.samples[name]))

    def ratio(self, one: str, other: str, of: Callable[[Sample], float]) -> float:
        """The median over the runs of one server's measure divided by the other's."""
        pairs = zip(self.samples[one], self.samples[other], strict=True)
        return float(median(of(a) / (of(b) or NAN) for a, b in pairs))


class SubscriberProcess:
    """The process that runs the subscribers."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def run(self, command: str, **params: Any) -> dict[str, Any]:
        """Run a command and return its result. Raises Failed if it reports an error."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # noqa: S101 - both are pipes
        assert stdout is not None  # noqa: S101
        stdin.write(json.dumps({"command": command, **params}).encode() + b"\n")
        await stdin.drain()
        line = await stdout.readline()
        result: dict[str, Any] = json.loads(line) if line else {"error": "the process ended"}
        if "error" in result:
            raise Failed(f"{command}: {result['error']}")
        return result


@asynccontextmanager
async def subscribers(server: LiveServer) -> AsyncIterator[SubscriberProcess]:
    """Start the subscriber process for a running server."""
    tokens = list(server.tokens)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.live.subscribers"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=MAX_RESULT,
    )
    settings = {
        "host": HOST,
        "port": server.port,
        "document": " ".join(server.subscription.split()),
        "variables": dict(server.variables),
        "tokens": tokens,
        "write": {"path": "/graphql", "headers": {**JSON, "authorization": tokens[0]}},
    }
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    process.stdin.write(json.dumps(settings).encode() + b"\n")
    try:
        yield SubscriberProcess(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def writes(server: LiveServer, ids: Sequence[str], many: int) -> list[Write]:
    """The given number of changes, over the records in rotation, each with a name that was not used before."""
    changes = []
    for at in range(many):
        name = f"Chairs and desks {next(_numbers)}."
        changes.append((server.write(ids[at % len(ids)], name), name))
    return changes


async def events(server: LiveServer, id: str, name: str) -> dict[str, Any]:
    """The first event of a subscriber, and the event after a record was renamed."""
    async with subscribers(server) as load:
        opened = await load.run("open", count=1)
        write = (server.write(id, name), name)
        changed = await load.run("one_by_one", writes=[write], pause=0)
    received = {"first": opened["first"], "changed": json.loads(changed["last"])}
    return {key: event["payload"] for key, event in received.items()}


def _without_cursors(payloads: Mapping[str, Any]) -> dict[str, Any]:
    """The payloads without cursors, whose contents differ between the servers."""
    compared = {}
    for key, payload in payloads.items():
        event = dict(payload["data"]["opportunities"])
        del event["cursor"]
        compared[key] = {**payload, "data": event}
    return compared


async def compare(ours: RelataLive, others: Sequence[StrawberryLive]) -> list[str]:
    """Compare the events of the servers and return the ids of the records. Raises Failed with the differences."""
    records = ours.records()
    ids = [str(each["id"]) for each in records]
    name = f"Chairs and desks {next(_numbers)}."
    one = await events(ours, ids[0], name)
    for theirs in others:
        theirs.load_records(records, one["first"]["data"]["opportunities"]["cursor"])
        theirs.start()
        try:
            other = await events(theirs, ids[0], name)
        finally:
            theirs.stop()
        different = list(differences(_without_cursors(one), _without_cursors(other), "events"))
        if different:
            lines = "\n".join(different[:MAX_DIFFERENCES])
            raise Failed(f"{ours.name} and {theirs.name} send different events:\n{lines}")
    return ids


class Run:
    """One run of one server that has just been started."""

    def __init__(
        self, server: LiveServer, meter: Meter, plan: LiveRunSettings, ids: Sequence[str]
    ) -> None:
        self._server, self._meter, self._plan, self._ids = server, meter, plan, ids

    async def _memory(self) -> float:
        """Memory of the server in KiB, after the settling time."""
        await asyncio.sleep(self._plan.settling)
        return 1024 * self._meter.memory(self._server.pid)

    async def _measure(
        self, load: SubscriberProcess, command: str, many: int, **params: Any
    ) -> dict[str, Any]:
        """Run a load command and add the CPU milliseconds per thousand deliveries to its result."""
        before = self._meter.used(self._server.pid)
        result = await load.run(command, writes=writes(self._server, self._ids, many), **params)
        server, postgres = self._meter.used(self._server.pid).since(before)
        thousands = result["changes"] / 1000
        result |= {"server": 1000 * server / thousands, "postgres": 1000 * postgres / thousands}
        result |= {"load": 1000 * result["load"] / thousands}
        return result

    async def sample(self) -> Sample:
        """Run all loads and return their measurements."""
        plan = self._plan
        async with subscribers(self._server) as load:
            await load.run("open", count=min(WARMUP_SUBSCRIBERS, plan.subscribers))
            await self._measure(load, "one_by_one", WARMUP_SUBSCRIBERS, pause=0)
            await load.run("close")
            empty = await self._memory()
            opened = await load.run("open", count=plan.subscribers)
            idle = await self._memory()
            await self._measure(load, "one_by_one", 1, pause=0)
            one = await self._memory()
            paced_changes = await self._measure(
                load, "one_by_one", plan.paced_changes, pause=plan.pause
            )
            one_by_one = await self._measure(load, "one_by_one", plan.events, pause=0)
            bursts = [
                await self._measure(load, "burst", plan.records, writers=WRITERS)
                for _ in range(plan.bursts)
            ]
            after = await self._memory()
        idle, one, after = ((each - empty) / plan.subscribers for each in (idle, one, after))
        burst = {key: median(each[key] for each in bursts) for key in bursts[0] if key != "last"}
        opening = plan.subscribers / opened["seconds"]
        return Sample(opening, idle, one, after, paced_changes, one_by_one, burst)


async def measure(
    servers: Sequence[LiveServer],
    ids: Sequence[str],
    plan: LiveRunSettings,
    backend_pid: int,
    report: Report,
) -> Measured:
    """All runs. Each starts new servers, and every second run has them in reverse order."""
    measured, meter = Measured(plan), Meter(backend_pid)
    for number in range(plan.runs):
        for server in reversed(servers) if number % 2 else servers:
            server.start()
            try:
                sample = await Run(server, meter, plan, ids).sample()
            finally:
                server.stop()
            measured.samples.setdefault(server.name, []).append(sample)
            one, burst = sample.one_by_one, sample.burst
            report(
                f"run {number + 1} {server.name:12} {one['changes'] / one['seconds']:9.0f}/s one by "
                f"one, {burst['changes'] / burst['seconds']:9.0f}/s in a burst, "
                f"{sample.idle:6.1f} KiB idle"
            )
    return measured
