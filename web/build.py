"""Builds the page from `web/` and what its lock names, once for each content of them: `python3 dev web`."""

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

from web.node import NoNode, brought, environment, node

SOURCE = Path(__file__).resolve().parent
PLACE = Path(sys.prefix) / "graphiql"
"""With everything else that is installed because a lock names it. Never checked in: others wrote most of it."""
SECONDS = 600
Tell = Callable[[str], None]


class CannotBuild(Exception):
    """Why there is no page, and what to do about it."""


def sources() -> list[Path]:
    """What the page is made of."""
    named = [SOURCE / name for name in ("package.json", "package-lock.json", "build.mjs")]
    return [*named, *sorted(file for file in (SOURCE / "src").rglob("*") if file.is_file())]


def directory(place: Path = PLACE) -> Path:
    """Where the page of these sources is, or will be."""
    digest = hashlib.sha256()
    for file in sources():
        text = file.read_bytes()
        digest.update(b"%s\0%d\0%b" % (str(file.relative_to(SOURCE)).encode(), len(text), text))
    return place / digest.hexdigest()[:16]


def is_built(place: Path = PLACE) -> bool:
    """Whether there is a page of these sources."""
    return directory(place).is_dir()


def build(tell: Tell, place: Path = PLACE) -> Path:
    """Build the page if it is not there, and return where it is. Raises CannotBuild."""
    made = directory(place)
    try:
        place.mkdir(parents=True, exist_ok=True)
        with _alone(place):
            if not made.exists():
                _build(made, tell)
    except (OSError, NoNode, subprocess.TimeoutExpired) as error:
        raise CannotBuild(str(error)) from None
    return made


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Another server may be building the same."""
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(made: Path, tell: Tell) -> None:
    """In a directory that goes away again: what is installed to build with is large, and of no further use."""
    with tempfile.TemporaryDirectory(dir=made.parent, prefix="building-") as scratch:
        try:
            found = node()
        except NoNode:
            tell("bringing Node, to build the page with ...")
            found = brought(Path(scratch) / "node")
        work, out = Path(scratch) / "web", Path(scratch) / "out"
        for file in sources():
            copy = work / file.relative_to(SOURCE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        out.mkdir()
        tell("installing what the page is built from ...")
        npm = str(found.with_name("npm"))
        _run(found, work, [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        tell("building the page ...")
        _run(found, work, [str(found), "build.mjs", str(out)])
        out.rename(made)
    for old in made.parent.glob("[0-9a-f]" * 16):
        if old != made:
            shutil.rmtree(old, ignore_errors=True)


def _run(found: Path, work: Path, command: list[str]) -> None:
    done = subprocess.run(
        command,
        cwd=work,
        env=environment(found),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        name = " ".join([Path(command[0]).name, command[1]])
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-12:])
        raise CannotBuild(f"{name} failed: is the package registry reachable?\n{last}")


def main() -> int:
    """Build, as a process of its own beside a server: it can be ended whatever it waits for."""

    def tell(news: str) -> None:
        sys.stderr.write(f"{news}\n")
        sys.stderr.flush()

    try:
        build(tell, Path(sys.argv[1]) if sys.argv[1:] else PLACE)
    except CannotBuild as error:
        tell(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
