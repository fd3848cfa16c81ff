"""The types that every entity shares; the generated types of the entities are put here beside them."""

from __future__ import annotations

from enum import Enum

import strawberry

from db.engine.fields import Kind
from db.engine.plan.group_selection import Bucket
from db.engine.plan.selection import Op
from domain.setup import AttributeKind
from schema.engine.scalars import AttributeKey, DateText, DateTimeText, DecimalText, TimeZone

ID = strawberry.ID
__all__ = ["TimeZone"]  # named in annotations of what is generated
strawberry.enum(
    Bucket, name="DateBucket", description="Spans of time to put dates into; weeks begin on Monday."
)
DateBucket = Bucket
strawberry.enum(
    AttributeKind, name="AttributeKind", description="What values a custom attribute takes."
)


@strawberry.interface(description="Anything with an id of its own.")
class Node:
    id: strawberry.ID = strawberry.field(description="Identifies the record, whatever its type.")


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    hasNextPage: bool = strawberry.field(description="Whether there is more after this page.")
    hasPreviousPage: bool = strawberry.field(description="Whether there is more before this page.")
    startCursor: str | None = strawberry.field(description="The cursor of the first record.")
    endCursor: str | None = strawberry.field(
        description="The cursor of the last record: pass it as `after` to read on."
    )


@strawberry.type(description="A sum of money: an exact amount in one currency.")
class Money:
    amount: DecimalText = strawberry.field(description="With the currency's own number of digits.")
    currency: str = strawberry.field(description="The currency, as ISO 4217.")


@strawberry.type(description="The value of one of the tenant's own attributes.")
class AttributeValue:
    key: AttributeKey = strawberry.field(description="The attribute's name in filters.")
    label: str = strawberry.field(description="What people call it.")
    kind: AttributeKind = strawberry.field(description="Which of the fields below has the value.")
    text: str | None = strawberry.field(description="The value of an attribute of kind TEXT.")
    number: DecimalText | None = strawberry.field(description="Of kind NUMBER.")
    date: DateText | None = strawberry.field(description="Of kind DATE.")
    boolean: bool | None = strawberry.field(description="Of kind BOOLEAN.")


@strawberry.enum(description="From low to high or from high to low; empty values last if not said.")
class OrderDirection(Enum):
    ASC = "ASC"
    DESC = "DESC"
    ASC_NULLS_FIRST = "ASC_NULLS_FIRST"
    DESC_NULLS_FIRST = "DESC_NULLS_FIRST"


SCALAR: dict[Kind, type] = {
    Kind.ID: strawberry.ID,
    Kind.TEXT: str,
    Kind.INT: int,
    Kind.DECIMAL: DecimalText,
    Kind.MONEY: DecimalText,
    Kind.BOOLEAN: bool,
    Kind.DATE: DateText,
    Kind.DATETIME: DateTimeText,
}
"""What a value of each kind is compared with."""

_EQUAL = (Op.EQ, Op.NE, Op.IN, Op.NOT_IN)
_ORDERED = (*_EQUAL, Op.LT, Op.LTE, Op.GT, Op.GTE, Op.IS_NULL)
OPERATORS: dict[Kind, tuple[Op, ...]] = {
    Kind.ID: _EQUAL,
    Kind.TEXT: (*_ORDERED, Op.CONTAINS, Op.STARTS_WITH),
    Kind.INT: _ORDERED,
    Kind.DECIMAL: _ORDERED,
    Kind.MONEY: _ORDERED,
    Kind.BOOLEAN: (Op.EQ, Op.NE, Op.IS_NULL),
    Kind.DATE: _ORDERED,
    Kind.DATETIME: _ORDERED,
    Kind.ENUM: (*_EQUAL, Op.IS_NULL),
}
SAYS: dict[Op, str] = {
    Op.EQ: "Equal. For empty values there is `isNull`.",
    Op.NE: "Not equal; empty values are not equal to anything, so they are found.",
    Op.IN: "Equal to one of these; to none of an empty list.",
    Op.NOT_IN: "Equal to none of these.",
    Op.LT: "Less, or earlier.",
    Op.LTE: "Less or equal.",
    Op.GT: "Greater, or later.",
    Op.GTE: "Greater or equal.",
    Op.IS_NULL: "Empty, or with `false` not empty.",
    Op.CONTAINS: "With this text anywhere in it, whatever case and accents.",
    Op.STARTS_WITH: "With this text at its beginning, whatever case and accents.",
}
FILTERS: dict[Kind, str] = {
    Kind.ID: "IDFilter",
    Kind.TEXT: "StringFilter",
    Kind.INT: "IntFilter",
    Kind.DECIMAL: "DecimalFilter",
    Kind.MONEY: "DecimalFilter",
    Kind.BOOLEAN: "BooleanFilter",
    Kind.DATE: "DateFilter",
    Kind.DATETIME: "DateTimeFilter",
}


@strawberry.enum(description="Whether a list holds what was deleted; without this it never does.")
class Trashed(Enum):
    ONLY = "ONLY"


@strawberry.type(description="Why a deed was not done: something for the person at the screen.")
class UserError:
    code: str = strawberry.field(description="The reason, for programs.")
    message: str = strawberry.field(description="The reason and the remedy, for people.")
    path: list[str] = strawberry.field(description="Which part of the input it is about.")
