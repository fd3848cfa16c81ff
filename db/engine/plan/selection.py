"""Selections as plain values: the tree that schema/ reads from a document and the planner compiles to SQL."""

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
    """A value that is bound when the statement runs: from the variables at `path`, or a constant.

    A tuple constant is a list of slots. With a path, the constant is the variable's value when the
    document was read; only values in the plan's key may be read from it.
    """

    path: tuple[str | int, ...] = ()
    constant: object = None


TYPE_PERMISSIONS = "typePermissions"
"""The field of users with the caller's permissions on each entity."""
PERMISSIONS = "permissions"
"""The field of every record with the caller's permissions on it."""


def currency_of(entity: Entity, field: Field) -> str:
    """Name of the field with the currency of an amount; empty if the API does not expose it."""
    kept = field.exposed.currency
    return next((each.name for each in entity.fields.values() if each.column == kept), "")


def search_of(entity: Entity) -> SearchOf:
    """The dependency of a search in an entity."""
    return SearchOf(entity.name, tuple(each.field.name for each in entity.searched))


class Op(StrEnum):
    """Operators of a filter (D-41)."""

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
    """Every word of a text occurs in one of the readable ones of these fields."""

    fields: tuple[Searched, ...]
    text: BindParam


class Quantifier(StrEnum):
    """How many records of a list must fulfil a condition."""

    SOME = "some"
    NONE = "none"
    EVERY = "every"


@dataclass(frozen=True)
class ToManyFilter:
    """A condition on the visible records of a reverse relation."""

    reverse: Reverse
    quantifier: Quantifier
    condition: Condition


Condition: TypeAlias = "And | Or | Not | Test | AttributeTest | Search | ToOneFilter | ToManyFilter"


@dataclass(frozen=True)
class SortKey:
    """One sort key: a field, possibly reached through references, or an attribute."""

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
    """Inputs of a field computed in Python, serialized as an array in the field's place."""

    computed: Computed


@dataclass(frozen=True)
class Amount:
    """An amount of money with its selected fields: `amount`, `currency` or `__typename`."""

    field: Field
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Attributes:
    """Custom attributes: those with these keys, or all readable ones."""

    keys: tuple[str, ...] | None
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class RecordPermissions:
    """The caller's permissions on a record: `update`, `delete`, `writable` or `__typename`."""

    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TypePermissions:
    """The caller's permissions: in a list on its entity, in a user on every entity; null for other users."""

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
    """The selected fields of `pageInfo`."""

    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TotalCount:
    """Number of records on all pages; counting stops at `at_most`."""

    at_most: BindParam | None = None


class Function(StrEnum):
    """Aggregate functions."""

    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    COUNT_UNIQUE = "countUnique"
    PERCENT_EMPTY = "percentEmpty"


@dataclass(frozen=True)
class Measure:
    """An aggregate function of several fields; for money with the selected fields of each amount."""

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
    "Typename | NodesSelection | EdgesSelection | PageInfoSelection | TotalCount | Aggregate "
    "| TypePermissions"
)


@dataclass(frozen=True)
class ObjectSelection:
    """The selected fields of a record, by response key."""

    entity: Entity
    parts: tuple[tuple[str, Shown], ...]


class PageSide(StrEnum):
    """Side of a cursor on which the page lies."""

    AFTER = "after"
    BEFORE = "before"


@dataclass(frozen=True)
class ConnectionSelection:
    """A list of records: filter, order, page and selected fields."""

    number: int
    entity: Entity
    via: Reverse | None
    condition: Condition | None
    order: tuple[SortKey, ...]
    size: BindParam
    """Maximum number of records on the page."""
    backward: bool
    """Whether the page is at the end of the list, or directly before a cursor."""
    cursors: tuple[tuple[PageSide, BindParam], ...]
    """The cursors between which the page lies."""
    parts: tuple[tuple[str, InConnection], ...]
    signature: str = ""
    """What its cursors are bound to, as JSON: the list, its order and the form of its filter."""
    values: tuple[BindParam, ...] = ()
    """The values of its filter, to which its cursors are bound too."""
    deleted: bool = False
    """Whether it lists only records in the trash (D-15)."""
