"""An installation for each module, and its operator at the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import cli
from tests.support.world import World
from tests.writes.parallel import TenantClient

Operate = Callable[..., Awaitable[Result]]


@pytest.fixture(scope="module")
async def own(scratch_world: World) -> TenantClient:
    """Its first tenant."""
    return TenantClient(scratch_world, "acme")


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment of an operator; files are meant where he stands."""
    monkeypatch.setenv("RELATA_SECRET", "of thirty-two characters at least")
    monkeypatch.setenv("RELATA_HERE", str(tmp_path))


@pytest.fixture
def operate(scratch_world: World, secret: None, monkeypatch: pytest.MonkeyPatch) -> Operate:
    """A command on the installation, while it is served. What failed tells so."""
    monkeypatch.setenv("DATABASE_URL", scratch_world.servers.database_url)
    monkeypatch.setenv("REDIS_URL", scratch_world.servers.redis_url)

    async def run(*words: str, fails: bool = False) -> Result:
        """In a thread, because commands run an event loop of their own."""
        result = await asyncio.to_thread(CliRunner().invoke, cli, list(words))
        assert (result.exit_code != 0) is fails, result.output
        return result

    return run
