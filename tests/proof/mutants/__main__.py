"""Applies each seeded fault to a copy of the checkout, and sees that the tests it names fail."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.proof.mutants.faults import ROOT, Fault, faults

OUTCOME = re.compile(r"^(FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """What became of a run of tests."""

    failed: frozenset[str]
    broken: frozenset[str]
    """Tests that could not begin."""
    said: str
    late: bool = False


def copied(directory: Path) -> Path:
    """A copy of what git knows of the checkout."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, directory / name)
    return directory


def run(copy: Path, tests: Sequence[str], seconds: int) -> Outcome:
    """Run tests in the copy, by night or by day."""
    options = [
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        "-rfE",
        "--tb=no",
        "-m",
        "nightly or not nightly",
    ]
    command = [sys.executable, "-m", "pytest", *options, *tests]
    try:
        done = subprocess.run(
            command, cwd=copy, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as late:
        return Outcome(frozenset(), frozenset(), str(late.stdout or ""), late=True)
    found = OUTCOME.findall(done.stdout)
    failed = frozenset(name for word, name in found if word == "FAILED")
    broken = frozenset(name for word, name in found if word == "ERROR")
    if done.returncode not in (0, 1) and not broken:
        broken = frozenset(tests)
    return Outcome(failed, broken, done.stdout + done.stderr)


def meant(test: str, outcome: frozenset[str]) -> bool:
    """Whether a test, or one of its cases, is among these."""
    return any(each == test or each.startswith(f"{test}[") for each in outcome)


def tried(copy: Path, fault: Fault) -> str:
    """`caught`, or what else became of it."""
    file = copy / fault.file
    before = file.read_bytes()
    fault.apply(copy)
    _forget(file)
    try:
        found = run(copy, fault.red, fault.seconds)
    finally:
        file.write_bytes(before)
        _forget(file)
    if found.late:
        return f"LATE: not done in {fault.seconds} seconds"
    if found.broken:
        return f"BROKEN: {', '.join(sorted(found.broken))[:200]}"
    missed = [test for test in fault.red if not meant(test, found.failed)]
    return f"NOT CAUGHT by {', '.join(missed)}" if missed else "caught"


def _forget(file: Path) -> None:
    """Python tells files apart by the second they were changed in, which is too long for us."""
    for compiled in file.parent.glob(f"__pycache__/{file.stem}.*.pyc"):
        compiled.unlink()


def main(arguments: Sequence[str] | None = None) -> int:
    """Try all faults, or those named; prints a table, and returns 1 unless all were caught."""
    parser = argparse.ArgumentParser(prog="dev mutants", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    asked = parser.parse_args(arguments).only
    chosen = [each for each in faults() if not asked or each.name in asked]
    if unknown := set(asked) - {each.name for each in chosen}:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    width = max(len(each.name) for each in chosen)
    with tempfile.TemporaryDirectory(prefix="relata-mutants-") as directory:
        Path(directory).chmod(0o755)  # the servers' user must come through
        copy = copied(Path(directory))
        tests = sorted({test for each in chosen for test in each.red})
        plain = run(copy, tests, sum(each.seconds for each in chosen))
        if plain.failed or plain.broken or plain.late:
            sys.stdout.write(f"without any fault, these fail already:\n{plain.said[-3000:]}\n")
            return 1
        results = {}
        for fault in chosen:
            begun = time.monotonic()
            results[fault.name] = tried(copy, fault)
            took = time.monotonic() - begun
            sys.stdout.write(f"{fault.name:{width}}  {took:4.0f} s  {results[fault.name]}\n")
            sys.stdout.flush()
    caught = sum(each == "caught" for each in results.values())
    sys.stdout.write(f"{caught} of {len(results)} faults caught\n")
    return 0 if caught == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
