"""Who sees which of the staff: oneself and those below, where a profile opens no more."""

from collections.abc import Sequence
from typing import Any

from auth.engine.policy import Owned, Source, policy
from db.staff import Employee


@policy(Employee)
def employees(row: Any) -> Sequence[Source]:
    """Oneself and those below."""
    return (Owned(row.id),)
