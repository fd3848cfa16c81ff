"""The data directory of the local servers: one process locks it, others read the servers' URLs from it."""

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from cli.servers.programs import CannotStart, OsAccount, can_enter, server_account

POSTGRES_PORT = 5432  # part of the name of Postgres' socket; no TCP port
MAX_SOCKET_PATH_BYTES = 107  # sockaddr_un has 108, including the terminating zero
OWN_FILES = {"lock", "secret", "servers.json", "postgres"}
REPORTS_FOLDER = "imports"
"""The folder of import reports, which can exist before the servers are started the first time."""


@dataclass(frozen=True)
class Servers:
    """The URLs of the database and the Redis to use."""

    database_url: str
    redis_url: str


@dataclass(frozen=True)
class Site:
    """Where the servers run: their files, sockets and user, and the lock on the data directory."""

    files: Path
    """Directory of the databases, logs and copied programs."""
    sockets: Path
    user: OsAccount | None
    lock: int


def resolved(data: Path) -> Path:
    """The resolved path, equal in every process."""
    return data.resolve()


async def running_servers(data: Path) -> Servers | None:
    """The servers that another process runs on this data directory, or None."""
    data = resolved(data)
    deadline = time.monotonic() + 15
    while (holder := _running_lock_owner(data)) is not None and time.monotonic() < deadline:
        with suppress(OSError, ValueError, KeyError):  # not written yet: the holder is starting
            written = json.loads((data / "servers.json").read_text())
            if written["pid"] == holder:  # else left by a killed process
                return Servers(written["database_url"], written["redis_url"])
        await asyncio.sleep(0.05)
    return None


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _lock_owner(data: Path) -> int:
    """The id of the process that holds the lock; 0 if unknown."""
    try:
        return int((data / "lock").read_text() or 0)
    except (OSError, ValueError):
        return 0


def _running_lock_owner(data: Path) -> int | None:
    """The id of the running process that has locked the data directory, or None."""
    try:
        handle = os.open(data / "lock", os.O_RDONLY)
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise CannotStart(
            f"The data directory {data} belongs to another user. Run this as that user, or give "
            "another --data."
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = _lock_owner(data)
        return owner if owner and _is_alive(owner) else None
    else:
        return None
    finally:
        os.close(handle)


def _create_directory(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        names = {entry.name for entry in data.iterdir()} - {REPORTS_FOLDER}
        (data / "lock").touch(mode=0o600)
    except (FileExistsError, NotADirectoryError) as error:
        raise CannotStart(f"{data} is not a directory. Give another --data.") from error
    except OSError as error:
        raise CannotStart(
            f"The data directory {data} cannot be used ({error.strerror}). Give another --data, "
            "or run this as the user that it belongs to."
        ) from error
    if names and not names & OWN_FILES:
        (data / "lock").unlink()
        raise CannotStart(
            f"{data} contains other files. Give an empty or a new directory as --data."
        )


@asynccontextmanager
async def lock_directory(data: Path) -> AsyncIterator[int]:
    """Lock the data directory. The servers inherit the lock, so it lasts as long as any of them runs."""
    _create_directory(data)
    lock = os.open(data / "lock", os.O_RDONLY)
    try:
        started = time.monotonic()
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waited, owner = time.monotonic() - started, _lock_owner(data)
            # `running_servers` locks it briefly; servers of a killed owner keep it for a few seconds.
            if waited > 30 or (waited > 0.5 and owner and _is_alive(owner)):
                raise CannotStart(
                    f"The data directory {data} is already in use by process {owner or '?'}. "
                    "Stop it, or give another --data."
                )
            await asyncio.sleep(0.02)
        (data / "servers.json").unlink(missing_ok=True)  # left by a killed process
        (data / "lock").write_text(str(os.getpid()))
        try:
            yield lock
        finally:
            (data / "lock").write_text("")
    finally:
        os.close(lock)


@contextmanager
def prepare_site(data: Path, lock: int) -> Iterator[Site]:
    """Choose and clear the directories; remove the directory of the sockets at the end."""
    user = server_account()
    files = _server_directory(data, user)
    sockets = files / "run"
    if len(os.fsencode(sockets / f".s.PGSQL.{POSTGRES_PORT}.lock")) > MAX_SOCKET_PATH_BYTES:
        sockets = Path("/tmp") / f"relata-{_directory_hash(data)}"  # noqa: S108 - its owner is checked below
    if sockets.is_symlink() or (sockets.exists() and sockets.stat().st_uid not in _own_uids(user)):
        raise CannotStart(f"{sockets} belongs to another user. Remove it, or give another --data.")
    shutil.rmtree(
        sockets, ignore_errors=True
    )  # sockets of a killed process; the lock proves that it has ended
    sockets.mkdir(mode=0o700)
    if user:
        os.chown(sockets, user.uid, user.gid)
    try:
        yield Site(files, sockets, user, lock)
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


def _directory_hash(data: Path) -> str:
    return hashlib.sha256(os.fsencode(data)).hexdigest()[:12]


def _own_uids(user: OsAccount | None) -> set[int]:
    return {os.geteuid(), user.uid} if user else {os.geteuid()}


def _server_directory(data: Path, user: OsAccount | None) -> Path:
    """The directory of the servers' files: the data directory, if the servers' user can enter it.

    That user cannot enter the home directory of root, whose permissions are left alone; the files are below
    /var/lib then, where only root creates directories and no cleanup runs.
    """
    if user is None:
        return data
    files = data
    if not can_enter(data.parent, user):
        files = Path("/var/lib/relata") / _directory_hash(data)
        try:
            files.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotStart(
                f"The user {user.name}, which runs Postgres for root, cannot enter {data.parent}, "
                f"and {files} cannot be created ({error.strerror}). Give another --data."
            ) from error
    os.chown(files, -1, user.gid)
    files.chmod(0o710)
    return files


@contextmanager
def publish_urls(data: Path, servers: Servers) -> Iterator[None]:
    """Write the URLs of the servers for other commands on this data directory."""
    file, temporary = data / "servers.json", data / "servers.json.new"
    temporary.touch(mode=0o600)  # a URL can contain a password
    temporary.write_text(json.dumps(asdict(servers) | {"pid": os.getpid()}))
    temporary.rename(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
