"""Reader of rights.txt: rights on records, fields and commands by profile, as a person wrote them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from tests.proof.contract import RECORD_FIELDS, fields, is_record, lists
from tests.proof.lock import ENTITIES

RIGHTS = Path(__file__).with_name("rights.txt")
UNKNOWN = "?"
"""Mark of a new entry that a person must replace by a value."""
USUAL = ("Create", "Update", "Delete", "Restore", "Upsert")
"""Commands whose rights follow from the entity's line."""
REPLACE = "replace the ? in tests/proof/rights.txt, under each profile, by"
REPLACE_ENTITY = f"{REPLACE} `all` or `own` if its records are visible (and `/new/own/-` to create, update, delete), or `-`"
REPLACE_FIELD = f"{REPLACE} `w` if it is readable and writable, `r` if it is readable, or `-`"
REPLACE_COMMAND = "replace the ? in tests/proof/rights.txt by what it needs: `edits, writes FIELD`, `creates ENTITY` or `full`"


class Level(Enum):
    """Outcome of selecting a field."""

    OPEN = "open"
    RULED = "ruled"
    """Readable in some statuses and null in the others."""
    HIDDEN = "hidden"
    """Null if selected; a filter or order by the field is refused."""
    CLOSED = "closed"
    """The entity is closed, or the target entity of a link."""


ORDER_OF_LEVELS = (Level.OPEN, Level.RULED, Level.HIDDEN, Level.CLOSED)


@dataclass(frozen=True)
class Profile:
    """A profile of the demonstration with its personas."""

    key: str
    name: str
    personas: tuple[str, ...]


@dataclass(frozen=True)
class Scope:
    """Rights of a profile on an entity's records; each scope is `all`, `own`, `below` or None."""

    rows: str
    creates: bool = False
    edits: str | None = None
    deletes: str | None = None


@dataclass(frozen=True)
class Own:
    """The rule that decides which records of an entity are a user's own."""

    sources: tuple[tuple[str, ...], ...]
    """`owner`, `myself`, `readable`; `listed`, `role` or `linked` with an entity and its reference."""
    always: bool = False
    """Whether the rule also restricts users with the scope `all`."""
    exempts_full: bool = False
    """Whether users with full access are exempt."""


@dataclass
class Lines:
    """The parsed lines of rights.txt."""

    profiles: dict[str, Profile] = field(default_factory=dict)
    everybody: dict[str, frozenset[str]] = field(default_factory=dict)
    own: dict[str, Own] = field(default_factory=dict)
    scopes: dict[str, dict[str, str]] = field(default_factory=dict)
    """Scope by entity and profile, as written."""
    marks: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    """Mark by entity, field and profile, as written; names of custom attributes begin with `@`."""
    only: dict[tuple[str, str], str] = field(default_factory=dict)
    """The only status in which a field is readable, by entity and field."""
    commands: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    """Required rights by entity and command, as written."""


def read(text: str) -> Lines:
    """Parse a text. Raises ValueError with the number and the text of an invalid line."""
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
    """Parse a line of the head; returns False if it is not one."""
    match words[0]:
        case "profile":
            lines.profiles[words[1]] = Profile(words[1], words[2], tuple(words[3:]))
        case "everybody":
            lines.everybody[words[1]] = frozenset(words[2:])
        case "own" | "always":
            rest = line.split(maxsplit=2)[2].split("#", maxsplit=1)[0]
            sources = tuple(tuple(each.replace(".", " ").split()) for each in rest.split(","))
            exempt = ("not", "full")
            lines.own[words[1]] = Own(
                tuple(each for each in sources if each != exempt),
                always=words[0] == "always",
                exempts_full=exempt in sources,
            )
        case _:
            return False
    return True


def _entity(lines: Lines, name: str, cells: list[str]) -> None:
    if name in lines.scopes:
        raise ValueError(f"{name} is defined twice")
    lines.scopes[name] = _cells(lines, cells)
    lines.marks[name], lines.commands[name] = {}, {}


def _field(lines: Lines, entity: str, words: list[str]) -> None:
    name, cells = words[0], words[1:]
    if name in lines.marks[entity] or name[1:] in lines.commands[entity]:
        raise ValueError(f"{entity}.{name} is defined twice")
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
PERSONA_PER_PROFILE = tuple(each.personas[0] for each in PROFILES.values())
"""The first persona of each profile."""
FULL = next(iter(PROFILES))
"""The profile with full access."""


@cache
def scope(profile: str, entity: str) -> Scope | None:
    """Rights of a profile on an entity's records; None if the entity is closed."""
    rows, *rest = LINES.scopes[entity][profile].split("/")
    if rows == "-":
        return None
    if not rest:
        return Scope(rows)
    creates, edits, deletes = (None if each == "-" else each for each in rest)
    return Scope(rows, creates == "new", edits, deletes)


def mark(profile: str, entity: str, name: str) -> str:
    """Mark of a field: `w`, `r` or `-`, with `*` if it depends on the status."""
    return LINES.marks[entity][name][profile]


