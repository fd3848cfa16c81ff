"""What tests cost: processor time, with that of servers and other processes started for them; and the schedule made of it."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "tests" / "costs.json"
"""Seconds of processor time of each file with tests, as `python3 dev test --costs` measured them."""
LEAST = 2
"""Seconds from which on a file is listed there."""
TOLD = 30
TICKS = os.sysconf("SC_CLK_TCK")
SENT = "costs"


def spent() -> float:
    """Seconds of processor time that this process, its children and theirs have taken so far."""
    total, waiting = 0.0, [str(os.getpid())]
    while waiting:
        process = waiting.pop()
        try:
            stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            for thread in Path(f"/proc/{process}/task").iterdir():
                waiting += (thread / "children").read_text().split()
        except OSError:  # it has ended; what it took is counted with its parent
            continue
        total += sum(map(int, stat[11:15])) / TICKS  # its own, and that of children that ended
    return total


def of(places: Iterable[str]) -> int:
    """What the tests in some files and folders cost, as far as it is known."""
    known: dict[str, int] = json.loads(FILE.read_text())
    chosen = [Path(place.partition("::")[0]).resolve() for place in places]
    files = [(ROOT / file, cost) for file, cost in known.items()]
    return sum(cost for file, cost in files if any(file.is_relative_to(each) for each in chosen))


def slow_first(items: list[pytest.Item]) -> None:
    """Sort tests by what their files cost, so that the processes of a run end at about the same time."""
    known: dict[str, int] = json.loads(FILE.read_text())
    items.sort(key=lambda item: -known.get(item.nodeid.partition("::")[0], 0))


class Costs:
    """Measures each test of a run; of several processes the one that speaks tells and keeps the costs."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        before = spent()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = spent() - before

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if (sent := getattr(session.config, "workeroutput", None)) is not None:
            sent[SENT] = self.seconds

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.seconds |= getattr(node, "workeroutput", {}).get(SENT, {})

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.seconds or hasattr(terminalreporter.config, "workerinput"):
            return
        terminalreporter.write_sep("=", f"{TOLD} costliest tests, in seconds of processor time")
        for nodeid, seconds in sorted(self.seconds.items(), key=lambda each: -each[1])[:TOLD]:
            terminalreporter.write_line(f"{seconds:7.1f}  {nodeid}")
        whole = sum(self.seconds.values())
        terminalreporter.write_line(f"{whole:7.1f}  all {len(self.seconds)} tests")
        FILE.write_text(json.dumps(self._of_files(), indent=1) + "\n")

    def _of_files(self) -> dict[str, int]:
        """Files that were not run keep what they cost before."""
        found: dict[str, float] = defaultdict(float)
        for nodeid, seconds in self.seconds.items():
            found[nodeid.partition("::")[0]] += seconds
        before: dict[str, int] = json.loads(FILE.read_text()) if FILE.exists() else {}
        kept = {file: cost for file, cost in before.items() if (ROOT / file).exists()}
        both = {**kept, **{file: round(cost) for file, cost in found.items()}}
        return {file: cost for file, cost in sorted(both.items()) if cost >= LEAST}
