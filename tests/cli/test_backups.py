"""The operator's way there and back: from one data directory to another, with nothing but the file between them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tenancy.engine.history import head
from tests.cli.conftest import Operate
from tests.tenancy.histories import longer
from tests.writes.parallel import TenantClient

ROOT = Path(__file__).resolve().parents[2]


def relata(here: Path, data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command as a process of its own, called in a directory, on servers that it starts itself."""
    unset = {"DATABASE_URL", "REDIS_URL", "RELATA_SECRET"}
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    return subprocess.run(
        [sys.executable, "-m", "cli", *words, "--data", str(data)],
        cwd=ROOT,
        env=environment | {"RELATA_HERE": str(here)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_from_one_data_directory_to_a_fresh_one(data: Path, tmp_path: Path) -> None:
    data.chmod(0o755)
    first, second = data / "first", data / "second"
    made = relata(tmp_path, first, "tenant", "create", "firm", "--admin", "me@firm.example")
    assert made.returncode == 0, made.stderr
    kept = relata(tmp_path, first, "backup", "firm.relata")
    assert kept.returncode == 0, kept.stderr
    assert "firm: " in kept.stderr, "progress is for people"
    assert kept.stdout.startswith(str(tmp_path / "firm.relata")), "named from where it was called"
    back = relata(tmp_path, second, "restore", "firm.relata")
    assert back.returncode == 0, back.stderr
    assert "every user must sign in again" in back.stderr
    told = [relata(tmp_path, each, "tenant", "list").stdout for each in (first, second)]
    assert told[0] == told[1]
    assert "me@firm.example" in relata(tmp_path, second, "user", "list", "--tenant", "firm").stdout
    again = relata(tmp_path, second, "restore", "firm.relata")
    assert again.returncode == 1
    assert "nothing is overwritten" in again.stderr
    assert not again.stdout


async def test_beside_a_server_that_goes_on(
    operate: Operate, own: TenantClient, tmp_path: Path
) -> None:
    await operate("backup", "acme.relata", "--tenant", "acme")
    said = await operate("restore", "acme.relata", "--as", "twin")
    assert said.stdout.startswith("twin  ")
    listed = (await operate("tenant", "list")).stdout
    assert [line.split()[0] for line in listed.splitlines()] == ["acme", "globex", "twin"]
    assert not (await own.ask("admin", "{ accounts(first: 1) { nodes { id } } }")).codes
    (tmp_path / "acme.relata").write_bytes((tmp_path / "acme.relata").read_bytes()[:-100])
    broken = await operate("restore", "acme.relata", "--as", "third", fails=True)
    assert "is not a complete backup" in broken.stderr
    assert "third" not in (await operate("tenant", "list")).stdout


async def test_a_newer_version_backs_up_what_there_is_before_it_migrates(
    operate: Operate, own: TenantClient, tmp_path: Path
) -> None:
    """Else nothing would be left to go back to."""
    revisions = "SELECT DISTINCT revision FROM catalog.tenant"
    with pytest.MonkeyPatch.context() as patch, longer(tmp_path, patch) as newest:
        assert head() != newest
        await operate("backup", "before.relata")
        assert [row[0] for row in await own.world.admin.fetch(revisions)] == [newest]
