"""Permission checks of a command that need only the caller's rights and no database query."""

from __future__ import annotations

from collections.abc import Iterable

from auth.engine.viewer import Viewer
from db.engine.base import Record
from db.engine.gate import Right
from db.engine.hidden import is_readable
from domain.codes import Code
from resolvers.engine.changeset import AnyChangeset, Params
from resolvers.engine.values import ATTRIBUTES

NOT_EDITABLE = "You can see this record but not change it. Ask its owner or an administrator."
ASK = "Ask an administrator for the right."
SWITCHED_OFF = "This feature is switched off. An administrator can switch it on."
OUT_OF_SIGHT = (
    "You could no longer see the record after this change. Choose an owner whose records you can "
    "see."
)


def no_creating(item: AnyChangeset) -> str:
    """The refusal where no record of this type may be created."""
    return f"You cannot create records of type {item.entity.name}. {ASK}"


def no_changing(item: AnyChangeset) -> str:
    """The refusal where no record of this type may be updated, deleted or restored."""
    return f"You cannot change records of type {item.entity.name}. {ASK}"


def check_fields(item: AnyChangeset, viewer: Viewer, row: Record | None = None) -> None:
    """Note every field that may not be written: unreadable ones apart from those that are read only.

    Fields with a rule per status need the `row` to be judged; before it is known they pass.
    """
    entity = item.entity
    for name, value in (dict.fromkeys(item.implied_writes) | item.params).items():
        if name == ATTRIBUTES:
            _check_attributes(item, viewer, value or [])
        elif name in entity.written:
            at = (*item.path, name)
            right = viewer.right(entity.name, name)
            if right is Right.CLOSED:
                item.forbidden[at] = name
            elif not viewer.may_write(entity.name, name):
                item.read_only[at] = name
            elif row is not None and not is_readable(
                viewer, entity, entity.written[name].column, row
            ):
                item.forbidden[at] = name
    for name in item.implied_reads:
        what = entity.fields.get(name) or entity.references[name]
        if row is not None and not is_readable(viewer, entity, what.column, row):
            item.forbidden[item.path] = name


def imply_write(item: AnyChangeset, name: str) -> None:
    """The command sets this field by itself where the caller leaves it open."""
    if item.params.get(name) is None:
        item.params.pop(name, None)
        item.implied_writes.append(name)


def imply_read(item: AnyChangeset, viewer: Viewer, name: str) -> None:
    """The command sets this field, which its input does not name: the caller must be allowed to read it."""
    if viewer.right(item.entity.name, name) is Right.CLOSED:
        item.forbidden[item.path] = name
    else:
        item.implied_reads.append(name)  # a rule per status is judged with the record


def _check_attributes(item: AnyChangeset, viewer: Viewer, values: list[Params]) -> None:
    for number, each in enumerate(values):
        key = str(each["key"])
        at = (*item.path, ATTRIBUTES, str(number), "key")
        attribute = viewer.attribute(item.entity.name, key)
        if attribute is None:
            item.forbidden[at] = key
        elif not viewer.may_write(item.entity.name, attribute.id):
            item.read_only[at] = key


def check_feature(viewer: Viewer, items: Iterable[AnyChangeset]) -> None:
    """Refuse what belongs to a feature that is switched off: that is no secret, and no matter of rights."""
    for each in items:
        feature = viewer.off.get(each.entity.name)
        if feature:
            each.refuse(Code.FORBIDDEN, SWITCHED_OFF, feature=feature)


def check_creating(item: AnyChangeset, viewer: Viewer) -> None:
    """Refuse it where records of this type, or of those created along, may not be created."""
    check_feature(viewer, item.children)
    for each in item.everything():
        if not viewer.may_create(each.entity.name):
            each.refuse(Code.FORBIDDEN, no_creating(each))
