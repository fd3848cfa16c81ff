"""Words of the set-up: kinds of stages and of custom attributes."""

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
