"""Rows of the contracts: each has one line per item of the sold quote."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from tenancy.demo.products import KIND_NUMBERS, KIND_OF, KINDS, PRODUCTS
from tenancy.demo.rows import Draw, Row, Rows, chance, made_id
from tenancy.demo.sales import SOLD
from tenancy.demo.words import NOTES, OCCASIONS

NUMBER_OF = {product.name: number for number, product in enumerate(PRODUCTS, 1)}


def contracts(slug: str, now: date, made: Mapping[str, Sequence[Row]]) -> Rows:
    """All rows of the area, by table."""
    draw, line_draw = Draw(slug, "contract", now), Draw(slug, "contract_line", now)
    of = {row["id"]: row for row in made["opportunity"]}
    rows: list[Row] = []
    lines: list[Row] = []
    for number, quote in enumerate(made["quote"][:SOLD], 1):
        items = [row for row in made["quote_item"] if row["quote_id"] == quote["id"]]
        row = _contract(draw, number, of[quote["opportunity_id"]], items)
        rows.append(row)
        lines += [_line(line_draw, len(lines) + at, item, row) for at, item in enumerate(items, 1)]
        if number % 9 == 0:
            lines.append(_replacement(line_draw, len(lines) + 1, lines[-1], row))
    _extend(made["opportunity"], rows)
    return {"contract": rows, "contract_line": lines}


def _extend(opportunities: Sequence[Row], contracts: Sequence[Row]) -> None:
    """Make some open opportunities extensions of a time-based contract of the same account."""
    time_based = {row["account_id"]: row["id"] for row in contracts if row["time_based"]}
    for row in opportunities:
        if row["status"] == "OPEN" and row["account_id"] in time_based and row["id"].int % 3 == 0:
            row["source_contract_id"] = time_based[row["account_id"]]


def _contract(draw: Draw, number: int, opportunity: Row, items: Sequence[Row]) -> Row:
    rng, kind = draw.rng, KIND_OF[NUMBER_OF[items[0]["name"]]]
    months, begin = KINDS[kind], opportunity["closed_on"]
    end = begin + timedelta(days=30 * months) if months else None
    ended = end is not None and end < draw.now
    return {
        **draw.key(number),
        "number": f"{draw.slug.upper()}-C{rng.randint(10, 99)}{number:03}",
        "name": f"{kind} for the {chance('contract', str(number)).choice(OCCASIONS)}",
        "account_id": opportunity["account_id"],
        "opportunity_id": opportunity["id"],
        "kind_id": made_id("contract_kind", KIND_NUMBERS[kind]),
        "owner_id": opportunity["owner_id"],
        "status": "ENDED" if ended else "ACTIVE",
        "time_based": months is not None,
        "starts_on": begin,
        "ends_on": end,
        "renewal_months": months if number % 2 else None,
        "remind_on": end - timedelta(days=30) if end else None,
        "revision": 1,
        "currency": opportunity["currency"],
        "net": sum((item["net"] for item in items), Decimal(0)),
        "total": sum((item["total"] for item in items), Decimal(0)),
        "note": draw.note(NOTES),
        "external_id": f"{draw.slug}-contract-{number}" if number % 7 == 0 else None,
        "custom": json.dumps({}),
        **draw.stamps(deleted=number % 13 == 0),
    }


def _line(draw: Draw, number: int, item: Row, contract: Row) -> Row:
    copied = (
        *("position", "product_id", "name", "quantity", "unit_id", "currency", "unit_price"),
        *("discount_percent", "tax_percent", "net", "total"),
    )
    return {
        **draw.key(number),
        "contract_id": contract["id"],
        "quote_item_id": item["id"],
        "replaces_id": None,
        **{name: item[name] for name in copied},
        "revision": 1,
        "starts_on": contract["starts_on"],
        "ended_on": contract["ends_on"] if contract["status"] == "ENDED" else None,
        **draw.stamps_within(contract),
    }


def _replacement(draw: Draw, number: int, line: Row, contract: Row) -> Row:
    """A line that replaces another with the same amounts; the replaced line is ended."""
    new = {
        **line,
        **draw.key(number),
        "replaces_id": line["id"],
        "revision": line["revision"] + 1,
        **draw.stamps_within(contract),
    }
    line["ended_on"] = contract["starts_on"]
    contract["revision"] += 1
    return new
