"""Row policy of history entries: those of fields that the viewer may read, by the record's current status."""

from auth.engine.policy import Policy, ReadableHistory
from db.api import MODEL
from db.engine.trace import HistoryEntry

_HISTORY = HistoryEntry.__table__.c
_STATUSES = {
    name: each.table.c[each.status] for name, each in MODEL.entities.items() if each.status
}

POLICIES = (
    # Entries about fields that the viewer may read.
    Policy(
        HistoryEntry,
        rows=(ReadableHistory(_HISTORY.key, _HISTORY.record_id, _HISTORY.entity, _STATUSES),),
        restricts=True,
    ),
)
