"""The server process is killed during writes; requests that clients repeat take effect once."""

# ruff: noqa: ASYNC240, ASYNC110 - no other task needs the event loop while a test reads files

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.covers import covers
from tests.support.world import SECRET, Answer, World
from tests.writes.client import DONE, TenantClient, mutation_text, outcome_of, own_tenant

Process = subprocess.Popen[bytes]
ROOT = Path(__file__).resolve().parents[2]
CLIENTS = 16
ROUNDS = [pytest.param(2, id="everyday"), pytest.param(100, id="F14", marks=pytest.mark.nightly)]
REMAINING_CONNECTIONS = """
    SELECT count(*) FROM pg_stat_activity a WHERE a.usename = 'relata_app' AND (
        a.state <> 'idle' OR EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid)
    )
"""
"""Connections of the application that run a statement or hold locks."""
BUSY_CONNECTIONS = """
    SELECT count(*) FROM pg_stat_activity WHERE usename = 'relata_app'
    AND state = 'active' AND coalesce(wait_event_type, '') NOT IN ('Lock', 'Client')
"""
"""Connections that wait neither for a lock nor for the client."""


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[TenantClient]:
    async with own_tenant(world, "crash") as client:
        yield client


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def _service(tenant: TenantClient, data: Path) -> AsyncIterator[tuple[Process, int]]:
    """The service as an operator starts it, on the database and Redis servers of the test session."""
    data.mkdir(exist_ok=True, mode=0o700)
    secret, servers, port = data / "secret", tenant.world.servers, _free_port()
    secret.touch(mode=0o600)
    secret.write_bytes(SECRET)
    settings = {
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "RELATA_SECRET": "",
        "RELATA_DEMO": "false",
    }
    command = [sys.executable, "-m", "cli", "run", "--port", str(port), "--data", str(data)]
    output_file = data / "output"
    with output_file.open("ab") as output:
        process = subprocess.Popen(  # noqa: ASYNC220 - awaited below
            command, cwd=ROOT, env={**os.environ, **settings}, stdout=output, stderr=output
        )
    try:
        while b"ready: http://127.0.0.1:%d" % port not in output_file.read_bytes():
            assert process.poll() is None, output_file.read_text()
            await asyncio.sleep(0.02)
        yield process, port
    finally:
        process.kill()
        process.wait()


