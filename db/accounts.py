"""Tables of the accounts area: accounts, addresses, managers and links."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped

from db.engine.base import (
    CREATE_DELETE,
    CREATE_UPDATE_DELETE,
    WITH_RESTORE,
    WITH_UPSERT,
    Record,
    enumeration,
)
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
    Digits,
    NameField,
    derived,
    field,
    folded,
    internal,
    reference,
    unique_outside_trash,
)
from domain.accounts import account_violations, country_violations, display_name
from domain.setup import DocumentDelivery
from domain.wording import web_domain


class Account(
    Ownable,
    Numbered,
    Taggable,
    HasActivities,
    CanBeFavorite,
    HasAttributes,
    ExternallyIdentified,
    Record,
):
    """Organization or private customer; may belong to a parent account."""

    __tablename__ = "account"
    __prefix__ = "acc"
    __groups__ = True
    __commands__ = WITH_UPSERT
    __number_prefix__ = "A"
    __timeline__ = "id"
    __activities__ = "Activities on the account itself."
    __rule__ = account_violations
    __search__ = (
        "name",
        NameField("last_name"),
        "number",
        "email",
        Digits("phone"),
        "website",
        "registration_number",
        "external_id",
    )
    __table_args__ = (
        Index(None, "parent_id"),
        Index(None, "owner_id"),
        Index(None, "type_id"),
        Index(None, "industry_id"),
        Index("account_name_idx", folded("name"), "id"),
    )

    name: Mapped[str | None] = field(
        "Account name, or the first name of a private customer.",
        filter=True,
        sort=True,
        max_length=NAME_LENGTH,
    )
    last_name: Mapped[str | None] = field(
        "Last name of a private customer.", filter=True, sort=True, max_length=NAME_LENGTH
    )
    display_name = derived(
        "Display name: names, else registration number, email domain or account number.",
        display_name,
        inputs=("name", "last_name", "registration_number", "email", "number"),
    )
    type_id: Mapped[UUID | None] = reference(
        "Account type.",
        "account_type",
        reverse="accounts",
        reverse_doc="Accounts of this type.",
        server_assigned=True,
    )
    number: Mapped[str] = field("Account number.", filter=True, sort=True, server_assigned=True)
    industry_id: Mapped[UUID | None] = reference(
        "Industry.",
        "industry",
        reverse="accounts",
        reverse_doc="Accounts in this industry.",
    )
    industry_text: Mapped[str | None] = internal(
        "The branch as it was kept before there was a list of them.", name="industry"
    )
    website: Mapped[str | None] = field("Website, as a URL.", filter=True)
    website_domain = derived("Domain of the website.", web_domain, inputs=("website",))
    email: Mapped[str | None] = field(
        "Email address.", filter=True, sort=True, max_length=NAME_LENGTH
    )
    phone: Mapped[str | None] = field("Phone number, E.164.", filter=True)
    registration_number: Mapped[str | None] = field(
        "Company registration number.", filter=True, sort=True, max_length=NAME_LENGTH
    )
    vat_number: Mapped[str | None] = field(
        "VAT number.", filter=True, sort=True, max_length=NAME_LENGTH
    )
    city: Mapped[str | None] = field("City of the head office.", filter=True, sort=True)
    country: Mapped[str | None] = field(
        "Country of the head office, ISO 3166-1.", filter=True, sort=True
    )
    employee_count: Mapped[int | None] = field(
        "Number of employees.", filter=True, sort=True, aggregate=True
    )
    key_account: Mapped[bool] = field(
        "Whether it is a key account.",
        filter=True,
        sort=True,
        server_default="false",
    )
    parent_id: Mapped[UUID | None] = reference(
        "Parent account.",
        "account",
        reverse="subAccounts",
        reverse_doc="Sub-accounts.",
    )
    owner_id: Mapped[UUID] = reference(
        "Owner: employee responsible for the account.",
        "employee",
        reverse="accounts",
        reverse_doc="Accounts this employee owns.",
        server_assigned=True,
    )
    description: Mapped[str | None] = field("Description.", filter=True)
    invoice_name: Mapped[str | None] = field(
        "Name on invoices; default: the account name.", filter=True, max_length=NAME_LENGTH
    )
    invoice_email: Mapped[str | None] = field(
        "Email address for invoices.", filter=True, max_length=NAME_LENGTH
    )
    postal_is_invoicing: Mapped[bool] = field(
        "Whether invoices are sent to the postal address.",
        filter=True,
        server_default="false",
    )
    sender_email: Mapped[str | None] = field(
        "Email address from which the account is written to.", max_length=NAME_LENGTH
    )
    document_delivery: Mapped[DocumentDelivery | None] = field(
        "Delivery method of documents.", enumeration(DocumentDelivery), filter=True, sort=True
    )


class AccountManager(Record):
    """User who manages an account, active or not."""

    __tablename__ = "account_manager"
    __prefix__ = "acm"
    __commands__ = CREATE_DELETE
    __table_args__ = (
        unique_outside_trash("account_manager_unique", "account_id", "user_id"),
        Index(None, "user_id"),
    )

    account_id: Mapped[UUID] = reference(
        "Account.",
        "account",
        reverse="managers",
        reverse_doc="Users who manage this account.",
        owned=True,
    )
    user_id: Mapped[UUID] = reference(
        "User who manages the account.",
        "user",
        reverse="managedAccounts",
        reverse_doc="Accounts this user manages.",
        immutable=True,
    )


class AccountLink(Record):
    """Link between two accounts, stored once for each direction."""

    __tablename__ = "account_link"
    __prefix__ = "alk"
    __commands__ = CREATE_UPDATE_DELETE
    __table_args__ = (
        unique_outside_trash("account_link_unique", "account_id", "other_id"),
        CheckConstraint("account_id <> other_id", name="other"),
        Index(None, "other_id"),
    )

    account_id: Mapped[UUID] = reference(
        "First account.",
        "account",
        reverse="links",
        reverse_doc="Links to other accounts.",
        owned=True,
    )
    other_id: Mapped[UUID] = reference("Second account.", "account", reverse=None, owned=True)
    note: Mapped[str | None] = field("How the accounts are related.", filter=True)


class Address(Record):
    """Visiting, postal or invoicing address of an account."""

    __tablename__ = "address"
    __prefix__ = "adr"
    __commands__ = WITH_RESTORE
    __rule__ = country_violations
    __table_args__ = (
        Index(None, "account_id"),
        Index(
            "address_head_office_unique",
            "account_id",
            unique=True,
            postgresql_where=text("head_office AND deleted_at IS NULL"),
        ),
        Index(
            "address_default_invoicing_unique",
            "account_id",
            unique=True,
            postgresql_where=text("default_invoicing AND deleted_at IS NULL"),
        ),
    )

    account_id: Mapped[UUID] = reference(
        "Account of the address.",
        "account",
        reverse="addresses",
        reverse_doc="Addresses of this account.",
        owned=True,
        on_delete="CASCADE",
    )
    street: Mapped[str | None] = field("Street and number.", filter=True, sort=True)
    house_number: Mapped[str | None] = field("House number with addition.")
    postcode: Mapped[str | None] = field("Postal code.", filter=True, sort=True)
    city: Mapped[str | None] = field("City.", filter=True, sort=True)
    country: Mapped[str | None] = field("Country, ISO 3166-1.", filter=True, sort=True)
    visiting: Mapped[bool] = field(
        "Whether it is a visiting address.", filter=True, server_default="false"
    )
    postal: Mapped[bool] = field(
        "Whether it is a postal address.", filter=True, server_default="false"
    )
    invoicing: Mapped[bool] = field(
        "Whether it is an invoicing address.", filter=True, server_default="false"
    )
    default_invoicing: Mapped[bool] = field(
        "Whether it is the default of the account's invoicing addresses.",
        filter=True,
        server_assigned=True,
        server_default="false",
    )
    head_office: Mapped[bool] = field(
        "Whether it is the head office; exactly one address is.",
        filter=True,
        server_assigned=True,
        server_default="false",
    )
