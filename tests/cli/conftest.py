"""Fixtures for the command line: an installation per module and a function that runs commands on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import cli
from tests.support.world import World
from tests.writes.client import TenantClient

Operate = Callable[..., Awaitable[Result]]


@pytest.fixture(scope="module")
async def tenant(scratch_world: World) -> TenantClient:
    """Client of the installation's first tenant, `acme`."""
    return TenantClient(scratch_world, "acme")


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Environment of an operator; relative file names are resolved in the test's directory."""
    monkeypatch.setenv("RELATA_SECRET", "of thirty-two characters at least")
    monkeypatch.setenv("RELATA_HERE", str(tmp_path))


@pytest.fixture
def operate(scratch_world: World, secret: None, monkeypatch: pytest.MonkeyPatch) -> Operate:
    """Function that runs a command on the running installation and asserts its exit code."""
    monkeypatch.setenv("DATABASE_URL", scratch_world.servers.database_url)
    monkeypatch.setenv("REDIS_URL", scratch_world.servers.redis_url)

    async def run(*words: str, fails: bool = False) -> Result:
        """Run in a thread, because a command starts an event loop."""
        result = await asyncio.to_thread(CliRunner().invoke, cli, list(words))
        assert (result.exit_code != 0) is fails, result.output
        return result

    return run
