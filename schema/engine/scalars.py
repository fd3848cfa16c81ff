"""The scalars of the API: exact decimals, ISO dates and times, no floats (D-42).

Invalid values raise ValueError with what the scalar accepts; the error adds the place and the value.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import NewType, Self
from zoneinfo import available_timezones

import strawberry
from graphql import GraphQLScalarType
from strawberry.types.scalar import ScalarDefinition

from domain.message import Message

DIGITS = 38
"""Maximum digits of a decimal: more than any column stores, and few enough to bound memory."""
DECIMAL = Message(
    'a decimal number as text, such as "12.50", with at most {digits} digits on each side of the point'
)
DATE = Message('a date as text, such as "2026-11-30"')
DATETIME = Message('a date and time with a time zone as text, such as "2026-11-30T08:15:00Z"')
KEY = Message("the key of an attribute: letters, digits and underscores")
TIME_ZONE = Message('the name of a time zone, such as "Europe/Amsterdam"')
ID = Message("an ID: the prefix of its type, an underscore and 32 hexadecimal digits")
_ID = re.compile(r"[a-z]{2,5}_[0-9a-f]{32}\Z")
_PLAIN = re.compile(r"-?[0-9]{1,38}(\.[0-9]{1,38})?\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})\Z"
)
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")

DecimalText = NewType("DecimalText", Decimal)
DateText = NewType("DateText", date)
DateTimeText = NewType("DateTimeText", datetime)
AttributeKey = NewType("AttributeKey", str)
TimeZone = NewType("TimeZone", str)
MessageParams = NewType("MessageParams", dict[str, str])
ZONES = frozenset(available_timezones() - {"localtime", "Factory"})
"""Names of the IANA database. Other files beside them are specific to a machine, and Postgres does not accept them."""


def _decimal(value: object) -> Decimal:
    if isinstance(value, str) and _PLAIN.match(value):
        try:
            return Decimal(value)
        except InvalidOperation:  # pragma: no cover - the pattern admits only valid decimals
            pass
    raise ValueError(DECIMAL.fill(digits=DIGITS))


def _date(value: object) -> date:
    if isinstance(value, str) and _DATE.match(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError(DATE)


def _datetime(value: object) -> datetime:
    if isinstance(value, str) and _DATETIME.match(value):
        try:
            return datetime.fromisoformat(value.upper().replace(" ", "T")).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise ValueError(DATETIME)


def _key(value: object) -> str:
    if isinstance(value, str) and _KEY.match(value):
        return value
    raise ValueError(KEY)


def _id(value: object) -> str:
    if isinstance(value, str) and _ID.match(value):
        return value
    raise ValueError(ID)


def _zone(value: object) -> str:
    if isinstance(value, str) and value in ZONES:
        return value
    raise ValueError(TIME_ZONE)


def _same(value: object) -> object:
    """Values are text already when they come from the database."""
    return value


class RecordId(GraphQLScalarType):
    """The standard scalar ID, limited to IDs of records; graphql-core reserves its name for a type that accepts any text."""

    def __new__(cls, *_: object, **__: object) -> Self:
        """Skip the check of reserved names."""
        return object.__new__(cls)


SCALARS: dict[object, ScalarDefinition] = {
    strawberry.ID: replace(
        strawberry.scalar(name="ID"),
        implementation=RecordId(name="ID", serialize=_same, coerce_input_value=_id),
    ),
    DecimalText: strawberry.scalar(
        name="Decimal",
        description="Exact decimal number, as a string.",
        serialize=_same,
        parse_value=_decimal,
    ),
    DateText: strawberry.scalar(
        name="Date",
        description="Date, such as `2026-11-30`.",
        serialize=_same,
        parse_value=_date,
    ),
    DateTimeText: strawberry.scalar(
        name="DateTime",
        description="Timestamp in UTC, such as `2026-11-30T08:15:00.000000Z`.",
        serialize=_same,
        parse_value=_datetime,
    ),
    TimeZone: strawberry.scalar(
        name="TimeZone",
        description="Time zone name of the IANA database, such as `Europe/Amsterdam`.",
        serialize=_same,
        parse_value=_zone,
    ),
    MessageParams: strawberry.scalar(
        name="MessageParams",
        description='Values in a message by name, as strings: an object such as `{limit: "10"}`.',
        serialize=_same,
    ),
    AttributeKey: strawberry.scalar(
        name="AttributeKey",
        description="Key of a custom attribute.",
        serialize=_same,
        parse_value=_key,
    ),
}
