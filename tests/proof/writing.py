"""Updates rights.txt: adds a `?` for each new entity, field and command, and removes obsolete lines."""

from __future__ import annotations

from collections.abc import Iterator

from tests.proof.lock import ENTITIES
from tests.proof.rights import (
    PROFILES,
    RIGHTS,
    UNKNOWN,
    missing_entries,
    needed,
    obsolete_entries,
    particular,
    read,
)

FIRST = 28
"""The column where the first profile's cells begin."""


def complete_rights(text: str) -> str:
    """The text of rights.txt with a line for every current entry and no obsolete ones."""
    head, blocks = _blocks(text.splitlines())
    dropped, unwritten = set(obsolete_entries(read(text))), dict(blocks)
    found = [*head]
    for entity in ENTITIES:
        block = unwritten.get(entity) or ["", _line(entity)]
        found += _current(entity, block, dropped)
    return "\n".join(found).rstrip("\n") + "\n"


def _blocks(lines: list[str]) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """The head, and the lines of each entity with the empty lines and comments before it."""
    start = next(n for n, line in enumerate(lines) if tuple(line.split()) == tuple(PROFILES))
    blocks: list[tuple[str, list[str]]] = []
    waiting: list[str] = []
    for line in lines[start + 1 :]:
        if line.startswith(" "):
            blocks[-1][1].extend([*waiting, line])
            waiting = []
        elif not line or line.startswith("#"):
            waiting.append(line)
        else:
            blocks.append((line.split()[0], [*waiting, line]))
            waiting = []
    return lines[: start + 1], blocks


def _current(entity: str, block: list[str], dropped: set[str]) -> Iterator[str]:
    """The lines of an entity; a new line follows that of the preceding field in the schema."""
    known: dict[str, str] = {}
    for line in block:
        if line.startswith("  ") and not line.lstrip().startswith("#"):
            name = line.split()[0]
            joined = f"{entity}{'' if name[0] in '!@' else '.'}{name}"
            if joined not in dropped:
                known[name] = line
        else:
            yield line
    required = [*needed(entity), *(f"!{name}" for name in particular(entity))]
    order = list(known)
    for place, name in enumerate(required):
        if name not in known:
            before = [each for each in required[:place] if each in order]
            order.insert(order.index(before[-1]) + 1 if before else 0, name)
    for name in order:
        yield known.get(name) or _line(f"  {name}")


def _line(name: str) -> str:
    return f"{name:{FIRST}}{UNKNOWN}"


def write() -> list[str]:
    """Write the file; returns a message for each entry that a person must fill in."""
    text = complete_rights(RIGHTS.read_text(encoding="utf-8"))
    RIGHTS.write_text(text, encoding="utf-8")
    return missing_entries(read(text))
