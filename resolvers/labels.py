"""What labels have to say before they are kept: a favourite is the caller's own."""

from __future__ import annotations

from db.engine.write.unit_of_work import UnitOfWork
from db.labels import Favourite
from resolvers.engine.drafts import Draft
from resolvers.engine.settling import Deed, settles


@settles(Favourite)
async def favourites(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """Whoever keeps something at hand keeps it for himself."""
    for draft in drafts:
        if draft.before is None:
            draft.after["user_id"] = unit.user
