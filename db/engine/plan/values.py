"""How values cross between the API and Postgres: ids with their prefix, and what each kind is bound as."""

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
"""A function from a value of the API to what the driver binds. The contract has checked its type, or says it itself."""
HEX = re.compile("[0-9a-f]{32}\\Z")


def parse_id(text: object, prefix: str) -> UUID | None:
    """The uuid in `opp_0192…`, or None: an id of another type is an id of nothing (D-42)."""
    if not isinstance(text, str):
        return None
    head, _, tail = text.rpartition("_")
    return UUID(hex=tail) if head == prefix and HEX.match(tail) else None


def encoder(kind: Kind, prefix: str = "", *, many: bool = False, keep: bool = False) -> Encode:
    """A function from an API value to what the driver binds.

    Of `many`, those that can match nothing are left out, unless their places count (`keep`).
    """

    def one(value: object) -> object:
        if kind is Kind.ID:
            return parse_id(value, prefix)
        if kind is Kind.TEXT and isinstance(value, date):
            return value.isoformat()
        return value.value if isinstance(value, Enum) else value

    def several(values: Iterable[object]) -> list[object]:
        found = [one(value) for value in values]
        return found if keep else [value for value in found if value is not None]

    return several if many else one


def within(argument: str, least: int, most: int) -> Encode:
    """A function that lets numbers within bounds pass. Raises Refused, naming the argument."""

    def one(value: int) -> int:
        if not least <= value <= most:
            message = f"`{argument}` is a whole number from {least:,} to {most:,}, not {value:,}."
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
    """A function from the text of a sort key in a cursor to what the driver binds."""
    return next(decode for kept, decode in _DECODERS if isinstance(kind, kept))
