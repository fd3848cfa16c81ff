"""What every table has, and the checks that its columns' types imply."""

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
    """What can be done with records of any type; a type lists what can be done with its own."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RESTORE = "restore"
    UPSERT = "upsert"


JOINED = (Standard.CREATE, Standard.DELETE)
"""For what only ties two records together: another tie is another record."""
EDITED = (Standard.CREATE, Standard.UPDATE, Standard.DELETE)
RESTORED = (*EDITED, Standard.RESTORE)
UPSERTED = (*RESTORED, Standard.UPSERT)
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
    """A row that callers see through the gate, and in no other way."""

    __abstract__ = True
    __prefix__: ClassVar[str]
    """What the entity's ids begin with, such as `opp`."""
    __status__: ClassVar[str | None] = None
    """The column that rules per status look at."""
    __owner__: ClassVar[str | None] = None
    """The column with the employee who may change it where a profile says OWN."""
    __rights__: ClassVar[bool] = False
    """Whether it says who may what, so that changing it makes a new version of everybody's rights."""
    __replaceable__: ClassVar[bool] = False
    """Whether another one can take its place wherever it is pointed to, as it is deleted (D-11)."""
    __merge_key__: ClassVar[str | None] = None
    """The column with what kind it is, where only one of its own kind can take its place."""
    __search__: ClassVar[tuple[str, ...]] = ()
    """The columns with text that it is searched by, what it is called first: `Called("last_name")` if that is
    called so, too, `Digits("phone")` for a number to dial."""
    __commands__: ClassVar[tuple[Standard, ...]] = ()
    """What callers can do with the records; without any they are only read."""
    __along__: ClassVar[bool] = False
    """Whether records can be created along with their parent, though not by themselves."""
    __groups__: ClassVar[bool] = False
    """Whether lists of them can be aggregated in groups."""
    __singleton__: ClassVar[bool] = False
    """Whether a tenant has exactly one record, which is read without an id."""
    __live__: ClassVar[bool] = False
    """Whether lists of them can be followed as they change."""
    __plural__: ClassVar[str] = ""
    """What the API calls a list of them, where it is not the regular plural."""
    __rule__: ClassVar[Rule | None] = None
    """What must hold whenever a row is written, whoever writes it: a function of domain/."""

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
        "When the record was put into the bin.", sort_order=100
    )


class Internal(Base):
    """A table of the system's own bookkeeping: no entity, no rights, never shown."""

    __abstract__ = True


class Trace(Internal):
    """What the system notes by itself and callers see through the gate: never changed by them, nor deleted."""

    __abstract__ = True
    __prefix__: ClassVar[str]
    __record__: ClassVar[str | None] = None
    """The column with the id of the record that it is about: what is noted is found by it, never shown it."""
    __groups__: ClassVar[bool] = False
    """Whether lists of them can be aggregated."""

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
    """One index over all columns that are searched: it finds a piece in each of them."""
    if SEARCH in table.columns:
        raise TypeError(
            f"{table.name}.{SEARCH}: filters need that word, so name the column otherwise."
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
    """No value may be stored that the API cannot say: NaN, infinite, or a five-digit year (D-42)."""
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
