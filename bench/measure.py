"""Measures all contenders at one size: compares their answers first, then loads them in turns."""

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
from bench.questions import Parameters, Question

COMPARED = 8
"""How many requests of each question are compared before anything is timed."""
WARM = 1.0
MOST_DIFFERENCES = 12
NAN = float("nan")
Tell = Callable[[str], None]
Asked = Mapping[str, Sequence[Parameters]]


@dataclass(frozen=True)
class Plan:
    """How long and how often."""

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
    """CPU milliseconds of the server, for a request."""
    backend_ms: float
    """Those of Postgres' backends."""
    bytes: float

    @classmethod
    def of(cls, told: Mapping[str, Any], server: float, backends: float) -> Sample:
        """What the load generator told, and the CPU seconds used meanwhile."""
        answered = told["requests"]
        return cls(
            answered / told["seconds"],
            told["p50"],
            told["p99"],
            1000 * server / answered,
            1000 * backends / answered,
            told["bytes"],
        )

    @property
    def cpu_ms(self) -> float:
        """Both together."""
        return self.server_ms + self.backend_ms


Cell = tuple[str, int, str]
"""A question, a concurrency and a contender."""


@dataclass
class Measured:
    """Everything that was measured at one size."""

    size: int
    samples: dict[Cell, list[Sample]] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    """Contenders that do not take part, and why."""

    def middle(self, cell: Cell, of: str) -> float:
        """The median of a measure over the runs."""
        return float(median(getattr(sample, of) for sample in self.samples[cell]))

    def ratio(self, cell: Cell, to: str, of: str) -> float:
        """The median of one contender's measure to another's, run by run: what they had in common cancels out."""
        question, concurrency, _ = cell
        pairs = zip(self.samples[cell], self.samples[question, concurrency, to], strict=True)
        ratios = [getattr(one, of) / (getattr(other, of) or NAN) for one, other in pairs]
        return float(median(ratios))


def compare(contenders: Sequence[Contender], question: Question, asked: Asked) -> None:
    """Raises Failed with what differs, if they do not answer the same."""
    first, *others = contenders
    for given in asked[question.name][:COMPARED]:
        expected = first.answer(question, given)
        for other in others:
            found = list(differences(expected, other.answer(question, given)))
            if found:
                more = len(found) - MOST_DIFFERENCES
                lines = found[:MOST_DIFFERENCES] + ([f"... and {more} more"] if more > 0 else [])
                raise Failed(
                    f"{first.name} and {other.name} answer {question.name} differently for "
                    f"{dict(given)}:\n" + "\n".join(lines)
                )


async def load(given: Mapping[str, Any], module: str = "bench.load") -> dict[str, Any]:
    """Run a load generator, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", module),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        told, _ = await process.communicate(json.dumps(given).encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise Failed("The load generator failed; what it said is above.")
    answer: dict[str, Any] = json.loads(told)
    return answer


async def _sample(
    contender: Contender,
    meter: Meter,
    requests: Sequence[Mapping[str, Any]],
    run: tuple[int, int, float],
) -> Sample:
    """Warm a contender up, then load it. `run` is its number, the connections and the seconds."""
    number, connections, seconds = run
    given = {"host": HOST, "port": contender.port, "connections": connections}
    given |= {"requests": requests, "first": number * 37, "seconds": WARM}
    told = await load(given)
    if "bad" not in told:
        before = meter.used(contender.pid)
        told = await load(given | {"seconds": seconds})
        server, backends = meter.used(contender.pid).since(before)
    if "bad" in told:
        raise Failed(f"{contender.name} does not answer under load:\n{told['bad'][0]}")
    return Sample.of(told, server, backends)


async def measure(
    contenders: Sequence[Contender],
    questions: Sequence[Question],
    asked: Asked,
    plan: Plan,
    backend: int,
    tell: Tell,
) -> Measured:
    """All questions, concurrencies and runs; contenders take turns within each run."""
    meter = Meter(backend)
    measured = Measured(contenders[0].filled.size)
    for question in questions:
        for contender in contenders:
            contender.prepare()
        compare(contenders, question, asked)
        tell(f"{question.name}: all answer alike")
        for concurrency in plan.concurrencies:
            for number in range(plan.runs):
                for contender in contenders:
                    contender.prepare()
                    requests = _encoded(contender, question, asked)
                    run = (number, concurrency, plan.seconds)
                    sample = await _sample(contender, meter, requests, run)
                    cell = (question.name, concurrency, contender.name)
                    measured.samples.setdefault(cell, []).append(sample)
                    tell(
                        f"{question.name} x{concurrency} run {number + 1} {contender.name:12} "
                        f"{sample.requests_per_second:9.1f}/s  {sample.cpu_ms:8.2f} ms CPU"
                    )
    for contender in contenders:
        measured.memory[contender.name] = meter.memory(contender.pid)
    return measured


def _encoded(contender: Contender, question: Question, asked: Asked) -> list[dict[str, Any]]:
    requests = [contender.request(question, given) for given in asked[question.name]]
    return [
        {"path": each.path, "headers": dict(each.headers), "body": each.body.decode()}
        for each in requests
    ]
