"""Rules of labels: the format of a colour."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from domain.codes import UserErrorCode
from domain.violations import Violation

COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")


class Coloured(Protocol):
    """A tag's colour, such as #3b82f6."""

    colour: str | None


def tag(_: Coloured | None, after: Coloured) -> Sequence[Violation]:
    """Violations of a tag by itself."""
    if after.colour is None or COLOUR.match(after.colour):
        return []
    message = "The color is invalid. Use six hexadecimal digits, such as #3b82f6."
    return [Violation(UserErrorCode.INVALID, message, "colour")]
