"""Tables of the quotes area: what we offer for an opportunity, line by line."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped

from db.engine.base import RESTORED, Record, enumeration
from db.engine.capabilities import Numbered
from db.engine.declare import WORD, field, money, reference
from domain.quotes import ItemKind, quote, quote_item


class Quote(Numbered, Record):
    """An offer for an opportunity: prices, quantities and until when they hold."""

    __tablename__ = "quote"
    __prefix__ = "quo"
    __groups__ = True
    __commands__ = RESTORED
    __search__ = ("name", "number")
    __letter__ = "Q"
    __rule__ = quote
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
        "The opportunity it is for.",
        "opportunity",
        reverse="quotes",
        reverse_doc="What was offered for this opportunity.",
        owned=True,
        on_delete="CASCADE",
    )
    name: Mapped[str] = field("Name of the quote.", filter=True, sort=True, longest=WORD)
    currency: Mapped[str] = field(
        "Currency, ISO 4217; default: that of the opportunity.",
        filter=True,
        sort=True,
        immutable=True,
        server_assigned=True,
    )
    brand: Mapped[str | None] = field("Offered brand.", filter=True, sort=True)
    product_version: Mapped[str | None] = field("Offered product version.", filter=True, sort=True)
    valid_from: Mapped[date | None] = field(
        "First day on which the offer is valid.", filter=True, sort=True
    )
    valid_until: Mapped[date | None] = field(
        "Last day on which the offer is valid.", filter=True, sort=True, aggregate=True
    )
    discount_percent: Mapped[Decimal | None] = field(
        "A discount on the whole, in percent; it is spread over the items."
    )
    items_shown: Mapped[bool] = field(
        "Whether the customer is shown each item, or the sum alone.", server_default="true"
    )
    active: Mapped[bool] = field(
        "Whether the quote is active; at most one per opportunity.",
        filter=True,
        sort=True,
        write=False,
        server_default="false",
    )
    approved_at: Mapped[datetime | None] = field(
        "When it was approved.", filter=True, sort=True, write=False
    )
    accepted_at: Mapped[datetime | None] = field(
        "When the customer accepted it: the opportunity was sold on it.",
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
        "The quote it was made from.",
        "quote",
        reverse="copies",
        reverse_doc="The quotes that were made from this one.",
        write=False,
        restrict=False,
    )


class QuoteItem(Record):
    """A line of a quote. The lines are set all at once, in their order."""

    __tablename__ = "quote_item"
    __prefix__ = "qit"
    __groups__ = True
    __along__ = True
    __rule__ = quote_item
    __table_args__ = (
        Index(None, "quote_id"),
        Index(None, "product_id"),
        Index(None, "unit_id"),
        Index(None, "source_id"),
    )

    quote_id: Mapped[UUID] = reference(
        "The quote it stands in.",
        "quote",
        reverse="items",
        reverse_doc="What is offered, line by line.",
        owned=True,
        on_delete="CASCADE",
    )
    position: Mapped[int] = field(
        "Its place in the quote, from 1.", filter=True, sort=True, write=False
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
        reverse_doc="Where this product was offered.",
    )
    name: Mapped[str] = field(
        "Item text. Default: the product's name.",
        filter=True,
        sort=True,
        server_assigned=True,
        longest=WORD,
    )
    description: Mapped[str | None] = field("What the customer should know of it.")
    quantity: Mapped[Decimal] = field(
        "Quantity, in units.", filter=True, sort=True, aggregate=True, server_default="1"
    )
    unit_id: Mapped[UUID | None] = reference(
        "Unit of measure. Default: that of the product.",
        "unit_of_measure",
        reverse=None,
        server_assigned=True,
    )
    currency: Mapped[str] = field("The quote's currency, as ISO 4217.", write=False)
    unit_price: Mapped[Decimal | None] = money(
        "What one unit costs, without tax; the product's price if not said.",
        filter=True,
        sort=True,
        aggregate=True,
    )
    discount_percent: Mapped[Decimal | None] = field("The discount on it, in percent.")
    tax_percent: Mapped[Decimal | None] = field(
        "The tax on it, in percent; the product's if not said."
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
        "The line of another quote that it was copied from.",
        "quote_item",
        reverse=None,
        write=False,
    )
