"""Records above and below each other: none is above itself."""

from collections.abc import Mapping
from uuid import UUID


def closes_cycle(child: UUID, parent: UUID, parents: Mapping[UUID, UUID | None]) -> bool:
    """Whether `child` would come to be above itself under `parent`. Ends on cycles that exist, too."""
    seen: set[UUID] = set()
    above: UUID | None = parent
    while above is not None and above not in seen:
        if above == child:
            return True
        seen.add(above)
        above = parents.get(above)
    return False
