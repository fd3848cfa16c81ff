"""Words of the set-up: kinds of stages, of custom attributes and of changes."""

from enum import StrEnum


class StageKind(StrEnum):
    """What a stage means for the outcome of the opportunities in it (D-20)."""

    OPEN = "OPEN"
    WON = "WON"
    LOST = "LOST"


class AttributeKind(StrEnum):
    """What values a custom attribute takes."""

    TEXT = "TEXT"
    NUMBER = "NUMBER"
    DATE = "DATE"
    BOOLEAN = "BOOLEAN"


class ChangeKind(StrEnum):
    """What was done to a record."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    DELETED = "DELETED"
    RESTORED = "RESTORED"
