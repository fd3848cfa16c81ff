"""Applies each seeded fault to a copy of the checkout and checks that the tests it names fail."""

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
    """Result of a test run."""

    failed: frozenset[str]
    broken: frozenset[str]
    """Tests with an error before they ran."""
    output: str
    timed_out: bool = False


def copy_checkout(directory: Path) -> Path:
    """Copy the files of the checkout that git does not ignore."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, directory / name)
    return directory


def run(copy: Path, tests: Sequence[str], seconds: int) -> Outcome:
    """Run tests in the copy, including nightly ones."""
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
    except subprocess.TimeoutExpired as timeout:
        return Outcome(frozenset(), frozenset(), str(timeout.stdout or ""), timed_out=True)
    found = OUTCOME.findall(done.stdout)
    failed = frozenset(name for word, name in found if word == "FAILED")
    broken = frozenset(name for word, name in found if word == "ERROR")
    if done.returncode not in (0, 1) and not broken:
        broken = frozenset(tests)
    return Outcome(failed, broken, done.stdout + done.stderr)


def meant(test: str, outcome: frozenset[str]) -> bool:
    """Whether a test or one of its parameter sets is in `outcome`."""
    return any(each == test or each.startswith(f"{test}[") for each in outcome)


def run_fault(copy: Path, fault: Fault) -> str:
    """Run the tests of a fault; returns `caught` or why not."""
    file = copy / fault.file
    before = file.read_bytes()
    fault.apply(copy)
    _delete_bytecode(file)
    try:
        outcome = run(copy, fault.red, fault.seconds)
    finally:
        file.write_bytes(before)
        _delete_bytecode(file)
    if outcome.timed_out:
        return f"LATE: not done in {fault.seconds} seconds"
    if outcome.broken:
        return f"BROKEN: {', '.join(sorted(outcome.broken))[:200]}"
    missed = [test for test in fault.red if not meant(test, outcome.failed)]
    return f"NOT CAUGHT by {', '.join(missed)}" if missed else "caught"


def _delete_bytecode(file: Path) -> None:
    """Delete compiled files, because Python compares modification times by the second only."""
    for compiled in file.parent.glob(f"__pycache__/{file.stem}.*.pyc"):
        compiled.unlink()


def main(arguments: Sequence[str] | None = None) -> int:
    """Test all faults or those named; prints a table and returns 1 unless all were caught."""
    parser = argparse.ArgumentParser(prog="dev mutants", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    names = parser.parse_args(arguments).only
    selected = [each for each in faults() if not names or each.name in names]
    if unknown := set(names) - {each.name for each in selected}:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    width = max(len(each.name) for each in selected)
    with tempfile.TemporaryDirectory(prefix="relata-mutants-") as directory:
        Path(directory).chmod(0o755)  # the servers' user needs access
        copy = copy_checkout(Path(directory))
        tests = sorted({test for each in selected for test in each.red})
        plain = run(copy, tests, sum(each.seconds for each in selected))
        if plain.failed or plain.broken or plain.timed_out:
            sys.stdout.write(f"without any fault, these fail already:\n{plain.output[-3000:]}\n")
            return 1
        results = {}
        for fault in selected:
            begun = time.monotonic()
            results[fault.name] = run_fault(copy, fault)
            took = time.monotonic() - begun
            sys.stdout.write(f"{fault.name:{width}}  {took:4.0f} s  {results[fault.name]}\n")
            sys.stdout.flush()
    caught = sum(each == "caught" for each in results.values())
    sys.stdout.write(f"{caught} of {len(results)} faults caught\n")
    return 0 if caught == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
