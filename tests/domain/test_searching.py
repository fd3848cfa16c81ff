"""Parsing of search texts."""

from __future__ import annotations

import pytest

from domain.codes import Code, Refused
from domain.searching import MAX_LENGTH, MAX_WORDS, digits, normalized, words
from tests.support.covers import covers

CASES = [
    ("jansen", [("jansen", None)]),
    ("  noord   Brabant ", [("Brabant", None), ("noord", None)]),
    ("refit 4711", [("4711", "4711"), ("refit", None)]),
    ("de de Vries", [("Vries", None), ("de", None)]),
    ("A-1024", [("A-1024", None)]),
    ("2024-001", [("2024-001", "2024001")]),
    ("020 555 1234", [("020 555 1234", "205551234")]),
    ("+31 (0)20 555-1234", [("+31 (0)20 555-1234", "31205551234")]),
    ("0031205551234", [("0031205551234", "31205551234")]),
    ("020 55", [("020", None), ("55", None)]),
    ("555 1234", [("1234", "1234"), ("555", "555")]),
    ("jan@globex.example", [("jan@globex.example", None)]),
    ("東京 pilot", [("pilot", None), ("東京", None)]),
]


@covers("SMP-02", "X-35")
@pytest.mark.parametrize(("text", "expected"), CASES)
def test_words(text: str, expected: list[tuple[str, str | None]]) -> None:
    assert words(text) == expected


@covers("X-35")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("555", "555"),
        ("12", None),
        ("000", None),
        ("0-0-7-1-2", "712"),
        ("room 555", None),
        ("555@globex", None),
        ("(0)", None),
    ],
)
def test_digits_of_telephone_numbers(text: str, expected: str | None) -> None:
    assert digits(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "contains no words"),
        (" \t\u00a0", "contains no words"),
        (" ".join(f"w{n}" for n in range(MAX_WORDS + 1)), f"the limit is {MAX_WORDS}"),
        ("x" * (MAX_LENGTH + 1), f"the limit is {MAX_LENGTH}"),
    ],
)
def test_too_short_and_too_long_texts_are_refused(text: str, message: str) -> None:
    with pytest.raises(Refused, match=message) as refused:
        words(text)
    assert refused.value.code is Code.BAD_USER_INPUT


def test_global_search_requires_two_characters() -> None:
    assert normalized("  de   Vries ") == "de Vries"
    with pytest.raises(Refused, match="at least 2 characters"):
        normalized(" x ")
    with pytest.raises(Refused, match=f"the limit is {MAX_LENGTH}"):
        normalized("x" * (MAX_LENGTH + 1))
