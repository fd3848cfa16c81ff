"""Messages for people: sentences with named parameters, which the catalogs of languages translate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self


class Message(str):
    """A message in English, with the template and parameters from which other languages are made.

    It is a text: it compares, joins and prints as its English sentence.
    """

    __slots__ = ("params", "template")

    template: str
    """The sentence with `{name}` in place of its parameters; the key of the catalogs."""
    params: Mapping[str, object]
    """Values of the parameters. A value that is a message is translated too."""

    def __new__(cls, template: str, /, **params: object) -> Self:
        """The message of a template. Without parameters, the template itself is the sentence."""
        text = template.format_map(params) if params else template
        message = str.__new__(cls, text)
        message.template = template
        message.params = params
        return message

    def fill(self, **params: object) -> Message:
        """The message with values for its parameters. Raises KeyError if one is missing."""
        return Message(self.template, **params)
