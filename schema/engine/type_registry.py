"""Types that all entities share. The generated types are registered in this module, too."""

from __future__ import annotations

import strawberry

from db.engine.fields import Kind
from db.engine.plan.group_selection import Bucket
from db.engine.plan.selection import Op
from domain.codes import UserErrorCode
from domain.described import DescribedEnum
from domain.setup import AttributeKind
from schema.engine.enums import error_code_enum, graphql_enum
from schema.engine.scalars import (
    AttributeKey,
    DateText,
    DateTimeText,
    DecimalText,
    MessageParams,
    TimeZone,
)

ID = strawberry.ID
__all__ = ["TimeZone"]  # named in annotations of what is generated
DateBucket = graphql_enum(Bucket, name="DateBucket")
graphql_enum(AttributeKind)
error_code_enum()


@strawberry.interface(description="Object with a globally unique ID.")
class Node:
    id: strawberry.ID = strawberry.field(description="Globally unique ID.")


@strawberry.type(description="Position of a page in its list.")
class PageInfo:
    hasNextPage: bool = strawberry.field(description="Whether records follow this page.")
    hasPreviousPage: bool = strawberry.field(description="Whether records precede this page.")
    startCursor: str | None = strawberry.field(description="Cursor of the first record.")
    endCursor: str | None = strawberry.field(
        description="Cursor of the last record; pass as `after` for the next page."
    )


@strawberry.type(description="Exact amount in one currency.")
class Money:
    amount: DecimalText = strawberry.field(description="Amount, with the decimals of the currency.")
    currency: str = strawberry.field(description="Currency code, ISO 4217.")


@strawberry.type(description="Value of a custom attribute.")
class AttributeValue:
    key: AttributeKey = strawberry.field(description="Key of the attribute.")
    label: str = strawberry.field(description="Display name.")
    kind: AttributeKind = strawberry.field(
        description="Value type; determines which of the fields below is set."
    )
    text: str | None = strawberry.field(description="The value of an attribute of kind TEXT.")
    number: DecimalText | None = strawberry.field(
        description="The value of an attribute of kind NUMBER."
    )
    date: DateText | None = strawberry.field(description="The value of an attribute of kind DATE.")
    boolean: bool | None = strawberry.field(
        description="The value of an attribute of kind BOOLEAN."
    )


class OrderDirection(DescribedEnum):
    """Sort direction; nulls last by default."""

    ASC = "ASC", "Ascending, nulls last."
    DESC = "DESC", "Descending, nulls last."
    ASC_NULLS_FIRST = "ASC_NULLS_FIRST", "Ascending, nulls first."
    DESC_NULLS_FIRST = "DESC_NULLS_FIRST", "Descending, nulls first."


graphql_enum(OrderDirection)


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
"""GraphQL type of the values of each kind."""

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
OPERATOR_DESCRIPTIONS: dict[Op, str] = {
    Op.EQ: "Equal; use `isNull` for null.",
    Op.NE: "Not equal; null matches.",
    Op.IN: "Equal to a listed value; an empty list matches nothing.",
    Op.NOT_IN: "Not equal to any listed value.",
    Op.LT: "Less than, or earlier.",
    Op.LTE: "Less than or equal.",
    Op.GT: "Greater than, or later.",
    Op.GTE: "Greater than or equal.",
    Op.IS_NULL: "true: null; false: not null.",
    Op.CONTAINS: "Contains the text, ignoring case and accents.",
    Op.STARTS_WITH: "Starts with the text, ignoring case and accents.",
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


class Trashed(DescribedEnum):
    """Selects records in the trash, which lists omit by default."""

    ONLY = "ONLY", "Only records in the trash."


graphql_enum(Trashed)


@strawberry.type(description="Another record, as far as the caller may see it.")
class RecordReference:
    id: strawberry.ID = strawberry.field(description="ID of the record.")
    name: str | None = strawberry.field(
        description="Name or number; null if the record has none that the caller may read."
    )


@strawberry.type(
    description="Field that another user changed to a different value; values are texts."
)
class FieldConflict:
    field: str = strawberry.field(description="Name of the field, or key of the attribute.")
    mine: str | None = strawberry.field(description="Value that was sent.")
    theirs: str | None = strawberry.field(description="Current value.")
    base: str | None = strawberry.field(description="Value in the version that was sent.")


@strawberry.type(description="What changed since the version that was sent.")
class Conflict:
    version: int = strawberry.field(description="Current version; send it with the merged values.")
    changedAt: DateTimeText | None = strawberry.field(
        description="Time of the last conflicting change, if the caller may read it."
    )
    changedBy: RecordReference | None = strawberry.field(
        description="Employee who made the last conflicting change."
    )
    fields: list[FieldConflict] = strawberry.field(
        description="Conflicting fields; empty if any change conflicts, as for deletion."
    )


@strawberry.type(description="Validation error of a mutation, to be shown to the user.")
class UserError:
    code: UserErrorCode = strawberry.field(description="Error code.")
    message: str = strawberry.field(description="Message for the user: cause and remedy.")
    path: list[str] = strawberry.field(description="Path of the invalid input field.")
    params: MessageParams = strawberry.field(
        description="Values in the message; with `code`, for clients that have texts of their own."
    )
    conflict: Conflict | None = strawberry.field(
        description="Of a `CONFLICT`: both values, for a dialog that merges them.", default=None
    )
    record: RecordReference | None = strawberry.field(
        description="Of a `DUPLICATE`: the record that has the value, if it is visible.",
        default=None,
    )
