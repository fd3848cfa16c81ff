"""Tags and favourites: a favourite is the caller's own."""

from __future__ import annotations

from db.labels import Favourite
from resolvers.engine.catalogue import Area
from resolvers.engine.changeset import Action, Saved
from resolvers.engine.context import Context
from resolvers.engine.hooks import before_save


@before_save(Action.CREATE)
async def own_favourite(ctx: Context, items: Saved[Favourite]) -> None:
    """A new favourite belongs to the user who creates it."""
    for item in items:
        item.record.user_id = ctx.viewer.user


AREA = Area("labels", before_save={Favourite: (own_favourite,)})
