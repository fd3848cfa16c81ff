"""A wrong DATABASE_URL or REDIS_URL is described in one sentence, by commands and by the server."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from cli.main import cli
from cli.servers.embedded import embedded
from tests.test_lifecycle import is_ready, wait_until

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "hunter2"
ROLES = f"""
CREATE ROLE owner LOGIN SUPERUSER PASSWORD '{PASSWORD}';
CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}';
"""
ACCESS = """
local all owner scram-sha-256
local all reader scram-sha-256
local all all trust
"""


WRONG = {
    "another scheme": ("mysql://owner:{password}@h/d", "must begin with postgresql://"),
    "a port in words": ("postgresql://owner:{password}@h:port/d", "the URL is malformed: write"),
    "a bare slash": ("postgresql://owner:{password}/x@h/d", "percent-encode the characters"),
    "an unknown host": (
        "postgresql://owner:{password}@nowhere.invalid/d",
        "the host of nowhere.invalid:5432 cannot be found. Correct its name",
    ),
    "nothing listens": (
        "postgresql://owner:{password}@{closed}/d",
        "no Postgres answers at {closed}. Start it, or correct host and port",
    ),
    "a wrong password": (
        "postgresql://owner:not-{password}@/relata?host={socket}&port=5432",
        "{socket} refuses the user 'owner'. Correct the user name and the password",
    ),
    "an unknown user": (
        "postgresql://missing:{password}@/relata?host={socket}&port=5432",
        "{socket} refuses the user 'missing'.",
    ),
    "no such database": (
        "postgresql://owner:{password}@/missing?host={socket}&port=5432",
        "{socket} has no database 'missing'. Create it (createdb)",
    ),
    "too few rights": (
        "postgresql://reader:{password}@/relata?host={socket}&port=5432",
        "the user 'reader' of {socket} may not create roles and schemas.",
    ),
}
"""URL and expected message, by what is wrong."""


@dataclass(frozen=True)
class External:
    """A Postgres that requires a password from some users, and a Valkey: servers that an operator runs separately."""

    socket: str
    redis_url: str


@pytest.fixture(scope="module")
async def external() -> AsyncIterator[External]:
    with tempfile.TemporaryDirectory(prefix="relata-test-") as directory:
        async with embedded(Path(directory), durable=False) as servers:
            admin = await asyncpg.connect(servers.database_url)
            await admin.execute(ROLES)
            file = await admin.fetchval("SHOW hba_file")
            Path(file).write_text(ACCESS)  # noqa: ASYNC240
            await admin.execute("SELECT pg_reload_conf()")
            run = await admin.fetchval("SHOW unix_socket_directories")
            await admin.close()
            yield External(run.strip('"'), servers.redis_url)


@pytest.fixture
def closed() -> Iterator[str]:
    """Address that is bound but has no listener."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture
def port() -> int:
    """A free port for the server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(data: Path, *words: str, **urls: str) -> subprocess.Popen[str]:
    """Start a command as a process with its own installation, except for the URLs given."""
    separate = {"REDIS_URL": "", "RELATA_SECRET": "s" * 32, "RELATA_GRAPHIQL": "false"}
    return subprocess.Popen(
        [sys.executable, "-m", "cli", *words, "--data", str(data)],
        cwd=ROOT,
        env={**os.environ, **separate, **urls},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("what", WRONG)
async def test_unusable_database_url_is_described_in_one_sentence(
    external: External, closed: str, data: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    known = {"password": PASSWORD, "closed": closed, "socket": external.socket}
    url, sentence = (text.format(**known) for text in WRONG[what])
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("REDIS_URL", external.redis_url)
    monkeypatch.setenv("RELATA_SECRET", "s" * 32)
    words = ["tenant", "list", "--data", str(data)]
    refused = await asyncio.to_thread(CliRunner().invoke, cli, words)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("DATABASE_URL: ")
    assert sentence in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert PASSWORD not in refused.stderr
    assert list(data.iterdir()) == []  # noqa: ASYNC240


def test_server_with_a_wrong_password_prints_why_and_exits(
    external: External, port: int, data: Path
) -> None:
    url = f"postgresql://owner:not-{PASSWORD}@/relata?host={external.socket}&port=5432"
    process = command(data, "run", "--port", str(port), DATABASE_URL=url, REDIS_URL="")
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (1, "")
    assert stderr.startswith(
        f"Relata cannot start. DATABASE_URL: {external.socket} refuses the user"
    )
    assert stderr.count("\n") == 1
    assert PASSWORD not in stderr
    assert list(data.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("redis://:{password}@{closed}/0", "no Redis answers at {closed}. Start it, or correct"),
        ("redis://:{password}@nowhere.invalid", "no Redis answers at nowhere.invalid:6379."),
    ],
)
def test_server_without_its_redis_warns_and_serves(
    data: Path, closed: str, port: int, url: str, sentence: str
) -> None:
    known = {"password": PASSWORD, "closed": closed}
    words = ("run", "--port", str(port))
    url, sentence = url.format(**known), sentence.format(**known)
    service = command(data, *words, DATABASE_URL="", REDIS_URL=url, RELATA_DEMO="false")
    try:
        ready = wait_until(lambda: is_ready(port) or service.poll() is not None, 120) and is_ready(
            port
        )
    finally:
        service.send_signal(signal.SIGTERM)
        _, stderr = service.communicate(timeout=60)
    assert ready, stderr
    assert service.returncode == 0
    assert f"Warning: REDIS_URL: {sentence}" in stderr
    assert PASSWORD not in stderr
    assert "Traceback" not in stderr


def test_redis_url_with_another_scheme_is_refused(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "http://h")
    refused = CliRunner().invoke(cli, ["tenant", "list", "--data", str(data)])
    assert refused.exit_code == 1
    assert refused.stderr == "REDIS_URL: must begin with redis://, rediss:// or unix://\n"
