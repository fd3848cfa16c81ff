"""Limits of values: length and characters of texts, digits of numbers."""

import re
from decimal import Decimal
from typing import TypeAlias

from domain.codes import UserErrorCode
from domain.message import Message
from domain.violations import Violation

JsonObject: TypeAlias = dict[str, object]
"""A JSON object; its values are narrowed where they are read."""
MAX_TEXT_LENGTH = 10_000
"""Maximum characters of a text."""
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL and unpaired surrogates, which Postgres cannot store."""
MAX_INTEGER_DIGITS = 14
MAX_DECIMAL_DIGITS = 4
"""Maximum digits of a decimal number before and after the point."""
SMALLEST_STEP = Decimal(1).scaleb(-MAX_DECIMAL_DIGITS)


def text_violation(
    value: str, column: str, *, needed: bool, longest: int = MAX_TEXT_LENGTH
) -> Violation | None:
    """Violation of a text's limits; None if it is valid."""
    if len(value) > longest:
        message = Message(
            "The text has {found:,} characters; the limit is {limit:,}. Shorten it.",
            found=len(value),
            limit=longest,
        )
        return Violation(UserErrorCode.TOO_LONG, message, column)
    if UNSTORABLE.search(value):
        message = Message(
            "The text contains a character that cannot be stored (NUL or half of a surrogate "
            "pair). Remove it."
        )
        return Violation(UserErrorCode.INVALID, message, column)
    if needed and not value.strip():
        return Violation(
            UserErrorCode.REQUIRED, Message("The field is required. Enter a text."), column
        )
    return None


def number_violation(value: Decimal, column: str) -> Violation | None:
    """Violation of a decimal number's limits; None if it is valid."""
    if abs(value) >= 10**MAX_INTEGER_DIGITS or value != round(value, MAX_DECIMAL_DIGITS):
        message = Message(
            "The number exceeds {before} digits before or {after} after the decimal point. Round "
            "it, or enter a smaller number.",
            before=MAX_INTEGER_DIGITS,
            after=MAX_DECIMAL_DIGITS,
        )
        return Violation(UserErrorCode.INVALID, message, column)
    return None


def storable_text(value: str) -> str:
    """The text without characters that Postgres cannot store."""
    return UNSTORABLE.sub("?", value)


def storable_number(value: Decimal) -> Decimal:
    """The nearest number that a column can store."""
    limit = Decimal(10) ** MAX_INTEGER_DIGITS - SMALLEST_STEP
    return max(-limit, min(limit, value)).quantize(SMALLEST_STEP)
