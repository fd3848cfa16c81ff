"""The rights matrix as text: what the running product answers of everybody's rights, for each field and profile."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.proof.contract import STAMPS, fields, written
from tests.proof.lock import ENTITIES
from tests.proof.rights import FULL, PERSONAS, PROFILES
from tests.support.world import World

FILE = Path(__file__).resolve().parents[2] / "docs" / "rights-matrix.txt"
HEAD = """\
The rights matrix: what the demonstration's profiles grant, as the running product answers it.
Written by `python3 dev proof --write`; tests compare it with the product and with tests/proof/rights.txt.

  ✎ read and written   ✔ read   ✘ neither   ◐ read in some statuses only, and ◐✎ written there, too
  An entity: which records are seen / whether they may be created / which may be changed / which deleted.
  Only what some command writes counts as written. `stamps` are the id, the version and the times of a record.

"""
TYPES = "{ viewer { typePermissions { type rows create update delete readable writable } } }"
RULES = "{ statusRules(first: 100) { nodes { entity field status } } }"
NAMED, WIDE = 28, 20
ATTRIBUTES = "attributes."
READ, WRITTEN, NEITHER, RULED = "✔", "✎", "✘", "◐"


@dataclass(frozen=True)
class Answers:
    """What the product says: of each persona by entity, and the statuses that fields are ruled by."""

    types: Mapping[str, Mapping[str, Any]]
    ruled: Mapping[tuple[str, str], frozenset[str]]


async def ask(world: World, tenant: str = "acme") -> Answers:
    """Ask for everybody's rights."""
    types = {}
    for persona in PERSONAS:
        answer = await world.ask(persona, TYPES, tenant=tenant)
        types[persona] = {each["type"]: each for each in answer.data["viewer"]["typePermissions"]}
    rules: dict[tuple[str, str], set[str]] = defaultdict(set)
    answer = await world.ask(PERSONAS[0], RULES, tenant=tenant)
    for each in answer.data["statusRules"]["nodes"]:
        rules[each["entity"], each["field"]].add(each["status"])
    return Answers(types, {key: frozenset(statuses) for key, statuses in rules.items()})


def text(answers: Answers) -> str:
    """The matrix. Raises ValueError where personas with one profile have different rights."""
    for profile in PROFILES.values():
        if differing := [
            each
            for each in profile.personas
            if answers.types[each] != answers.types[profile.personas[0]]
        ]:
            raise ValueError(f"{', '.join(differing)}: not the rights of others with {profile.key}")
    lines = [HEAD, _line("", list(PROFILES))]
    for entity in ENTITIES:
        lines += ["", *_entity(answers, entity)]
    return "\n".join(lines) + "\n"


def _line(name: str, cells: list[str], more: str = "") -> str:
    return f"{name:{NAMED}}{''.join(f'{cell:{WIDE}}' for cell in cells)}{more}".rstrip()


Row = tuple[tuple[str, ...], str]
"""The cells of a line, one for each profile, and what ends it."""


def rows(answers: Answers, entity: str) -> dict[str, Row]:
    """The lines of an entity by field; under "" the one of the entity itself."""
    mine = [answers.types[each.personas[0]].get(entity) for each in PROFILES.values()]
    scopes = tuple(scope(each, entity) for each in mine)
    return {"": (scopes, "")} | {
        name: _field(answers, entity, name, mine) for name in _names(entity, mine)
    }


def _entity(answers: Answers, entity: str) -> Iterator[str]:
    found = rows(answers, entity)
    cells, _ = found.pop("")
    yield _line(entity, list(cells))
    if len({found.get(name) for name in STAMPS}) == 1:
        stamps = found[STAMPS[0]]
        found = {"stamps": stamps} | {n: row for n, row in found.items() if n not in STAMPS}
    for name, (cells, more) in found.items():
        yield _line(f"  {name}", list(cells), more)


def _names(entity: str, mine: list[Mapping[str, Any] | None]) -> list[str]:
    """What anybody may read or write, in the order of the schema, custom attributes last."""
    named = {name for each in mine if each for name in (*each["readable"], *each["writable"])}
    order = [name for name in fields(entity) if name in named]
    return [*order, *sorted(named - set(order))]


def _field(answers: Answers, entity: str, name: str, mine: list[Mapping[str, Any] | None]) -> Row:
    """The cells of a field, and the statuses it is read in."""
    statuses = _statuses(answers, entity, name)
    cells = tuple(
        mark(each, entity, name, ruled=bool(statuses) and profile != FULL)
        for each, profile in zip(mine, PROFILES, strict=True)
    )
    return cells, f"{RULED} {' '.join(sorted(statuses))}" if RULED in "".join(cells) else ""


def _statuses(answers: Answers, entity: str, name: str) -> frozenset[str]:
    """The statuses that a field is read in; of what is computed, those of all that it is made of."""
    made_of = (name, *ENTITIES[entity].computed.get(name, ()))
    rules = [answers.ruled[entity, each] for each in made_of if (entity, each) in answers.ruled]
    return frozenset.intersection(*rules) if rules else frozenset()


def scope(granted: Mapping[str, Any] | None, entity: str) -> str:
    """What is granted of an entity's records, in the words of rights.txt."""
    if granted is None:
        return "-"
    if not written()[entity]:
        return str(granted["rows"]).lower()
    creates = "new" if granted["create"] else "-"
    scopes = [(granted[each] or "-").lower() for each in ("rows", "update", "delete")]
    return "/".join([scopes[0], creates, *scopes[1:]]).removesuffix("/-/-/-")


def mark(granted: Mapping[str, Any] | None, entity: str, name: str, *, ruled: bool) -> str:
    """What is granted of a field."""
    if granted is None or name not in granted["readable"]:
        return NEITHER
    accepted = name in written()[entity] or name.startswith(ATTRIBUTES)
    writes = WRITTEN if accepted and name in granted["writable"] else ""
    return f"{RULED}{writes}" if ruled else writes or READ


async def write(world: World) -> None:
    """Write the file."""
    found = text(await ask(world))
    await asyncio.to_thread(FILE.write_text, found, "utf-8")
