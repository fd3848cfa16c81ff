"""Measures the write cases: first compares the effects of the contenders, then loads them in turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import asyncpg

from bench.contenders.contender import HOST, Failed
from bench.measure import WARMUP_SECONDS, Measured, RunSettings, Sample, load
from bench.meter import Meter
from bench.writes.cases import Case, lane
from bench.writes.contenders import Writer
from bench.writes.effects import compare
from bench.writes.targets import WriteTarget

Report = Callable[[str], None]

# ruff: noqa: S608 - nothing of a user's is in any of these texts


class Loads:
    """Runs loads one after another."""

    def __init__(self, admin: asyncpg.Connection[Any], targets: Sequence[WriteTarget]) -> None:
        self._admin = admin
        self._places = targets

    async def _versions(self) -> dict[Any, int]:
        found: dict[Any, int] = {}
        for target in self._places:
            rows = await self._admin.fetch(
                f"SELECT id, version FROM {target.schema}.opportunity WHERE id = ANY ($1)",
                list(target.records),
            )
            found |= {row["id"]: row["version"] for row in rows}
        return found

    async def _positions(self) -> int:
        heads = [
            await self._admin.fetchval(f"SELECT position FROM {target.schema}.log_head")
            for target in self._places
        ]
        return sum(heads)

    async def run(self, writer: Writer, case: Case, seconds: float) -> Mapping[str, Any]:
        """Run a load and return its results. Raises Failed if the number of responses and of log positions differ."""
        versions, before = await self._versions(), await self._positions()
        lanes = []
        for number in range(case.connections):
            encode = [
                (write_request, writer.encode(write_request))
                for write_request in lane(case, self._places, number)
            ]
            lanes.append(
                [
                    {
                        "path": request.path,
                        "headers": dict(request.headers),
                        "body": request.body.decode(),
                        "version": versions.get(write_request.record),
                    }
                    for write_request, request in encode
                ]
            )
        # Numbers start at the log position: a reused number would write values that the records already have.
        params = {"host": HOST, "port": writer.port, "connections": case.connections}
        params |= {"lanes": lanes, "first": before, "seconds": seconds}
        results = await load(params, "bench.writes.lanes")
        if "bad" in results:
            raise Failed(f"{writer.name} failed at {case.name}:\n{results['bad'][0]}")
        written = await self._positions() - before
        if written != results["requests"]:
            raise Failed(
                f"{writer.name} sent {results['requests']} responses, but wrote {written} transactions."
            )
        return results


async def measure(
    admin: asyncpg.Connection[Any],
    writers: Sequence[Writer],
    cases: Sequence[Case],
    plan: RunSettings,
    report: Report,
) -> Measured:
    """Measure all cases and runs; the order of contenders is reversed in every other run."""
    targets = writers[0].targets
    for writer in writers:
        writer.prepare()
    await compare(admin, writers, targets[-1])
    report("all effects are equal")
    meter = Meter(await admin.fetchval("SELECT pg_backend_pid()"))
    loads, measured = Loads(admin, targets), Measured(writers[0].filled.size)
    for case in cases:
        await admin.execute(
            "CHECKPOINT"
        )  # so that no checkpoint of earlier writes falls into the measurement
        for number in range(plan.runs):
            for writer in reversed(writers) if number % 2 else writers:
                writer.prepare()
                await loads.run(writer, case, WARMUP_SECONDS if number else case.settling)
                before = meter.used(writer.pid)
                results = await loads.run(writer, case, plan.seconds)
                sample = Sample.of(results, *meter.used(writer.pid).since(before))
                cell = (case.name, case.connections, writer.name)
                measured.samples.setdefault(cell, []).append(sample)
                report(
                    f"{case.name} x{case.connections} run {number + 1} {writer.name:8} "
                    f"{sample.requests_per_second:9.1f}/s  {sample.cpu_ms:8.2f} ms CPU"
                )
    for writer in writers:
        measured.memory[writer.name] = meter.memory(writer.pid)
    return measured
