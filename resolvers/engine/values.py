"""Converts the caller's parameters to column values: UUIDs, numbers with their scale, custom attributes by id."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import cast
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.entity import Entity
from db.engine.fields import Field, Kind, Reference
from db.engine.plan.values import parse_id
from domain.access import AttributeRights
from domain.codes import UserErrorCode
from domain.message import Message
from domain.setup import AttributeKind
from domain.values import (
    SMALLEST_STEP,
    number_violation,
    storable_number,
    storable_text,
    text_violation,
)
from domain.violations import Violation
from resolvers.engine.changeset import AnyChangeset, Params

ATTRIBUTES = "attributes"
TYPE = "type_id"
"""The column with the record's type, which determines presets and custom attributes."""
VALUES = ("text", "number", "date", "boolean")
EMPTY = Message("The field is required. Enter a value.")
NO_ID = UUID(int=0)
"""Replaces ids of another type; no record has it, so that the lookup finds nothing."""


def set_params(item: AnyChangeset, viewer: Viewer) -> None:
    """Set the parameters in the record, with errors for values that cannot be stored."""
    written = item.entity.written
    for name, value in item.params.items():
        if name == ATTRIBUTES:
            _fill_attributes(item, viewer, attributes_of(item.params))
        elif name in written:
            _fill_one(item, written[name], value)


def attributes_of(params: Params) -> list[Params]:
    """The custom attribute values in the parameters, each with its `key`."""
    return cast("list[Params]", params.get(ATTRIBUTES) or [])


def _fill_one(item: AnyChangeset, member: Field | Reference, value: object) -> None:
    if value is None:
        if not member.nullable:
            if item.before is None and _has_default(item.entity, member):
                return
            item.violation(Violation(UserErrorCode.REQUIRED, EMPTY, member.column))
            return
        setattr(item.record, member.column, None)
        return
    if isinstance(member, Reference):
        prefix = item.entity.targets[member.name].prefix
        setattr(item.record, member.column, parse_id(value, prefix) or NO_ID)
        return
    stored, violation = _converted(member, value)
    if violation is not None:
        item.violation(violation)
    setattr(item.record, member.column, stored)


def _has_default(entity: Entity, member: Field | Reference) -> bool:
    return (
        member.exposed.server_assigned or entity.table.c[member.column].server_default is not None
    )


def _converted(member: Field, value: object) -> tuple[object, Violation | None]:
    """The column's value, and its violation. An invalid value gets a storable one in its place, so that rules can run."""
    if member.kind is Kind.TEXT:
        text = cast("str", value)
        limits = text_violation(
            text, member.column, needed=not member.nullable, longest=member.exposed.max_length
        )
        return (storable_text(text) if limits else text), limits
    if member.kind in (Kind.DECIMAL, Kind.MONEY):
        number = cast("Decimal", value)
        violation = number_violation(number, member.column)
        return (storable_number(number) if violation else number.quantize(SMALLEST_STEP)), violation
    return (member.enum(cast("str", value)) if member.enum else value), None


def _fill_attributes(item: AnyChangeset, viewer: Viewer, entries: list[Params]) -> None:
    column = item.entity.attributes or ""
    values = dict(getattr(item.record, column))
    keys = [str(each["key"]) for each in entries]
    for number, each in enumerate(entries):
        key = keys[number]
        if key in keys[:number]:
            message = Message("The list contains this attribute twice. Remove one of the values.")
            item.error(UserErrorCode.INVALID, message, ATTRIBUTES, str(number))
            continue
        attribute = viewer.attribute(item.entity.name, key)
        if attribute is None:
            continue  # already refused
        sent = {word: each[word] for word in VALUES if each.get(word) is not None}
        word = attribute.kind.value.lower()
        if set(sent) - {word}:
            message = Message(
                "The attribute {key} is of kind {kind}. Send its value as `{field}`.",
                key=attribute.key,
                kind=attribute.kind,
                field=word,
            )
            wrong_member = next(iter(set(sent) - {word}))
            item.error(UserErrorCode.INVALID, message, ATTRIBUTES, str(number), wrong_member)
            continue
        _set_attribute(item, values, attribute, sent.get(word), (ATTRIBUTES, str(number), word))
    setattr(item.record, column, values)


def _set_attribute(
    item: AnyChangeset,
    values: dict[str, object],
    attribute: AttributeRights,
    value: object,
    path: tuple[str, ...],
) -> None:
    violation = None
    if value is None:
        values.pop(attribute.id, None)
        return
    if attribute.kind is AttributeKind.TEXT:
        violation = text_violation(cast("str", value), "", needed=False)
    elif attribute.kind is AttributeKind.NUMBER:
        violation = number_violation(cast("Decimal", value), "")
    if violation is not None:
        item.error(violation.code, violation.message, *path)
        return
    values[attribute.id] = value.isoformat() if isinstance(value, date) else value
