"""The lines of quotes: what they take over from their products, and what they add up to, each and together."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

from db.engine.entity import Entity
from db.engine.gate import Authorizer, Right
from db.engine.hidden import HiddenRow, each_of
from db.engine.row import AnyColumn, copy_row
from db.products import Product
from db.quotes import Quote, QuoteItem
from domain.codes import UserErrorCode
from domain.quotes import (
    TOO_LARGE,
    FromProduct,
    ItemKind,
    fits_columns,
    from_product,
    totals,
    whole,
)
from domain.violations import Violation
from resolvers.engine.changeset import Changeset, Saved, live, to
from resolvers.engine.context import Context
from resolvers.engine.values import NO_ID

ITEMS = "items"
Line = Changeset[QuoteItem, object]


def lines_of(item: Changeset[Quote, object]) -> list[Line]:
    """The changesets of the lines that a quote is saved with."""
    return [each for each in item.children if each.entity.type_ is QuoteItem]


async def fill_lines(ctx: Context, items: Saved[Quote]) -> None:
    """Give the lines their places and currency, and what they take over from their products."""
    for item in items:
        for place, line in enumerate(lines_of(item), 1):
            line.record.position, line.record.currency = place, item.record.currency
    chosen = [line for item in items for line in lines_of(item) if _is_chosen(line)]
    products = await ctx.trusted(Product).by_id(line.record.product_id for line in chosen)
    seen = readable_columns(ctx.viewer, ctx.unit.model.of(Product))
    for line in chosen:
        product = products.get(line.record.product_id or NO_ID)
        if product is not None and not line.refused:  # otherwise it was noted as missing
            _take_over(line, product, seen)


def _is_chosen(line: Line) -> bool:
    """Whether the line comes to offer a product that it did not offer before."""
    row = line.record
    offers = row.product_id is not None and row.kind == ItemKind.ITEM
    return offers and line.differs(QuoteItem.product_id)


def readable_columns(viewer: Authorizer, entity: Entity) -> set[str]:
    """The columns of an entity that the caller reads in every status."""
    return {
        column
        for column, what in entity.named.items()
        if viewer.right(entity.name, what.name) is Right.OPEN
    }


def _take_over(line: Line, product: HiddenRow[Product], seen: set[str]) -> None:
    columns = (QuoteItem.name, QuoteItem.unit_id, QuoteItem.unit_price, QuoteItem.tax_percent)
    left_open = [column.key for column in columns if _is_open(line, column)]
    taken, violations = product.decide(
        partial(_from_product, line.record, left_open=left_open, seen=seen)
    )
    line.record.name, line.record.unit_id = taken.name, taken.unit_id
    line.record.unit_price, line.record.tax_percent = taken.unit_price, taken.tax_percent
    for violation in violations:
        offered = violation.column == QuoteItem.product_id.key
        line.violation(violation, because=[Product.active] if offered else [])
    if any(violation.column == QuoteItem.unit_price.key for violation in violations):
        line.record.unit_price = Decimal()  # so that its rule does not note it once more


def _from_product(
    line: QuoteItem, product: Product, *, left_open: list[str], seen: set[str]
) -> tuple[FromProduct, list[Violation]]:
    return from_product(line, product, left_open, seen)


def _is_open(line: Line, column: AnyColumn) -> bool:
    """Whether the caller left a column to the product. A line needs a name and a price, so these are not emptied."""
    if column.key in (QuoteItem.name.key, QuoteItem.unit_price.key):
        return not line.gives_value(column)
    return not line.gives(column)


async def add_up_discounted(ctx: Context, items: Saved[Quote]) -> None:
    """Compute the totals of existing quotes whose discount changed, and of their lines."""
    discounted = [
        each
        for each in live(items)
        if each.before is not None and each.differs(Quote.discount_percent)
    ]
    ids = [each.record.id for each in discounted]
    kept = await ctx.trusted(QuoteItem).by_for_update(QuoteItem.quote_id, ids)
    for item in discounted:
        rows = each_of(kept[item.record.id]).map(_in_order)
        rows.decide(partial(_add_up_existing, item))


def _in_order(rows: Sequence[QuoteItem]) -> list[QuoteItem]:
    return sorted(rows, key=lambda row: (row.position, row.id))


def _add_up_existing(item: Changeset[Quote, object], rows: Sequence[QuoteItem]) -> None:
    after = [copy_row(row) for row in rows]
    add_up(item, after)
    for old, new in zip(rows, after, strict=True):
        item.also_change(
            old,
            to(QuoteItem.net, new.net),
            to(QuoteItem.tax, new.tax),
            to(QuoteItem.total, new.total),
        )


def add_up(item: Changeset[Quote, object], lines: Sequence[QuoteItem]) -> None:
    """Set the amounts of the lines and of the quote."""
    quote = item.record
    parts = totals(lines, quote.discount_percent, quote.currency or "")
    for place, (line, part) in enumerate(zip(lines, parts, strict=True)):
        if not fits_columns(part):
            item.error(UserErrorCode.INVALID, TOO_LARGE, ITEMS, str(place), "quantity")
        line.net, line.tax, line.total = part.net, part.tax, part.total
    sums = whole(parts)
    if not fits_columns(sums) and not item.failed:
        item.error(UserErrorCode.INVALID, TOO_LARGE, ITEMS)
    quote.net, quote.tax, quote.total = sums.net, sums.tax, sums.total
