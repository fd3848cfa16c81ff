"""The bench runs, and whoever is measured answers the same; how fast anybody is, no test says."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bench.contenders.contender import Failed
from bench.live.board import Board
from bench.live.contenders import MendedLive
from bench.live.measure import LivePlan, crowd, measure, writes
from bench.live.report import told
from bench.live.run import bench_live
from bench.live.wire import frames, packed
from bench.measure import Plan
from bench.run import Wanted, bench, check
from bench.tenant import Filled
from bench.writes.run import WantedWrites, bench_writes
from bench.writes.run import check as check_writes
from cli.servers.directory import Servers
from db.engine.transaction import Placement
from tenancy.engine.provision import Tenant

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


TINY = LivePlan(
    runs=1, watchers=3, users=2, records=2, events=2, bursts=1, gentle=1, pause=0, settling=0.05
)


def _record(number: int) -> dict[str, Any]:
    told = {"name": f"Desks {number}", "expectedCloseOn": "2026-09-30", "note": None}
    amount = {"amount": "100.50", "currency": "EUR"}
    related = {"account": {"name": "The wall"}, "stage": {"name": "Prospect"}}
    return {"id": f"opp_{number}", "amount": amount, **told, **related}


@pytest.fixture
def strawberry(tmp_path: Path) -> MendedLive:
    """Those who are told by a generator each; nothing of it asks for a database."""
    placement = Placement(UUID(int=1), "t_acme", "t_acme", 1)
    tenant = Tenant(placement.tenant, "acme", "Acme", "active", True, placement)
    filled = Filled(Servers("", ""), tmp_path, tenant, 2, UUID(int=2), 1)
    teller = MendedLive(filled, Board([], [], tenant.id))
    teller.give([_record(0), _record(1)], "cursor")
    return teller


async def test_watchers_are_counted(strawberry: MendedLive) -> None:
    measured = await measure([strawberry], ["opp_0", "opp_1"], TINY, os.getpid(), lambda _: None)
    (sample,) = measured.samples["mended"]
    loads = (sample.gentle, sample.one_by_one, sample.burst)
    assert [load["changes"] for load in loads] == [3, 6, 6]
    assert [load["frames"] for load in loads] == [3, 6, 6], "nothing is told together there"
    assert "mended" in "\n".join(told(measured, 2))


async def test_a_watcher_who_is_told_something_else_is_noticed(strawberry: MendedLive) -> None:
    strawberry.start()
    try:
        async with crowd(strawberry) as watching:
            await watching.do("open", count=2)
            ((body, _),) = writes(strawberry, ["opp_0"], 1)
            with pytest.raises(Failed, match="a watcher was told 1 of 1"):
                await watching.do("one_by_one", writes=[(body, "another name")], pause=0)
    finally:
        strawberry.stop()


def test_frames_are_found_in_pieces() -> None:
    """A client's frames differ from a server's by the mask alone."""
    sent = [b"x" * length for length in (0, 125, 126, 70_000)]
    data = b"".join(_unmasked(packed(each)) for each in sent)
    assert [data[begins:ends] for _, begins, ends in frames(data)] == sent
    for cut in (1, 3, 130, len(data) - 1):
        whole = [ends for _, _, ends in frames(data)]
        assert [ends for _, _, ends in frames(data[:cut])] == [end for end in whole if end <= cut]


def _unmasked(frame: bytes) -> bytes:
    head = 2 + {126: 2, 127: 8}.get(frame[1] & 0x7F, 0)
    return frame[:1] + bytes([frame[1] & 0x7F]) + frame[2:head] + frame[head + 4 :]


@pytest.mark.nightly
async def test_live_lists_tell_the_same_as_strawberrys(tmp_path: Path) -> None:
    """Events are compared before anything is timed: a difference would end it."""
    heard: list[str] = []
    report = await asyncio.wait_for(bench_live(TINY, 1_000, tmp_path, heard.append), 120)
    assert "all tell the same" in heard
    for name in ("relata", "strawberry", "mended"):
        assert name in report
