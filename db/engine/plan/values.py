"""Conversion of values between the API and Postgres: prefixed ids, and the SQL type of each kind."""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Boolean, Date, DateTime, Integer, Numeric, Text, Uuid

from db.engine.fields import Kind
from db.engine.sql import SqlType
from domain.codes import Code, Refused
from domain.message import Message

TYPES: dict[Kind, SqlType] = {
    Kind.ID: Uuid(),
    Kind.TEXT: Text(),
    Kind.INT: Integer(),
    Kind.DECIMAL: Numeric(),
    Kind.MONEY: Numeric(),
    Kind.BOOLEAN: Boolean(),
    Kind.DATE: Date(),
    Kind.DATETIME: DateTime(timezone=True),
    Kind.ENUM: Text(),
}
Encode: TypeAlias = Callable[[Any], object]
"""A function from an API value to the value that the driver binds. The value's type has been validated."""
HEX = re.compile("[0-9a-f]{32}\\Z")


def parse_id(text: object, prefix: str) -> UUID | None:
    """The UUID in `opp_0192…`; None for malformed ids and for ids of other types (D-42)."""
    if not isinstance(text, str):
        return None
    head, _, tail = text.rpartition("_")
    return UUID(hex=tail) if head == prefix and HEX.match(tail) else None


def encoder(kind: Kind, prefix: str = "", *, many: bool = False, keep: bool = False) -> Encode:
    """A function from an API value to the value that the driver binds.

    With `many` it converts a list, without the values that can match nothing; `keep` retains them as None.
    """

    def one(value: object) -> object:
        if kind is Kind.ID:
            return parse_id(value, prefix)
        if kind is Kind.TEXT and isinstance(value, date):
            return value.isoformat()
        return value.value if isinstance(value, Enum) else value

    def several(values: Iterable[object]) -> list[object]:
        encoded = [one(value) for value in values]
        return encoded if keep else [value for value in encoded if value is not None]

    return several if many else one


def within(argument: str, least: int, most: int) -> Encode:
    """A function that returns numbers within bounds. For others it raises Refused with the name of the argument."""

    def one(value: int) -> int:
        if not least <= value <= most:
            message = Message(
                "`{argument}` is a whole number from {minimum:,} to {maximum:,}, not {found:,}.",
                argument=argument,
                minimum=least,
                maximum=most,
                found=value,
            )
            raise Refused(Code.BAD_USER_INPUT, message)
        return value

    return one


_DECODERS: tuple[tuple[type[SqlType], Callable[[str], object]], ...] = (
    (Uuid, UUID),
    (DateTime, datetime.fromisoformat),
    (Date, date.fromisoformat),
    (Numeric, Decimal),
    (Integer, int),
    (Boolean, "true".__eq__),
    (Text, str),
)


def decoder(kind: SqlType) -> Callable[[str], object]:
    """A function from the text of a sort key in a cursor to the value that the driver binds."""
    return next(decode for sql_type, decode in _DECODERS if isinstance(kind, sql_type))
