"""The benchmarks run and compare the results of all contenders; no test checks their speed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bench.contenders.contender import Failed
from bench.live.board import Board
from bench.live.contenders import MendedLive
from bench.live.measure import LiveRunSettings, measure, subscribers, writes
from bench.live.report import live_report
from bench.live.wire import client_frame, frames
from bench.measure import RunSettings
from bench.run import ReadsRequest, check
from bench.tenant import Filled
from bench.writes.run import WritesRequest
from bench.writes.run import check as check_writes
from cli.servers.directory import Servers
from db.engine.transaction import Placement
from tenancy.engine.provision import Tenant

ROOT = Path(__file__).resolve().parents[2]
RATIO = re.compile(r"^\| ([QW]\d) x(1|16) +\| +([\d.]+) \|", re.MULTILINE)


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("what", "compared", "cases", "contenders"),
    [
        (
            "reads",
            "Q5: all responses are equal",
            5,
            ["limit", "bare", "postgraphile", "strawberry"],
        ),
        ("writes", "all effects are equal", 5, ["limit"]),
        ("live", "all servers send the same events", 0, ["strawberry", "mended"]),
    ],
)
def test_quick_bench_compares_results_and_reports_every_contender(
    what: str, compared: str, cases: int, contenders: list[str], tmp_path: Path
) -> None:
    """Results are compared before anything is timed: a difference ends the command with an error."""
    command = [sys.executable, "-m", "cli", "bench", what, "--quick", "--data", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=1_800, check=False
    )
    assert done.returncode == 0, done.stderr
    assert compared in done.stderr
    assert len({case for case, _, _ in RATIO.findall(done.stdout)}) == cases
    for name in ("relata", *contenders):
        assert name in done.stdout


@pytest.mark.parametrize(
    ("reads", "rivals", "word"), [(["Q9"], [], "Q9"), ([], ["hasura"], "hasura")]
)
def test_unknown_case_or_contender_is_reported(
    reads: list[str], rivals: list[str], word: str
) -> None:
    with pytest.raises(Failed, match=f"There is no {word}; there are "):
        check(ReadsRequest([1_000], reads, rivals, RunSettings(1, 1), None))


def test_unknown_write_is_reported() -> None:
    with pytest.raises(Failed, match="There is no W9; there are W1, "):
        check_writes(WritesRequest(only=["W9"]))


TINY = LiveRunSettings(
    runs=1,
    subscribers=3,
    users=2,
    records=2,
    events=2,
    bursts=1,
    paced_changes=1,
    pause=0,
    settling=0.05,
)


def _record(number: int) -> dict[str, Any]:
    plain = {"name": f"Desks {number}", "expectedCloseOn": "2026-09-30", "note": None}
    amount = {"amount": "100.50", "currency": "EUR"}
    related = {"account": {"name": "The wall"}, "stage": {"name": "Prospect"}}
    return {"id": f"opp_{number}", "amount": amount, **plain, **related}


@pytest.fixture
def strawberry(tmp_path: Path) -> MendedLive:
    """Live contender with one generator per subscriber, which needs no database."""
    placement = Placement(UUID(int=1), "t_acme", "t_acme", 1)
    tenant = Tenant(placement.tenant, "acme", "Acme", "active", True, placement)
    filled = Filled(Servers("", ""), tmp_path, tenant, 2, UUID(int=2), 1)
    contender = MendedLive(filled, Board([], [], tenant.id))
    contender.load_records([_record(0), _record(1)], "cursor")
    return contender


async def test_changes_and_frames_of_watchers_are_counted(strawberry: MendedLive) -> None:
    measured = await measure([strawberry], ["opp_0", "opp_1"], TINY, os.getpid(), lambda _: None)
    (sample,) = measured.samples["mended"]
    loads = (sample.paced_changes, sample.one_by_one, sample.burst)
    assert [load["changes"] for load in loads] == [3, 6, 6]
    assert [load["frames"] for load in loads] == [3, 6, 6], (
        "this contender sends every change in a frame"
    )
    assert "mended" in "\n".join(live_report(measured, 2))


async def test_watcher_with_an_unexpected_message_is_reported(strawberry: MendedLive) -> None:
    strawberry.start()
    try:
        async with subscribers(strawberry) as load:
            await load.run("open", count=2)
            ((body, _),) = writes(strawberry, ["opp_0"], 1)
            with pytest.raises(Failed, match="a subscriber received 1 of 1"):
                await load.run("one_by_one", writes=[(body, "another name")], pause=0)
    finally:
        strawberry.stop()


def test_frames_are_parsed_from_partial_data() -> None:
    """Frames of a client differ from those of a server only in the mask."""
    sent = [b"x" * length for length in (0, 125, 126, 70_000)]
    data = b"".join(_unmasked(client_frame(each)) for each in sent)
    assert [data[begins:ends] for _, begins, ends in frames(data)] == sent
    for cut in (1, 3, 130, len(data) - 1):
        complete = [ends for _, _, ends in frames(data)]
        assert [ends for _, _, ends in frames(data[:cut])] == [
            end for end in complete if end <= cut
        ]


def _unmasked(frame: bytes) -> bytes:
    head = 2 + {126: 2, 127: 8}.get(frame[1] & 0x7F, 0)
    return frame[:1] + bytes([frame[1] & 0x7F]) + frame[2:head] + frame[head + 4 :]
