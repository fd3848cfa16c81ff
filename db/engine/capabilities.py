"""Capabilities: optional features of record classes, declared as base classes.

    class Opportunity(Ownable, Taggable, HasActivities, ExternallyIdentified, Record):

Columns, indexes, rules, and the columns of other records that refer to it follow from the base classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Table, Uuid
from sqlalchemy.orm import Mapped

from db.engine.base import Record
from db.engine.declare import NAME_LENGTH, custom_attributes, field, reference, unique_outside_trash
from db.engine.row import ColumnOf
from domain.columns import exactly_one
from domain.message import Message
from domain.naming import plural
from domain.values import JsonObject

LAST = 90
"""`sort_order` of a capability's columns, which come after the columns of the class."""


class Capability:
    """Base of mixins for record classes. `{record}` in a column comment is replaced by the type's name, such as *quote*."""

    def __init_subclass__(cls, **kw: object) -> None:
        super().__init_subclass__(**kw)
        table: Table | None = vars(cls).get("__table__")
        if table is None:
            return
        for column in table.columns:
            if column.comment is not None:
                column.comment = column.comment.replace("{record}", type_label(table))
        if issubclass(cls, ExternallyIdentified):
            table.append_constraint(
                unique_outside_trash(f"{table.name}_external_id_unique", "external_id")
            )


class Ownable(Capability):
    """Has an owner, in the column `owner_id` of the class. Default for a new record: the employee of the caller."""

    __owner__: ClassVar[str | None] = "owner_id"


class Shareable(Capability):
    """Can be shared: single records with users, or by sharing rules with roles."""


class ExternallyIdentified(Capability):
    """Has an external id, unique among live records. Upsert requires it."""

    external_id: Mapped[str | None] = field(
        "ID in an external system; unique per object type.",
        filter=True,
        sort=True,
        max_length=NAME_LENGTH,
        sort_order=LAST,
    )


class HasAttributes(Capability):
    """Has values of custom attributes. The record's type, in `type_id`, determines which ones."""

    custom: Mapped[JsonObject] = custom_attributes(sort_order=LAST + 1)


class Numbered(Capability):
    """Has a number. Default for a new record: a generated number with the prefix `__number_prefix__`."""

    __number_prefix__: ClassVar[str]

    number: Mapped[str] = field(
        "Number of the {record}; unique.",
        filter=True,
        sort=True,
        server_assigned=True,
        max_length=NAME_LENGTH,
        sort_order=-1,
    )


class Taggable(Capability):
    """Can have tags."""


class CanBeFavorite(Capability):
    """Can be a user's favorite."""


class HasActivities(Capability):
    """Can have activities, which appear in the timeline of one account."""

    __timeline__: ClassVar[str | None] = None
    """The column with that account; `id` if the record is the account, None if there is no such column."""
    __activities__: ClassVar[str] = "Activities on this {record}."
    """Description of the record's list of activities."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A possible subject: its record class, and the referring record's column with its id."""

    record: type[Record]
    column: ColumnOf[UUID | None]


@dataclass(frozen=True, kw_only=True)
class Subjects:
    """Declares the subject columns of an `OnOne` class: one per record class with the capability `capability`.

    In texts, `{record}` and `{Record}` are replaced by the name of the subject's type, `{records}` by its plural.
    """

    capability: type[Capability]
    doc: str
    reverse: str
    reverse_doc: str
    constraint_name: str
    """Name of the constraint that exactly one of the columns has a value."""
    message: Message
    """Message of a violation of that rule; `{subjects}` is replaced by the list of type names."""
    unique_per: str | None = None
    """A column that is unique among live records with the same subject."""
    by_type: bool = False
    """Whether the columns refer to the types of those records (their `type_id`) instead of the records."""
    owned: bool = True
    """Whether a record is a child of its subject."""


class HasSubject(Capability):
    """Refers to exactly one subject, a record of any class with a capability; `complete` adds one column per class."""

    __subject__: ClassVar[Subjects]
    __subjects__: ClassVar[tuple[Subject, ...]] = ()


def add_subject_columns(records: Sequence[type[Record]]) -> None:
    """Add the subject columns to `OnOne` classes: one per class with the capability, in the order of `records`.

    Classes of access rights come last. Called once, when the classes of all areas are loaded.
    """
    ordered = sorted(records, key=lambda each: each.__rights__)
    for record in records:
        if issubclass(record, HasSubject):
            _complete(
                record,
                [each for each in ordered if issubclass(each, record.__subject__.capability)],
            )


def timeline_of(record: type[Record]) -> str | None:
    """The column with the account whose timeline shows the record's activities; None if there is none."""
    return record.__timeline__ if issubclass(record, HasActivities) else None


def number_prefix_of(record: type[Record]) -> str | None:
    """Prefix of the record numbers; None if the class is not `Numbered`."""
    return record.__number_prefix__ if issubclass(record, Numbered) else None


def type_label(table: Table) -> str:
    """Name of a table's record type in texts, such as *quote line*."""
    return table.name.replace("_", " ")


def _named(text: str, record: type[Record]) -> str:
    """A text with the words of a type of record."""
    one, many = type_label(record.__table__), plural(record.__name__).lower()
    names = {"{record}": one, "{Record}": one.capitalize(), "{records}": many}
    for place, name in names.items():
        text = text.replace(place, name)
    return text


def _complete(record: type[Record], classes: Sequence[type[Record]]) -> None:
    """Add the columns, an index for each, and the rule that exactly one of them has a value."""
    assert issubclass(record, HasSubject)  # noqa: S101 - checked by the caller
    on, table = record.__subject__, record.__table__
    subjects = [_add(record, on, each) for each in classes if not on.by_type or _has_type(each)]
    names = [each.column.key for each in subjects]
    table.append_constraint(
        CheckConstraint(f"num_nonnulls({', '.join(names)}) = 1", name=on.constraint_name)
    )
    for name in names:
        table.append_constraint(Index(None, name))
        if on.unique_per is not None:
            unique = unique_outside_trash(f"{table.name}_{name}_unique", on.unique_per, name)
            table.append_constraint(unique)
    message = on.message.fill(subjects=_listed([type_label(s.record.__table__) for s in subjects]))
    record.__subjects__ = tuple(subjects)
    record.__rule__ = exactly_one(tuple(names), message, record.__rule__)


def _add(record: type[Record], on: Subjects, subject: type[Record]) -> Subject:
    target = subject.__table__
    if on.by_type:
        [key] = subject.__table__.c.type_id.foreign_keys
        target = key.column.table
    reverse_doc = on.reverse_doc
    if issubclass(subject, HasActivities) and on.capability is HasActivities:
        reverse_doc = subject.__activities__
    texts = [_named(text, subject) for text in (on.doc, reverse_doc)]
    name = f"{target.name}_id"
    declared = reference(
        texts[0],
        target.name,
        reverse=on.reverse,
        reverse_doc=texts[1],
        owned=on.owned,
        immutable=True,
        type_=Uuid(),
        nullable=True,
    )
    setattr(record, name, declared)
    return Subject(subject, getattr(record, name))


def _listed(words: Sequence[str]) -> str:
    """`account, person or case`."""
    *rest, last = words
    return f"{', '.join(rest)} or {last}" if rest else last


def _has_type(record: type[Record]) -> bool:
    return "type_id" in record.__table__.c
