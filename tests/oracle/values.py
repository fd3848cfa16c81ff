"""How values are spelled, folded and measured (D-17, D-41, D-42)."""

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
    """The entity and the id behind an opaque one; None if it is none of ours."""
    prefix, _, digits = text.partition("_")
    if prefix not in PREFIXES or len(digits) != 32:
        return None
    try:
        identity = UUID(hex=digits)
    except ValueError:
        return None
    return (PREFIXES[prefix], identity) if identity.hex == digits else None


def spelled(value: Any) -> Any:
    """A plain value as JSON shows it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return value


def average(values: Sequence[Decimal | int], digits: int) -> Decimal:
    """Exact up to the rounding: 120 digits are more than any division of ours can need."""
    return rounded(EXACT.divide(total(values), Decimal(len(values))), digits)


def total(values: Sequence[Decimal | int]) -> Decimal:
    return reduce(EXACT.add, (Decimal(value) for value in values))


@lru_cache(maxsize=100_000)
def folded(text: str) -> str:
    """Without case and accents; texts compare by the code points of this."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).lower()


def sought(text: str) -> list[str]:
    """What must be found of a searched text: each word, or a telephone number as one."""
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


def dialled(word: str) -> str:
    """The digits of what may be a piece of a telephone number; none where it is not."""
    if "@" in word or any(sign.isalpha() for sign in word):
        return ""
    number = "".join(sign for sign in word.replace("(0)", "") if sign in "0123456789").lstrip("0")
    return number if len(number) >= 3 else ""


def comparable(value: Any) -> Any:
    """What `lt`, `gt` and sorting compare: folded text, everything else as it is."""
    return folded(value) if isinstance(value, str) else value


def parsed(text: Any, kind: str) -> Any:
    """An input as a value of the scalar `kind`."""
    if text is None:
        return None
    if kind == "Decimal":
        return Decimal(text)
    if kind == "Date":
        return date.fromisoformat(text)
    if kind == "DateTime":
        return datetime.fromisoformat(text)
    return text
