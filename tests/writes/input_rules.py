"""Errors that the model expects for one input: missing rights, invalid field values, duplicates and cycles."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.proof.values import minor, rounded
from tests.writes.commands import Input
from tests.writes.entity_types import (
    ENTITY_TYPES,
    HIERARCHY_LINKS,
    MONEY,
    NESTED_CHILDREN,
    UNIQUE_PAIRS,
    Row,
    parse_api_id,
)
from tests.writes.responses import ApiError, Path
from tests.writes.rights import Persona, SetUp, sees, unreadable
from tests.writes.state import State

MAX_LENGTH = 10_000
ANY = object()
"""A value that the server chooses; the comparison accepts any value."""
NOT_FIELDS = ("id", "version", "attributes", *(name for _, name in NESTED_CHILDREN.values()))
"""Input entries that are not fields of the record."""


@dataclass
class Expectation:
    """Expected outcome of one input: its errors, or its effect on the model if there are none."""

    errors: set[ApiError] = field(default_factory=set)
    """Errors that the response must contain."""
    allowed: set[ApiError] = field(default_factory=set)
    """Errors that the response may contain; no rule specifies them."""
    refused_fields: frozenset[str] = frozenset()
    """Fields that the caller may write on no record; they are reported before the record is read."""
    conflict: tuple[int, dict[str, tuple[Any, Any, Any]]] | None = None
    """The current version and, by field, the requested value, the current value and the base value."""
    id: UUID | None = None
    effect: Callable[[], UUID | None] = lambda: None

    def error(self, code: str, *path: str) -> None:
        """Expect a user error at a path of the input."""
        self.errors.add(ApiError(code, path, refusal=False))

    def refuse(self, code: str, *path: str) -> None:
        """Expect a refusal; without a path it matches any path."""
        self.errors.add(ApiError(code, path or None, refusal=True))

    def allow(self, code: str, *, refusal: bool = True) -> None:
        """Accept an error at any path."""
        self.allowed.add(ApiError(code, None, refusal))


@dataclass(frozen=True)
class InputContext:
    """One input with the persona that sends it, its entity and the state that it applies to."""

    setup: SetUp
    state: State
    person: Persona
    entity: str
    input: Input

    @property
    def type(self) -> Any:
        return ENTITY_TYPES[self.entity]

    def row(self) -> Row | None:
        """The record that the input names, live or in the trash."""
        identity = parse_api_id(self.entity, self.input["id"])
        return self.state.tables[self.entity].get(identity) if identity else None

    def sees(self, entity: str, row: Row | None, *, include_trashed: bool = False) -> bool:
        """Whether the record is visible to the persona."""
        return row is not None and sees(
            self.person, entity, row, self.state.tables, include_trashed=include_trashed
        )


def check_fields(
    context: InputContext, expected: Expectation, row: Row | None, *, creating: bool
) -> None:
    """Expect a refusal for each given field that the persona may not read or write."""
    person, entity = context.person, context.entity
    if person.full:
        return
    granted = person.grants.get(entity)
    static: set[str] = set()
    for name in (name for name in context.input if name not in NOT_FIELDS):
        readable = granted is not None and name in granted.readable
        writable = readable and granted is not None and name in granted.writable
        if not readable or not writable:
            expected.refuse("FIELD_READ_ONLY" if readable else "FIELD_FORBIDDEN")
            static.add(name)
        status = None if row is None else row.get("status")
        if readable and unreadable(person, entity, name, status):
            if creating or not writable:
                expected.allow("FIELD_FORBIDDEN")
            else:
                expected.refuse("FIELD_FORBIDDEN")
    expected.refused_fields = frozenset(static)
    for entry in context.input.get("attributes") or []:
        definition = context.setup.attributes.get((entity, entry["key"]))
        key = None if definition is None else str(definition["id"])
        if granted is None or key not in granted.readable:
            expected.refuse("FIELD_FORBIDDEN")
        elif key not in granted.writable:
            expected.refuse("FIELD_READ_ONLY")


def resolve_links(context: InputContext, expected: Expectation, values: Row) -> None:
    """Put the ids of linked records into the values; expect NOT_FOUND for invisible ones."""
    for name, target in context.type.links.items():
        if name not in context.input:
            continue
        value = context.input[name]
        if value is None:
            values[f"{name}_id"] = None
            continue
        identity = parse_api_id(target, value)
        row = context.state.tables[target].get(identity) if identity else None
        if not context.sees(target, row):
            expected.refuse("NOT_FOUND", name)
        else:
            values[f"{name}_id"] = identity


def parse_fields(context: InputContext, expected: Expectation, values: Row, at: Path = ()) -> None:
    """Put the scalar fields into the values; expect an error for each invalid one."""
    for name in context.type.plain:
        if name not in context.input:
            continue
        value = context.input[name]
        values[context.type.column(name)] = parsed(name, value)
        if isinstance(value, str) and len(value) > MAX_LENGTH:
            expected.error("TOO_LONG", *at, name)
        elif value is not None and not valid(name, value):
            expected.error("INVALID", *at, name)


def valid(name: str, value: Any) -> bool:
    """Whether a value is in the range of the field."""
    if name == "country":
        return re.fullmatch("[A-Z]{2}", value) is not None
    return name != "probability" or 0 <= value <= 100


def parsed(name: str, value: Any) -> Any:
    """The stored form of an input value."""
    if value is not None and name in MONEY:
        return Decimal(value)
    if value is not None and name == "expectedCloseOn":
        return date.fromisoformat(value)
    return value


def check_required(context: InputContext, expected: Expectation, *, creating: bool) -> None:
    """Expect REQUIRED for each required field that is absent or null."""
    for name in context.type.required:
        server_set = (
            name in context.type.server_set or context.type.column(name) in context.type.defaults
        )
        if name in context.input:
            if context.input[name] is None:
                expected.error("REQUIRED", name)
        elif creating and not server_set:
            expected.error("REQUIRED", name)


def check_amounts(
    context: InputContext, expected: Expectation, row: Row | None, after: Row
) -> None:
    """Expect INVALID for amounts out of the column's range and for more decimals than the currency has.

    A changed currency is checked only against amounts that the caller can always read: an error on
    another amount would reveal it.
    """
    currency = after.get("currency")
    known = currency and re.fullmatch("[A-Z]{3}", currency)
    if currency is not None and not known:
        expected.error("INVALID", "currency")
    for name in MONEY:
        amount = after.get(name)
        if amount is None:
            continue
        if name in context.input and (amount != rounded(amount, 4) or abs(amount) >= 10**14):
            expected.error("INVALID", name)
        elif currency and known and amount != rounded(amount, minor(currency)):
            read = not unreadable(context.person, context.entity, name, None)
            if row is None or row[name] != amount:
                expected.errors.add(ApiError("INVALID", (name,) if read else None, refusal=False))
            elif row["currency"] != currency and read:
                expected.error("INVALID", name)


def merge_attributes(
    context: InputContext, expected: Expectation, custom: dict[str, Any]
) -> dict[str, Any]:
    """The custom attribute values after the input; expect errors for unknown keys and wrong types."""
    after = dict(custom)
    for entry in context.input.get("attributes") or []:
        definition = context.setup.attributes.get((context.entity, entry["key"]))
        if definition is None:
            expected.refuse("FIELD_FORBIDDEN")
            expected.allow("INVALID", refusal=False)
            expected.allow("NOT_FOUND")
            continue
        value_type = definition["kind"].lower()
        if any(name not in ("key", value_type) for name in entry):
            expected.errors.add(ApiError("INVALID", None, refusal=False))
            continue
        value = entry.get(value_type)
        key = str(definition["id"])
        if value is None:
            after.pop(key, None)
        else:
            after[key] = Decimal(value) if value_type == "number" else value
    return after


def check_unique(
    context: InputContext, expected: Expectation, after: Row, *, restoring: bool = False
) -> None:
    """Expect DUPLICATE for a unique value of another live record, visible to the persona or not."""
    others = [row for row in context.state.live(context.entity) if row["id"] != after.get("id")]
    external = after.get("external_id")
    if external is not None and any(row.get("external_id") == external for row in others):
        if restoring:
            expected.errors.add(ApiError("DUPLICATE", None, refusal=False))
        else:
            expected.error("DUPLICATE", "externalId")
    if pair := UNIQUE_PAIRS.get(context.entity):
        mine = [after.get(column) for column in pair]
        if any([row[column] for column in pair] == mine for row in others):
            expected.errors.add(ApiError("DUPLICATE", None, refusal=False))


def makes_cycle(
    state: State, entity: str, child: UUID, parent: UUID | None, *, live_only: bool
) -> bool:
    """Whether the parent makes a record its own ancestor."""
    seen: set[UUID] = set()
    while parent is not None and parent not in seen:
        if parent == child:
            return True
        seen.add(parent)
        row = state.tables[entity][parent]
        skip = live_only and row["deleted_at"] is not None
        parent = None if skip else row[f"{HIERARCHY_LINKS[entity]}_id"]
    return False
