"""Makes a product like another one: what it is known by elsewhere is its own."""

from __future__ import annotations

from auth.engine.viewer import Viewer
from db.engine.write.locking import Lock
from db.engine.write.unit_of_work import UnitOfWork
from db.products import Product
from resolvers.engine.creating import draft_new
from resolvers.engine.drafts import Draft
from resolvers.engine.likeness import like
from resolvers.engine.settling import prepares
from resolvers.engine.values import NO_ID

ITS_OWN = frozenset({"code", "externalId"})


@prepares(Product, "Copy")
async def copies(unit: UnitOfWork, viewer: Viewer, drafts: list[Draft]) -> None:
    """A new product with what the caller may read and write of another one (EP-300)."""
    entity = drafts[0].entity
    held = await unit.hold(entity, {each.id or NO_ID for each in drafts}, Lock.NONE)
    for draft in drafts:
        source = held.get(draft.id or NO_ID)
        if source is None:
            draft.missing("id")
            continue
        said = {name: value for name, value in draft.given.items() if value is not None}
        draft.given = like(viewer, entity, source, ITS_OWN) | said
    await draft_new(unit, viewer, [each for each in drafts if not each.failed])
