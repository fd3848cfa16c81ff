"""What people wrote of rights, read: who sees, creates, changes and deletes what, and which fields, by profile."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from tests.proof.contract import STAMPS, fields, is_record, lists
from tests.proof.lock import ENTITIES

RIGHTS = Path(__file__).with_name("rights.txt")
UNKNOWN = "?"
"""What the writing command puts where people have to say something."""
USUAL = ("Create", "Update", "Delete", "Restore", "Upsert")
"""The commands that follow from an entity's own line."""
SAY = "replace the ? in tests/proof/rights.txt, under each profile, by"
SAY_ENTITY = f"{SAY} `all` or `own` if its records are seen (and `/new/own/-` to create, change, delete), or `-`"
SAY_FIELD = f"{SAY} `w` if it is read and written, `r` if it is read, or `-`"
SAY_COMMAND = "replace the ? in tests/proof/rights.txt by what it needs: `edits, writes FIELD`, `creates ENTITY` or `full`"


class Level(Enum):
    """What becomes of a field that is selected."""

    OPEN = "open"
    RULED = "ruled"
    """Read only in some statuses, null in all others."""
    HIDDEN = "hidden"
    """Null where it is selected; a condition on it is refused."""
    CLOSED = "closed"
    """The whole entity is closed, or of a link, the entity it leads to."""


ORDER_OF_LEVELS = (Level.OPEN, Level.RULED, Level.HIDDEN, Level.CLOSED)


@dataclass(frozen=True)
class Profile:
    """One of the demonstration's profiles, with the personas who have it."""

    key: str
    name: str
    personas: tuple[str, ...]


@dataclass(frozen=True)
class Scope:
    """What a profile grants of an entity's records; each scope is `all`, `own`, `below` or None."""

    rows: str
    creates: bool = False
    edits: str | None = None
    deletes: str | None = None


@dataclass(frozen=True)
class Own:
    """Whose records of an entity are."""

    sources: tuple[tuple[str, ...], ...]
    """`owner`, `myself`, `readable`; `listed`, `role` or `linked` with an entity and its reference."""
    always: bool = False
    """Whether it holds for those who see all records, too."""
    spares_full: bool = False
    """Whether it does not hold for those who may do everything."""


@dataclass
class Lines:
    """All lines."""

    profiles: dict[str, Profile] = field(default_factory=dict)
    everybody: dict[str, frozenset[str]] = field(default_factory=dict)
    own: dict[str, Own] = field(default_factory=dict)
    scopes: dict[str, dict[str, str]] = field(default_factory=dict)
    """By entity and profile, as written."""
    marks: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    """By entity, field and profile, as written; of custom attributes with an `@`."""
    only: dict[tuple[str, str], str] = field(default_factory=dict)
    """The status in which a field may be read, by entity and field."""
    commands: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    """By entity and command: what it needs, as written."""


def read(text: str) -> Lines:
    """The lines of a text. Raises ValueError with the line that cannot be read."""
    lines, entity = Lines(), ""
    for number, line in enumerate(text.splitlines(), 1):
        words = shlex.split(line, comments=True)
        if not words or tuple(words) == tuple(lines.profiles):
            continue
        try:
            if line.startswith(" "):
                _field(lines, entity, words)
            elif not _head(lines, words, line):
                entity = words[0]
                _entity(lines, entity, words[1:])
        except (ValueError, KeyError) as error:
            raise ValueError(f"{RIGHTS.name}:{number}: {error}: {line.strip()}") from error
    return lines


def _head(lines: Lines, words: list[str], line: str) -> bool:
    """Read a line of the head, if it is one."""
    match words[0]:
        case "profile":
            lines.profiles[words[1]] = Profile(words[1], words[2], tuple(words[3:]))
        case "everybody":
            lines.everybody[words[1]] = frozenset(words[2:])
        case "own" | "always":
            rest = line.split(maxsplit=2)[2].split("#", maxsplit=1)[0]
            sources = tuple(tuple(each.replace(".", " ").split()) for each in rest.split(","))
            spares = ("not", "full")
            lines.own[words[1]] = Own(
                tuple(each for each in sources if each != spares),
                always=words[0] == "always",
                spares_full=spares in sources,
            )
        case _:
            return False
    return True


