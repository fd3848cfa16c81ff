"""Violations of business rules, as values: a rule returns all violations and raises nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from domain.codes import UserErrorCode
from domain.message import Message


@dataclass(frozen=True)
class Violation:
    """A violation of a rule: its code, and a message that includes the remedy."""

    code: UserErrorCode
    message: Message
    column: str = ""
    """Name of the column at fault. Empty if the violation concerns the record itself."""
    because: tuple[str, ...] = ()
    """Other columns whose values the message reveals. It is shown only to callers who may read them."""


Rule: TypeAlias = Callable[[Any, Any], Sequence[Violation]]
"""A check of every write to a record: a function of the record before (None if new) and after.

Each rule types its records by a Protocol of the columns it reads; the engine calls it untyped.
"""
