"""Base classes of tables: common columns, and the CHECK constraints that column types imply."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum as PlainEnum
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Enum,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped

from db.engine.declare import SEARCH, field, internal, searched
from db.engine.sql import SqlType
from domain.violations import Rule

NAMES = {
    "pk": "%(table_name)s_pkey",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "ck": "%(table_name)s_%(constraint_name)s_check",
}


class Standard(PlainEnum):
    """Generated commands; every record class lists those that its type has."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RESTORE = "restore"
    UPSERT = "upsert"


CREATE_DELETE = (Standard.CREATE, Standard.DELETE)
"""For join records, which are created and deleted, but not edited."""
CREATE_UPDATE_DELETE = (Standard.CREATE, Standard.UPDATE, Standard.DELETE)
WITH_RESTORE = (*CREATE_UPDATE_DELETE, Standard.RESTORE)
WITH_UPSERT = (*WITH_RESTORE, Standard.UPSERT)
"""For records with an `externalId`."""


class Base(DeclarativeBase):
    """A table in every tenant's schema. Its name carries no schema: the transaction's path places it."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[type, SqlType | type[SqlType]]] = {
        str: Text,
        int: Integer,
        Decimal: Numeric(18, 4),
        datetime: DateTime(timezone=True),
        date: Date,
        UUID: Uuid,
    }
    __table__: ClassVar[Table]

    def __init_subclass__(cls, **kw: object) -> None:
        super().__init_subclass__(**kw)
        if "__table__" in cls.__dict__:
            _add_checks(cls.__table__)
            _add_search(cls.__table__, getattr(cls, "__search__", ()))
            if getattr(cls, "__singleton__", False):
                _add_single(cls.__table__)
            cls.__table__.comment = (cls.__doc__ or "").strip().splitlines()[0]


class Record(Base):
    """Base of record classes. Callers read the rows through the gate only."""

    __abstract__ = True
    __prefix__: ClassVar[str]
    """Prefix of the entity's ids, such as `opp`."""
    __status__: ClassVar[str | None] = None
    """The column with the status that conditional field rights depend on."""
    __owner__: ClassVar[str | None] = None
    """The column with the owning employee, which the scope OWN of a profile compares."""
    __rights__: ClassVar[bool] = False
    """Whether its records define access rights; every write then increments the tenant's access version."""
    __replaceable__: ClassVar[bool] = False
    """Whether a delete can replace references to the record by another one (D-11)."""
    __merge_key__: ClassVar[str | None] = None
    """The column whose value a replacement must share."""
    __search__: ClassVar[tuple[str, ...]] = ()
    """Searched text columns, the display name first: `NameField("last_name")` for a further part of the name,
    `Digits("phone")` for telephone numbers."""
    __commands__: ClassVar[tuple[Standard, ...]] = ()
    """Generated commands; without any the records are read-only."""
    __along__: ClassVar[bool] = False
    """Whether records can be created nested in their parent even without a create command."""
    __groups__: ClassVar[bool] = False
    """Whether the API has a grouped aggregation of them."""
    __singleton__: ClassVar[bool] = False
    """Whether a tenant has exactly one record, read without an id."""
    __live__: ClassVar[bool] = False
    """Whether the API has a subscription to their list."""
    __plural__: ClassVar[str] = ""
    """Name of the list in the API, where it is not the regular plural."""
    __rule__: ClassVar[Rule | None] = None
    """Validation rule for every write of a row: a function of domain/."""

    id: Mapped[UUID] = field(
        "Unique ID.", primary_key=True, filter=True, write=False, sort_order=-2
    )
    version: Mapped[int] = field(
        "Incremented by every change; send it as `version` to detect conflicts.",
        write=False,
        server_default="1",
        sort_order=100,
    )
    created_at: Mapped[datetime] = field(
        "Creation time.",
        filter=True,
        sort=True,
        write=False,
        server_default=func.now(),
        sort_order=100,
    )
    updated_at: Mapped[datetime] = field(
        "Time of the last change.",
        filter=True,
        sort=True,
        write=False,
        server_default=func.now(),
        sort_order=100,
    )
    deleted_at: Mapped[datetime | None] = internal(
        "Time of the move to the trash; null for live records.", sort_order=100
    )


class Internal(Base):
    """Base of internal tables. They are no entities and have no rights; the API does not expose them."""

    __abstract__ = True


class Trace(Internal):
    """Base of tables that only the system writes and callers read through the gate, such as the history."""

    __abstract__ = True
    __prefix__: ClassVar[str]
    __record__: ClassVar[str | None] = None
    """The internal column with the id of the described record; rows are found by it."""
    __groups__: ClassVar[bool] = False
    """Whether the API has a grouped aggregation of them."""

    id: Mapped[UUID] = field(
        "Unique ID.", primary_key=True, filter=True, write=False, sort_order=-1
    )


def enumeration(words: type[StrEnum]) -> Enum:
    """Text with a CHECK: a native enum has another OID in every schema and breaks the driver's caches."""
    return Enum(
        words,
        native_enum=False,
        create_constraint=False,
        length=None,
        values_callable=lambda members: [member.value for member in members],
    )


def _add_search(table: Table, columns: Iterable[str]) -> None:
    """One trigram index over all searched columns."""
    if SEARCH in table.columns:
        raise TypeError(
            f"{table.name}.{SEARCH}: the name is reserved for filters; rename the column."
        )
    if columns:
        name = f"{table.name}_search_idx"
        table.append_constraint(Index(name, *searched(columns), postgresql_using="gin"))


def _add_single(table: Table) -> None:
    """At most one record that is not deleted: the API reads it without an ID."""
    live = text("deleted_at IS NULL")
    index = Index(f"{table.name}_single", text("(true)"), unique=True, postgresql_where=live)
    table.append_constraint(index)


def _add_checks(table: Table) -> None:
    """Refuse values that the API cannot represent: NaN, infinity and five-digit years (D-42)."""
    for column in table.columns:
        name, kind = column.name, column.type
        if column.computed is not None:
            continue
        if isinstance(kind, Enum):
            words = ", ".join(f"'{word}'" for word in kind.enums)
            rule = f"{name} IN ({words})"
        elif isinstance(kind, Numeric):
            rule = f"{name} <> 'NaN'"
        elif isinstance(kind, DateTime):
            rule = f"{name} >= '0001-01-01Z' AND {name} < '10000-01-01Z'"
        elif isinstance(kind, Date):
            rule = f"{name} >= '0001-01-01' AND {name} < '10000-01-01'"
        elif isinstance(kind, Integer | SmallInteger | BigInteger | Text | Uuid):
            continue
        else:
            continue
        table.append_constraint(CheckConstraint(rule, name=name))
