"""Tables of the contracts area: contracts and their lines."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped

from db.engine.base import WITH_UPSERT, Record, enumeration
from db.engine.capabilities import (
    CanBeFavorite,
    ExternallyIdentified,
    HasActivities,
    HasAttributes,
    Numbered,
    Ownable,
    Taggable,
)
from db.engine.declare import (
    NAME_LENGTH,
    field,
    money,
    reference,
)
from domain.contracts import ContractStatus, contract_violations


class Contract(
    Ownable,
    Numbered,
    Taggable,
    HasActivities,
    CanBeFavorite,
    HasAttributes,
    ExternallyIdentified,
    Record,
):
    """Contract with an account: the items sold, by contract kind."""

    __tablename__ = "contract"
    __prefix__ = "ctr"
    __groups__ = True
    __commands__ = WITH_UPSERT
    __search__ = ("name", "number", "external_id")
    __number_prefix__ = "K"
    __timeline__ = "account_id"
    __status__ = "status"
    __rule__ = contract_violations
    __table_args__ = (
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        Index(None, "account_id"),
        Index(None, "opportunity_id"),
        Index(None, "kind_id"),
        Index(None, "owner_id"),
        Index("contract_ends_on_idx", "ends_on", "id"),
    )

    name: Mapped[str] = field(
        "Name of the contract.", filter=True, sort=True, max_length=NAME_LENGTH
    )
    account_id: Mapped[UUID] = reference(
        "Account that bought.",
        "account",
        reverse="contracts",
        reverse_doc="Contracts of this account.",
    )
    opportunity_id: Mapped[UUID | None] = reference(
        "Opportunity it was sold with; null after it was detached.",
        "opportunity",
        reverse="contracts",
        reverse_doc="Contracts sold with this opportunity.",
        write=False,
    )
    kind_id: Mapped[UUID] = reference(
        "Contract kind.",
        "contract_kind",
        reverse="contracts",
        reverse_doc="Contracts of this kind.",
    )
    owner_id: Mapped[UUID] = reference(
        "Owner: employee responsible for the contract.",
        "employee",
        reverse="contracts",
        reverse_doc="Contracts this employee owns.",
        server_assigned=True,
    )
    status: Mapped[ContractStatus] = field(
        "Active or ended.",
        enumeration(ContractStatus),
        filter=True,
        sort=True,
        write=False,
        server_default="ACTIVE",
    )
    time_based: Mapped[bool] = field(
        "Whether the contract has a term; follows from its kind.",
        filter=True,
        sort=True,
        write=False,
        server_default="false",
    )
    starts_on: Mapped[date | None] = field(
        "First day of the term. Default: the day of the sale.",
        filter=True,
        sort=True,
        aggregate=True,
        server_assigned=True,
    )
    ends_on: Mapped[date | None] = field(
        "Last day of the term; null if it is open-ended.",
        filter=True,
        sort=True,
        aggregate=True,
        server_assigned=True,
    )
    renewal_months: Mapped[int | None] = field(
        "Renewal term in months; null if it does not renew.", filter=True, sort=True
    )
    remind_on: Mapped[date | None] = field("Date to review the renewal.", filter=True, sort=True)
    revision: Mapped[int] = field(
        "Number of the content's revision, from 1; grows with each sale that changes it.",
        filter=True,
        sort=True,
        write=False,
        server_default="1",
    )
    currency: Mapped[str] = field(
        "Currency of the amounts, ISO 4217.", filter=True, sort=True, immutable=True
    )
    net: Mapped[Decimal | None] = money(
        "Total of the active lines, excluding tax.",
        filter=True,
        sort=True,
        aggregate=True,
        write=False,
    )
    total: Mapped[Decimal | None] = money(
        "Total of the active lines, including tax.",
        filter=True,
        sort=True,
        aggregate=True,
        write=False,
    )
    note: Mapped[str | None] = field("Internal note.", filter=True)


class ContractLine(Record):
    """Line of a contract, as sold. A change ends the line and adds one that replaces it."""

    __tablename__ = "contract_line"
    __prefix__ = "cln"
    __groups__ = True
    __table_args__ = (
        Index(None, "contract_id"),
        Index(None, "quote_item_id"),
        Index(None, "product_id"),
        Index(None, "replaces_id"),
    )

    contract_id: Mapped[UUID] = reference(
        "Contract of the line.",
        "contract",
        reverse="lines",
        reverse_doc="Lines of this contract, including ended ones.",
        owned=True,
        on_delete="CASCADE",
    )
    quote_item_id: Mapped[UUID | None] = reference(
        "Quote item it was sold with.",
        "quote_item",
        reverse=None,
        write=False,
    )
    replaces_id: Mapped[UUID | None] = reference(
        "Line that this one replaces.",
        "contract_line",
        reverse="replacements",
        reverse_doc="Lines that replace this one.",
        write=False,
    )
    position: Mapped[int] = field(
        "Position in the contract, from 1.", filter=True, sort=True, write=False
    )
    product_id: Mapped[UUID | None] = reference(
        "Product sold.",
        "product",
        reverse="contractLines",
        reverse_doc="Contract lines with this product.",
        write=False,
    )
    name: Mapped[str] = field("Item text.", filter=True, sort=True, write=False)
    quantity: Mapped[Decimal] = field(
        "Quantity, in units.", filter=True, sort=True, aggregate=True, write=False
    )
    unit_id: Mapped[UUID | None] = reference(
        "Unit of measure.", "unit_of_measure", reverse=None, write=False
    )
    currency: Mapped[str] = field("Currency of the contract, ISO 4217.", write=False)
    unit_price: Mapped[Decimal | None] = money(
        "Unit price, excluding tax.", filter=True, sort=True, aggregate=True, write=False
    )
    discount_percent: Mapped[Decimal | None] = field("Discount, in percent.", write=False)
    tax_percent: Mapped[Decimal | None] = field("Tax rate, in percent.", write=False)
    net: Mapped[Decimal | None] = money(
        "Price after all discounts, excluding tax.",
        filter=True,
        sort=True,
        aggregate=True,
        write=False,
    )
    total: Mapped[Decimal | None] = money(
        "Price including tax.", filter=True, sort=True, aggregate=True, write=False
    )
    revision: Mapped[int] = field(
        "Revision of the line, from 1.",
        filter=True,
        sort=True,
        write=False,
        server_default="1",
    )
    starts_on: Mapped[date | None] = field(
        "First day in force.", filter=True, sort=True, write=False
    )
    ended_on: Mapped[date | None] = field(
        "Last day in force; null while in force.", filter=True, sort=True, write=False
    )
