"""Hooks of tags and favorites."""

from __future__ import annotations

from db.labels import Favorite
from resolvers.engine.changeset import Action, Saved
from resolvers.engine.command_registry import Area
from resolvers.engine.context import Context
from resolvers.engine.hooks import before_save


@before_save(Action.CREATE)
async def own_favorite(ctx: Context, items: Saved[Favorite]) -> None:
    """A new favorite belongs to the user who creates it."""
    for item in items:
        item.record.user_id = ctx.viewer.user


AREA = Area("labels", before_save={Favorite: (own_favorite,)})
