"""Roles that exactly one of several records has, such as head office: chooses that record (D-12)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID


class Candidate(Protocol):
    """A record that can have the role."""

    id: UUID
    created_at: datetime


R = TypeVar("R", bound=Candidate)


def choose_holder(
    rows: Iterable[R], holds: Callable[[R], bool], requested: UUID | None = None
) -> UUID | None:
    """Id of the record that gets the role; None without records.

    The `requested` record if it exists, else the oldest record that has the role, else the oldest record.
    Records of the same age are ordered by id.
    """
    ordered = sorted(rows, key=lambda each: (each.created_at, each.id))
    if requested in [each.id for each in ordered]:
        return requested
    current = [each.id for each in ordered if holds(each)]
    return next(iter([*current, *(each.id for each in ordered)]), None)
