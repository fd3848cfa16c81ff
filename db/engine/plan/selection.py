"""What is asked for, as plain values: the tree that schema/ reads from a document and the planner turns into SQL."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from db.engine.dependencies import SearchOf
from db.engine.entity import Entity
from db.engine.fields import Computed, Field, Kind, Reference, Reverse
from db.engine.searched import Searched


@dataclass(frozen=True)
class BindParam:
    """A value that is bound when the statement runs: from the variables along `path`, or a constant.

    A tuple as the constant is a list of slots. Beside a path the constant is the value that the
    variable had when the document was read; only what is part of the plan's key may be read from it.
    """

    path: tuple[str | int, ...] = ()
    constant: object = None


TYPE_PERMISSIONS = "typePermissions"
"""The field of users with the caller's permissions on each entity."""
PERMISSIONS = "permissions"
"""The field of every record with the caller's permissions on it."""


def currency_of(entity: Entity, field: Field) -> str:
    """The field with the currency of a sum of money; empty if the API does not have it."""
    kept = field.exposed.currency
    return next((each.name for each in entity.fields.values() if each.column == kept), "")


def search_of(entity: Entity) -> SearchOf:
    """The fields that a search in an entity depends on."""
    return SearchOf(entity.name, tuple(each.field.name for each in entity.searched))


class Op(StrEnum):
    """The tests of a filter (D-41)."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    NOT_IN = "notIn"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    IS_NULL = "isNull"
    CONTAINS = "contains"
    STARTS_WITH = "startsWith"


@dataclass(frozen=True)
class Test:
    """One test of one field."""

    __test__ = False
    field: Field
    op: Op
    value: BindParam | bool


@dataclass(frozen=True)
class AttributeTest:
    """One test of a custom attribute, compared as `kind`."""

    key: str
    kind: Kind
    op: Op
    value: BindParam | bool


@dataclass(frozen=True)
class And:
    """All conditions hold; true without any."""

    items: tuple[Condition, ...]


@dataclass(frozen=True)
class Or:
    """At least one condition holds; false without any."""

    items: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """The condition does not hold."""

    item: Condition


@dataclass(frozen=True)
class ToOneFilter:
    """A condition on the record that a reference points to. False where none is visible."""

    reference: Reference
    condition: Condition


@dataclass(frozen=True)
class Search:
    """Every word of a text is somewhere in these fields, as far as they may be read."""

    fields: tuple[Searched, ...]
    text: BindParam


class Quantifier(StrEnum):
    """How many of the records of a list must fulfil a condition."""

    SOME = "some"
    NONE = "none"
    EVERY = "every"


@dataclass(frozen=True)
class ToManyFilter:
    """A condition on the visible records that point here."""

    reverse: Reverse
    quantifier: Quantifier
    condition: Condition


Condition: TypeAlias = "And | Or | Not | Test | AttributeTest | Search | ToOneFilter | ToManyFilter"


@dataclass(frozen=True)
class SortKey:
    """One key of an order: a field, perhaps of a record that references lead to, or an attribute."""

    path: tuple[Reference, ...]
    entity: Entity
    field: Field | None
    attribute: str | None = None
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True)
class Typename:
    """The name of the type, as `__typename`."""

    name: str


@dataclass(frozen=True)
class Value:
    """The value of a field."""

    field: Field


@dataclass(frozen=True)
class ComputedInputs:
    """What a function in Python is given to compute a field: written in the field's place as an array."""

    computed: Computed


@dataclass(frozen=True)
class Amount:
    """A sum of money, with the parts asked of it: `amount`, `currency` or `__typename`."""

    field: Field
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Attributes:
    """Custom attributes: those with these keys, or all readable ones."""

    keys: tuple[str, ...] | None
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class RecordPermissions:
    """What the viewer may do with a record: `update`, `delete`, `writable` or `__typename`."""

    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TypePermissions:
    """What the viewer may do with records of each kind; of other users it is not told."""

    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ToOneSelection:
    """The fields of the record that a reference points to."""

    reference: Reference
    object: ObjectSelection


@dataclass(frozen=True)
class NodesSelection:
    """The records of a page, as `nodes`."""

    object: ObjectSelection


@dataclass(frozen=True)
class EdgesSelection:
    """`cursor`, `node` and `__typename` of each edge."""

    parts: tuple[tuple[str, ObjectSelection | str], ...]


@dataclass(frozen=True)
class PageInfoSelection:
    """The parts of `pageInfo` that were selected."""

    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TotalCount:
    """How many records there are on all pages; counted no further than `at_most`."""

    at_most: BindParam | None = None


class Function(StrEnum):
    """What is measured over many records."""

    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    COUNT_UNIQUE = "countUnique"
    PERCENT_EMPTY = "percentEmpty"


@dataclass(frozen=True)
class Measure:
    """A function of these fields. Measures of money carry the parts asked of each sum."""

    function: Function
    parts: tuple[tuple[str, Field | Reference | str, tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True)
class Aggregate:
    """`count`, `__typename` and measures over all rows of a connection."""

    parts: tuple[tuple[str, Measure | str], ...]


Shown: TypeAlias = (
    "Typename | Value | ComputedInputs | Amount | Attributes | RecordPermissions | TypePermissions"
    " | ToOneSelection | ConnectionSelection"
)
InConnection: TypeAlias = (
    "Typename | NodesSelection | EdgesSelection | PageInfoSelection | TotalCount | Aggregate"
)


@dataclass(frozen=True)
class ObjectSelection:
    """A record, and what of it is asked for under which keys."""

    entity: Entity
    parts: tuple[tuple[str, Shown], ...]


class PageSide(StrEnum):
    """On which side of a cursor the page lies."""

    AFTER = "after"
    BEFORE = "before"


@dataclass(frozen=True)
class ConnectionSelection:
    """A list of records: which, in what order, which page, and what of it."""

    number: int
    entity: Entity
    via: Reverse | None
    condition: Condition | None
    order: tuple[SortKey, ...]
    size: BindParam
    """How many records at most."""
    backward: bool
    """Whether the page is the last of the list, or the last before a cursor."""
    cursors: tuple[tuple[PageSide, BindParam], ...]
    """The cursors between which the page lies."""
    parts: tuple[tuple[str, InConnection], ...]
    signature: str = ""
    """What a cursor of this list is bound to, as JSON: the list, its order and the form of its filter."""
    values: tuple[BindParam, ...] = ()
    """The values of its filter, to which a cursor is bound besides."""
    deleted: bool = False
    """Whether it lists only records in the trash (D-15)."""
