"""Tables of the people area: persons and affiliations."""

from datetime import date
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from db.engine.base import WITH_RESTORE, WITH_UPSERT, Record, enumeration
from db.engine.capabilities import (
    CanBeFavorite,
    ExternallyIdentified,
    HasActivities,
    HasAttributes,
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
    reference,
)
from domain.people import Gender, affiliation_violations, full_name, person_violations


class Person(
    Ownable, Taggable, HasActivities, CanBeFavorite, HasAttributes, ExternallyIdentified, Record
):
    """Person, independent of employer."""

    __tablename__ = "person"
    __prefix__ = "per"
    __groups__ = True
    __commands__ = WITH_UPSERT
    __search__ = (
        "last_name",
        NameField("first_name"),
        "name_infix",
        "email",
        Digits("phone"),
        "external_id",
    )
    __activities__ = "Activities on this person."
    __rule__ = person_violations
    __table_args__ = (
        Index(None, "owner_id"),
        Index(None, "type_id"),
        Index("person_last_name_idx", folded("last_name"), "id"),
    )

    gender: Mapped[Gender | None] = field(
        "Gender, for salutations.",
        enumeration(Gender),
        filter=True,
        sort=True,
    )
    first_name: Mapped[str | None] = field(
        "First name.", filter=True, sort=True, max_length=NAME_LENGTH
    )
    name_infix: Mapped[str | None] = field(
        "Infix between first and last name, such as `van der`.", max_length=NAME_LENGTH
    )
    last_name: Mapped[str | None] = field(
        "Last name.", filter=True, sort=True, max_length=NAME_LENGTH
    )
    full_name = derived(
        "Full name.",
        full_name,
        inputs=("first_name", "name_infix", "last_name"),
    )
    email: Mapped[str | None] = field(
        "Private email address; work addresses belong to affiliations.",
        filter=True,
        sort=True,
        max_length=NAME_LENGTH,
    )
    phone: Mapped[str | None] = field(
        "Private phone number, E.164.", filter=True, max_length=NAME_LENGTH
    )
    born_on: Mapped[date | None] = field("Date of birth.", filter=True, sort=True)
    type_id: Mapped[UUID | None] = reference(
        "Person type.",
        "person_type",
        reverse="persons",
        reverse_doc="Persons of this type.",
        server_assigned=True,
    )
    owner_id: Mapped[UUID] = reference(
        "Employee responsible for the person's data.",
        "employee",
        reverse="persons",
        reverse_doc="Persons this employee owns.",
        server_assigned=True,
    )
    note: Mapped[str | None] = field("Internal note.", filter=True)


class Affiliation(Record):
    """Job of a person at an account (person in organization)."""

    __tablename__ = "affiliation"
    __prefix__ = "aff"
    __commands__ = WITH_RESTORE
    __search__ = ("email", Digits("phone"), Digits("second_phone"))
    __rule__ = affiliation_violations
    __table_args__ = (
        Index(None, "account_id"),
        Index(None, "person_id"),
        Index(None, "address_id"),
    )

    account_id: Mapped[UUID] = reference(
        "Account the person works at.",
        "account",
        reverse="affiliations",
        reverse_doc="Jobs of people at this account, including past ones.",
        owned=True,
        nested_create=True,
    )
    person_id: Mapped[UUID] = reference(
        "Person.",
        "person",
        reverse="affiliations",
        reverse_doc="Jobs of this person, including past ones.",
        owned=True,
    )
    address_id: Mapped[UUID | None] = reference(
        "Work address; default: the account's head office.",
        "address",
        reverse="affiliations",
        reverse_doc="Jobs of people who work at this address.",
        server_assigned=True,
        restrict=False,
    )
    department: Mapped[str | None] = field("Department.", filter=True, sort=True)
    function: Mapped[str | None] = field("Job title at the account.", filter=True, sort=True)
    role: Mapped[str | None] = field(
        "Role of the person in dealing with the account.", filter=True, sort=True
    )
    email: Mapped[str | None] = field(
        "Email address at the account.", filter=True, sort=True, max_length=NAME_LENGTH
    )
    phone: Mapped[str | None] = field(
        "Phone number at the account, E.164.", filter=True, max_length=NAME_LENGTH
    )
    second_phone: Mapped[str | None] = field(
        "Second phone number at the account, E.164.", filter=True, max_length=NAME_LENGTH
    )
    active: Mapped[bool] = field(
        "Whether the job is current.", filter=True, sort=True, server_default="true"
    )
    since: Mapped[date | None] = field("First day of the job.", filter=True, sort=True)
    until: Mapped[date | None] = field("Last day of the job.", filter=True, sort=True)