def _entity(lines: Lines, name: str, cells: list[str]) -> None:
    if name in lines.scopes:
        raise ValueError(f"{name} is here twice")
    lines.scopes[name] = _cells(lines, cells)
    lines.marks[name], lines.commands[name] = {}, {}


def _field(lines: Lines, entity: str, words: list[str]) -> None:
    name, cells = words[0], words[1:]
    if name in lines.marks[entity] or name[1:] in lines.commands[entity]:
        raise ValueError(f"{entity}.{name} is here twice")
    if name.startswith("!"):
        lines.commands[entity][name[1:]] = tuple(cells)
        return
    if "only" in cells:
        place = cells.index("only")
        lines.only[entity, name] = cells[place + 1]
        del cells[place:]
    lines.marks[entity][name] = _cells(lines, cells)


def _cells(lines: Lines, cells: list[str]) -> dict[str, str]:
    if cells == [UNKNOWN]:
        cells = [UNKNOWN] * len(lines.profiles)
    return dict(zip(lines.profiles, cells, strict=True))


LINES = read(RIGHTS.read_text(encoding="utf-8"))
PROFILES = LINES.profiles
COLUMN = {persona: each.key for each in PROFILES.values() for persona in each.personas}
"""The profile of each persona."""
PERSONAS = tuple(COLUMN)
ONE_EACH = tuple(each.personas[0] for each in PROFILES.values())
"""One persona of each profile: the first that its line names."""
FULL = next(iter(PROFILES))
"""The profile that opens everything."""


@cache
def scope(profile: str, entity: str) -> Scope | None:
    """What a profile grants of an entity's records; None if the entity is closed."""
    rows, *rest = LINES.scopes[entity][profile].split("/")
    if rows == "-":
        return None
    if not rest:
        return Scope(rows)
    creates, edits, deletes = (None if each == "-" else each for each in rest)
    return Scope(rows, creates == "new", edits, deletes)


def mark(profile: str, entity: str, name: str) -> str:
    """What a line says of a field: `w`, `r` or `-`, perhaps with a `*`."""
    return LINES.marks[entity][name][profile]


@cache
def field_level(profile: str, entity: str, name: str) -> Level:
    """What becomes of a field for those with a profile."""
    if scope(profile, entity) is None:
        return Level.CLOSED
    if name in LINES.marks[entity]:
        found = {"-": Level.HIDDEN, "*": Level.RULED}.get(
            mark(profile, entity, name)[-1], Level.OPEN
        )
        link = ENTITIES[entity].links.get(name)
        if found is not Level.HIDDEN and link and scope(profile, link.to) is None:
            return Level.CLOSED
        return found
    if (entity, name) in lists():
        owner, back = lists()[entity, name]
        own = field_level(profile, owner.name, back.name if back.name in owner.links else "id")
        return Level.CLOSED if scope(profile, owner.name) is None else own
    if needs := ENTITIES[entity].computed.get(name):
        levels = [field_level(profile, entity, each) for each in needs]
        return max(levels, key=ORDER_OF_LEVELS.index)
    if name in by_itself(entity) or fields(entity)[name].kind == "ATTRIBUTES":
        return Level.OPEN
    raise KeyError(f"{entity}.{name} has no line in {RIGHTS.name}")


def level(persona: str, entity: str, name: str) -> Level:
    """What becomes of a field for a persona."""
    return field_level(COLUMN[persona], entity, name)


def attribute_level(persona: str, entity: str, key: str) -> Level:
    """Likewise of a custom attribute."""
    hidden = mark(COLUMN[persona], entity, f"@{key}") == "-"
    return Level.HIDDEN if hidden else Level.OPEN


@cache
def attributes(entity: str) -> tuple[str, ...]:
    """The keys of the demonstration's custom attributes."""
    return tuple(name[1:] for name in LINES.marks[entity] if name.startswith("@"))


def is_closed(persona: str, entity: str) -> bool:
    """Whether an entity is closed to a persona."""
    return scope(COLUMN[persona], entity) is None


@cache
def statuses(entity: str, name: str) -> frozenset[str] | None:
    """The statuses a field may be read in by those whom it is ruled for; of what is computed, those of all inputs."""
    made_of = (name, *ENTITIES[entity].computed.get(name, ()))
    found = [{LINES.only[entity, each]} for each in made_of if (entity, each) in LINES.only]
    return frozenset.intersection(*map(frozenset, found)) if found else None


