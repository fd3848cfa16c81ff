"""The lines of quotes: what they take over from their products, and what they come to, each and together."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from uuid import UUID

from db.engine.gate import Guard, Right
from db.engine.model import Entity
from db.engine.write import statements as store
from db.engine.write.row_json import Row, named
from db.engine.write.unit_of_work import UnitOfWork
from db.quotes import QuoteItem
from domain.codes import UserErrorCode
from domain.quotes import (
    FROM_PRODUCT,
    TOO_LARGE,
    ItemKind,
    fits_columns,
    from_product,
    totals,
    whole,
)
from resolvers.engine.drafts import Draft, Other, Told

ITEMS = "items"
SET = "SetItems"


async def fill_lines(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """Give the lines their places and currency, and what they take over from their products."""
    for draft in drafts:
        for place, line in enumerate(draft.nested, 1):
            line.after |= {"position": place, "currency": draft.after["currency"]}
    lines = [line for draft in drafts for line in draft.nested if _is_chosen(line)]
    if not lines:
        return
    entity = unit.model.entities["Product"]
    wanted = {each.after["product_id"] for each in lines}
    found = {row["id"]: row for row in await store.look(unit.connection, entity, "id", wanted)}
    seen = _seen(unit.guard, entity)
    for line in lines:
        product = found.get(line.after["product_id"])
        if product is not None and not line.refused:  # else it was noted as missing
            _take_over(line, product, seen)


def _is_chosen(line: Draft) -> bool:
    """Whether the line comes to offer a product that it did not offer before."""
    row, before = line.after, line.before
    offers = row["product_id"] is not None and row["kind"] == ItemKind.ITEM
    return offers and (before is None or before["product_id"] != row["product_id"])


def _seen(guard: Guard, entity: Entity) -> set[str]:
    """The columns of an entity that the caller reads."""
    known = named(entity)
    return {c for c, what in known.items() if guard.right(entity.name, what.name) is Right.OPEN}


def _take_over(line: Draft, product: Row, seen: set[str]) -> None:
    known = named(line.entity)
    left_open = [c for c in FROM_PRODUCT if _is_open(line, known[c].name, c)]
    taken, faults = from_product(line.after, product, left_open, seen)
    line.after |= taken
    line.faults(faults)
    if any(fault.column == "unit_price" for fault in faults):
        line.after["unit_price"] = Decimal()  # so that its rule does not tell of it once more


def _is_open(line: Draft, name: str, column: str) -> bool:
    """Whether the caller left something to the product. A line needs a name and a price, so these are not emptied."""
    if column in ("name", "unit_price"):
        return line.given.get(name) is None
    return name not in line.given


async def reckon(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """Work out what quotes and their lines come to: all of it, whichever part was changed."""
    live = [each for each in drafts if not each.failed]
    for draft in live:
        if draft.before is None or draft.verb == SET:
            _add_up(draft, [line.after for line in draft.nested])
    rediscounted = [each for each in live if each.verb != SET and _has_new_discount(each)]
    if not rediscounted:
        return
    entity = unit.model.entities[QuoteItem.__name__]
    ids = [each.after["id"] for each in rediscounted]
    kept: dict[UUID, list[Row]] = defaultdict(list)
    for row in await store.among(unit.connection, entity, "quote_id", ids):
        kept[row["quote_id"]].append(row)
    for draft in rediscounted:
        rows = sorted(kept[draft.after["id"]], key=lambda row: (row["position"], row["id"]))
        after = [dict(row) for row in rows]
        _add_up(draft, after)
        pairs = zip(rows, after, strict=True)
        draft.then += [Other(entity, old, new) for old, new in pairs if old != new]


def _has_new_discount(draft: Draft) -> bool:
    before = draft.before
    return before is not None and before["discount_percent"] != draft.after["discount_percent"]


def _add_up(draft: Draft, lines: list[Row]) -> None:
    """Set what the lines come to, each and together."""
    row = draft.after
    parts = totals(lines, row["discount_percent"], row["currency"] or "")
    for number, (line, part) in enumerate(zip(lines, parts, strict=True)):
        if not fits_columns(part):
            at = (*draft.path, ITEMS, str(number), "quantity")
            draft.told.append(Told(UserErrorCode.INVALID, TOO_LARGE, at))
        line |= {"net": part.net, "tax": part.tax, "total": part.total}
    sums = whole(parts)
    if not fits_columns(sums) and not draft.failed:
        draft.told.append(Told(UserErrorCode.INVALID, TOO_LARGE, (*draft.path, ITEMS)))
    row |= {"net": sums.net, "tax": sums.tax, "total": sums.total}
