"""Which types carry an attribute: a record holds no value of one that its type does not carry (VN-10)."""

from __future__ import annotations

from auth.engine.viewer import Viewer
from domain.codes import UserErrorCode
from domain.violations import Violation
from resolvers.engine.drafts import Draft, Told
from resolvers.engine.values import ATTRIBUTES

TYPE = "type_id"
NOT_CARRIED = "Records of this type do not carry {key}: leave it out, or choose another type."
LEFT_OVER = (
    "Records of the new type do not carry {keys}: empty what they hold in the same change first."
)
HIDDEN = "The new type does not carry everything that the record holds: ask an administrator."


def check_carried(draft: Draft, viewer: Viewer) -> None:
    """Note values of attributes that the record's type, as it is to be kept, does not carry."""
    entity = draft.entity
    if entity.attributes is None or "type" not in entity.references:
        return
    kind, held = draft.after[TYPE], draft.after[entity.attributes]
    stray = {id for id in held if id in viewer.carried and kind not in viewer.carried[id]}
    for number, each in enumerate(draft.given.get(ATTRIBUTES) or ()):
        attribute = viewer.attribute(entity.name, each["key"])
        if attribute is not None and attribute.id in stray:
            at = (*draft.path, ATTRIBUTES, str(number), "key")
            told = NOT_CARRIED.format(key=attribute.key)
            draft.told.append(Told(UserErrorCode.INVALID, told, at))
            stray.discard(attribute.id)
    if stray and draft.before is not None and draft.before[TYPE] != kind:
        known = {a.id: a.key for a in viewer.attributes(entity.name)}
        keys = ", ".join(sorted(known[id] for id in stray if id in known))
        told = LEFT_OVER.format(keys=keys) if keys else HIDDEN
        draft.fault(Violation(UserErrorCode.INVALID, told, TYPE))
