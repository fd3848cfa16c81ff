"""A record holds values only of those custom attributes that its type carries (VN-10)."""

from __future__ import annotations

from auth.engine.viewer import Viewer
from domain.codes import UserErrorCode
from domain.violations import Violation
from resolvers.engine.changeset import AnyChangeset
from resolvers.engine.values import ATTRIBUTES, TYPE, attributes_of

NOT_CARRIED = (
    "Records of this type do not have the attribute {key}. Omit it, or choose another type."
)
LEFT_OVER = (
    "Records of the new type do not have the attributes {keys}. Clear them in the same change."
)
HIDDEN = "The new type does not have all attributes of the record. Contact an administrator."


def check_carried(item: AnyChangeset, viewer: Viewer) -> None:
    """Note values of attributes that the record's type, as it is to be written, does not carry."""
    entity = item.entity
    if entity.attributes is None or "type" not in entity.references:
        return
    kind, held = getattr(item.record, TYPE), getattr(item.record, entity.attributes)
    stray = {id for id in held if id in viewer.carried and kind not in viewer.carried[id]}
    for number, each in enumerate(attributes_of(item.params)):
        attribute = viewer.attribute(entity.name, str(each["key"]))
        if attribute is not None and attribute.id in stray:
            message = NOT_CARRIED.format(key=attribute.key)
            item.error(UserErrorCode.INVALID, message, ATTRIBUTES, str(number), "key")
            stray.discard(attribute.id)
    if stray and item.before is not None and getattr(item.before, TYPE) != kind:
        known = {a.id: a.key for a in viewer.attributes(entity.name)}
        keys = ", ".join(sorted(known[id] for id in stray if id in known))
        message = LEFT_OVER.format(keys=keys) if keys else HIDDEN
        item.violation(Violation(UserErrorCode.INVALID, message, TYPE))
