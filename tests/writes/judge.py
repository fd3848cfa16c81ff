"""What is wrong with an input, by rights and by the rules that hold for one field: told of the model's state only."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.proof.values import minor, rounded
from tests.writes.answers import Fault, Path
from tests.writes.commands import Input
from tests.writes.kinds import ABOVE, KINDS, MONEY, PAIRS, PARTS, Row, read_id
from tests.writes.rights import Person, SetUp, sees, unreadable
from tests.writes.state import State

LONGEST = 10_000
ANY = object()
"""A value that the server chooses: taken as it is found."""
HELD = ("id", "version", "attributes", *(name for _, name in PARTS.values()))
"""Of an input, what is no field."""


@dataclass
class Judged:
    """What is expected to be said of one input, and what is done if nothing is."""

    faults: set[Fault] = field(default_factory=set)
    """All of these."""
    loose: set[Fault] = field(default_factory=set)
    """Perhaps these too: no rule says."""
    refused_fields: frozenset[str] = frozenset()
    """Fields that he may not write, whatever the record: told before it is looked at."""
    conflict: tuple[int, dict[str, tuple[Any, Any, Any]]] | None = None
    """The version that is there, and by field what is given, what is there, and what was."""
    id: UUID | None = None
    effect: Callable[[], UUID | None] = lambda: None

    def fault(self, code: str, *path: str) -> None:
        """Something wrong with the input."""
        self.faults.add(Fault(code, path, refusal=False))

    def refuse(self, code: str, *path: str) -> None:
        """A refusal; without a path it is about no one place."""
        self.faults.add(Fault(code, path or None, refusal=True))

    def perhaps(self, code: str, *, refusal: bool = True) -> None:
        """What may be said, at any place."""
        self.loose.add(Fault(code, None, refusal))


@dataclass(frozen=True)
class Asked:
    """An input, by whom, of which kind, and in which state of things."""

    setup: SetUp
    state: State
    person: Person
    entity: str
    input: Input

    @property
    def kind(self) -> Any:
        return KINDS[self.entity]

    def row(self) -> Row | None:
        """The record that the input names, in the bin or not."""
        identity = read_id(self.entity, self.input["id"])
        return self.state.tables[self.entity].get(identity) if identity else None

    def sees(self, entity: str, row: Row | None, *, bin_too: bool = False) -> bool:
        """Whether the person sees a record."""
        return row is not None and sees(
            self.person, entity, row, self.state.tables, bin_too=bin_too
        )


def fields(asked: Asked, judged: Judged, row: Row | None, *, creating: bool) -> None:
    """What the person may not write of the fields that are given."""
    person, entity = asked.person, asked.entity
    if person.full:
        return
    module = person.modules.get(entity)
    static: set[str] = set()
    for name in (name for name in asked.input if name not in HELD):
        readable = module is not None and name in module.readable
        writable = readable and module is not None and name in module.writable
        if not readable or not writable:
            judged.refuse("FIELD_READ_ONLY" if readable else "FIELD_FORBIDDEN")
            static.add(name)
        status = None if row is None else row.get("status")
        if readable and unreadable(person, entity, name, status):
            if creating or not writable:
                judged.perhaps("FIELD_FORBIDDEN")
            else:
                judged.refuse("FIELD_FORBIDDEN")
    judged.refused_fields = frozenset(static)
    for given in asked.input.get("attributes") or []:
        definition = asked.setup.attributes.get((entity, given["key"]))
        key = None if definition is None else str(definition["id"])
        if module is None or key not in module.readable:
            judged.refuse("FIELD_FORBIDDEN")
        elif key not in module.writable:
            judged.refuse("FIELD_READ_ONLY")


def links(asked: Asked, judged: Judged, values: Row) -> None:
    """Put the records that are linked to into the values; what cannot be seen is not there."""
    for name, target in asked.kind.links.items():
        if name not in asked.input:
            continue
        given = asked.input[name]
        if given is None:
            values[f"{name}_id"] = None
            continue
        identity = read_id(target, given)
        row = asked.state.tables[target].get(identity) if identity else None
        if not asked.sees(target, row):
            judged.refuse("NOT_FOUND", name)
        else:
            values[f"{name}_id"] = identity


def plain(asked: Asked, judged: Judged, values: Row, at: Path = ()) -> None:
    """Put the plain fields into the values, and say what is wrong with each by itself."""
    for name in asked.kind.plain:
        if name not in asked.input:
            continue
        given = asked.input[name]
        values[asked.kind.column(name)] = parsed(name, given)
        if isinstance(given, str) and len(given) > LONGEST:
            judged.fault("TOO_LONG", *at, name)
        elif given is not None and not valid(name, given):
            judged.fault("INVALID", *at, name)


def valid(name: str, given: Any) -> bool:
    """Whether a value is one that the field can have at all."""
    if name == "country":
        return re.fullmatch("[A-Z]{2}", given) is not None
    return name != "probability" or 0 <= given <= 100


def parsed(name: str, given: Any) -> Any:
    """A value of an input as it is kept."""
    if given is not None and name in MONEY:
        return Decimal(given)
    if given is not None and name == "expectedCloseOn":
        return date.fromisoformat(given)
    return given


def missing(asked: Asked, judged: Judged, *, creating: bool) -> None:
    """What must be there and is not, or is emptied."""
    for name in asked.kind.required:
        chosen = name in asked.kind.chosen or asked.kind.column(name) in asked.kind.extra
        if name in asked.input:
            if asked.input[name] is None:
                judged.fault("REQUIRED", name)
        elif creating and not chosen:
            judged.fault("REQUIRED", name)


def money(asked: Asked, judged: Judged, row: Row | None, after: Row) -> None:
    """Amounts that no column holds, and those that the currency cannot pay.

    Whoever changes the currency is asked about the amounts that he may always read: what is told of the others would
    tell what they are.
    """
    currency = after.get("currency")
    known = currency and re.fullmatch("[A-Z]{3}", currency)
    if currency is not None and not known:
        judged.fault("INVALID", "currency")
    for name in MONEY:
        amount = after.get(name)
        if amount is None:
            continue
        if name in asked.input and (amount != rounded(amount, 4) or abs(amount) >= 10**14):
            judged.fault("INVALID", name)
        elif currency and known and amount != rounded(amount, minor(currency)):
            read = not unreadable(asked.person, asked.entity, name, None)
            if row is None or row[name] != amount:
                judged.faults.add(Fault("INVALID", (name,) if read else None, refusal=False))
            elif row["currency"] != currency and read:
                judged.fault("INVALID", name)


def attributes(asked: Asked, judged: Judged, custom: dict[str, Any]) -> dict[str, Any]:
    """The custom values with those that are given."""
    after = dict(custom)
    for given in asked.input.get("attributes") or []:
        definition = asked.setup.attributes.get((asked.entity, given["key"]))
        if definition is None:
            judged.refuse("FIELD_FORBIDDEN")
            judged.perhaps("INVALID", refusal=False)
            judged.perhaps("NOT_FOUND")
            continue
        wanted = definition["kind"].lower()
        if any(name not in ("key", wanted) for name in given):
            judged.faults.add(Fault("INVALID", None, refusal=False))
            continue
        value = given.get(wanted)
        key = str(definition["id"])
        if value is None:
            after.pop(key, None)
        else:
            after[key] = Decimal(value) if wanted == "number" else value
    return after


def duplicate(asked: Asked, judged: Judged, after: Row, *, restoring: bool = False) -> None:
    """What another live record has already, seen by the person or not."""
    others = [row for row in asked.state.live(asked.entity) if row["id"] != after.get("id")]
    external = after.get("external_id")
    if external is not None and any(row.get("external_id") == external for row in others):
        if restoring:
            judged.faults.add(Fault("DUPLICATE", None, refusal=False))
        else:
            judged.fault("DUPLICATE", "externalId")
    if pair := PAIRS.get(asked.entity):
        mine = [after.get(column) for column in pair]
        if any([row[column] for column in pair] == mine for row in others):
            judged.faults.add(Fault("DUPLICATE", None, refusal=False))


def above_itself(
    state: State, entity: str, child: UUID, parent: UUID | None, *, live_only: bool
) -> bool:
    """Whether a record would come to be above itself."""
    seen: set[UUID] = set()
    while parent is not None and parent not in seen:
        if parent == child:
            return True
        seen.add(parent)
        row = state.tables[entity][parent]
        gone = live_only and row["deleted_at"] is not None
        parent = None if gone else row[f"{ABOVE[entity]}_id"]
    return False
