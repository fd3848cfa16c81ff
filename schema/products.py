"""Products in the API."""

from db import products as tables
from schema.engine.expose import KEPT, KNOWN_ELSEWHERE, exposes
from schema.engine.generate import Spec
from schema.engine.generate_deeds import ID_SPEC, both, required


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


DEEDS = both("Product", "product", "Copy", "Create a product like another one.")


def deed_types() -> None:
    """The inputs of what is done with products only."""
    name: Spec = ("name", "str | None", "What the copy is called; as the product if not said.")
    code: Spec = (
        "code",
        "str | None",
        "The copy's code; none if not said, as no two have the same.",
    )
    doc = "Which product a new one is to be like."
    required("ProductCopyInput", [ID_SPEC, name, code], doc)