@cache
def field_level(profile: str, entity: str, name: str) -> Level:
    """Outcome of selecting a field with a profile."""
    if scope(profile, entity) is None:
        return Level.CLOSED
    if name in LINES.marks[entity]:
        level = {"-": Level.HIDDEN, "*": Level.RULED}.get(
            mark(profile, entity, name)[-1], Level.OPEN
        )
        link = ENTITIES[entity].links.get(name)
        if level is not Level.HIDDEN and link and scope(profile, link.to) is None:
            return Level.CLOSED
        return level
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
    """Outcome of selecting a field as a persona."""
    return field_level(COLUMN[persona], entity, name)


def attribute_level(persona: str, entity: str, key: str) -> Level:
    """Outcome of selecting a custom attribute as a persona."""
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
    """Statuses in which a field with a status rule is readable; for a computed field, those common to its inputs."""
    made_of = (name, *ENTITIES[entity].computed.get(name, ()))
    found = [{LINES.only[entity, each]} for each in made_of if (entity, each) in LINES.only]
    return frozenset.intersection(*map(frozenset, found)) if found else None


def readable(persona: str, entity: str, name: str, row: Mapping[str, Any]) -> bool:
    """Whether a persona may read a field of a visible record."""
    found = level(persona, entity, name)
    only = statuses(entity, name) or ()
    return found is Level.OPEN or (
        found is Level.RULED and row[ENTITIES[entity].status or ""] in only
    )


@dataclass(frozen=True)
class Needs:
    """Rights that a command requires in addition to reading the record."""

    edits: bool = False
    """Requires the right to update the record."""
    writes: tuple[str, ...] = ()
    """Fields that the command writes, also if its input omits them."""
    sets: tuple[str, ...] = ()
    """Fields that the command sets and that no profile makes writable."""
    takes: frozenset[str] = frozenset()
    """Input fields that have the name of an entity field and another meaning."""
    creates: str | None = None
    """Entity whose records the command creates."""
    full: bool = False
    """Requires full access."""
    myself: bool = False
    """Requires that the record belongs to the caller."""


@cache
def needs(entity: str, command: str) -> Needs:
    """Parse the line of a command. Raises ValueError for an unknown word."""
    words: dict[str, list[str]] = {}
    for part in " ".join(LINES.commands[entity][command]).split(","):
        word, *more = part.split()
        words[word] = more
    if unknown := words.keys() - {each.name for each in dataclass_fields(Needs)}:
        raise ValueError(f"{entity}!{command} in {RIGHTS.name}: {', '.join(unknown)}")
    return Needs(
        edits="edits" in words,
        writes=tuple(words.get("writes", ())),
        sets=tuple(words.get("sets", ())),
        takes=frozenset(words.get("takes", ())),
        creates=next(iter(words.get("creates", ())), None),
        full="full" in words,
        myself="myself" in words,
    )


def by_itself(entity: str) -> frozenset[str]:
    """Fields that are readable with the record: the id and, if callers write such records, version and timestamps."""
    return frozenset(RECORD_FIELDS if is_record(entity) else ("id",))


def needed(entity: str) -> tuple[str, ...]:
    """The fields that require a line in rights.txt, in schema order."""
    skipped = by_itself(entity) | ENTITIES[entity].computed.keys()
    return tuple(
        name
        for name, each in fields(entity).items()
        if each.kind not in ("LIST", "ATTRIBUTES") and name not in skipped
    )


def missing_entries(lines: Lines = LINES) -> list[str]:
    """Messages for entries that are missing or still `?`; empty if rights.txt is complete."""
    found = []
    for entity in ENTITIES:
        if entity not in lines.scopes or UNKNOWN in lines.scopes[entity].values():
            found.append(f"{entity}: {REPLACE_ENTITY}")
        marks = lines.marks.get(entity, {})
        found += [
            f"{entity}.{name}: {REPLACE_FIELD}"
            for name in (*needed(entity), *marks)
            if name not in marks or UNKNOWN in marks[name].values()
        ]
        known = lines.commands.get(entity, {})
        found += [
            f"{entity}!{name}: {REPLACE_COMMAND}"
            for name in particular(entity)
            if known.get(name, (UNKNOWN,)) == (UNKNOWN,)
        ]
    return list(dict.fromkeys(found))


def obsolete_entries(lines: Lines = LINES) -> list[str]:
    """Entries for entities, fields and commands that no longer exist."""
    found = [entity for entity in lines.scopes if entity not in ENTITIES]
    for entity in lines.scopes.keys() & ENTITIES.keys():
        found += [f"{entity}.{n}" for n in lines.marks[entity] if not _is_needed(lines, entity, n)]
        found += [f"{entity}!{n}" for n in lines.commands[entity] if n not in particular(entity)]
    return sorted(found)


def _is_needed(lines: Lines, entity: str, name: str) -> bool:
    """Whether an entry is required or, for the id and the stamps of a record, restricts a profile."""
    if name in by_itself(entity):
        closed = [lines.scopes[entity][profile] == "-" for profile in lines.profiles]
        marks = lines.marks[entity][name].values()
        return any(each != "r" and not shut for each, shut in zip(marks, closed, strict=True))
    return name.startswith("@") or name in needed(entity)


def particular(entity: str) -> tuple[str, ...]:
    """The commands of an entity besides the usual ones."""
    return tuple(name for name in ENTITIES[entity].commands if name not in USUAL)
