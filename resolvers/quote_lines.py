"""Quote lines: values from their products, and totals per line and per quote."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

from db.engine.entity import Entity
from db.engine.gate import Authorizer, FieldAccess
from db.engine.hidden import HiddenRow, each_of
from db.engine.row import AnyColumn, copy_row
from db.products import Product
from db.quotes import Quote, QuoteItem
from domain.codes import UserErrorCode
from domain.quotes import (
    TOO_LARGE_MESSAGE,
    ItemKind,
    LineValues,
    copy_from_product,
    fits_columns,
    line_amounts,
    sum_totals,
)
from domain.violations import Violation
from resolvers.engine.changeset import Changeset, Saved, assign, without_failed
from resolvers.engine.context import Context
from resolvers.engine.values import NO_ID

ITEMS = "items"
Line = Changeset[QuoteItem, object]


def lines_of(item: Changeset[Quote, object]) -> list[Line]:
    """The changesets of a quote's lines."""
    return [each for each in item.children if each.entity.type_ is QuoteItem]


async def fill_lines(ctx: Context, items: Saved[Quote]) -> None:
    """Set the position and currency of lines, and values from their products."""
    for item in items:
        for position, line in enumerate(lines_of(item), 1):
            line.record.position, line.record.currency = position, item.record.currency
    with_new_product = [line for item in items for line in lines_of(item) if _has_new_product(line)]
    products = await ctx.trusted(Product).by_id(line.record.product_id for line in with_new_product)
    readable = readable_columns(ctx.viewer, ctx.unit.model.of(Product))
    for line in with_new_product:
        product = products.get(line.record.product_id or NO_ID)
        if product is not None and not line.refused:  # otherwise already refused
            _set_from_product(line, product, readable)


def _has_new_product(line: Line) -> bool:
    """Whether the line gets a new product."""
    row = line.record
    offers = row.product_id is not None and row.kind == ItemKind.ITEM
    return offers and line.differs(QuoteItem.product_id)


def readable_columns(viewer: Authorizer, entity: Entity) -> set[str]:
    """The columns of an entity that the caller may read in every status."""
    return {
        column
        for column, member in entity.named.items()
        if viewer.right(entity.name, member.name) is FieldAccess.READABLE
    }


def _set_from_product(line: Line, product: HiddenRow[Product], readable: set[str]) -> None:
    columns = (QuoteItem.name, QuoteItem.unit_id, QuoteItem.unit_price, QuoteItem.tax_percent)
    omitted = [column.key for column in columns if _is_omitted(line, column)]
    values, violations = product.decide(
        partial(_from_product, line.record, omitted=omitted, readable=readable)
    )
    line.record.name, line.record.unit_id = values.name, values.unit_id
    line.record.unit_price, line.record.tax_percent = values.unit_price, values.tax_percent
    for violation in violations:
        is_product = violation.column == QuoteItem.product_id.key
        line.violation(violation, because=[Product.active] if is_product else [])
    if any(violation.column == QuoteItem.unit_price.key for violation in violations):
        line.record.unit_price = Decimal()  # so that the entity's rule does not report it again


def _from_product(
    line: QuoteItem, product: Product, *, omitted: list[str], readable: set[str]
) -> tuple[LineValues, list[Violation]]:
    return copy_from_product(line, product, omitted, readable)


def _is_omitted(line: Line, column: AnyColumn) -> bool:
    """Whether a column gets its value from the product. Name and price are required, so null counts as omitted."""
    if column.key in (QuoteItem.name.key, QuoteItem.unit_price.key):
        return not line.has_value(column)
    return not line.has_input(column)


async def add_up_discounted(ctx: Context, items: Saved[Quote]) -> None:
    """Compute the totals of existing quotes whose discount changed, and of their lines."""
    discounted = [
        each
        for each in without_failed(items)
        if each.before is not None and each.differs(Quote.discount_percent)
    ]
    ids = [each.record.id for each in discounted]
    lines = await ctx.trusted(QuoteItem).by_for_update(QuoteItem.quote_id, ids)
    for item in discounted:
        rows = each_of(lines[item.record.id]).map(_in_order)
        rows.decide(partial(_add_up_existing, item))


def _in_order(rows: Sequence[QuoteItem]) -> list[QuoteItem]:
    return sorted(rows, key=lambda row: (row.position, row.id))


def _add_up_existing(item: Changeset[Quote, object], rows: Sequence[QuoteItem]) -> None:
    after = [copy_row(row) for row in rows]
    add_up(item, after)
    for old, new in zip(rows, after, strict=True):
        item.also_change(
            old,
            assign(QuoteItem.net, new.net),
            assign(QuoteItem.tax, new.tax),
            assign(QuoteItem.total, new.total),
        )


def add_up(item: Changeset[Quote, object], lines: Sequence[QuoteItem]) -> None:
    """Set the amounts of the lines and of the quote."""
    quote = item.record
    totals_by_line = line_amounts(lines, quote.discount_percent, quote.currency or "")
    for place, (line, line_totals) in enumerate(zip(lines, totals_by_line, strict=True)):
        if not fits_columns(line_totals):
            item.error(UserErrorCode.INVALID, TOO_LARGE_MESSAGE, ITEMS, str(place), "quantity")
        line.net, line.tax, line.total = line_totals.net, line_totals.tax, line_totals.total
    sums = sum_totals(totals_by_line)
    if not fits_columns(sums) and not item.failed:
        item.error(UserErrorCode.INVALID, TOO_LARGE_MESSAGE, ITEMS)
    quote.net, quote.tax, quote.total = sums.net, sums.tax, sums.total
