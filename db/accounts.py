"""Tables of the accounts area: whom we sell to."""

from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from db.engine.base import Record
from db.engine.declare import WORD, custom_attributes, derived, field, folded, live, reference
from domain.accounts import in_country
from domain.wording import web_domain


class Account(Record):
    """An organisation or a private customer we sell to, perhaps a part of a larger one."""

    __tablename__ = "account"
    __prefix__ = "acc"
    __owner__ = "owner_id"
    __rule__ = in_country
    __table_args__ = (
        Index(None, "parent_id"),
        Index(None, "owner_id"),
        Index("account_name_idx", folded("name"), "id"),
        live("account_external_id_unique", "external_id"),
    )

    name: Mapped[str | None] = field(
        "What the account is called.", filter=True, sort=True, longest=WORD
    )
    number: Mapped[str] = field(
        "The number we know the account by.", filter=True, sort=True, chosen=True
    )
    industry: Mapped[str | None] = field("The branch it works in.", filter=True, sort=True)
    website: Mapped[str | None] = field("Its home page.", filter=True)
    website_domain = derived(
        "The domain of its home page, to show and to compare.", web_domain, needs=("website",)
    )
    phone: Mapped[str | None] = field("Its telephone number.", filter=True)
    city: Mapped[str | None] = field("The town of its head office.", filter=True, sort=True)
    country: Mapped[str | None] = field(
        "The country of its head office, as ISO 3166-1.", filter=True, sort=True
    )
    employee_count: Mapped[int | None] = field(
        "How many people work there.", filter=True, sort=True, aggregate=True
    )
    key_account: Mapped[bool] = field(
        "Whether it is looked after with special care.",
        filter=True,
        sort=True,
        server_default="false",
    )
    parent_id: Mapped[UUID | None] = reference(
        "The account it is a part of.",
        "account",
        reverse="subAccounts",
        reverse_doc="The accounts that are parts of this one.",
    )
    owner_id: Mapped[UUID] = reference(
        "The employee responsible for the account.",
        "employee",
        reverse="accounts",
        reverse_doc="The accounts this employee is responsible for.",
        chosen=True,
    )
    external_id: Mapped[str | None] = field(
        "What another system knows it by; no two have the same.",
        filter=True,
        sort=True,
        longest=WORD,
    )
    custom: Mapped[dict[str, Any]] = custom_attributes()


class Address(Record):
    """A place of an account: where it is visited, gets its post, or pays its bills."""

    __tablename__ = "address"
    __prefix__ = "adr"
    __rule__ = in_country
    __table_args__ = (
        Index(None, "account_id"),
        Index(
            "address_head_office_unique",
            "account_id",
            unique=True,
            postgresql_where=text("head_office AND deleted_at IS NULL"),
        ),
    )

    account_id: Mapped[UUID] = reference(
        "The account whose place it is.",
        "account",
        reverse="addresses",
        reverse_doc="The places of this account.",
        part=True,
        on_delete="CASCADE",
    )
    street: Mapped[str | None] = field("The street.", filter=True, sort=True)
    house_number: Mapped[str | None] = field("The number in the street, with what follows it.")
    postcode: Mapped[str | None] = field("The postcode.", filter=True, sort=True)
    city: Mapped[str | None] = field("The town.", filter=True, sort=True)
    country: Mapped[str | None] = field("The country, as ISO 3166-1.", filter=True, sort=True)
    visiting: Mapped[bool] = field("Whether one visits there.", filter=True, server_default="false")
    postal: Mapped[bool] = field("Whether post goes there.", filter=True, server_default="false")
    invoicing: Mapped[bool] = field(
        "Whether invoices go there.", filter=True, server_default="false"
    )
    head_office: Mapped[bool] = field(
        "Whether it is the account's head office; exactly one is.",
        filter=True,
        chosen=True,
        server_default="false",
    )
