"""The products area: the command `copy`."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from db.engine.write.locking import Lock
from db.products import Product
from resolvers.engine.changeset import Changeset
from resolvers.engine.command import Runs, arg, command, sets
from resolvers.engine.command_registry import Area
from resolvers.engine.context import Context
from resolvers.engine.template import copied_params

UNIQUE_FIELDS = frozenset({"code", "externalId"})
"""Unique fields, which a copy does not get."""


@dataclass(frozen=True, kw_only=True)
class ProductCopyInput:
    """Product to copy."""

    id: UUID = arg("Product to copy.", of=Product, required=True)
    name: str | None = sets(Product.name, "Name of the new product. Default: that of its source.")
    code: str | None = sets(Product.code, "Code of the new product. Default: none.")


@command(
    Product,
    "copy",
    input=ProductCopyInput,
    runs=Runs.BEFORE_CREATE,
    doc="Copy a product.",
)
async def copy(ctx: Context, items: list[Changeset[Product, ProductCopyInput]]) -> None:
    """Create a product with those values of another one that the caller may read and write (EP-300)."""
    entity = ctx.unit.model.of(Product)
    sources = await ctx.unit.lock_visible(entity, {each.input.id for each in items}, Lock.NONE)
    for item in items:
        source = sources.get(item.input.id)
        if source is None:
            item.missing("id")
            continue
        sent = {name: value for name, value in item.params.items() if value is not None}
        item.params = copied_params(ctx.viewer, entity, source, UNIQUE_FIELDS) | sent
        item.template = source


AREA = Area("products", commands=(copy,))
