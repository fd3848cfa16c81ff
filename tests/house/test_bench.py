"""The bench runs, and whoever is measured answers the same; how fast anybody is, no test says."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from bench.contenders.contender import Failed
from bench.measure import Plan
from bench.run import Wanted, bench, check
from bench.writes.run import WantedWrites, bench_writes
from bench.writes.run import check as check_writes

WRITTEN = re.compile(r"^\| W(\d) x(1|16) +\| +([\d.]+) \|", re.MULTILINE)
RATIO = re.compile(r"^\| Q(\d) x(1|16) +\| +([\d.]+) \|", re.MULTILINE)


@pytest.mark.nightly
async def test_all_who_are_measured_answer_the_same(tmp_path: Path) -> None:
    """Bodies are compared before anything is timed: a difference would end it."""
    wanted = Wanted([1_000], [], [], Plan(1, 0.3), tmp_path)
    report = await asyncio.wait_for(bench(wanted, lambda _: None), 300)
    assert len(RATIO.findall(report)) >= 10, "every read, one at a time and sixteen at once"
    for name in ("limit", "bare", "postgraphile", "strawberry"):
        assert name in report


@pytest.mark.nightly
async def test_both_who_write_leave_the_same_behind(tmp_path: Path) -> None:
    """All rows of a tenant are compared before anything is timed: a difference would end it."""
    heard: list[str] = []
    wanted = WantedWrites(1_000, [], Plan(1, 0.3), tmp_path, [False])
    report = await asyncio.wait_for(bench_writes(wanted, heard.append), 300)
    assert "all leave the same behind" in heard
    assert {name for name, _, _ in WRITTEN.findall(report)} == set("12345")


@pytest.mark.parametrize(
    ("reads", "rivals", "word"), [(["Q9"], [], "Q9"), ([], ["hasura"], "hasura")]
)
def test_a_name_that_means_nothing_is_told(reads: list[str], rivals: list[str], word: str) -> None:
    with pytest.raises(Failed, match=f"There is no {word}; there are "):
        check(Wanted([1_000], reads, rivals, Plan(1, 1), None))


def test_a_write_that_means_nothing_is_told() -> None:
    with pytest.raises(Failed, match="There is no W9; there are W1, "):
        check_writes(WantedWrites(only=["W9"]))
