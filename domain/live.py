"""Enumerations of live lists: kinds of messages and of changes."""

from domain.described import DescribedEnum


class LiveKind(DescribedEnum):
    """Kind of a message of a subscription."""

    SNAPSHOT = "SNAPSHOT", "All records of the list. First message unless `after` was sent."
    RESUMED = "RESUMED", "The list continues at the cursor in `after`; missed changes follow."
    DELTA = "DELTA", "Changes since the previous message, by one or several complete transactions."
    RESYNC = "RESYNC", "Full snapshot: discard local state."


class LiveChangeKind(DescribedEnum):
    """How a record's place in the list changed."""

    ENTERED = "ENTERED", "The record is in the list now."
    UPDATED = "UPDATED", "A selected value of the record changed."
    LEFT = (
        "LEFT",
        "The record is no longer in the list: it changed, was deleted, or is no longer visible.",
    )
