"""The server process is killed in the middle of writes; what its clients send again is done once."""

# ruff: noqa: ASYNC240, ASYNC110 - nothing else waits for this event loop while a test looks at files

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
from tests.writes.parallel import DONE, TenantClient, mutation_text, outcome_of, own_tenant

Process = subprocess.Popen[bytes]
ROOT = Path(__file__).resolve().parents[2]
CLIENTS = 16
ROUNDS = [pytest.param(2, id="everyday"), pytest.param(100, id="F14", marks=pytest.mark.nightly)]
LEFT = """
    SELECT count(*) FROM pg_stat_activity a WHERE a.usename = 'relata_app' AND (
        a.state <> 'idle' OR EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid)
    )
"""
"""Connections of the house that do something, or hold something."""
BUSY = """
    SELECT count(*) FROM pg_stat_activity WHERE usename = 'relata_app'
    AND state = 'active' AND coalesce(wait_event_type, '') NOT IN ('Lock', 'Client')
"""
"""Those that neither wait for each other, nor for a client that says nothing."""


@pytest.fixture(scope="module")
async def own(world: World) -> AsyncIterator[TenantClient]:
    async with own_tenant(world, "crash") as made:
        yield made


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def _service(own: TenantClient, data: Path) -> AsyncIterator[tuple[Process, int]]:
    """The service as people run it, on the servers of the world, which outlive it."""
    data.mkdir(exist_ok=True, mode=0o700)
    secret, servers, port = data / "secret", own.world.servers, _free_port()
    secret.touch(mode=0o600)
    secret.write_bytes(SECRET)
    apart = {
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "RELATA_SECRET": "",
        "RELATA_DEMO": "false",
    }
    command = [sys.executable, "-m", "cli", "run", "--port", str(port), "--data", str(data)]
    with (data / "said").open("ab") as said:
        process = subprocess.Popen(  # noqa: ASYNC220 - it is waited for below
            command, cwd=ROOT, env={**os.environ, **apart}, stdout=said, stderr=said
        )
    try:
        while b"ready: http://127.0.0.1:%d" % port not in (data / "said").read_bytes():
            assert process.poll() is None, (data / "said").read_text()
            await asyncio.sleep(0.02)
        yield process, port
    finally:
        process.kill()
        process.wait()


@dataclass
class Clients:
    """Who send deeds with keys, and what they were answered."""

    own: TenantClient
    rng: random.Random
    shared: str
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By its key, what was sent."""
    answered: dict[str, str] = field(default_factory=dict)
    """By its key, the id that was told."""

    def _next(self) -> tuple[str, dict[str, Any]]:
        key = self.own.name()
        if self.rng.random() < 0.5:
            deed, given = "accountCreate", {"name": key, "addresses": [{"city": "Bonn"}]}
        else:
            deed, given = "accountUpdate", {"id": self.shared, "name": key}
        self.sent[key] = {"query": mutation_text(deed), "variables": {"input": given}}
        return key, self.sent[key]

    async def ask(self, client: httpx2.AsyncClient, key: str) -> Answer:
        """One request with its key."""
        token = await self.own.world.token("rep1", self.own.slug)
        headers = {"authorization": f"Bearer {token}", "idempotency-key": key}
        response = await client.post("/graphql", json=self.sent[key], headers=headers)
        return Answer(response.status_code, response.headers, response.content)

    async def one(self, port: int) -> None:
        """Send one after the other until nobody answers."""
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            with suppress(httpx2.TransportError):
                while True:
                    key, _ = self._next()
                    answer = await self.ask(client, key)
                    if outcome_of(answer) != "RETRYABLE":  # who was stopped held locks for long
                        assert outcome_of(answer) == DONE, answer.json
                        self.answered[key] = answer.data["done"]["id"]

    async def all_again(self, port: int, since: int) -> None:
        """Send everything again, from some key on; who was answered before is answered the same."""
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            for key in list(self.sent)[since:]:
                answer = await self.ask(client, key)
                assert outcome_of(answer) == DONE, answer.json
                id = answer.data["done"]["id"]
                assert self.answered.setdefault(key, id) == id


async def _unheard(own: TenantClient, clients: Clients, base: int) -> int:
    """How many deeds were done that nobody was told of."""
    return int((await own.log())[0] - base - len(clients.answered))


async def _stop_between(own: TenantClient, clients: Clients, process: Process, since: int) -> None:
    """Stop the service where some deed is done, and its answer was not sent."""
    while True:
        process.send_signal(signal.SIGSTOP)
        while await own.value(BUSY):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)  # what was sent is read
        if await _unheard(own, clients, since) > 0:
            return
        process.send_signal(signal.SIGCONT)
        await asyncio.sleep(clients.rng.random() / 100)


async def _killed(
    own: TenantClient, clients: Clients, data: Path, base: int, *, between: bool
) -> None:
    """A service that is killed while it writes: anywhere, or between an effect and its answer."""
    since = base + await _unheard(own, clients, base)
    async with _service(own, data) as (process, port):
        writing = [asyncio.create_task(clients.one(port)) for _ in range(CLIENTS)]
        wanted = len(clients.answered) + clients.rng.randrange(CLIENTS, 4 * CLIENTS)
        while len(clients.answered) < wanted:
            assert not any(task.done() for task in writing)
            await asyncio.sleep(clients.rng.random() / 100)
        if between:
            await _stop_between(own, clients, process, since)
        process.send_signal(signal.SIGKILL)
        await asyncio.gather(*writing)
    while await own.value(LEFT):  # Postgres notices by itself
        await asyncio.sleep(0.02)


@covers("D-37", "D-58", "D-60")
@pytest.mark.parametrize("rounds", ROUNDS)
async def test_retry_after_a_kill_applies_once(own: TenantClient, data: Path, rounds: int) -> None:
    shared = await own.done("rep1", "accountCreate", name="shared")
    base = (await own.log())[0]
    clients, since = Clients(own, random.Random(11), shared), 0
    for number in range(rounds):
        await _killed(own, clients, data, base, between=number % 2 == 1)
        assert len(clients.sent) > len(clients.answered), "killed when nothing was under way"
        if number % 5 == 4 or number == rounds - 1:
            async with _service(own, data) as (_, port):
                await clients.all_again(port, since)
            since = len(clients.sent)
            assert await _unheard(own, clients, base) == 0
    assert len(clients.answered) == len(clients.sent)
    await _check(own, clients, base)


async def _check(own: TenantClient, clients: Clients, base: int) -> None:
    """One effect for each key, and one place in the log for each effect."""
    rows = await own.fetch(
        "SELECT position, kind, after ->> 'name' AS name FROM change_log "
        "WHERE position > $1 AND entity = 'Account' ORDER BY position",
        base,
    )
    assert [row["position"] for row in rows] == list(range(base + 1, base + len(rows) + 1))
    assert (await own.log())[0] == base + len(rows)
    assert sorted(row["name"] for row in rows) == sorted(clients.sent)
    made = await own.fetch(
        "SELECT name, (SELECT count(*) FROM address b WHERE b.account_id = a.id) AS parts "
        "FROM account a WHERE name = ANY($1)",
        [row["name"] for row in rows if row["kind"] == "CREATED"],
    )
    assert len(made) == len([row for row in rows if row["kind"] == "CREATED"])
    assert {row["parts"] for row in made} == {1}
    updates = len(rows) - len(made)
    assert (await own.row("account", clients.shared))["version"] == 1 + updates
