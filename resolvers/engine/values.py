"""From the parameters of a caller to the values of columns: ids without prefix, numbers with their digits, attributes by id."""

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
from domain.setup import AttributeKind
from domain.values import SCALE, number_violation, text_violation
from domain.violations import Violation
from resolvers.engine.changeset import AnyChangeset, Params

ATTRIBUTES = "attributes"
TYPE = "type_id"
"""The column with the type, of records that have one: what it presets and which attributes it carries follow from it."""
VALUES = ("text", "number", "date", "boolean")
UNIT = Decimal(1).scaleb(-SCALE)
EMPTY = "The field is required. Enter a value."
NO_ID = UUID(int=0)
"""Stands for an id of another type, which no record has, so that it is looked up like any other."""


def fill(item: AnyChangeset, viewer: Viewer) -> None:
    """Set the parameters in the record, noting what cannot be stored."""
    written = item.entity.written
    for name, value in item.params.items():
        if name == ATTRIBUTES:
            _fill_attributes(item, viewer, attributes_of(item.params))
        elif name in written:
            _fill_one(item, written[name], value)


def attributes_of(params: Params) -> list[Params]:
    """The values of custom attributes among the parameters, each with its `key`."""
    return cast("list[Params]", params.get(ATTRIBUTES) or [])


def _fill_one(item: AnyChangeset, what: Field | Reference, value: object) -> None:
    if value is None:
        if not what.nullable:
            if item.before is None and _has_default(item.entity, what):
                return
            item.violation(Violation(UserErrorCode.REQUIRED, EMPTY, what.column))
            return
        setattr(item.record, what.column, None)
        return
    if isinstance(what, Reference):
        prefix = item.entity.targets[what.name].prefix
        setattr(item.record, what.column, parse_id(value, prefix) or NO_ID)
        return
    kept, violation = _kept(what, value)
    if violation is not None:
        item.violation(violation)
    else:
        setattr(item.record, what.column, kept)


def _has_default(entity: Entity, what: Field | Reference) -> bool:
    return what.exposed.server_assigned or entity.table.c[what.column].server_default is not None


def _kept(what: Field, value: object) -> tuple[object, Violation | None]:
    if what.kind is Kind.TEXT:
        text = cast("str", value)
        return text, text_violation(
            text, what.column, needed=not what.nullable, longest=what.exposed.longest
        )
    if what.kind in (Kind.DECIMAL, Kind.MONEY):
        number = cast("Decimal", value)
        violation = number_violation(number, what.column)
        return (number if violation else number.quantize(UNIT)), violation
    return (what.enum(cast("str", value)) if what.enum else value), None


def _fill_attributes(item: AnyChangeset, viewer: Viewer, given: list[Params]) -> None:
    column = item.entity.attributes or ""
    values = dict(getattr(item.record, column))
    keys = [str(each["key"]) for each in given]
    for number, each in enumerate(given):
        key = keys[number]
        if key in keys[:number]:
            message = "The list contains this attribute twice. Remove one of the values."
            item.error(UserErrorCode.INVALID, message, ATTRIBUTES, str(number))
            continue
        attribute = viewer.attribute(item.entity.name, key)
        if attribute is None:
            continue  # it was refused before
        set_ = {word: each[word] for word in VALUES if each.get(word) is not None}
        word = attribute.kind.value.lower()
        if set(set_) - {word}:
            message = (
                f"The attribute {attribute.key} is of kind {attribute.kind}. Send its value as "
                f"`{word}`."
            )
            place = next(iter(set(set_) - {word}))
            item.error(UserErrorCode.INVALID, message, ATTRIBUTES, str(number), place)
            continue
        _set_attribute(item, values, attribute, set_.get(word), (ATTRIBUTES, str(number), word))
    setattr(item.record, column, values)


def _set_attribute(
    item: AnyChangeset,
    values: dict[str, object],
    attribute: AttributeRights,
    value: object,
    at: tuple[str, ...],
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
        item.error(violation.code, violation.message, *at)
        return
    values[attribute.id] = value.isoformat() if isinstance(value, date) else value
