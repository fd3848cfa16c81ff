"""Whether a caller may do what he asks, as far as his rights alone say: nothing is looked up for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from auth.engine.viewer import Viewer
from db.engine.gate import Guard, Right
from db.engine.model import Entity
from db.engine.write.row_json import Row, named
from domain.codes import Code
from domain.violations import Violation
from resolvers.engine.drafts import Draft
from resolvers.engine.values import ATTRIBUTES

NOT_YOURS = "You may see this record, but not change it. Ask whoever is responsible for it, or an administrator."
ASK = "Ask an administrator for the right."
SWITCHED_OFF = "This is switched off for your organisation; an administrator can switch it on."
OUT_OF_SIGHT = "The record would then be outside of what you may see: leave it with somebody whose records you see."
HIDDEN = "The record would not be right then, because of something that you may not see. Ask whoever may."


def in_sight(guard: Guard, entity: Entity, fault: Violation) -> Violation:
    """A fault of a column that the caller may not read is one of the whole record."""
    what = named(entity).get(fault.column)
    if what is None or guard.right(entity.name, what.name) is Right.OPEN:
        return fault
    return Violation(fault.problem, HIDDEN)


def no_creating(draft: Draft) -> str:
    """What is said to somebody who may create nothing of this kind."""
    return f"You may not create records of the type {draft.entity.name}. {ASK}"


def no_changing(draft: Draft) -> str:
    """What is said to somebody who may change nothing of this kind, nor delete or restore it."""
    return f"You may not change records of the type {draft.entity.name}. {ASK}"


def check_fields(draft: Draft, viewer: Viewer, row: Row | None = None) -> None:
    """Note every field that may not be written: unreadable ones apart from those that are read only.

    Fields that are ruled by status need the `row` to be judged; before it is known they pass.
    """
    entity = draft.entity
    for name, value in (dict.fromkeys(draft.touched) | draft.given).items():
        if name == ATTRIBUTES:
            _check_attributes(draft, viewer, value or [])
        elif name in entity.written:
            at = (*draft.path, name)
            right = viewer.right(entity.name, name)
            if right is Right.CLOSED:
                draft.forbidden[at] = name
            elif not viewer.may_write(entity.name, name):
                draft.read_only[at] = name
            elif row is not None and not reads(viewer, entity, name, row):
                draft.forbidden[at] = name
    for name in draft.said:
        if row is not None and not reads(viewer, entity, name, row):
            draft.forbidden[draft.path] = name


def check_said(draft: Draft, viewer: Viewer, name: str) -> None:
    """Note that the caller may not read a field that a deed says anew, though its input does not name it.

    What only deeds write is in no profile's hands: who may change the record may do them.
    """
    if viewer.right(draft.entity.name, name) is Right.CLOSED:
        draft.forbidden[draft.path] = name
    else:
        draft.said += (name,)  # what is ruled by status is judged with the record


def reads(viewer: Viewer, entity: Entity, name: str, row: Row) -> bool:
    """Whether the caller may read a field of a record, as that stands."""
    right = viewer.right(entity.name, name)
    if right is not Right.RULED:
        return right is Right.OPEN
    return row[entity.status or ""] in viewer.rights[entity.name].ruled[name]


def _check_attributes(draft: Draft, viewer: Viewer, given: list[Mapping[str, Any]]) -> None:
    for number, each in enumerate(given):
        key = str(each["key"])
        at = (*draft.path, ATTRIBUTES, str(number), "key")
        attribute = viewer.attribute(draft.entity.name, key)
        if attribute is None:
            draft.forbidden[at] = key
        elif not viewer.may_write(draft.entity.name, attribute.id):
            draft.read_only[at] = key


def check_feature(viewer: Viewer, drafts: Iterable[Draft]) -> None:
    """Note what belongs to a feature that is switched off: that is no secret, and no matter of rights."""
    for each in drafts:
        feature = viewer.off.get(each.entity.name)
        if feature:
            each.refuse(Code.FORBIDDEN, SWITCHED_OFF, feature=feature)


def check_creating(draft: Draft, viewer: Viewer) -> None:
    """Note whether records of this kind may be created, and of those that come with it."""
    check_feature(viewer, draft.nested)
    for each in draft.everything():
        if not viewer.may_create(each.entity.name):
            each.refuse(Code.FORBIDDEN, no_creating(each))
