"""Rules of labels: the format of a color."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from domain.codes import UserErrorCode
from domain.message import Message
from domain.violations import Violation

COLOR = re.compile(r"#[0-9a-fA-F]{6}\Z")


class Colored(Protocol):
    """A tag's color, such as #3b82f6."""

    color: str | None


def tag_violations(_: Colored | None, after: Colored) -> Sequence[Violation]:
    """Violations of a tag by itself."""
    if after.color is None or COLOR.match(after.color):
        return []
    message = Message("The color is invalid. Use six hexadecimal digits, such as #3b82f6.")
    return [Violation(UserErrorCode.INVALID, message, "color")]
