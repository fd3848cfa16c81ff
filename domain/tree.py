"""Hierarchies of records: cycle detection."""

from collections.abc import Mapping
from uuid import UUID


def closes_cycle(child: UUID, parent: UUID, parents: Mapping[UUID, UUID | None]) -> bool:
    """Whether `child` would become its own ancestor under `parent`. Terminates on existing cycles."""
    seen: set[UUID] = set()
    ancestor: UUID | None = parent
    while ancestor is not None and ancestor not in seen:
        if ancestor == child:
            return True
        seen.add(ancestor)
        ancestor = parents.get(ancestor)
    return False
