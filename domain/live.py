"""Enumerations of live lists: kinds of messages and of changes."""

from domain.described import DescribedEnum


class LiveKind(DescribedEnum):
    """Kind of a message of a subscription."""

    SNAPSHOT = "SNAPSHOT", "All records of the list. First message unless `after` was sent."
    RESUMED = "RESUMED", "The list continues at the cursor in `after`; missed changes follow."
    DELTA = "DELTA", "Changes since the previous message, by one or several complete transactions."
    RESYNC = "RESYNC", "Full snapshot: discard local state."


def live_position(epoch: int, position: int) -> str:
    """A position of the change log as text: 32 hexadecimal digits, whose alphabetical order is the order of the commits."""
    return f"{epoch:016x}{position:016x}"


class LiveChangeKind(DescribedEnum):
    """How a record's place in the list changed."""

    ENTERED = "ENTERED", "The record is in the list now."
    UPDATED = "UPDATED", "A selected value of the record changed."
    LEFT = (
        "LEFT",
        "The record is no longer in the list: it changed, was deleted, or is no longer visible.",
    )
