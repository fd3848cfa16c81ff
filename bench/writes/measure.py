"""Measures who writes: compares what they leave behind, then loads them in turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import asyncpg

from bench.contenders.contender import HOST, Failed
from bench.measure import WARM, Measured, Plan, Sample, load
from bench.meter import Meter
from bench.writes.cases import Case, lane
from bench.writes.contenders import Writer
from bench.writes.places import Place
from bench.writes.traces import compare

Tell = Callable[[str], None]

# ruff: noqa: S608 - nothing of a user's is in any of these texts


class Loads:
    """Loads that follow each other."""

    def __init__(self, admin: asyncpg.Connection[Any], places: Sequence[Place]) -> None:
        self._admin = admin
        self._places = places

    async def _versions(self) -> dict[Any, int]:
        found: dict[Any, int] = {}
        for place in self._places:
            rows = await self._admin.fetch(
                f"SELECT id, version FROM {place.schema}.opportunity WHERE id = ANY ($1)",
                list(place.records),
            )
            found |= {row["id"]: row["version"] for row in rows}
        return found

    async def _positions(self) -> int:
        heads = [
            await self._admin.fetchval(f"SELECT position FROM {place.schema}.log_head")
            for place in self._places
        ]
        return sum(heads)

    async def run(self, writer: Writer, case: Case, seconds: float) -> Mapping[str, Any]:
        """What the load generator tells. Raises Failed if not all was written that was answered."""
        versions, before = await self._versions(), await self._positions()
        lanes = []
        for number in range(case.connections):
            spoken = [(deed, writer.spoken(deed)) for deed in lane(case, self._places, number)]
            lanes.append(
                [
                    {
                        "path": request.path,
                        "headers": dict(request.headers),
                        "body": request.body.decode(),
                        "version": versions.get(deed.record),
                    }
                    for deed, request in spoken
                ]
            )
        # What was written so far: a number that was used before would write what is there already.
        given = {"host": HOST, "port": writer.port, "connections": case.connections}
        given |= {"lanes": lanes, "first": before, "seconds": seconds}
        told = await load(given, "bench.writes.lanes")
        if "bad" in told:
            raise Failed(f"{writer.name} does not answer {case.name}:\n{told['bad'][0]}")
        written = await self._positions() - before
        if written != told["requests"]:
            raise Failed(f"{writer.name} answered {told['requests']} times and wrote {written}.")
        return told


async def measure(
    admin: asyncpg.Connection[Any],
    writers: Sequence[Writer],
    cases: Sequence[Case],
    plan: Plan,
    tell: Tell,
) -> Measured:
    """All cases and runs; in every other run they take turns the other way round."""
    places = writers[0].places
    for writer in writers:
        writer.prepare()
    await compare(admin, writers, places[-1])
    tell("all leave the same behind")
    meter = Meter(await admin.fetchval("SELECT pg_backend_pid()"))
    loads, measured = Loads(admin, places), Measured(writers[0].filled.size)
    for case in cases:
        await admin.execute("CHECKPOINT")  # so that what was before is not written meanwhile
        for number in range(plan.runs):
            for writer in reversed(writers) if number % 2 else writers:
                writer.prepare()
                await loads.run(writer, case, WARM if number else case.settling)
                before = meter.used(writer.pid)
                told = await loads.run(writer, case, plan.seconds)
                sample = Sample.of(told, *meter.used(writer.pid).since(before))
                cell = (case.name, case.connections, writer.name)
                measured.samples.setdefault(cell, []).append(sample)
                tell(
                    f"{case.name} x{case.connections} run {number + 1} {writer.name:8} "
                    f"{sample.requests_per_second:9.1f}/s  {sample.cpu_ms:8.2f} ms CPU"
                )
    for writer in writers:
        measured.memory[writer.name] = meter.memory(writer.pid)
    return measured
