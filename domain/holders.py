"""Of the records that belong together exactly one holds a role: which one, and which takes it over (D-12)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID


class Candidate(Protocol):
    """A record that can hold the role."""

    id: UUID
    created_at: datetime


R = TypeVar("R", bound=Candidate)


def holder(
    rows: Iterable[R], holds: Callable[[R], bool], wanted: UUID | None = None
) -> UUID | None:
    """The id of the record that holds the role; None if there are no records.

    It is the `wanted` one if that is among the records, otherwise the oldest of those that hold the
    role, otherwise the oldest of all. `id` decides between records of the same age.
    """
    found = sorted(rows, key=lambda each: (each.created_at, each.id))
    if wanted in [each.id for each in found]:
        return wanted
    holding = [each.id for each in found if holds(each)]
    return next(iter([*holding, *(each.id for each in found)]), None)
