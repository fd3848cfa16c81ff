"""Measures all contenders at one size: first compares their responses, then loads them in turns."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from bench.canonical import differences
from bench.contenders.contender import HOST, ROOT, Contender, Failed
from bench.meter import Meter
from bench.read_cases import Parameters, ReadCase

COMPARED = 8
"""Number of requests per read case whose responses are compared before the measurement."""
WARMUP_SECONDS = 1.0
MOST_DIFFERENCES = 12
NAN = float("nan")
Report = Callable[[str], None]
ParamsByCase = Mapping[str, Sequence[Parameters]]


@dataclass(frozen=True)
class RunSettings:
    """Number and duration of runs."""

    runs: int
    seconds: float
    concurrencies: Sequence[int] = (1, 16)


@dataclass(frozen=True)
class Sample:
    """One run of one contender."""

    requests_per_second: float
    p50: float
    p99: float
    server_ms: float
    """CPU milliseconds of the server per request."""
    backend_ms: float
    """CPU milliseconds of Postgres' backends per request."""
    bytes: float

    @classmethod
    def of(cls, results: Mapping[str, Any], server: float, backends: float) -> Sample:
        """A sample from the results of the load generator and the CPU seconds used."""
        count = results["requests"]
        return cls(
            count / results["seconds"],
            results["p50"],
            results["p99"],
            1000 * server / count,
            1000 * backends / count,
            results["bytes"],
        )

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds of server and backends per request."""
        return self.server_ms + self.backend_ms


Cell = tuple[str, int, str]
"""Case, concurrency and contender."""


@dataclass
class Measured:
    """All measurements at one size."""

    size: int
    samples: dict[Cell, list[Sample]] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    """Contenders that could not start, with the reason."""

    def middle(self, cell: Cell, of: str) -> float:
        """Median of a measure over the runs."""
        return float(median(getattr(sample, of) for sample in self.samples[cell]))

    def ratio(self, cell: Cell, to: str, of: str) -> float:
        """Median of the ratios of one contender's measure to another's in the same run, to cancel out common noise."""
        read_case, concurrency, _ = cell
        pairs = zip(self.samples[cell], self.samples[read_case, concurrency, to], strict=True)
        ratios = [getattr(one, of) / (getattr(other, of) or NAN) for one, other in pairs]
        return float(median(ratios))


def compare(
    contenders: Sequence[Contender], read_case: ReadCase, params_by_case: ParamsByCase
) -> None:
    """Raise Failed with the differences if the contenders' responses differ."""
    first, *others = contenders
    for params in params_by_case[read_case.name][:COMPARED]:
        expected = first.answer(read_case, params)
        for other in others:
            different = list(differences(expected, other.answer(read_case, params)))
            if different:
                more = len(different) - MOST_DIFFERENCES
                lines = different[:MOST_DIFFERENCES] + (
                    [f"... and {more} more"] if more > 0 else []
                )
                raise Failed(
                    f"{first.name} and {other.name} answer {read_case.name} differently for "
                    f"{dict(params)}:\n" + "\n".join(lines)
                )


async def load(params: Mapping[str, Any], module: str = "bench.load") -> dict[str, Any]:
    """Run a load generator in a separate process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", module),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        output, _ = await process.communicate(json.dumps(params).encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise Failed("The load generator failed; its messages are above.")
    results: dict[str, Any] = json.loads(output)
    return results


async def _sample(
    contender: Contender,
    meter: Meter,
    requests: Sequence[Mapping[str, Any]],
    run: tuple[int, int, float],
) -> Sample:
    """Warm a contender up, then measure it. `run` contains number, connections and seconds."""
    number, connections, seconds = run
    params = {"host": HOST, "port": contender.port, "connections": connections}
    params |= {"requests": requests, "first": number * 37, "seconds": WARMUP_SECONDS}
    results = await load(params)
    if "bad" not in results:
        before = meter.used(contender.pid)
        results = await load(params | {"seconds": seconds})
        server, backends = meter.used(contender.pid).since(before)
    if "bad" in results:
        raise Failed(f"{contender.name} failed under load:\n{results['bad'][0]}")
    return Sample.of(results, server, backends)


async def measure(
    contenders: Sequence[Contender],
    read_cases: Sequence[ReadCase],
    params_by_case: ParamsByCase,
    plan: RunSettings,
    backend_pid: int,
    report: Report,
) -> Measured:
    """Measure all cases, concurrencies and runs; contenders take turns within each run."""
    meter = Meter(backend_pid)
    measured = Measured(contenders[0].filled.size)
    for read_case in read_cases:
        for contender in contenders:
            contender.prepare()
        compare(contenders, read_case, params_by_case)
        report(f"{read_case.name}: all responses are equal")
        for concurrency in plan.concurrencies:
            for number in range(plan.runs):
                for contender in contenders:
                    contender.prepare()
                    requests = _encoded(contender, read_case, params_by_case)
                    run = (number, concurrency, plan.seconds)
                    sample = await _sample(contender, meter, requests, run)
                    cell = (read_case.name, concurrency, contender.name)
                    measured.samples.setdefault(cell, []).append(sample)
                    report(
                        f"{read_case.name} x{concurrency} run {number + 1} {contender.name:12} "
                        f"{sample.requests_per_second:9.1f}/s  {sample.cpu_ms:8.2f} ms CPU"
                    )
    for contender in contenders:
        measured.memory[contender.name] = meter.memory(contender.pid)
    return measured


def _encoded(
    contender: Contender, read_case: ReadCase, params_by_case: ParamsByCase
) -> list[dict[str, Any]]:
    requests = [contender.request(read_case, params) for params in params_by_case[read_case.name]]
    return [
        {"path": each.path, "headers": dict(each.headers), "body": each.body.decode()}
        for each in requests
    ]
