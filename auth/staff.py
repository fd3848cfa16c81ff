"""Who sees which of the staff: oneself and those below, where a profile opens no more."""

from collections.abc import Sequence
from typing import Any

from auth.engine.policy import Mine, Owned, Source, policy
from db.staff import Employee, Session, User


@policy(Employee)
def employees(row: Any) -> Sequence[Source]:
    """Oneself and those below."""
    return (Owned(row.id),)


@policy(User)
def users(row: Any) -> Sequence[Source]:
    """Oneself."""
    return (Mine(row.id),)


@policy(Session)
def sessions(row: Any) -> Sequence[Source]:
    """One's own."""
    return (Mine(row.user_id),)
