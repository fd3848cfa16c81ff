"""Runs the scripts in tests/clients on Node, with third-party clients in the versions of the lock file."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import subprocess
from functools import cache
from pathlib import Path

from web.node import MIN_NODE_VERSION, NodeNotFound, environment, find_node

CLIENTS = Path(__file__).resolve().parents[1] / "clients"
INSTALL_SECONDS = 300


@cache
def install(clients: Path = CLIENTS, oldest: int = MIN_NODE_VERSION) -> Path:
    """Install the packages of the lock file, once per content of the lock, and return the directory."""
    lock = clients / "package-lock.json"
    digest = hashlib.sha256(lock.read_bytes() + (clients / "package.json").read_bytes()).hexdigest()
    stamp = clients / "node_modules" / f".{digest[:16]}.installed"
    with lock.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # another run of the tests may be installing
        if not stamp.exists():
            npm = find_node(oldest).with_name("npm")
            command: list[str | Path] = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(
                command,
                cwd=clients,
                env=environment(find_node(oldest)),
                capture_output=True,
                text=True,
                timeout=INSTALL_SECONDS,
                check=False,
            )
            if done.returncode:
                raise NodeNotFound(f"npm ci failed in {clients}:\n{done.stderr}")
            stamp.touch()
    return clients


async def run(
    script: str,
    *arguments: str,
    clients: Path = CLIENTS,
    oldest: int = MIN_NODE_VERSION,
    seconds: float = 60,
) -> str:
    """Output of a script in tests/clients. Raises AssertionError with its errors if it fails."""
    await asyncio.to_thread(install, clients, oldest)
    process = await asyncio.create_subprocess_exec(
        find_node(oldest),
        clients / script,
        *arguments,
        cwd=clients,
        env=environment(find_node(oldest)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await asyncio.wait_for(process.communicate(), seconds)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert not process.returncode, errors.decode(errors="replace")
    return output.decode()
