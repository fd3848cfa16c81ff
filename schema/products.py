"""Products in the API."""

from db import products as tables
from schema.engine.expose import KEPT, KNOWN_ELSEWHERE, exposes


@exposes(tables.ContractKind, one="contractKind", many="contractKinds", deeds=KEPT)
class ContractKind:
    """What kind of contract a sale makes: delivered once, or over time."""


@exposes(tables.ProductCategory, one="productCategory", many="productCategories", deeds=KEPT)
class ProductCategory:
    """A kind of product, which decides the kind of contract that a sale makes."""


@exposes(tables.Unit, one="unit", many="units", deeds=KEPT)
class Unit:
    """What a product is counted in."""


@exposes(tables.Product, one="product", many="products", deeds=KNOWN_ELSEWHERE)
class Product:
    """Something we sell: a thing or a service."""
