"""Tables of the accounts area: whom we sell to."""

from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from db.engine.base import Record
from db.engine.declare import custom_attributes, derived, field, folded, reference
from domain.wording import web_domain


class Account(Record):
    """An organisation or a private customer we sell to, perhaps a part of a larger one."""

    __tablename__ = "account"
    __prefix__ = "acc"
    __table_args__ = (
        Index(None, "parent_id"),
        Index(None, "owner_id"),
        Index("account_name_idx", folded("name"), "id"),
    )

    name: Mapped[str | None] = field("What the account is called.", filter=True, sort=True)
    number: Mapped[str] = field("The number we know the account by.", filter=True, sort=True)
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
    )
    custom: Mapped[dict[str, Any]] = custom_attributes()
