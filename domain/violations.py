"""Why a deed cannot be done, as values: a rule names every fault it finds and raises nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from domain.codes import UserErrorCode

Row: TypeAlias = Mapping[str, Any]
"""A record as it is kept: its columns by name."""


@dataclass(frozen=True)
class Violation:
    """One thing that is wrong, and what to do about it. `column` is the one it is about, if it is about one."""

    problem: UserErrorCode
    message: str
    column: str = ""


Rule: TypeAlias = Callable[[Row | None, Row], Sequence[Violation]]
"""What must hold of a row, given what it was before (None if it is new): no clock, no database."""
