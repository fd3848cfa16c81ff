"""Who sees which cases, where a profile opens only their own."""

from collections.abc import Sequence
from typing import Any

from auth.engine.policy import Owned, Source, policy
from db.cases import Case


@policy(Case)
def cases(row: Any) -> Sequence[Source]:
    """Those of whoever works on them, and of those below him."""
    return (Owned(row.owner_id),)
