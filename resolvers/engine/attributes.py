"""Checks that a record has only values of the custom attributes of its type (VN-10)."""

from __future__ import annotations

from auth.engine.viewer import Viewer
from domain.codes import UserErrorCode
from domain.message import Message
from domain.violations import Violation
from resolvers.engine.changeset import AnyChangeset
from resolvers.engine.values import ATTRIBUTES, TYPE, attributes_of

NOT_CARRIED = Message(
    "Records of this type do not have the attribute {key}. Omit it, or choose another type."
)
LEFT_OVER = Message(
    "Records of the new type do not have the attributes {keys}. Clear them in the same change."
)
HIDDEN = Message(
    "The new type does not have all attributes of the record. Contact an administrator."
)


def check_carried(item: AnyChangeset, viewer: Viewer) -> None:
    """Add errors for values of attributes that the record's new type does not have."""
    entity = item.entity
    if entity.attributes is None or "type" not in entity.references:
        return
    kind, values = getattr(item.record, TYPE), getattr(item.record, entity.attributes)
    invalid = {
        id
        for id in values
        if id in viewer.attribute_types and kind not in viewer.attribute_types[id]
    }
    for number, each in enumerate(attributes_of(item.params)):
        attribute = viewer.attribute(entity.name, str(each["key"]))
        if attribute is not None and attribute.id in invalid:
            message = NOT_CARRIED.fill(key=attribute.key)
            item.error(UserErrorCode.INVALID, message, ATTRIBUTES, str(number), "key")
            invalid.discard(attribute.id)
    if invalid and item.before is not None and getattr(item.before, TYPE) != kind:
        readable = {a.id: a.key for a in viewer.attributes(entity.name)}
        keys = ", ".join(sorted(readable[id] for id in invalid if id in readable))
        message = LEFT_OVER.fill(keys=keys) if keys else HIDDEN
        item.violation(Violation(UserErrorCode.INVALID, message, TYPE))
