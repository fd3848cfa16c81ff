"""Parses search texts: words, and the digits of telephone numbers. Refuses too short and too long texts."""

from __future__ import annotations

import re
from typing import NamedTuple

from domain.codes import Code, Refused
from domain.message import Message

MAX_LENGTH = 200
"""Maximum characters of a text."""
MAX_WORDS = 10
"""Maximum words of a text."""
MIN_LENGTH = 2
"""Minimum characters of a search over all entities."""
MIN_DIGITS = 3
"""Minimum digits of a part of a telephone number."""
TELEPHONE = re.compile(r"[+0(][\d\s()./-]*\Z", re.ASCII)
"""A telephone number with separators, which is searched as one word."""
COMPLETE_DIGITS = range(7, 16)
"""Number of digits in a complete telephone number."""
LETTER = re.compile(r"[^\W\d_]")


class Word(NamedTuple):
    """A searched word, and its digits if it may be part of a telephone number."""

    text: str
    digits: str | None


def words(text: str) -> list[Word]:
    """The words of a text, the most selective first. Raises Refused."""
    text_ = " ".join(text.split())
    if not text_:
        message = Message("`search` contains no words. Omit it to match all records.")
        raise Refused(Code.BAD_USER_INPUT, message)
    _check_length(text_)
    if TELEPHONE.match(text_) and len(re.sub(r"\D", "", text_)) in COMPLETE_DIGITS:
        return [Word(text_, digits(text_))]
    distinct = dict.fromkeys(text_.split(" "))
    if len(distinct) > MAX_WORDS:
        message = Message(
            "The search has {found} words; the limit is {limit}. Remove some words.",
            found=len(distinct),
            limit=MAX_WORDS,
        )
        raise Refused(Code.BAD_USER_INPUT, message)
    return [Word(each, digits(each)) for each in sorted(distinct, key=_selectivity, reverse=True)]


def _selectivity(word: str) -> int:
    """Estimated selectivity of a word: longer words and numbers are more selective."""
    return len(word) + sum(sign.isdigit() for sign in word)


def normalized(text: str) -> str:
    """The text with single spaces, for comparison with entire values. Raises Refused if it is too short or too long."""
    joined = " ".join(text.split())
    if len(joined) < MIN_LENGTH:
        message = Message(
            "The search text is too short. Enter at least {limit} characters.",
            limit=MIN_LENGTH,
        )
        raise Refused(Code.BAD_USER_INPUT, message)
    _check_length(joined)
    return joined


def digits(text: str) -> str | None:
    """The digits of a text that may be part of a telephone number; None for other texts.

    A leading zero and `(0)` are removed, because numbers are stored with their country code.
    """
    if LETTER.search(text) or "@" in text:
        return None
    number = re.sub(r"[^0-9]", "", text.replace("(0)", "")).lstrip("0")
    return number if len(number) >= MIN_DIGITS else None


def _check_length(text: str) -> None:
    if len(text) > MAX_LENGTH:
        message = Message(
            "The search text has {found:,} characters; the limit is {limit}. Shorten it.",
            found=len(text),
            limit=MAX_LENGTH,
        )
        raise Refused(Code.BAD_USER_INPUT, message)
