"""Does what the how-tos say, word for word, in a copy of the checkout, and sees that it works."""

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
"""What every guide ends with: the checks, and tests of what was added."""
GUIDES = ("add-a-field.md", "add-an-entity.md", "add-a-mutation.md")


@pytest.fixture(scope="module")
def checkout() -> Iterator[Path]:
    """The copy in which the guides are followed one after another."""
    with copied() as copy:
        yield copy


@pytest.fixture(scope="module")
def ending() -> list[str]:
    """The commands that they ended with."""
    return []


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of what git knows of the checkout, with a repository of its own."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    with tempfile.TemporaryDirectory(prefix="relata-copy-") as directory:
        copy = Path(directory)
        copy.chmod(0o755)  # the servers' user must come through
        for name in filter(None, names.split("\0")):
            if (ROOT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
                bring_compiled(copy, Path(name))
        if (ROOT / ".mypy_cache").exists():  # `check` has read the same libraries before
            with suppress(shutil.Error):  # they may be read at this moment: some files come and go
                shutil.copytree(ROOT / ".mypy_cache", copy / ".mypy_cache", symlinks=True)
        subprocess.run(["git", "init", "-q"], cwd=copy, check=True)
        yield copy


def bring_compiled(copy: Path, name: Path) -> None:
    """What Python and pytest made of a module is good for its copy, which has the same size and time."""
    for compiled in (ROOT / name.parent / "__pycache__").glob(f"{name.stem}.*.pyc"):
        (copy / name.parent / "__pycache__").mkdir(exist_ok=True)
        shutil.copy2(compiled, copy / name.parent / "__pycache__" / compiled.name)


def follow(copy: Path, guide: str, ending: list[str] | None = None) -> str:
    """Do every step of a guide, in order; what its commands said. Those that it ends with may be left for later."""
    said = ""
    for step in STEP.finditer((ROOT / "docs" / "how-to" / guide).read_text()):
        if step["console"]:
            for line in map(str.strip, step["console"].strip().splitlines()):
                if ending is not None and ENDS.match(f"{line} "):
                    ending.append(line)
                else:
                    said += command(copy, line)
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
    return said


def lines(block: str) -> str:
    """A block without the indentation of the list item that it stands in."""
    return "\n".join(line.removeprefix("   ") for line in block.rstrip().splitlines())


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1, f"{file.name} does not hold what the guide names: {old}"
    file.write_text(text.replace(old, new))


def command(copy: Path, line: str) -> str:
    """A command of the guide, in this environment's Python, which is the one `dev` would make."""
    words = shlex.split(line)
    assert words[:3] == ["$", "python3", "dev"]
    call = [sys.executable, "-m", "cli", *words[3:]]
    told = subprocess.run(
        call, cwd=copy, capture_output=True, text=True, env={**os.environ}, check=False
    )
    assert told.returncode == 0, f"{line}\n{told.stdout}\n{told.stderr}"
    return told.stdout


def test_a_field_is_added_as_the_guide_says(checkout: Path, ending: list[str]) -> None:
    said = follow(checkout, "add-a-field.md", ending)
    assert "account.network_page AS network_page" in said
    assert "networkPage: String" in (checkout / "schema" / "schema.graphql").read_text()


def test_an_entity_is_added_as_the_guide_says(checkout: Path, ending: list[str]) -> None:
    said = follow(checkout, "add-an-entity.md", ending)
    assert "FROM competitor" in said
    contract = (checkout / "schema" / "schema.graphql").read_text()
    assert "competitors(" in contract
    for verb in ("Create", "Update", "Delete", "Restore"):
        assert f"  competitor{verb}(" in contract
        assert f"  competitor{verb}Many(" in contract
    needed = contract.partition("input CompetitorCreateInput {")[2].partition("\n}")[0]
    assert "account: ID!" in needed
    assert "owner: ID!" not in needed, "it is whoever creates it, if nobody is named"
    taggings = contract.partition("\ntype Tagging ")[2].partition("\n}")[0]
    assert "  competitor: Competitor\n" in taggings, "Taggable is declared on the class alone"
    assert "  taggings(" in contract.partition("\ntype Competitor ")[2].partition("\n}")[0]


def test_a_mutation_is_added_as_the_guide_says(checkout: Path, ending: list[str]) -> None:
    follow(checkout, "add-a-mutation.md", ending)
    contract = (checkout / "schema" / "schema.graphql").read_text()
    assert "  contractDispute(" in contract
    assert "  contractDisputeMany(" in contract
    assert "note: String!" in contract.partition("input ContractDisputeInput {")[2][:300]


def test_what_was_added_passes_the_checks_and_its_tests(checkout: Path, ending: list[str]) -> None:
    """By day once, on what all guides left; by night after each of them."""
    places = dict.fromkeys(place for line in ending for place in shlex.split(line)[4:])
    assert "tests/proof" in places
    assert "FAILED" not in command(checkout, "$ python3 dev check")
    assert "passed" in command(checkout, f"$ python3 dev test {' '.join(places)}")


@pytest.mark.nightly
@pytest.mark.parametrize("guide", GUIDES)
def test_each_guide_is_enough_by_itself(guide: str) -> None:
    with copied() as copy:
        said = follow(copy, guide)
    assert "FAILED" not in said
    assert "passed" in said
