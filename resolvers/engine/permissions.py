"""Permission checks of a command that need only the caller's rights and no database query."""

from __future__ import annotations

from collections.abc import Iterable

from auth.engine.viewer import Viewer
from db.engine.base import Record
from db.engine.gate import FieldAccess
from db.engine.hidden import is_readable
from domain.codes import Code
from domain.message import Message
from resolvers.engine.changeset import AnyChangeset, Params
from resolvers.engine.values import ATTRIBUTES

NOT_EDITABLE = Message(
    "You can see this record but not change it. Ask its owner or an administrator."
)
NO_CREATING = Message(
    "You cannot create records of type {type}. Ask an administrator for the right."
)
NO_CHANGING = Message(
    "You cannot change records of type {type}. Ask an administrator for the right."
)
SWITCHED_OFF = Message("This feature is switched off. An administrator can switch it on.")
OUT_OF_SIGHT = Message(
    "You could no longer see the record after this change. Choose an owner whose records you can "
    "see."
)


def cannot_create(item: AnyChangeset) -> Message:
    """Message if the caller may not create records of this type."""
    return NO_CREATING.fill(type=item.entity.name)


def cannot_change(item: AnyChangeset) -> Message:
    """Message if the caller may not update, delete or restore records of this type."""
    return NO_CHANGING.fill(type=item.entity.name)


def check_fields(item: AnyChangeset, viewer: Viewer, row: Record | None = None) -> None:
    """Record every field that the caller may not write: as `forbidden` if unreadable, else as `read_only`.

    Conditional fields need the `row`; without it they pass.
    """
    entity = item.entity
    for name, value in (dict.fromkeys(item.implied_writes) | item.params).items():
        if name == ATTRIBUTES:
            _check_attributes(item, viewer, value or [])
        elif name in entity.written:
            path = (*item.path, name)
            right = viewer.right(entity.name, name)
            if right is FieldAccess.HIDDEN:
                item.forbidden[path] = name
            elif not viewer.may_write(entity.name, name):
                item.read_only[path] = name
            elif row is not None and not is_readable(
                viewer, entity, entity.written[name].column, row
            ):
                item.forbidden[path] = name
    for name in item.implied_reads:
        member = entity.fields.get(name) or entity.references[name]
        if row is not None and not is_readable(viewer, entity, member.column, row):
            item.forbidden[item.path] = name


def imply_write(item: AnyChangeset, name: str) -> None:
    """Require the right to write a field that the command sets if the caller does not."""
    if item.params.get(name) is None:
        item.params.pop(name, None)
        item.implied_writes.append(name)


def imply_read(item: AnyChangeset, viewer: Viewer, name: str) -> None:
    """Require the right to read a field that the command sets and that is not in its input."""
    if viewer.right(item.entity.name, name) is FieldAccess.HIDDEN:
        item.forbidden[item.path] = name
    else:
        item.implied_reads.append(name)  # conditional fields are checked with the row


def _check_attributes(item: AnyChangeset, viewer: Viewer, values: list[Params]) -> None:
    for number, each in enumerate(values):
        key = str(each["key"])
        path = (*item.path, ATTRIBUTES, str(number), "key")
        attribute = viewer.attribute(item.entity.name, key)
        if attribute is None:
            item.forbidden[path] = key
        elif not viewer.may_write(item.entity.name, attribute.id):
            item.read_only[path] = key


def check_feature(viewer: Viewer, items: Iterable[AnyChangeset]) -> None:
    """Refuse records of a feature that is switched off."""
    for each in items:
        feature = viewer.off.get(each.entity.name)
        if feature:
            each.refuse(Code.FORBIDDEN, SWITCHED_OFF, feature=feature)


def check_creating(item: AnyChangeset, viewer: Viewer) -> None:
    """Refuse a create if the caller may not create records of its type or of its nested creates."""
    check_feature(viewer, item.children)
    for each in item.with_nested():
        if not viewer.may_create(each.entity.name):
            each.refuse(Code.FORBIDDEN, cannot_create(each))
