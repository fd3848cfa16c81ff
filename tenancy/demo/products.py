"""Rows of the products: names are fixed, prices are random."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tenancy.demo.rows import Draw, Row, Rows, made_id
from tenancy.demo.words import NOTES

KINDS = {"Delivery": None, "Service contract": 12, "Licence": 24, "Assignment": None}
"""Contract kinds, with the duration in months of the time-based ones."""
CATEGORIES = {"Goods": "Delivery", "Services": "Service contract", "Software": "Licence"}
UNITS = ("piece", "hour", "month", "year")


@dataclass(frozen=True)
class DemoProduct:
    """A product."""

    name: str
    category: str
    unit: str
    tax: int = 21


PRODUCTS = (
    DemoProduct("Standing desk", "Goods", "piece"),
    DemoProduct("Meeting chair", "Goods", "piece"),
    DemoProduct("Copy paper", "Goods", "piece", 9),
    DemoProduct("Toner cartridge", "Goods", "piece"),
    DemoProduct("Écran mount", "Goods", "piece", 9),
    DemoProduct("Phone booth", "Goods", "piece"),
    DemoProduct("Work", "Services", "hour"),
    DemoProduct("Work at night", "Services", "hour"),
    DemoProduct("Plant care", "Services", "month", 9),
    DemoProduct("Floor planner", "Software", "year"),
    DemoProduct("Room booking", "Software", "month", 0),
    DemoProduct("Typewriter ribbon", "Goods", "piece"),
)
"""Products by number. The last is inactive and deleted."""

KIND_NUMBERS = {name: number for number, name in enumerate(KINDS, 1)}
KIND_OF = {number: CATEGORIES[product.category] for number, product in enumerate(PRODUCTS, 1)}
"""Contract kind per product number."""


def products(slug: str, now: date) -> Rows:
    """All rows of the area, by table."""
    categories = tuple(CATEGORIES)
    return {
        "contract_kind": _kinds(Draw(slug, "contract_kind", now)),
        "product_category": [
            {
                **draw.key(number),
                "name": name,
                "contract_kind_id": made_id("contract_kind", KIND_NUMBERS[CATEGORIES[name]]),
                **draw.stamps(),
            }
            for draw in (Draw(slug, "product_category", now),)
            for number, name in enumerate(categories, 1)
        ],
        "unit_of_measure": [
            {**draw.key(number), "name": name, **draw.stamps()}
            for draw in (Draw(slug, "unit_of_measure", now),)
            for number, name in enumerate(UNITS, 1)
        ],
        "product": [
            _product(draw, number, product)
            for draw in (Draw(slug, "product", now),)
            for number, product in enumerate(PRODUCTS, 1)
        ],
    }


def _kinds(draw: Draw) -> list[Row]:
    return [
        {
            **draw.key(number),
            "name": name,
            "time_based": months is not None,
            "months": months,
            "renews": months is not None and draw.rng.random() < 0.5,
            **draw.stamps(),
        }
        for number, (name, months) in enumerate(KINDS.items(), 1)
    ]


def _product(draw: Draw, number: int, product: DemoProduct) -> Row:
    rng, offered = draw.rng, number < len(PRODUCTS)
    return {
        **draw.key(number),
        "name": product.name,
        "code": f"{draw.slug.upper()}-{rng.randint(100, 999)}{number:02}",
        "description": draw.note(NOTES),
        "active": offered,
        "service": product.unit == "hour",
        "category_id": made_id("product_category", list(CATEGORIES).index(product.category) + 1),
        "unit_id": made_id("unit_of_measure", UNITS.index(product.unit) + 1),
        "currency": "EUR",
        "price": None if number == 6 else Decimal(rng.randint(99, 99_999)).scaleb(-2),
        "tax_percent": Decimal(product.tax),
        "external_id": f"{draw.slug}-ware-{number}" if number % 3 == 0 else None,
        **draw.stamps(deleted=not offered),
    }
