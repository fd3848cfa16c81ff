"""What a searched text asks for: its words, and the digits of what may be a telephone number. Refuses too little and too much."""

from __future__ import annotations

import re
from typing import NamedTuple

from domain.codes import Code, Refused

LONGEST = 200
"""Characters of a text."""
MOST = 10
"""Words of a text."""
SHORTEST = 2
"""Characters of a text that is searched for everywhere."""
FEWEST = 3
"""Digits of what may be a piece of a telephone number."""
DIALLED = re.compile(r"[+0(][\d\s()./-]*\Z", re.ASCII)
"""A telephone number, written as people do; its digits belong together whatever stands between them."""
WHOLE_NUMBER = range(7, 16)
"""Digits that a whole telephone number has."""
LETTER = re.compile(r"[^\W\d_]")


class Word(NamedTuple):
    """One of the words that must be found, and its digits where it may be a piece of a number to call."""

    text: str
    digits: str | None


def words(text: str) -> list[Word]:
    """The words of a text, that first which leads to the fewest records. Raises Refused."""
    whole = " ".join(text.split())
    if not whole:
        message = "`search` contains no words. Omit it to match all records."
        raise Refused(Code.BAD_USER_INPUT, message)
    _check_length(whole)
    if DIALLED.match(whole) and len(re.sub(r"\D", "", whole)) in WHOLE_NUMBER:
        return [Word(whole, digits(whole))]
    found = dict.fromkeys(whole.split(" "))
    if len(found) > MOST:
        message = f"The search has {len(found)} words; the limit is {MOST}. Remove some words."
        raise Refused(Code.BAD_USER_INPUT, message)
    return [Word(each, digits(each)) for each in sorted(found, key=_rare, reverse=True)]


def _rare(word: str) -> int:
    """How few records a word is in, about: the longer, the fewer, and numbers are in fewer than words."""
    return len(word) + sum(sign.isdigit() for sign in word)


def whole(text: str) -> str:
    """The text as one, to be compared with whole values. Raises Refused where it is too short to look everywhere."""
    found = " ".join(text.split())
    if len(found) < SHORTEST:
        message = f"The search text is too short. Enter at least {SHORTEST} characters."
        raise Refused(Code.BAD_USER_INPUT, message)
    _check_length(found)
    return found


def digits(text: str) -> str | None:
    """The digits that may be a piece of a telephone number; None where it is none.

    A zero in front of it, or `(0)` in it, is dialled at home only: the same number with its country has none.
    """
    if LETTER.search(text) or "@" in text:
        return None
    found = re.sub(r"[^0-9]", "", text.replace("(0)", "")).lstrip("0")
    return found if len(found) >= FEWEST else None


def _check_length(text: str) -> None:
    if len(text) > LONGEST:
        message = (
            f"The search text has {len(text):,} characters; the limit is {LONGEST}. Shorten it."
        )
        raise Refused(Code.BAD_USER_INPUT, message)
