"""Refuses a text that exceeds limits of its tokens, before it is parsed."""

from __future__ import annotations

import re

from .limits import Limits
from .refusal import Code, DocumentError, DocumentRejected

# Every alternative is possessive or of one character, so the scan never backtracks: an unterminated
# string extends to the end of its line (a block string, of the text), where the parser reports its
# own error.
_TOKEN = re.compile(
    r'"""(?:\\"""|[^"]|"(?!""))*+(?:""")?+'
    r'|"(?:\\.|[^"\\\n\r])*+"?+'
    r"|\#[^\n\r]*+"
    r"|[_A-Za-z][_0-9A-Za-z]*+"
    r"|-?+[0-9]++(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+"
    r"|\.\.\."
    r"|[!$&(){}:=@|\[\]]"
)
_CLOSES = {")": "(", "]": "[", "}": "{"}

# Python refuses to convert longer numbers, with a message that is not meant for callers.
_LONGEST_NUMBER = 1_000


def scan(text: str, limits: Limits) -> None:
    """Raise `DocumentRejected` if the text exceeds a limit that its tokens show.

    Checks characters, tokens, nested brackets, directives, aliases, the length of list literals, and
    characters that no string may contain. One pass over the text.
    """
    if len(text) > limits.characters:
        raise _refuse(
            "QUERY_TOO_COMPLEX",
            f"The document has {len(text):,} characters; the limit is {limits.characters:,}. "
            "Send values as variables, or split the document.",
        )
    _refuse_characters(text)
    _Scan(text, limits).run()


def _refuse_characters(text: str) -> None:
    position = text.find("\x00")
    what = "the character NUL (U+0000)"
    if position < 0:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            position, what = error.start, "half of a surrogate pair"
    if position >= 0:
        raise _refuse(
            "BAD_USER_INPUT",
            f"The document contains {what}, which cannot be stored. Remove it.",
            text,
            position,
        )


class _Scan:
    """Counts tokens in one pass; `frames` contains each open bracket and the number of its items."""

    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.frames: list[list[str | int]] = []
        self.parentheses = 0
        self.directives = 0
        self.aliases = 0

    def run(self) -> None:
        tokens = 0
        most = self.limits.tokens
        previous = ""
        for match in _TOKEN.finditer(self.text):
            lead = self.text[match.start()]
            if lead == "#":
                continue
            tokens += 1
            if tokens > most:
                raise self._over(
                    "tokens", most, match.start(), "Select fewer fields, or split the document."
                )
            if lead in "([{":
                self._count_item(previous, match.start())
                self._open(lead, match.start())
            elif lead in ")]}":
                self._close(lead)
            elif lead == "@":
                self._directive(match.start())
            elif lead == ":":
                self._colon(match.start())
            else:
                self._count_item(previous, match.start())
                if match.end() - match.start() > _LONGEST_NUMBER and lead in "-0123456789":
                    raise self._long_number(match.start())
            previous = lead

    def _open(self, lead: str, position: int) -> None:
        self.frames.append([lead, 0])
        self.parentheses += lead == "("
        if len(self.frames) > self.limits.brackets:
            raise self._over("nested brackets", self.limits.brackets, position, "Nest less deeply.")

    def _close(self, lead: str) -> None:
        # A bracket closed by another kind is left to the parser, which reports it.
        if self.frames and self.frames[-1][0] == _CLOSES[lead]:
            self.frames.pop()
            self.parentheses -= lead == ")"

    def _count_item(self, previous: str, position: int) -> None:
        """Count a token that begins an item of the enclosing list."""
        if not self.frames or self.frames[-1][0] != "[" or previous == "$":
            return
        frame = self.frames[-1]
        count = int(frame[1]) + 1
        frame[1] = count
        if count > self.limits.list_items:
            raise _refuse(
                "BAD_USER_INPUT",
                f"A list in the document has more than {self.limits.list_items} items. "
                "Split it over several requests.",
                self.text,
                position,
            )

    def _directive(self, position: int) -> None:
        self.directives += 1
        if self.directives > self.limits.directives:
            raise self._over("directives", self.limits.directives, position, "Use fewer of them.")

    def _colon(self, position: int) -> None:
        # Outside parentheses, which enclose arguments and variables, a colon is an alias.
        if self.parentheses:
            return
        self.aliases += 1
        if self.aliases > self.limits.aliases:
            raise self._over("aliases", self.limits.aliases, position, "Split the document.")

    def _long_number(self, position: int) -> DocumentRejected:
        message = (
            f"A number in the document has more than {_LONGEST_NUMBER} characters. Shorten it."
        )
        return _refuse("BAD_USER_INPUT", message, self.text, position)

    def _over(self, what: str, limit: int, position: int, remedy: str) -> DocumentRejected:
        message = f"The document has more than {limit:,} {what}. {remedy}"
        return _refuse("QUERY_TOO_COMPLEX", message, self.text, position)


def _refuse(code: Code, message: str, text: str = "", position: int = -1) -> DocumentRejected:
    if position < 0:
        return DocumentRejected([DocumentError(code, message)])
    before = text[:position]
    column = position - (before.rfind("\n") + 1) + 1
    return DocumentRejected([DocumentError(code, message, ((before.count("\n") + 1, column),))])