def readable(persona: str, entity: str, name: str, row: Mapping[str, Any]) -> bool:
    """Whether a persona may read a field of a record that they see."""
    found = level(persona, entity, name)
    only = statuses(entity, name) or ()
    return found is Level.OPEN or (
        found is Level.RULED and row[ENTITIES[entity].status or ""] in only
    )


@dataclass(frozen=True)
class Needs:
    """What a command needs besides seeing the record, as its line says it."""

    edits: bool = False
    """Being allowed to change the record."""
    writes: tuple[str, ...] = ()
    """Fields that it writes, whether or not its input names them."""
    sets: tuple[str, ...] = ()
    """Fields that it sets, which no profile gives anybody to write."""
    takes: frozenset[str] = frozenset()
    """What its input takes under the name of a field, and is something else."""
    creates: str | None = None
    """An entity that records are created of."""
    full: bool = False
    """Being allowed to do everything."""
    myself: bool = False
    """Being the user whose it is."""


@cache
def needs(entity: str, command: str) -> Needs:
    """What the line of a command says. Raises ValueError for a word that it does not know."""
    said: dict[str, list[str]] = {}
    for part in " ".join(LINES.commands[entity][command]).split(","):
        word, *more = part.split()
        said[word] = more
    if unknown := said.keys() - {each.name for each in dataclass_fields(Needs)}:
        raise ValueError(f"{entity}!{command} in {RIGHTS.name}: {', '.join(unknown)}")
    return Needs(
        edits="edits" in said,
        writes=tuple(said.get("writes", ())),
        sets=tuple(said.get("sets", ())),
        takes=frozenset(said.get("takes", ())),
        creates=next(iter(said.get("creates", ())), None),
        full="full" in said,
        myself="myself" in said,
    )


def by_itself(entity: str) -> frozenset[str]:
    """The fields that are read with the record: its id, and if callers write such records, version and times."""
    return frozenset(STAMPS if is_record(entity) else ("id",))


def needed(entity: str) -> tuple[str, ...]:
    """The fields that need a line, in the order of the schema."""
    skipped = by_itself(entity) | ENTITIES[entity].computed.keys()
    return tuple(
        name
        for name, each in fields(entity).items()
        if each.kind not in ("LIST", "ATTRIBUTES") and name not in skipped
    )


def unsaid(lines: Lines = LINES) -> list[str]:
    """What people have to write, one sentence each; none, if all is said."""
    found = []
    for entity in ENTITIES:
        if entity not in lines.scopes or UNKNOWN in lines.scopes[entity].values():
            found.append(f"{entity}: {SAY_ENTITY}")
        marks = lines.marks.get(entity, {})
        found += [
            f"{entity}.{name}: {SAY_FIELD}"
            for name in (*needed(entity), *marks)
            if name not in marks or UNKNOWN in marks[name].values()
        ]
        known = lines.commands.get(entity, {})
        found += [
            f"{entity}!{name}: {SAY_COMMAND}"
            for name in particular(entity)
            if known.get(name, (UNKNOWN,)) == (UNKNOWN,)
        ]
    return list(dict.fromkeys(found))


def gone(lines: Lines = LINES) -> list[str]:
    """The lines that speak of what is not there any more."""
    found = [entity for entity in lines.scopes if entity not in ENTITIES]
    for entity in lines.scopes.keys() & ENTITIES.keys():
        found += [f"{entity}.{n}" for n in lines.marks[entity] if not _is_said(lines, entity, n)]
        found += [f"{entity}!{n}" for n in lines.commands[entity] if n not in particular(entity)]
    return sorted(found)


def _is_said(lines: Lines, entity: str, name: str) -> bool:
    """Whether a line says something: of what is read with a record anyway, that somebody may not."""
    if name in by_itself(entity):
        closed = [lines.scopes[entity][profile] == "-" for profile in lines.profiles]
        marks = lines.marks[entity][name].values()
        return any(each != "r" and not shut for each, shut in zip(marks, closed, strict=True))
    return name.startswith("@") or name in needed(entity)


def particular(entity: str) -> tuple[str, ...]:
    """The commands of an entity that not every entity may have."""
    return tuple(name for name in ENTITIES[entity].commands if name not in USUAL)