@dataclass
class Clients:
    """Clients that send mutations with idempotency keys, with their requests and responses."""

    tenant: TenantClient
    rng: random.Random
    shared: str
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Request body by key."""
    answered: dict[str, str] = field(default_factory=dict)
    """Record id of the response by key."""

    def _next(self) -> tuple[str, dict[str, Any]]:
        key = self.tenant.new_name()
        if self.rng.random() < 0.5:
            command, params = "accountCreate", {"name": key, "addresses": [{"city": "Bonn"}]}
        else:
            command, params = "accountUpdate", {"id": self.shared, "name": key}
        self.sent[key] = {"query": mutation_text(command), "variables": {"input": params}}
        return key, self.sent[key]

    async def ask(self, client: httpx2.AsyncClient, key: str) -> Answer:
        """Send the request of a key."""
        token = await self.tenant.world.token("rep1", self.tenant.slug)
        headers = {"authorization": f"Bearer {token}", "idempotency-key": key}
        response = await client.post("/graphql", json=self.sent[key], headers=headers)
        return Answer(response.status_code, response.headers, response.content)

    async def send_until_killed(self, port: int) -> None:
        """Send requests one after the other until the connection fails."""
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            with suppress(httpx2.TransportError):
                while True:
                    key, _ = self._next()
                    answer = await self.ask(client, key)
                    if outcome_of(answer) != "RETRYABLE":  # a stopped process holds its locks
                        assert outcome_of(answer) == DONE, answer.json
                        self.answered[key] = answer.data["done"]["id"]

    async def repeat_all(self, port: int, since: int) -> None:
        """Repeat all requests from the key at index `since` on; a repeated request returns the same id."""
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            for key in list(self.sent)[since:]:
                answer = await self.ask(client, key)
                assert outcome_of(answer) == DONE, answer.json
                id = answer.data["done"]["id"]
                assert self.answered.setdefault(key, id) == id


async def _unanswered(tenant: TenantClient, clients: Clients, base: int) -> int:
    """Number of committed mutations without a response."""
    return int((await tenant.log())[0] - base - len(clients.answered))


async def _stop_between(
    tenant: TenantClient, clients: Clients, process: Process, since: int
) -> None:
    """Stop the service between a commit and its response."""
    while True:
        process.send_signal(signal.SIGSTOP)
        while await tenant.value(BUSY_CONNECTIONS):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)  # let the clients read the responses that were sent
        if await _unanswered(tenant, clients, since) > 0:
            return
        process.send_signal(signal.SIGCONT)
        await asyncio.sleep(clients.rng.random() / 100)


async def _killed(
    tenant: TenantClient, clients: Clients, data: Path, base: int, *, between: bool
) -> None:
    """Kill a service during writes: at any point, or between a commit and its response."""
    since = base + await _unanswered(tenant, clients, base)
    async with _service(tenant, data) as (process, port):
        writing = [asyncio.create_task(clients.send_until_killed(port)) for _ in range(CLIENTS)]
        target = len(clients.answered) + clients.rng.randrange(CLIENTS, 4 * CLIENTS)
        while len(clients.answered) < target:
            assert not any(task.done() for task in writing)
            await asyncio.sleep(clients.rng.random() / 100)
        if between:
            await _stop_between(tenant, clients, process, since)
        process.send_signal(signal.SIGKILL)
        await asyncio.gather(*writing)
    while await tenant.value(REMAINING_CONNECTIONS):  # Postgres detects the closed connections
        await asyncio.sleep(0.02)


@covers("D-37", "D-58", "D-60")
@pytest.mark.parametrize("rounds", ROUNDS)
async def test_retry_after_a_kill_applies_once(
    tenant: TenantClient, data: Path, rounds: int
) -> None:
    shared = await tenant.mutate("rep1", "accountCreate", name="shared")
    base = (await tenant.log())[0]
    clients, since = Clients(tenant, random.Random(11), shared), 0
    for number in range(rounds):
        await _killed(tenant, clients, data, base, between=number % 2 == 1)
        assert len(clients.sent) > len(clients.answered), "no request was in progress at the kill"
        if number % 5 == 4 or number == rounds - 1:
            async with _service(tenant, data) as (_, port):
                await clients.repeat_all(port, since)
            since = len(clients.sent)
            assert await _unanswered(tenant, clients, base) == 0
    assert len(clients.answered) == len(clients.sent)
    await _check(tenant, clients, base)


async def _check(tenant: TenantClient, clients: Clients, base: int) -> None:
    """Check that each key has one effect and each effect one log position."""
    rows = await tenant.fetch(
        "SELECT position, kind, after ->> 'name' AS name FROM change_log "
        "WHERE position > $1 AND entity = 'Account' ORDER BY position",
        base,
    )
    assert [row["position"] for row in rows] == list(range(base + 1, base + len(rows) + 1))
    assert (await tenant.log())[0] == base + len(rows)
    assert sorted(row["name"] for row in rows) == sorted(clients.sent)
    created = await tenant.fetch(
        "SELECT name, (SELECT count(*) FROM address b WHERE b.account_id = a.id) AS addresses "
        "FROM account a WHERE name = ANY($1)",
        [row["name"] for row in rows if row["kind"] == "CREATED"],
    )
    assert len(created) == len([row for row in rows if row["kind"] == "CREATED"])
    assert {row["addresses"] for row in created} == {1}
    updates = len(rows) - len(created)
    assert (await tenant.row("account", clients.shared))["version"] == 1 + updates
