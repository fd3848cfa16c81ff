"""Parses the code blocks of documentation pages and compares responses with the ones that a page shows."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "docs" / "tutorial.md",
    *sorted((ROOT / "docs" / "guide").glob("*.md")),
]
FENCE = re.compile(r"^( *)```(\w+)([^\n]*)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|…', re.DOTALL)
REST = "…"
"""Placeholder for the remaining entries of an object or a list, and for the rest of a string."""
SHORT = re.compile(r"(?:[a-z]{2,4}_|eyJ)\w*…\w*")
"""An abbreviated id or token. Text after `…` is a label, such as the 2 of `acc_…2`."""


@dataclass(frozen=True)
class Block:
    """One fenced code block: its language, the options after it and its text."""

    page: str
    line: int
    language: str
    words: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    def option(self, name: str, default: str | None = None) -> str | None:
        """The value of `name=value` after the language."""
        values = [word.partition("=")[2] for word in self.words if word.startswith(f"{name}=")]
        return values[0] if values else default


def blocks(page: Path) -> list[Block]:
    """The code blocks of a page, in order."""
    text = page.read_text()
    return [
        Block(
            str(page.relative_to(ROOT)),
            text.count("\n", 0, match.start()) + 1,
            match[2],
            tuple(shlex.split(match[3])),
            re.sub(rf"^{match[1]}", "", match[4], flags=re.MULTILINE),
        )
        for match in FENCE.finditer(text)
    ]


@dataclass(frozen=True)
class Command:
    """A command of a console block, and the output shown below it."""

    text: str
    output: str


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block: from `$ ` until all quotes are closed."""
    for section in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        lines, command = section.splitlines(), ""
        while not command or _open(command):
            command += ("\n" if command else "") + lines.pop(0)
        yield Command(command, "\n".join(lines).strip())


def _open(command: str) -> bool:
    if command.endswith("\\"):
        return True
    try:
        shlex.split(command)
    except ValueError:
        return True
    return False


def documented(text: str) -> Any:
    """The JSON of a page, in which a bare … is a placeholder for further entries."""
    open_brackets: list[str] = []

    def valid_json(match: re.Match[str]) -> str:
        token = match[0]
        if token in "{[":
            open_brackets.append(token)
        elif token in "}]":
            open_brackets.pop()
        elif token == REST:
            return f'"{REST}": 0' if open_brackets[-1] == "{" else f'"{REST}"'
        return token

    return json.loads(TOKEN.sub(valid_json, text))


@dataclass
class Names:
    """The abbreviated ids and tokens of a page, with their actual values."""

    known: dict[str, str] = field(default_factory=dict)

    def filled(self, text: str) -> str:
        """The text with actual ids and tokens."""
        return SHORT.sub(lambda match: self.known.get(match[0], match[0]), text)

    def differs(self, shown: Any, actual: Any, at: str = "$") -> str | None:
        """The first difference between the shown and the actual value; records abbreviated ids and tokens."""
        if isinstance(shown, dict) and isinstance(actual, dict):
            return self._objects(shown, actual, at)
        if isinstance(shown, list) and isinstance(actual, list):
            return self._lists(shown, actual, at)
        if isinstance(shown, str) and isinstance(actual, str) and REST in shown:
            same = self._abbreviated(shown, actual)
        else:
            same = shown == actual
        return None if same else f"{at}: the page shows {shown!r}, the response is {actual!r}"

    def _objects(self, shown: dict[str, Any], actual: dict[str, Any], at: str) -> str | None:
        keys = set(shown) - {REST}
        if keys - set(actual) or (REST not in shown and set(actual) - keys):
            return f"{at}: the page shows {sorted(keys)}, the response has {sorted(actual)}"
        differences = (self.differs(shown[key], actual[key], f"{at}.{key}") for key in keys)
        return next(filter(None, differences), None)

    def _lists(self, shown: list[Any], actual: list[Any], at: str) -> str | None:
        more = shown[-1:] == [REST]
        expected = shown[:-1] if more else shown
        if len(actual) < len(expected) or (len(actual) > len(expected) and not more):
            return f"{at}: the page shows {len(expected)} items, the response has {len(actual)}"
        pairs = enumerate(zip(expected, actual, strict=False))
        differences = (self.differs(*pair, f"{at}[{number}]") for number, pair in pairs)
        return next(filter(None, differences), None)

    def _abbreviated(self, shown: str, actual: str) -> bool:
        if SHORT.fullmatch(shown):
            matches = actual.startswith(shown.partition(REST)[0])
            return matches and self.known.setdefault(shown, actual) == actual
        return bool(re.fullmatch(re.escape(shown).replace(REST, ".*"), actual, re.DOTALL))


WIDTH = 110
"""Maximum width of an object or a list on one line."""


def formatted(value: Any, indent: int = 0) -> str:
    """JSON in the format of the pages: an object or list that fits is on one line."""
    if not isinstance(value, dict | list) or not value:
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {formatted(each, indent + 2)}" for key, each in value.items()]
        begins, ends = "{", "}"
    else:
        parts = [formatted(each, indent + 2) for each in value]
        begins, ends = "[", "]"
    space = " " if begins == "{" else ""
    line = f"{begins}{space}{', '.join(parts)}{space}{ends}"
    if "\n" not in line and len(line) + indent <= WIDTH:
        return line
    margin = " " * (indent + 2)
    return f"{begins}\n{margin}{f',{chr(10)}{margin}'.join(parts)}\n{' ' * indent}{ends}"


def rewrite(block: Block, actual: Any) -> None:
    """Replace the response shown in a block."""
    page = ROOT / block.page
    text = page.read_text()
    fence = f"```{' '.join((block.language, *block.words))}\n"
    page.write_text(text.replace(f"{fence}{block.text}```", f"{fence}{formatted(actual)}\n```", 1))
