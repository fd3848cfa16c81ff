"""The program `dev` lists the same commands as the command line and refuses an unknown one before it installs anything."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from cli.main import cli

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("word", "hint"),
    [("tset", "Did you mean `test`?"), ("xyzzy", "The commands are: area, backup, bench,")],
)
def test_unknown_command_is_refused_and_installs_nothing(
    tmp_path: Path, word: str, hint: str
) -> None:
    program, packages = tmp_path / "dev", tmp_path / "packages"
    shutil.copy(ROOT / "dev", program)
    refused = subprocess.run(
        [sys.executable, program, word],
        env={**os.environ, "RELATA_VENV": str(packages)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"Unknown command `{word}`. {hint}")
    assert "Nothing was installed" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["dev"]


def test_dev_and_the_command_line_have_the_same_commands() -> None:
    command = typer.main.get_command(cli)
    assert isinstance(command, TyperGroup)
    assert runpy.run_path(str(ROOT / "dev"))["COMMANDS"] == set(command.commands)
