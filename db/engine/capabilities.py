"""Capabilities: what a record can do besides being a record, declared in the line of its class and nowhere else.

    class Opportunity(Ownable, Taggable, HasActivities, ExternallyIdentified, Record):

Columns, indexes, rules, and the columns of other records that refer to it, all follow from that line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Table, Uuid
from sqlalchemy.orm import Mapped

from db.engine.base import Record
from db.engine.declare import WORD, custom_attributes, field, live, reference
from db.engine.row import ColumnOf
from domain.columns import exactly_one
from domain.naming import plural
from domain.values import JsonObject

LAST = 90
"""The place of columns that every class with the capability has after its own."""


class Capability:
    """A mixin of record classes. `{record}` in the comment of one of its columns is the record's word, as in *quote*."""

    def __init_subclass__(cls, **kw: object) -> None:
        super().__init_subclass__(**kw)
        table: Table | None = vars(cls).get("__table__")
        if table is None:
            return
        for column in table.columns:
            if column.comment is not None:
                column.comment = column.comment.replace("{record}", word(table))
        if issubclass(cls, ExternallyIdentified):
            table.append_constraint(live(f"{table.name}_external_id_unique", "external_id"))


class Ownable(Capability):
    """Has an owner: the class declares `owner_id`. A new record belongs to the employee who creates it, if nobody is named."""

    __owner__: ClassVar[str | None] = "owner_id"


class Shareable(Capability):
    """Can be shared: its policy may open records one by one, or to roles by standing rules."""


class ExternallyIdentified(Capability):
    """Has the id that another system knows it by, unique among live records. Upsert requires it."""

    external_id: Mapped[str | None] = field(
        "ID in an external system; unique per object type.",
        filter=True,
        sort=True,
        longest=WORD,
        sort_order=LAST,
    )


class HasAttributes(Capability):
    """Has values of the tenant's own attributes. The record's type, in `type_id`, determines which ones."""

    custom: Mapped[JsonObject] = custom_attributes(sort_order=LAST + 1)


class Numbered(Capability):
    """Has a number; a new record without one gets one that begins with `__letter__`."""

    __letter__: ClassVar[str]

    number: Mapped[str] = field(
        "Number of the {record}; unique.",
        filter=True,
        sort=True,
        server_assigned=True,
        longest=WORD,
        sort_order=-1,
    )


class Taggable(Capability):
    """Can have tags."""


class CanBeFavorite(Capability):
    """Can be among a user's favorites."""


class HasActivities(Capability):
    """Can have activities, which appear in the timeline of one account."""

    __timeline__: ClassVar[str | None] = None
    """The column with that account; `id` if it is the record itself, None if no column holds it."""
    __activities__: ClassVar[str] = "What was done or is planned for this {record}."
    """Description of the record's list of activities."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A type of record that others can be on, and their column with its id."""

    record: type[Record]
    column: ColumnOf[UUID | None]


@dataclass(frozen=True, kw_only=True)
class Subjects:
    """Declares the columns of records that are on exactly one of all those with a capability.

    In the texts, `{record}` is the word of the record, `{records}` its plural.
    """

    having: type[Capability]
    doc: str
    reverse: str
    reverse_doc: str
    one: str
    """The name of the constraint that exactly one of the columns has a value."""
    message: str
    """The violation of that rule; `{subjects}` lists the words of all."""
    unique_per: str | None = None
    """The column of which no two live records on the same subject have the same value."""
    by_type: bool = False
    """Whether the columns hold the types of those records, as in `type_id`, instead of the records."""
    owned: bool = True
    """Whether a record is a child of the one that it is on."""


class OnOne(Capability):
    """Is on exactly one record of all those with a capability; `complete` adds a column for each of these."""

    __on__: ClassVar[Subjects]
    __subjects__: ClassVar[tuple[Subject, ...]] = ()


def complete(records: Sequence[type[Record]]) -> None:
    """Add their columns to the records that are `OnOne`: one per type of record with the capability, in this order.

    Records of rights come last. Called once, when the records of all areas are known.
    """
    ordered = sorted(records, key=lambda each: each.__rights__)
    for record in records:
        if issubclass(record, OnOne):
            _complete(record, [each for each in ordered if issubclass(each, record.__on__.having)])


def timeline_of(record: type[Record]) -> str | None:
    """The column of a record that holds the account in whose timeline its activities are."""
    return record.__timeline__ if issubclass(record, HasActivities) else None


def letter_of(record: type[Record]) -> str | None:
    """What the numbers of these records begin with; None if they have none."""
    return record.__letter__ if issubclass(record, Numbered) else None


def word(table: Table) -> str:
    """What a text calls a record of a table."""
    return table.name.replace("_", " ")


def _complete(record: type[Record], having: Sequence[type[Record]]) -> None:
    """Add the columns, with an index for each, and the rule that exactly one of them has a value."""
    assert issubclass(record, OnOne)  # noqa: S101 - the caller looked
    on, table = record.__on__, record.__table__
    subjects = [_add(record, on, each) for each in having if not on.by_type or _has_type(each)]
    names = [each.column.key for each in subjects]
    table.append_constraint(CheckConstraint(f"num_nonnulls({', '.join(names)}) = 1", name=on.one))
    for name in names:
        table.append_constraint(Index(None, name))
        if on.unique_per is not None:
            unique = live(f"{table.name}_{name}_unique", on.unique_per, name)
            table.append_constraint(unique)
    message = on.message.replace(
        "{subjects}", _listed([word(s.record.__table__) for s in subjects])
    )
    record.__subjects__ = tuple(subjects)
    record.__rule__ = exactly_one(tuple(names), message, record.__rule__)


def _add(record: type[Record], on: Subjects, subject: type[Record]) -> Subject:
    target = subject.__table__
    if on.by_type:
        [key] = subject.__table__.c.type_id.foreign_keys
        target = key.column.table
    reverse_doc = on.reverse_doc
    if issubclass(subject, HasActivities) and on.having is HasActivities:
        reverse_doc = subject.__activities__
    texts = [
        text.replace("{records}", plural(subject.__name__).lower()).replace(
            "{record}", word(subject.__table__)
        )
        for text in (on.doc, reverse_doc)
    ]
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
