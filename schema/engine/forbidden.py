"""Refuses operations that use fields the caller may not read, and names these fields as in the schema."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from db.engine.declare import SEARCH
from db.engine.dependencies import (
    AttributeOf,
    AttributesOf,
    Dependency,
    FieldOf,
    ListPermissionsOf,
    PermissionsOf,
    RowsOf,
    SearchOf,
    TrashOf,
    TypePermissionsOf,
)
from db.engine.plan.selection import PERMISSIONS, TYPE_PERMISSIONS
from domain.codes import Code, Refused
from domain.message import Message

FILTER = Message(
    "You cannot filter, sort, search or aggregate by {fields}. Omit it, or ask an administrator for "
    "the right."
)
READ = Message("You cannot read {fields}. Omit it, or ask an administrator for the right.")


def forbidden(names: Iterable[tuple[str, str]], message: Message) -> Refused:
    """The error for an operation that uses unreadable fields, given as entity and field (D-31)."""
    each = list(names)
    shown = ", ".join(f"{entity}.{field}".rstrip(".") for entity, field in each)
    fields = [{"type": entity, "field": field} for entity, field in each]
    return Refused(Code.FIELD_FORBIDDEN, message.fill(fields=shown), fields=fields)


def written_as(dependency: Dependency) -> tuple[str, str]:
    """The entity and the field behind a dependency; an empty field stands for the entity itself."""
    match dependency:
        case RowsOf(entity):
            return entity, ""
        case FieldOf(entity, name) | AttributeOf(entity, name):
            return entity, name
        case AttributesOf(entity):
            return entity, "attributes"
        case SearchOf(entity):
            return entity, SEARCH
        case TrashOf(entity):
            return entity, "trashed"
        case PermissionsOf(entity) | ListPermissionsOf(entity):
            return entity, PERMISSIONS
        case TypePermissionsOf(entity):
            return entity, TYPE_PERMISSIONS
        case _:
            assert_never(dependency)
