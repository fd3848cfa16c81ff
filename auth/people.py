"""Who sees which persons, where a profile opens only those with a business relation."""

from collections.abc import Sequence
from typing import Any

from auth.engine.policy import PointedAt, Source, policy
from db.people import Affiliation, Person


@policy(Person)
def persons(row: Any) -> Sequence[Source]:
    """Those who work at an account, or did: that is what makes a business relation (D-08)."""
    return (PointedAt(Affiliation.__table__.c.person_id),)
