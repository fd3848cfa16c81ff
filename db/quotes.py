"""Tables of the quotes area: quotes and their lines."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped

from db.engine.base import WITH_RESTORE, Record, enumeration
from db.engine.capabilities import Numbered
from db.engine.declare import NAME_LENGTH, field, money, reference
from domain.quotes import ItemKind, quote_item_violations, quote_violations


class Quote(Numbered, Record):
    """Quote for an opportunity: items with prices and a validity."""

    __tablename__ = "quote"
    __prefix__ = "quo"
    __groups__ = True
    __commands__ = WITH_RESTORE
    __search__ = ("name", "number")
    __number_prefix__ = "Q"
    __rule__ = quote_violations
    __table_args__ = (
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        Index(None, "opportunity_id"),
        Index(None, "source_id"),
        Index(
            "quote_active_unique",
            "opportunity_id",
            unique=True,
            postgresql_where=text("active AND deleted_at IS NULL"),
        ),
    )

    opportunity_id: Mapped[UUID] = reference(
        "Opportunity of the quote.",
        "opportunity",
        reverse="quotes",
        reverse_doc="Quotes for this opportunity.",
        owned=True,
        on_delete="CASCADE",
    )
    name: Mapped[str] = field("Name of the quote.", filter=True, sort=True, max_length=NAME_LENGTH)
    currency: Mapped[str] = field(
        "Currency, ISO 4217; default: that of the opportunity.",
        filter=True,
        sort=True,
        immutable=True,
        server_assigned=True,
    )
    brand: Mapped[str | None] = field("Brand that is offered.", filter=True, sort=True)
    product_version: Mapped[str | None] = field("Offered product version.", filter=True, sort=True)
    valid_from: Mapped[date | None] = field(
        "First day on which the offer is valid.", filter=True, sort=True
    )
    valid_until: Mapped[date | None] = field(
        "Last day on which the offer is valid.", filter=True, sort=True, aggregate=True
    )
    discount_percent: Mapped[Decimal | None] = field(
        "Discount on the total, in percent; spread over the items."
    )
    items_shown: Mapped[bool] = field(
        "Whether the printed quote shows each item, or the total only.", server_default="true"
    )
    active: Mapped[bool] = field(
        "Whether the quote is active; at most one per opportunity.",
        filter=True,
        sort=True,
        write=False,
        server_default="false",
    )
    approved_at: Mapped[datetime | None] = field(
        "Approval time; null if not approved.", filter=True, sort=True, write=False
    )
    accepted_at: Mapped[datetime | None] = field(
        "Acceptance time: the opportunity was sold with this quote.",
        filter=True,
        sort=True,
        write=False,
    )
    net: Mapped[Decimal | None] = money(
        "Total of all items, excluding tax.", filter=True, sort=True, aggregate=True, write=False
    )
    tax: Mapped[Decimal | None] = money(
        "Tax amount.", filter=True, sort=True, aggregate=True, write=False
    )
    total: Mapped[Decimal | None] = money(
        "Total including tax.", filter=True, sort=True, aggregate=True, write=False
    )
    note: Mapped[str | None] = field("Internal note.", filter=True)
    source_id: Mapped[UUID | None] = reference(
        "Quote it was duplicated from.",
        "quote",
        reverse="copies",
        reverse_doc="Duplicates of this quote.",
        write=False,
        restrict=False,
    )


class QuoteItem(Record):
    """Line of a quote; written by `quoteSetItems`."""

    __tablename__ = "quote_item"
    __prefix__ = "qit"
    __groups__ = True
    __along__ = True
    __rule__ = quote_item_violations
    __table_args__ = (
        Index(None, "quote_id"),
        Index(None, "product_id"),
        Index(None, "unit_id"),
        Index(None, "source_id"),
    )

    quote_id: Mapped[UUID] = reference(
        "Quote of the line.",
        "quote",
        reverse="items",
        reverse_doc="Items of this quote.",
        owned=True,
        on_delete="CASCADE",
    )
    position: Mapped[int] = field(
        "Position in the quote, from 1.", filter=True, sort=True, write=False
    )
    kind: Mapped[ItemKind] = field(
        "Item kind: product or rounding.",
        enumeration(ItemKind),
        filter=True,
        sort=True,
        server_default="ITEM",
    )
    product_id: Mapped[UUID | None] = reference(
        "Offered product; null for a line without one.",
        "product",
        reverse="quoteItems",
        reverse_doc="Quote items with this product.",
    )
    name: Mapped[str] = field(
        "Item text. Default: the product's name.",
        filter=True,
        sort=True,
        server_assigned=True,
        max_length=NAME_LENGTH,
    )
    description: Mapped[str | None] = field("Description for the customer.")
    quantity: Mapped[Decimal] = field(
        "Quantity, in units.", filter=True, sort=True, aggregate=True, server_default="1"
    )
    unit_id: Mapped[UUID | None] = reference(
        "Unit of measure. Default: that of the product.",
        "unit_of_measure",
        reverse=None,
        server_assigned=True,
    )
    currency: Mapped[str] = field("Currency of the quote, ISO 4217.", write=False)
    unit_price: Mapped[Decimal | None] = money(
        "Unit price, excluding tax. Default: that of the product.",
        filter=True,
        sort=True,
        aggregate=True,
    )
    discount_percent: Mapped[Decimal | None] = field("Discount, in percent.")
    tax_percent: Mapped[Decimal | None] = field(
        "Tax rate, in percent. Default: that of the product."
    )
    net: Mapped[Decimal | None] = money(
        "Price after all discounts, excluding tax.",
        filter=True,
        sort=True,
        aggregate=True,
        write=False,
    )
    tax: Mapped[Decimal | None] = money("Tax amount.", aggregate=True, write=False)
    total: Mapped[Decimal | None] = money(
        "Price including tax.", filter=True, sort=True, aggregate=True, write=False
    )
    source_id: Mapped[UUID | None] = reference(
        "Quote item it was copied from.",
        "quote_item",
        reverse=None,
        write=False,
    )
