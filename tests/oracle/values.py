"""Values as JSON, folded texts for comparisons, and aggregates (D-17, D-41, D-42)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache, reduce
from typing import Any
from uuid import UUID

from tests.proof.computed import EXACT
from tests.proof.contract import PREFIXES
from tests.proof.values import rounded


def read_id(text: str) -> tuple[str, UUID] | None:
    """Entity and UUID of an API id; None if it is not a valid id."""
    prefix, _, digits = text.partition("_")
    if prefix not in PREFIXES or len(digits) != 32:
        return None
    try:
        identity = UUID(hex=digits)
    except ValueError:
        return None
    return (PREFIXES[prefix], identity) if identity.hex == digits else None


def json_value(value: Any) -> Any:
    """A scalar value in its JSON format."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return value


def average(values: Sequence[Decimal | int], digits: int) -> Decimal:
    """Average, exact up to the rounding to `digits` decimals."""
    return rounded(EXACT.divide(total(values), Decimal(len(values))), digits)


def total(values: Sequence[Decimal | int]) -> Decimal:
    return reduce(EXACT.add, (Decimal(value) for value in values))


@lru_cache(maxsize=100_000)
def fold(text: str) -> str:
    """Text without case and accents; comparisons use its code points."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).lower()


def search_words(text: str) -> list[str]:
    """The words of a search text that must all match; a telephone number is one word."""
    words = text.split()
    number = "".join(sign for sign in text if sign in "0123456789")
    if (
        words
        and words[0][0] in "+0("
        and not text.strip("+()./- 0123456789")
        and 7 <= len(number) <= 15
    ):
        return [" ".join(words)]
    return words


def phone_digits(word: str) -> str:
    """The digits of a word that may be part of a telephone number; empty if it cannot be."""
    if "@" in word or any(sign.isalpha() for sign in word):
        return ""
    number = "".join(sign for sign in word.replace("(0)", "") if sign in "0123456789").lstrip("0")
    return number if len(number) >= 3 else ""


def comparable(value: Any) -> Any:
    """The value that `lt`, `gt` and sorting compare: folded text, other values unchanged."""
    return fold(value) if isinstance(value, str) else value


def parse_scalar(text: Any, kind: str) -> Any:
    """An input value parsed as the scalar `kind`."""
    if text is None:
        return None
    if kind == "Decimal":
        return Decimal(text)
    if kind == "Date":
        return date.fromisoformat(text)
    if kind == "DateTime":
        return datetime.fromisoformat(text)
    return text
