"""Words of live lists: what a message is about, and what became of a record in the list."""

from enum import StrEnum


class LiveKind(StrEnum):
    """What a message of a live list tells."""

    SNAPSHOT = "SNAPSHOT"
    """All records of the list: the first message."""
    RESUMED = "RESUMED"
    """The list goes on where the cursor in `after` says; what was missed follows."""
    DELTA = "DELTA"
    """What changed since the message before, by one transaction or several whole ones."""
    RESYNC = "RESYNC"
    """All records anew: forget those told before, because what was missed cannot be told."""


class LiveChangeKind(StrEnum):
    """What became of a record, as the list's filter and the viewer's rights have it (D-62)."""

    ENTERED = "ENTERED"
    UPDATED = "UPDATED"
    LEFT = "LEFT"
