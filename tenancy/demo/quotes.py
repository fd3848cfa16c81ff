"""Rows of the quotes and their items, with correct totals. The first SOLD are sold; an opportunity has at most one active."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

from domain.quotes import line_amounts
from tenancy.demo.products import KIND_OF, PRODUCTS, UNITS
from tenancy.demo.rows import Draw, Row, Rows, chance, made_id
from tenancy.demo.sales import CURRENCIES, SOLD
from tenancy.demo.words import NOTES, OCCASIONS

OFFERED, AGAIN = 110, 30
"""Number of unsold opportunities with a quote, and of those among them with a second one."""
ITEMS = (2, 1, 3, 1)
"""Number of items of each quote, cyclically."""


def quotes(slug: str, now: date, made: Mapping[str, Sequence[Row]]) -> Rows:
    """All rows of the area, by table."""
    draw = Draw(slug, "quote", now)
    sold = [row for row in made["opportunity"] if row["status"] == "WON"][:SOLD]
    others = [row for row in made["opportunity"] if row not in sold]
    offered = draw.rng.sample(others, OFFERED)
    rows: list[Row] = []
    lines: list[Row] = []
    item_draw = Draw(slug, "quote_item", now)
    for number, opportunity in enumerate([*sold, *offered, *offered[:AGAIN]], 1):
        row = _quote(draw, number, opportunity)
        items = _lines(item_draw, number, len(lines), row)
        row |= {name: sum((line[name] for line in items), Decimal(0)) for name in PARTS}
        of_source = [line for line in lines if line["quote_id"] == row["source_id"]]
        for line, source in zip(items, of_source, strict=False):
            line["source_id"] = source["id"]
        rows.append(row)
        lines += items
    return {"quote": rows, "quote_item": lines}


PARTS = ("net", "tax", "total")


def _quote(draw: Draw, number: int, opportunity: Row) -> Row:
    rng, sold, again = draw.rng, number <= SOLD, number > SOLD + OFFERED
    stamps = draw.stamps_within(opportunity, deleted=not sold and number % 17 == 0)
    begin = stamps["created_at"].date()
    active = sold or (not again and number % 3 > 0 and stamps["deleted_at"] is None)
    return {
        **draw.key(number),
        "opportunity_id": opportunity["id"],
        "number": f"{draw.slug.upper()}-Q{rng.randint(10, 99)}{number:03}",
        "name": f"Offer for the {chance('offer', str(number)).choice(OCCASIONS)}",
        "currency": opportunity["currency"],
        "brand": rng.choice((None, "House", "Atelier", f"{draw.slug.title()} line")),
        "product_version": rng.choice((None, "1.0", "2025", "2.1 β")),
        "valid_from": begin if number % 4 else None,
        "valid_until": begin + timedelta(days=rng.randint(5, 90)) if number % 5 else None,
        "discount_percent": Decimal(rng.randint(1, 40)) / 2 if number % 4 in (1, 3) else None,
        "items_shown": rng.random() < 0.8,
        "active": active,
        "approved_at": stamps["updated_at"] if active and number % 2 else None,
        "accepted_at": stamps["updated_at"] if sold else None,
        "note": draw.note(NOTES),
        "source_id": made_id("quote", number - AGAIN) if again else None,
        **stamps,
    }


def _lines(draw: Draw, number: int, before: int, quote: Row) -> list[Row]:
    """The items of a quote; those of a sold quote all have products of one contract kind."""
    fixed = chance("lines", str(number))
    wares = list(range(1, len(PRODUCTS)))
    if number <= SOLD:
        kind = KIND_OF[fixed.choice(wares)]
        wares = [ware for ware in wares if KIND_OF[ware] == kind]
    selected = [fixed.choice(wares) for _ in range(ITEMS[number % len(ITEMS)])]
    rows = [
        _item(draw, before + place, place, ware, quote) for place, ware in enumerate(selected, 1)
    ]
    if number % 6 == 0:
        rows.append(_rounding(draw, before + len(rows) + 1, len(rows) + 1, quote))
    lines = [SimpleNamespace(**row) for row in rows]
    parts = line_amounts(lines, quote["discount_percent"], quote["currency"])
    for row, part in zip(rows, parts, strict=True):
        row |= {"net": part.net, "tax": part.tax, "total": part.total}
    return rows


def _item(draw: Draw, number: int, position: int, ware: int, quote: Row) -> Row:
    rng, digits = draw.rng, CURRENCIES[quote["currency"]]
    quantity = Decimal(rng.choice((1, 1, 2, 4, 10, 25))) + (Decimal("0.5") if ware == 7 else 0)
    price = Decimal(rng.randint(100, 90_000)).scaleb(-digits)
    discount = Decimal(rng.randint(1, 60)) / 2 if rng.random() < 0.3 else None
    return {
        **draw.key(number),
        "quote_id": quote["id"],
        "position": position,
        "kind": "ITEM",
        "product_id": made_id("product", ware) if number % 9 else None,
        "name": PRODUCTS[ware - 1].name,
        "description": draw.note(NOTES),
        "quantity": quantity,
        "unit_id": made_id("unit_of_measure", UNITS.index(PRODUCTS[ware - 1].unit) + 1),
        "currency": quote["currency"],
        "unit_price": price,
        "discount_percent": discount,
        "tax_percent": Decimal(PRODUCTS[ware - 1].tax),
        "source_id": None,
        **draw.stamps_within(quote),
    }


def _rounding(draw: Draw, number: int, position: int, quote: Row) -> Row:
    off = Decimal(-draw.rng.randint(1, 9)).scaleb(-CURRENCIES[quote["currency"]])
    return {
        **draw.key(number),
        "quote_id": quote["id"],
        "position": position,
        "kind": "ROUNDING",
        "product_id": None,
        "name": "Rounded",
        "description": None,
        "quantity": Decimal(1),
        "unit_id": None,
        "currency": quote["currency"],
        "unit_price": off,
        "discount_percent": None,
        "tax_percent": None,
        "source_id": None,
        **draw.stamps_within(quote),
    }
