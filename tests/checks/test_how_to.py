"""Follows the how-to guides literally in a copy of the checkout and checks the result."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STEP = re.compile(
    r"(?:At the end of|at the end of) `(?P<end>[^`]+)`, add:\s*```python\n(?P<appended>.*?)```"
    r"|In a new file `(?P<made>[^`]+)`, write:\s*```python\n(?P<content>.*?)```"
    r"|[Ii]n `(?P<below>[^`]+)`, below\s+`(?P<anchor>[^`]+)`, add:\s*```python\n(?P<inserted>.*?)```"
    r"|[Ii]n `(?P<file>[^`]+)`,\s+replace `(?P<old>[^`]+)` by `(?P<new>[^`]+)`"
    r"|```console\n(?P<console>.*?)```",
    re.DOTALL,
)


ENDS = re.compile(r"\$ python3 dev (check|test) ")
"""Commands at the end of every guide: the checks, and the tests of the additions."""
GUIDES = ("add-a-field.md", "add-an-entity.md", "add-a-mutation.md")


@pytest.fixture(scope="module")
def checkout() -> Iterator[Path]:
    """The copy in which the guides are followed in sequence."""
    with copied() as copy:
        yield copy


@pytest.fixture(scope="module")
def ending() -> list[str]:
    """The final commands of the guides followed so far."""
    return []


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the checkout without ignored files, with a new repository."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    with tempfile.TemporaryDirectory(prefix="relata-copy-") as directory:
        copy = Path(directory)
        copy.chmod(0o755)  # the servers' user needs access
        for name in filter(None, names.split("\0")):
            if (ROOT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
                bring_compiled(copy, Path(name))
        if (ROOT / ".mypy_cache").exists():  # saves `check` from analyzing the libraries again
            with suppress(shutil.Error):  # another process may change these files
                shutil.copytree(ROOT / ".mypy_cache", copy / ".mypy_cache", symlinks=True)
        subprocess.run(["git", "init", "-q"], cwd=copy, check=True)
        yield copy


def bring_compiled(copy: Path, name: Path) -> None:
    """Copy compiled files, which are valid for the copy of a module with equal size and time."""
    for compiled in (ROOT / name.parent / "__pycache__").glob(f"{name.stem}.*.pyc"):
        (copy / name.parent / "__pycache__").mkdir(exist_ok=True)
        shutil.copy2(compiled, copy / name.parent / "__pycache__" / compiled.name)


def follow(copy: Path, guide: str, ending: list[str] | None = None) -> str:
    """Run the steps of a guide in order; returns the output of its commands. Final commands go to `ending` if given."""
    output = ""
    for step in STEP.finditer((ROOT / "docs" / "how-to" / guide).read_text()):
        if step["console"]:
            for line in map(str.strip, step["console"].strip().splitlines()):
                if ending is not None and ENDS.match(f"{line} "):
                    ending.append(line)
                else:
                    output += command(copy, line)
        elif step["end"]:
            file = copy / step["end"]
            file.write_text(file.read_text() + textwrap.dedent(step["appended"]))
        elif step["made"]:
            (copy / step["made"]).write_text(lines(step["content"]) + "\n")
        elif step["below"]:
            edit(
                copy / step["below"],
                step["anchor"],
                step["anchor"] + "\n" + lines(step["inserted"]),
            )
        else:
            edit(copy / step["file"], step["old"], step["new"])
    return output


def lines(block: str) -> str:
    """A block without the indentation of its list item."""
    return "\n".join(line.removeprefix("   ") for line in block.rstrip().splitlines())


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1, f"{file.name} does not contain the text of the guide: {old}"
    file.write_text(text.replace(old, new))


def command(copy: Path, line: str) -> str:
    """Run a command of a guide with the current Python; returns its output."""
    words = shlex.split(line)
    assert words[:3] == ["$", "python3", "dev"]
    call = [sys.executable, "-m", "cli", *words[3:]]
    result = subprocess.run(
        call, cwd=copy, capture_output=True, text=True, env={**os.environ}, check=False
    )
    assert result.returncode == 0, f"{line}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def test_guide_adds_a_field(checkout: Path, ending: list[str]) -> None:
    output = follow(checkout, "add-a-field.md", ending)
    assert "account.network_page AS network_page" in output
    assert "networkPage: String" in (checkout / "schema" / "schema.graphql").read_text()


def test_guide_adds_an_entity(checkout: Path, ending: list[str]) -> None:
    output = follow(checkout, "add-an-entity.md", ending)
    assert "FROM competitor" in output
    contract = (checkout / "schema" / "schema.graphql").read_text()
    assert "competitors(" in contract
    for action in ("Create", "Update", "Delete", "Restore"):
        assert f"  competitor{action}(" in contract
        assert f"  competitor{action}Many(" in contract
    needed = contract.partition("input CompetitorCreateInput {")[2].partition("\n}")[0]
    assert "account: ID!" in needed
    assert "owner: ID!" not in needed, "the owner defaults to the caller"
    taggings = contract.partition("\ntype Tagging ")[2].partition("\n}")[0]
    assert "  competitor: Competitor\n" in taggings, "Taggable is declared on the class alone"
    assert "  taggings(" in contract.partition("\ntype Competitor ")[2].partition("\n}")[0]


def test_guide_adds_a_mutation(checkout: Path, ending: list[str]) -> None:
    follow(checkout, "add-a-mutation.md", ending)
    contract = (checkout / "schema" / "schema.graphql").read_text()
    assert "  contractDispute(" in contract
    assert "  contractDisputeMany(" in contract
    assert "note: String!" in contract.partition("input ContractDisputeInput {")[2][:300]


def test_additions_of_all_guides_pass_the_checks_and_their_tests(
    checkout: Path, ending: list[str]
) -> None:
    """Runs once after all guides; the nightly test runs after each guide."""
    places = dict.fromkeys(place for line in ending for place in shlex.split(line)[4:])
    assert "tests/proof" in places
    assert "FAILED" not in command(checkout, "$ python3 dev check")
    assert "passed" in command(checkout, f"$ python3 dev test {' '.join(places)}")


@pytest.mark.nightly
@pytest.mark.parametrize("guide", GUIDES)
def test_each_guide_is_sufficient(guide: str) -> None:
    with copied() as copy:
        output = follow(copy, guide)
    assert "FAILED" not in output
    assert "passed" in output
