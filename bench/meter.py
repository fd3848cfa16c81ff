"""Resource usage from /proc: CPU time of servers and of Postgres' backends, and memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICK = os.sysconf("SC_CLK_TCK")
BACKEND = b"[local]"
"""Part of the process title of a Postgres backend."""


def _stat(process: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the name; None if the process has ended."""
    try:
        return (PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def tree(root: int) -> list[int]:
    """A process and its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    processes, ahead = [], [root]
    while ahead:
        processes.append(ahead.pop())
        ahead += parents.get(processes[-1], [])
    return processes


def _seconds(process: int, first: int = 11) -> float:
    """User and system CPU seconds of a process; with `first=13`, those of its ended children."""
    fields = _stat(process)
    return (int(fields[first]) + int(fields[first + 1])) / TICK if fields else 0.0


def _title(process: int) -> bytes:
    try:
        return (PROC / str(process) / "cmdline").read_bytes()
    except OSError:
        return b""


def _memory(process: int) -> float:
    """Memory in MiB: proportional set size if the kernel provides it, else resident set size."""
    directory = PROC / str(process)
    for file, key in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        try:
            lines = (directory / file).read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            if line.startswith(key):
                return int(line.split()[1]) / 1024
    return 0.0


@dataclass(frozen=True)
class Used:
    """CPU seconds by process, at one time."""

    server: Mapping[int, float]
    postgres: Mapping[int, float]
    """All processes of Postgres."""
    backends: frozenset[int]
    """The client backends among them."""
    dead: float
    """CPU seconds of all Postgres processes that have ended."""

    def since(self, before: Used) -> tuple[float, float]:
        """CPU seconds used since `before`, by the server and by the backends."""
        # Parallel workers and connections may have ended; what they had used before is subtracted.
        ended = before.postgres.keys() - self.postgres.keys()
        dead = self.dead - before.dead - sum(before.postgres[process] for process in ended)
        alive = {process: self.postgres[process] for process in self.backends}
        return _since(self.server, before.server), _since(alive, before.postgres) + max(dead, 0.0)


def _since(now: Mapping[int, float], then: Mapping[int, float]) -> float:
    return sum(seconds - then.get(process, 0.0) for process, seconds in now.items())


def _all(processes: Iterable[int]) -> dict[int, float]:
    return {process: _seconds(process) for process in processes}


class Meter:
    """Reads the resource usage of a server and of Postgres."""

    def __init__(self, backend_pid: int) -> None:
        """`backend_pid` is the pid of any Postgres backend; its parent is the postmaster."""
        stat = (PROC / str(backend_pid) / "stat").read_text().rpartition(")")[2].split()
        self._postgres = int(stat[1])

    def used(self, server: int) -> Used:
        """CPU usage so far. Only one server is active at a time, so all backends are counted for it."""
        processes = tree(self._postgres)
        backends = frozenset(one for one in processes if BACKEND in _title(one))
        dead = _seconds(self._postgres, 13)
        return Used(_all(tree(server)), _all(processes), backends, dead)

    def memory(self, server: int) -> float:
        """The MiB of a server and all its children."""
        return sum(_memory(process) for process in tree(server))
