"""Enumerations whose members have a description; the GraphQL schema publishes it."""

from enum import StrEnum
from typing import Self


class DescribedEnum(StrEnum):
    """Enumeration of the public schema. Each member is declared as value and description."""

    description: str
    """What the value means."""

    def __new__(cls, value: str, description: str = "") -> Self:
        """Keep the description beside the value."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member
