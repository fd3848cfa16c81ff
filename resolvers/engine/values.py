"""From what a caller set to what is kept: ids without their prefix, numbers with their digits, attributes by their ids."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.fields import Field, Kind, Reference
from db.engine.model import Entity
from db.engine.plan.values import parse_id
from domain.access import Attribute
from domain.codes import UserErrorCode
from domain.setup import AttributeKind
from domain.values import SCALE, number_violation, text_violation
from domain.violations import Violation
from resolvers.engine.drafts import Draft, Told

ATTRIBUTES = "attributes"
VALUES = ("text", "number", "date", "boolean")
UNIT = Decimal(1).scaleb(-SCALE)
EMPTY = "This cannot be empty: give a value."
NO_ID = UUID(int=0)
"""Stands for an id that leads nowhere, so that it is looked for like any other."""


def fill(draft: Draft, viewer: Viewer) -> None:
    """Set what was given in `draft.after`, noting what cannot be kept."""
    written = draft.entity.written
    for name, value in draft.given.items():
        if name == ATTRIBUTES:
            _fill_attributes(draft, viewer, value or [])
        elif name in written:
            _fill_one(draft, written[name], value)


def _fill_one(draft: Draft, what: Field | Reference, value: Any) -> None:
    if value is None:
        if not what.nullable:
            if draft.before is None and _has_default(draft.entity, what):
                return
            draft.fault(Violation(UserErrorCode.REQUIRED, EMPTY, what.column))
            return
        draft.after[what.column] = None
        return
    if isinstance(what, Reference):
        prefix = draft.entity.targets[what.name].prefix
        draft.after[what.column] = parse_id(value, prefix) or NO_ID
        return
    kept, fault = _kept(what, value)
    if fault is not None:
        draft.fault(fault)
    else:
        draft.after[what.column] = kept


def _has_default(entity: Entity, what: Field | Reference) -> bool:
    return what.exposed.chosen or entity.table.c[what.column].server_default is not None


def _kept(what: Field, value: Any) -> tuple[Any, Violation | None]:
    if what.kind is Kind.TEXT:
        return value, text_violation(
            value, what.column, needed=not what.nullable, longest=what.exposed.longest
        )
    if what.kind in (Kind.DECIMAL, Kind.MONEY):
        fault = number_violation(value, what.column)
        return (value if fault else value.quantize(UNIT)), fault
    return (value.value if isinstance(value, Enum) else value), None


def _fill_attributes(draft: Draft, viewer: Viewer, given: list[Mapping[str, Any]]) -> None:
    column = draft.entity.attributes or ""
    values = dict(draft.after[column])
    keys = [each["key"] for each in given]
    for number, each in enumerate(given):
        if each["key"] in keys[:number]:
            message = "This attribute is named twice: which value is meant, nobody could say."
            draft.told.append(
                Told(UserErrorCode.INVALID, message, (*draft.path, ATTRIBUTES, str(number)))
            )
            continue
        attribute = viewer.attribute(draft.entity.name, each["key"])
        if attribute is None:
            continue  # it was refused before
        set_ = {word: each[word] for word in VALUES if each.get(word) is not None}
        word = attribute.kind.value.lower()
        if set(set_) - {word}:
            message = f"{attribute.key} is of kind {attribute.kind}: give its value as `{word}`."
            place = (*draft.path, ATTRIBUTES, str(number), next(iter(set(set_) - {word})))
            draft.told.append(Told(UserErrorCode.INVALID, message, place))
            continue
        _set_attribute(draft, values, attribute, set_.get(word), (ATTRIBUTES, str(number), word))
    draft.after[column] = values


def _set_attribute(
    draft: Draft, values: dict[str, Any], attribute: Attribute, value: Any, at: tuple[str, ...]
) -> None:
    fault = None
    if value is None:
        values.pop(attribute.id, None)
        return
    if attribute.kind is AttributeKind.TEXT:
        fault = text_violation(value, "", needed=False)
    elif attribute.kind is AttributeKind.NUMBER:
        fault = number_violation(value, "")
    if fault is not None:
        draft.told.append(Told(fault.problem, fault.message, (*draft.path, *at)))
        return
    values[attribute.id] = value.isoformat() if isinstance(value, date) else value
