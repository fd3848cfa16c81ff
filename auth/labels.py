"""Who sees which favourites: everybody his own, whatever a profile opens."""

from collections.abc import Sequence
from typing import Any

from auth.engine.policy import Mine, Source, policy
from db.labels import Favourite


@policy(Favourite, restricts=True)
def favourites(row: Any) -> Sequence[Source]:
    """One's own."""
    return (Mine(row.user_id),)
