"""Which entries of the history a viewer reaches: those of what they may read of the records as they are today."""

from auth.engine.policy import Policy, ReadableHistory
from db.api import MODEL
from db.engine.trace import Change

_CHANGE = Change.__table__.c
_STATUSES = {
    name: each.table.c[each.status] for name, each in MODEL.entities.items() if each.status
}

POLICIES = (
    # Entries about fields that the viewer may read.
    Policy(
        Change,
        rows=(ReadableHistory(_CHANGE.key, _CHANGE.record_id, _CHANGE.entity, _STATUSES),),
        restricts=True,
    ),
)
