"""Messages for people: sentences with named parameters, which the catalogs of languages translate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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

    def values(self) -> dict[str, str]:
        """The parameters as texts, those of messages in it included; for clients that have texts of their own."""
        found: dict[str, str] = {}
        for name, value in self.params.items():
            found |= value.values() if isinstance(value, Message) else {name: str(value)}
        return found

    def as_json(self) -> dict[str, object]:
        """The message for storage, from which every language can be made later."""
        params = {
            name: each.as_json() if isinstance(each, Message) else _plain(each)
            for name, each in self.params.items()
        }
        return {"template": self.template, "params": params}


def _plain(value: object) -> int | str:
    return value if isinstance(value, int) else str(value)


def message_of(stored: object) -> Message:
    """The message that `as_json` described. A plain text, as earlier versions stored it, has no other language."""
    if not isinstance(stored, dict):
        return Message(str(stored))
    params = {
        name: message_of(each) if isinstance(each, dict) else each
        for name, each in stored["params"].items()
    }
    return Message(stored["template"], **params)


@dataclass(frozen=True, eq=False)
class Language:
    """A language in which messages are shown, with its sentences by English template."""

    tag: str
    """Language tag such as `nl`."""
    sentences: Mapping[str, str]

    def text(self, message: str) -> str:
        """A message in this language; in English if the catalog does not have it."""
        if not isinstance(message, Message):
            return message
        sentence = self.sentences.get(message.template)
        if sentence is None:
            return str.__str__(message)
        params = {
            name: self.text(each) if isinstance(each, Message) else each
            for name, each in message.params.items()
        }
        return sentence.format_map(params) if params else sentence


ENGLISH = Language("en", {})
"""The language of the messages in the source."""
