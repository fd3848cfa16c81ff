"""Tables of the products area: products, categories, units and contract kinds."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped

from db.engine.base import WITH_RESTORE, WITH_UPSERT, Record
from db.engine.capabilities import ExternallyIdentified, HasAttributes, Taggable
from db.engine.declare import (
    NAME_LENGTH,
    field,
    folded,
    money,
    reference,
    unique_outside_trash,
)
from domain.products import contract_kind_violations, product_violations


class ContractKind(Record):
    """Contract kind: delivered once, or with a term."""

    __tablename__ = "contract_kind"
    __prefix__ = "cki"
    __commands__ = WITH_RESTORE
    __replaceable__ = True
    __rule__ = contract_kind_violations
    __table_args__ = (unique_outside_trash("contract_kind_name_unique", "name"),)

    name: Mapped[str] = field("Name of the kind.", filter=True, sort=True, max_length=NAME_LENGTH)
    time_based: Mapped[bool] = field(
        "Whether contracts have a term, such as a warranty or a license.",
        filter=True,
        sort=True,
        server_default="false",
    )
    months: Mapped[int | None] = field("Default term in months.")
    renews: Mapped[bool] = field("Whether contracts renew by default.", server_default="false")


class ProductCategory(Record):
    """Product category; determines the contract kind of a sale."""

    __tablename__ = "product_category"
    __prefix__ = "pca"
    __commands__ = WITH_RESTORE
    __replaceable__ = True
    __table_args__ = (
        unique_outside_trash("product_category_name_unique", "name"),
        Index(None, "contract_kind_id"),
    )

    name: Mapped[str] = field(
        "Name of the category.", filter=True, sort=True, max_length=NAME_LENGTH
    )
    contract_kind_id: Mapped[UUID] = reference(
        "Contract kind of its products.",
        "contract_kind",
        reverse="categories",
        reverse_doc="Product categories sold under this contract kind.",
    )


class UnitOfMeasure(Record):
    """Unit of measure of products."""

    __tablename__ = "unit_of_measure"
    __prefix__ = "uni"
    __commands__ = WITH_RESTORE
    __replaceable__ = True
    __plural__ = "unitsOfMeasure"
    __table_args__ = (unique_outside_trash("unit_of_measure_name_unique", "name"),)

    name: Mapped[str] = field(
        "Name of the unit, such as piece or month.", filter=True, sort=True, max_length=NAME_LENGTH
    )


class Product(Taggable, HasAttributes, ExternallyIdentified, Record):
    """Product or service for sale."""

    __tablename__ = "product"
    __prefix__ = "prd"
    __groups__ = True
    __commands__ = WITH_UPSERT
    __search__ = ("name", "code", "external_id")
    __rule__ = product_violations
    __table_args__ = (
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        Index(None, "category_id"),
        Index(None, "unit_id"),
        Index("product_name_idx", folded("name"), "id"),
        unique_outside_trash("product_code_unique", "code"),
    )

    name: Mapped[str] = field(
        "Name of the product.", filter=True, sort=True, max_length=NAME_LENGTH
    )
    code: Mapped[str | None] = field(
        "Product code; unique.", filter=True, sort=True, max_length=NAME_LENGTH
    )
    description: Mapped[str | None] = field("Description of the product.", filter=True)
    active: Mapped[bool] = field(
        "Whether the product is offered.", filter=True, sort=True, server_default="true"
    )
    service: Mapped[bool] = field(
        "Whether the product is a service.",
        filter=True,
        server_default="false",
    )
    category_id: Mapped[UUID | None] = reference(
        "Product category.",
        "product_category",
        reverse="products",
        reverse_doc="Products of this category.",
    )
    unit_id: Mapped[UUID | None] = reference(
        "Unit of measure.",
        "unit_of_measure",
        reverse="products",
        reverse_doc="Products sold in this unit.",
    )
    currency: Mapped[str] = field("Currency of the price, ISO 4217.", filter=True, sort=True)
    price: Mapped[Decimal | None] = money(
        "Unit price, excluding tax.", filter=True, sort=True, aggregate=True
    )
    tax_percent: Mapped[Decimal | None] = field("Tax rate, in percent.", filter=True)
