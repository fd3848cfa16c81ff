"""Processor time of tests, including that of servers and other processes that they start, and the order derived from it."""

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
"""Seconds of processor time per test file, written by `python3 dev test --costs`."""
MIN_SECONDS = 2
"""Minimum seconds of a file in that list."""
MOST_LISTED = 30
TICKS = os.sysconf("SC_CLK_TCK")
WORKER_OUTPUT_KEY = "costs"


def spent() -> float:
    """Seconds of processor time used so far by this process and its descendants."""
    total, waiting = 0.0, [str(os.getpid())]
    while waiting:
        process = waiting.pop()
        try:
            stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            for thread in Path(f"/proc/{process}/task").iterdir():
                waiting += (thread / "children").read_text().split()
        except OSError:  # the process has ended and is counted with its parent
            continue
        total += sum(map(int, stat[11:15])) / TICKS  # including ended children
    return total


def known_seconds(places: Iterable[str]) -> int:
    """Known cost of the tests in these files and folders, in seconds."""
    known: dict[str, int] = json.loads(FILE.read_text())
    selected = [Path(place.partition("::")[0]).resolve() for place in places]
    files = [(ROOT / file, cost) for file, cost in known.items()]
    return sum(cost for file, cost in files if any(file.is_relative_to(each) for each in selected))


def slow_first(items: list[pytest.Item]) -> None:
    """Sort tests by the cost of their file, descending, so that the processes of a run end at about the same time."""
    known: dict[str, int] = json.loads(FILE.read_text())
    items.sort(key=lambda item: -known.get(item.nodeid.partition("::")[0], 0))


class Costs:
    """Plugin that measures each test; the main process of a run prints and stores the costs."""

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
            sent[WORKER_OUTPUT_KEY] = self.seconds

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.seconds |= getattr(node, "workeroutput", {}).get(WORKER_OUTPUT_KEY, {})

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.seconds or hasattr(terminalreporter.config, "workerinput"):
            return
        terminalreporter.write_sep(
            "=", f"{MOST_LISTED} costliest tests, in seconds of processor time"
        )
        for nodeid, seconds in sorted(self.seconds.items(), key=lambda each: -each[1])[
            :MOST_LISTED
        ]:
            terminalreporter.write_line(f"{seconds:7.1f}  {nodeid}")
        total = sum(self.seconds.values())
        terminalreporter.write_line(f"{total:7.1f}  all {len(self.seconds)} tests")
        FILE.write_text(json.dumps(self._of_files(), indent=1) + "\n")

    def _of_files(self) -> dict[str, int]:
        """Cost per file; files that were not run keep their previous cost."""
        costs: dict[str, float] = defaultdict(float)
        for nodeid, seconds in self.seconds.items():
            costs[nodeid.partition("::")[0]] += seconds
        before: dict[str, int] = json.loads(FILE.read_text()) if FILE.exists() else {}
        existing = {file: cost for file, cost in before.items() if (ROOT / file).exists()}
        merged = {**existing, **{file: round(cost) for file, cost in costs.items()}}
        return {file: cost for file, cost in sorted(merged.items()) if cost >= MIN_SECONDS}
