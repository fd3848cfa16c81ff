"""Who reads what of the history: what he may read of the records themselves, as they stand today."""

from collections.abc import Sequence
from typing import Any

from auth.engine.policy import Source, Told, policy
from db.api import MODEL
from db.engine.trace import Change


@policy(Change, restricts=True)
def changes(row: Any) -> Sequence[Source]:
    """What became of fields that the viewer may read; a change of others is not told at all."""
    ruled = {
        name: each.table.c[each.status] for name, each in MODEL.entities.items() if each.status
    }
    return (Told(row.key, row.record_id, row.entity, ruled),)
