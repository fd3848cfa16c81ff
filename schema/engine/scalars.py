"""The scalars of the API: exact decimals, ISO dates and times, no floats (D-42).

Invalid values raise ValueError; graphql-core adds the path and the value to the message.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import NewType
from zoneinfo import available_timezones

import strawberry
from strawberry.types.scalar import ScalarDefinition

DIGITS = 38
"""Maximum digits of a decimal: more than any column stores, and few enough to bound memory."""
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
ZONES = frozenset(available_timezones() - {"localtime", "Factory"})
"""Names of the IANA database. Other files beside them are specific to a machine, and Postgres does not accept them."""


def _decimal(value: object) -> Decimal:
    if isinstance(value, str) and _PLAIN.match(value):
        try:
            return Decimal(value)
        except InvalidOperation:  # pragma: no cover - the pattern admits only valid decimals
            pass
    raise ValueError(
        f'A Decimal must be a string of digits such as "12.50", at most {DIGITS} on each side of the point.'
    )


def _date(value: object) -> date:
    if isinstance(value, str) and _DATE.match(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError('A Date must have the form "2026-11-30", from year 0001 to 9999.')


def _datetime(value: object) -> datetime:
    if isinstance(value, str) and _DATETIME.match(value):
        try:
            return datetime.fromisoformat(value.upper().replace(" ", "T")).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise ValueError('A DateTime must have the form "2026-11-30T08:15:00Z", with a time zone.')


def _key(value: object) -> str:
    if isinstance(value, str) and _KEY.match(value):
        return value
    raise ValueError("An attribute key must consist of letters, digits and underscores.")


def _zone(value: object) -> str:
    if isinstance(value, str) and value in ZONES:
        return value
    raise ValueError('A TimeZone must be a name of the IANA database such as "Europe/Amsterdam".')


def _same(value: object) -> object:
    """Values are text already when they come from the database."""
    return value


SCALARS: dict[object, ScalarDefinition] = {
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
    AttributeKey: strawberry.scalar(
        name="AttributeKey",
        description="Key of a custom attribute.",
        serialize=_same,
        parse_value=_key,
    ),
}
