"""Who sees what of the set-up: all of it, but for attributes that one may not read."""

from collections.abc import Sequence
from typing import Any

from auth.engine.policy import Readable, Source, policy
from db.setup import Attribute


@policy(Attribute, restricts=True, spares_full=True)
def attributes(row: Any) -> Sequence[Source]:
    """Whoever may not read an attribute is not told that there is one."""
    return (Readable(row.id),)
