"""What processes have used, read from /proc: CPU time of servers and of Postgres' backends, and memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICK = os.sysconf("SC_CLK_TCK")
BACKEND = b"[local]"
"""In the title of a process of Postgres that serves a client, and of no other."""


def _stat(process: int) -> list[str] | None:
    """The fields after the name, which may hold anything; None if the process is gone."""
    try:
        return (PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def tree(root: int) -> list[int]:
    """A process and all below it."""
    parents: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, ahead = [], [root]
    while ahead:
        found.append(ahead.pop())
        ahead += parents.get(found[-1], [])
    return found


def _seconds(process: int, first: int = 11) -> float:
    """The CPU time that a process has used, its own and the kernel's for it; from 13 on its dead children's."""
    fields = _stat(process)
    return (int(fields[first]) + int(fields[first + 1])) / TICK if fields else 0.0


def _title(process: int) -> bytes:
    try:
        return (PROC / str(process) / "cmdline").read_bytes()
    except OSError:
        return b""


def _memory(process: int) -> float:
    """In MiB: what is shared with others is counted in parts, where the kernel tells it."""
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
    """CPU seconds by process, at one moment."""

    server: Mapping[int, float]
    postgres: Mapping[int, float]
    """All processes of Postgres."""
    backends: frozenset[int]
    """Those of them that serve clients."""
    dead: float
    """Of all processes of Postgres that have ended."""

    def since(self, before: Used) -> tuple[float, float]:
        """What was used from then to now, by the server and by the backends."""
        # Workers of a parallel scan are gone when it ends, and so may be connections; what those
        # that are gone had used before is not of this time.
        gone = before.postgres.keys() - self.postgres.keys()
        dead = self.dead - before.dead - sum(before.postgres[process] for process in gone)
        alive = {process: self.postgres[process] for process in self.backends}
        return _since(self.server, before.server), _since(alive, before.postgres) + max(dead, 0.0)


def _since(now: Mapping[int, float], then: Mapping[int, float]) -> float:
    return sum(seconds - then.get(process, 0.0) for process, seconds in now.items())


def _all(processes: Iterable[int]) -> dict[int, float]:
    return {process: _seconds(process) for process in processes}


class Meter:
    """Reads what a server and the database have used."""

    def __init__(self, backend: int) -> None:
        """`backend` is any process of the database's; its parent is what they all come from."""
        stat = (PROC / str(backend) / "stat").read_text().rpartition(")")[2].split()
        self._postgres = int(stat[1])

    def used(self, server: int) -> Used:
        """What has been used until now. Only one server works at a time, so all backends count."""
        processes = tree(self._postgres)
        backends = frozenset(one for one in processes if BACKEND in _title(one))
        dead = _seconds(self._postgres, 13)
        return Used(_all(tree(server)), _all(processes), backends, dead)

    def memory(self, server: int) -> float:
        """The MiB of a server and all its children."""
        return sum(_memory(process) for process in tree(server))
