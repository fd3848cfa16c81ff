"""Who sees which accounts, where a profile opens only their own."""

from collections.abc import Sequence
from typing import Any

from auth.engine.policy import Owned, Source, policy
from db.accounts import Account


@policy(Account)
def accounts(row: Any) -> Sequence[Source]:
    """The responsible employee's, and of those below him."""
    return (Owned(row.owner_id),)
