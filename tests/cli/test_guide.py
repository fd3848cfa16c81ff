"""Every command in the guides exists and accepts the options shown there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from cli.main import cli

ROOT = Path(__file__).resolve().parents[2]
LINE = re.compile(r"^\$ python3 dev (.+)$", re.MULTILINE)
GUIDES = [(ROOT / "docs" / "how-to" / name).read_text() for name in ("operate.md", "import.md")]


@pytest.mark.parametrize("line", sorted({line for guide in GUIDES for line in LINE.findall(guide)}))
def test_command_of_a_guide_is_accepted(line: str) -> None:
    words, command = shlex.split(line), typer.main.get_command(cli)
    while isinstance(command, TyperGroup):
        assert words[0] in command.commands, f"there is no command {words[0]}"
        command = command.commands[words.pop(0)]
    command.make_context(line, words)  # raises for an unknown option


def test_every_command_is_documented() -> None:
    documented = (ROOT / "docs" / "commands.md").read_text()
    command = typer.main.get_command(cli)
    assert isinstance(command, TyperGroup)
    for name, each in command.commands.items():
        for part in each.commands if isinstance(each, TyperGroup) else [""]:
            assert f"`{name}" in documented, f"describe `{name}` in the table"
            assert not part or f"`{name} {part}" in documented or f"`{part}`" in documented, (
                f"{name} {part}"
            )
