"""The data directory of the servers we start: one process holds it, others may ask which."""

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

from cli.servers.programs import Account, CannotStart, account, reaches

PORT = 5432  # a part of the name of Postgres' socket; nothing listens on it
LONGEST_SOCKET = 107  # bytes; sockaddr_un holds 108, one of them the closing zero
OURS = {"lock", "secret", "servers.json", "postgres"}
REPORTS = "imports"
"""The folder of import reports, which may be written before the servers are started the first time."""


@dataclass(frozen=True)
class Servers:
    """Where the database and the Redis to be used listen."""

    database_url: str
    redis_url: str


@dataclass(frozen=True)
class Site:
    """Where servers run: their files, their sockets, their user, and the lock that guards them."""

    place: Path
    run: Path
    whom: Account | None
    lock: int


def settled(data: Path) -> Path:
    """The one path by which every process knows this directory."""
    return data.resolve()


async def running(data: Path) -> Servers | None:
    """The servers that another process runs on this data directory; None when none does."""
    data = settled(data)
    deadline = time.monotonic() + 15
    while (holder := _holder(data)) is not None and time.monotonic() < deadline:
        with suppress(OSError, ValueError, KeyError):  # not written yet: the holder is starting
            told = json.loads((data / "servers.json").read_text())
            if told["pid"] == holder:  # otherwise a predecessor wrote it, and was killed
                return Servers(told["database_url"], told["redis_url"])
        await asyncio.sleep(0.05)
    return None


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _lock_owner(data: Path) -> int:
    """The process that wrote its number into the lock; 0 when none is told."""
    try:
        return int((data / "lock").read_text() or 0)
    except (OSError, ValueError):
        return 0


def _holder(data: Path) -> int | None:
    """The living process that holds the data directory."""
    try:
        handle = os.open(data / "lock", os.O_RDONLY)
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise CannotStart(
            f"The data directory {data} belongs to another user: run this as that user, or give "
            "another --data."
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = _lock_owner(data)
        return owner if owner and _alive(owner) else None
    else:
        return None
    finally:
        os.close(handle)


def _prepare(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        names = {entry.name for entry in data.iterdir()} - {REPORTS}
        (data / "lock").touch(mode=0o600)
    except (FileExistsError, NotADirectoryError) as error:
        raise CannotStart(f"{data} is not a directory: give another --data.") from error
    except OSError as error:
        raise CannotStart(
            f"The data directory {data} cannot be used ({error.strerror}): give another --data, "
            "or start as the user it belongs to."
        ) from error
    if names and not names & OURS:
        (data / "lock").unlink()
        raise CannotStart(f"{data} holds other files: give an empty or a new directory as --data.")


@asynccontextmanager
async def claimed(data: Path) -> AsyncIterator[int]:
    """Hold the data directory alone. The servers inherit the lock, so it outlasts us if they do."""
    _prepare(data)
    lock = os.open(data / "lock", os.O_RDONLY)
    try:
        started = time.monotonic()
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waited, owner = time.monotonic() - started, _lock_owner(data)
            # A glance of `running` takes the lock for a moment; a killed owner's servers for a few.
            if waited > 30 or (waited > 0.5 and owner and _alive(owner)):
                raise CannotStart(
                    f"The data directory {data} is already in use by process {owner or '?'}: "
                    "stop it or give another --data."
                )
            await asyncio.sleep(0.02)
        (data / "servers.json").unlink(missing_ok=True)  # left by a killed predecessor
        (data / "lock").write_text(str(os.getpid()))
        try:
            yield lock
        finally:
            (data / "lock").write_text("")
    finally:
        os.close(lock)


@contextmanager
def site_of(data: Path, lock: int) -> Iterator[Site]:
    """Choose and clear the directories; remove the sockets' directory at the end."""
    whom = account()
    place = _place(data, whom)
    run = place / "run"
    if len(os.fsencode(run / f".s.PGSQL.{PORT}.lock")) > LONGEST_SOCKET:
        run = Path("/tmp") / f"relata-{_short(data)}"  # noqa: S108 - its owner is checked below
    if run.is_symlink() or (run.exists() and run.stat().st_uid not in _uids(whom)):
        raise CannotStart(f"{run} belongs to somebody else: remove it, or give another --data.")
    shutil.rmtree(run, ignore_errors=True)  # sockets of a killed predecessor; the lock says: dead
    run.mkdir(mode=0o700)
    if whom:
        os.chown(run, whom.uid, whom.gid)
    try:
        yield Site(place, run, whom, lock)
    finally:
        shutil.rmtree(run, ignore_errors=True)


def _short(data: Path) -> str:
    return hashlib.sha256(os.fsencode(data)).hexdigest()[:12]


def _uids(whom: Account | None) -> set[int]:
    return {os.geteuid(), whom.uid} if whom else {os.geteuid()}


def _place(data: Path, whom: Account | None) -> Path:
    """Where the servers' files lie: in the data directory, if the servers' user can get there.

    Root's home is closed to that user, and we do not open it; /var/lib takes the files then, where
    only root can make directories and nothing is tidied away.
    """
    if whom is None:
        return data
    place = data
    if not reaches(data.parent, whom):
        place = Path("/var/lib/relata") / _short(data)
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotStart(
                f"The user {whom.name}, as whom root runs Postgres, cannot enter {data.parent}, "
                f"and {place} cannot be made ({error.strerror}): give another --data."
            ) from error
    os.chown(place, -1, whom.gid)
    place.chmod(0o710)
    return place


@contextmanager
def announced(data: Path, servers: Servers) -> Iterator[None]:
    """Tell commands run beside us where the servers are."""
    file, draft = data / "servers.json", data / "servers.json.new"
    draft.touch(mode=0o600)  # a URL may hold a password
    draft.write_text(json.dumps(asdict(servers) | {"pid": os.getpid()}))
    draft.rename(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
