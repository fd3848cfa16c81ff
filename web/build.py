"""Builds GraphiQL from `web/` and the packages of its lock file, once per source content: `python3 dev web`."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from web.node import NodeNotFound, environment, install_node, node

SOURCE = Path(__file__).resolve().parent
PLACE = Path(sys.prefix) / "graphiql"
"""The built page is in the virtual environment, like all installed packages; it is never checked in."""
SECONDS = 600
Progress = Callable[[str], None]


class CannotBuild(Exception):
    """GraphiQL cannot be built. The message gives the reason and the remedy."""


def sources() -> list[Path]:
    """The source files of the page."""
    top_level = [SOURCE / name for name in ("package.json", "package-lock.json", "build.mjs")]
    return [*top_level, *sorted(file for file in (SOURCE / "src").rglob("*") if file.is_file())]


def directory(place: Path = PLACE) -> Path:
    """The output directory for the current sources, named by their hash."""
    digest = hashlib.sha256()
    for file in sources():
        text = file.read_bytes()
        digest.update(b"%s\0%d\0%b" % (str(file.relative_to(SOURCE)).encode(), len(text), text))
    return place / digest.hexdigest()[:16]


def is_built(place: Path = PLACE) -> bool:
    """Whether the page is built from these sources."""
    return directory(place).is_dir()


def build(progress: Progress, place: Path = PLACE) -> Path:
    """Build the page if necessary, and return its directory. Raises CannotBuild."""
    made = directory(place)
    try:
        place.mkdir(parents=True, exist_ok=True)
        with _locked(place):
            if not made.exists():
                _build(made, progress)
    except (OSError, NodeNotFound, subprocess.TimeoutExpired) as error:
        raise CannotBuild(str(error)) from None
    return made


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Hold the build lock; waits for another process that builds in the same directory."""
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(made: Path, progress: Progress) -> None:
    """Build in a temporary directory: the packages needed to build are large, and not used afterwards."""
    with tempfile.TemporaryDirectory(dir=made.parent, prefix="building-") as scratch:
        try:
            node_path = node()
        except NodeNotFound:
            progress("Installing Node to build GraphiQL ...")
            node_path = install_node(Path(scratch) / "node")
        work, out = Path(scratch) / "web", Path(scratch) / "out"
        for file in sources():
            copy = work / file.relative_to(SOURCE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        out.mkdir()
        progress("Installing the packages of GraphiQL ...")
        npm = str(node_path.with_name("npm"))
        _run(node_path, work, [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        progress("Building GraphiQL ...")
        _run(node_path, work, [str(node_path), "build.mjs", str(out)])
        out.rename(made)
    for old in made.parent.glob("[0-9a-f]" * 16):
        if old != made:
            shutil.rmtree(old, ignore_errors=True)


def _run(node_path: Path, work: Path, command: list[str]) -> None:
    done = subprocess.run(
        command,
        cwd=work,
        env=environment(node_path),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        name = " ".join([Path(command[0]).name, command[1]])
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-12:])
        raise CannotBuild(f"{name} failed. Check that the package registry is reachable.\n{last}")


def main() -> int:
    """Entry point of the separate build process that a server starts and can stop at any time."""

    def print_err(message: str) -> None:
        sys.stderr.write(f"{message}\n")
        sys.stderr.flush()

    try:
        build(print_err, Path(sys.argv[1]) if sys.argv[1:] else PLACE)
    except CannotBuild as error:
        print_err(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
