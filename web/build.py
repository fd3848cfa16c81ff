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

from web.node import NodeNotFound, environment, find_node, install_node

SOURCE = Path(__file__).resolve().parent
BUILD_DIRECTORY = Path(sys.prefix) / "graphiql"
"""The built page is in the virtual environment, like all installed packages; it is never checked in."""
BUILD_TIMEOUT_SECONDS = 600
Progress = Callable[[str], None]


class CannotBuild(Exception):
    """GraphiQL cannot be built. The message gives the reason and the remedy."""


def sources() -> list[Path]:
    """The source files of the page."""
    top_level = [SOURCE / name for name in ("package.json", "package-lock.json", "build.mjs")]
    return [*top_level, *sorted(file for file in (SOURCE / "src").rglob("*") if file.is_file())]


def output_directory(root: Path = BUILD_DIRECTORY) -> Path:
    """The output directory for the current sources, named by their hash."""
    digest = hashlib.sha256()
    for file in sources():
        text = file.read_bytes()
        digest.update(b"%s\0%d\0%b" % (str(file.relative_to(SOURCE)).encode(), len(text), text))
    return root / digest.hexdigest()[:16]


def is_built(root: Path = BUILD_DIRECTORY) -> bool:
    """Whether the page is built from these sources."""
    return output_directory(root).is_dir()


def build(progress: Progress, root: Path = BUILD_DIRECTORY) -> Path:
    """Build the page if necessary, and return its directory. Raises CannotBuild."""
    target = output_directory(root)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _locked(root):
            if not target.exists():
                _build(target, progress)
    except (OSError, NodeNotFound, subprocess.TimeoutExpired) as error:
        raise CannotBuild(str(error)) from None
    return target


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """Hold the build lock; waits for another process that builds in the same directory."""
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(target: Path, progress: Progress) -> None:
    """Build in a temporary directory: the packages needed to build are large, and not used afterwards."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="building-") as scratch:
        try:
            node_path = find_node()
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
        out.rename(target)
    for old in target.parent.glob("[0-9a-f]" * 16):
        if old != target:
            shutil.rmtree(old, ignore_errors=True)


def _run(node_path: Path, work: Path, command: list[str]) -> None:
    process = subprocess.run(
        command,
        cwd=work,
        env=environment(node_path),
        capture_output=True,
        text=True,
        timeout=BUILD_TIMEOUT_SECONDS,
        check=False,
    )
    if process.returncode:
        name = " ".join([Path(command[0]).name, command[1]])
        output_end = "\n".join((process.stderr or process.stdout).strip().splitlines()[-12:])
        raise CannotBuild(
            f"{name} failed. Check that the package registry is reachable.\n{output_end}"
        )


def main() -> int:
    """Entry point of the separate build process that a server starts and can stop at any time."""

    def print_err(message: str) -> None:
        sys.stderr.write(f"{message}\n")
        sys.stderr.flush()

    try:
        build(print_err, Path(sys.argv[1]) if sys.argv[1:] else BUILD_DIRECTORY)
    except CannotBuild as error:
        print_err(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
