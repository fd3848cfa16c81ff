"""Who sees which contracts, where a profile opens only their own."""

from collections.abc import Sequence
from typing import Any

from auth.engine.policy import Owned, Source, policy
from db.contracts import Contract


@policy(Contract)
def contracts(row: Any) -> Sequence[Source]:
    """The responsible employee's, and of those below him."""
    return (Owned(row.owner_id),)
