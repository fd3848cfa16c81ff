"""What keeps a command from being carried out, as values: a rule returns every violation it finds and raises nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from domain.codes import UserErrorCode


@dataclass(frozen=True)
class Violation:
    """One thing that is wrong, with the remedy."""

    code: UserErrorCode
    message: str
    column: str = ""
    """The column that it is about, or empty for the whole record."""
    because: tuple[str, ...] = ()
    """Other columns of the record that it tells something of: the message is for those who may read them."""


Rule: TypeAlias = Callable[[Any, Any], Sequence[Violation]]
"""What must hold of a record whenever it is written: a function of the record before (None if new) and after.

Each rule types its records by a Protocol of the columns it reads; the border to the engine is untyped.
"""
