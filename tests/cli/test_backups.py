"""Backup and restore at the command line: a backup file restores all tenants into another data directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tenancy.engine.history import head
from tests.cli.conftest import Operate
from tests.tenancy.histories import longer
from tests.writes.client import TenantClient

ROOT = Path(__file__).resolve().parents[2]


def relata(here: Path, data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a separate process, which starts its servers on the given data directory."""
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


def test_backup_of_one_data_directory_restores_into_an_empty_one(
    data: Path, tmp_path: Path
) -> None:
    data.chmod(0o755)
    first, second = data / "first", data / "second"
    created = relata(tmp_path, first, "tenant", "create", "firm", "--admin", "me@firm.example")
    assert created.returncode == 0, created.stderr
    saved = relata(tmp_path, first, "backup", "firm.relata")
    assert saved.returncode == 0, saved.stderr
    assert "firm: " in saved.stderr, "progress goes to stderr"
    assert saved.stdout.startswith(str(tmp_path / "firm.relata")), "relative to the caller"
    restored = relata(tmp_path, second, "restore", "firm.relata")
    assert restored.returncode == 0, restored.stderr
    assert "every user must sign in again" in restored.stderr
    lists = [relata(tmp_path, each, "tenant", "list").stdout for each in (first, second)]
    assert lists[0] == lists[1]
    assert "me@firm.example" in relata(tmp_path, second, "user", "list", "--tenant", "firm").stdout
    again = relata(tmp_path, second, "restore", "firm.relata")
    assert again.returncode == 1
    assert "nothing is overwritten" in again.stderr
    assert not again.stdout


async def test_backup_and_restore_work_beside_a_running_server(
    operate: Operate, tenant: TenantClient, tmp_path: Path
) -> None:
    await operate("backup", "acme.relata", "--tenant", "acme")
    restored = await operate("restore", "acme.relata", "--as", "acme-copy")
    assert restored.stdout.startswith("acme-copy  ")
    listed = (await operate("tenant", "list")).stdout
    assert [line.split()[0] for line in listed.splitlines()] == ["acme", "acme-copy", "globex"]
    assert not (await tenant.ask("admin", "{ accounts(first: 1) { nodes { id } } }")).codes
    (tmp_path / "acme.relata").write_bytes((tmp_path / "acme.relata").read_bytes()[:-100])
    broken = await operate("restore", "acme.relata", "--as", "third", fails=True)
    assert "is not a complete backup" in broken.stderr
    assert "third" not in (await operate("tenant", "list")).stdout


async def test_newer_version_backs_up_before_it_migrates(
    operate: Operate, tenant: TenantClient, tmp_path: Path
) -> None:
    """Without a backup from before the migration there is no state to return to."""
    revisions = "SELECT DISTINCT revision FROM catalog.tenant"
    with pytest.MonkeyPatch.context() as patch, longer(tmp_path, patch) as newest:
        assert head() != newest
        await operate("backup", "before.relata")
        assert [row[0] for row in await tenant.world.admin.fetch(revisions)] == [newest]
