"""Words of live lists: what a message is about, and what became of a record in the list."""

from enum import StrEnum


class LiveKind(StrEnum):
    """What a message of a live list tells."""

    SNAPSHOT = "SNAPSHOT"
    """All records of the list: the first message."""
    RESUMED = "RESUMED"
    """The list continues at the cursor in `after`; the changes since then follow."""
    DELTA = "DELTA"
    """What changed since the message before, by one transaction or several whole ones."""
    RESYNC = "RESYNC"
    """All records of the list again: discard the earlier ones, because changes between were missed."""


class LiveChangeKind(StrEnum):
    """What became of a record, as the list's filter and the viewer's rights have it (D-62)."""

    ENTERED = "ENTERED"
    UPDATED = "UPDATED"
    LEFT = "LEFT"
