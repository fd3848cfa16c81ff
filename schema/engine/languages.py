"""Languages of messages: their catalogs, and the one that a client prefers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import orjson
from babel.messages.pofile import read_po

from domain.message import ENGLISH, Language, Message
from schema.engine.preferences import preferred

CATALOGS = Path(__file__).parents[1] / "languages"
"""The folder with a gettext catalog per language."""


def _load(file: Path) -> Language:
    with file.open("rb") as catalog:
        entries = read_po(catalog, locale=file.stem, abort_invalid=True)
    sentences = {
        str(each.id): str(each.string)
        for each in entries
        if each.id and each.string and not each.fuzzy
    }
    return Language(file.stem, sentences)


LANGUAGES: Mapping[str, Language] = {
    ENGLISH.tag: ENGLISH,
    **{file.stem: _load(file) for file in sorted(CATALOGS.glob("*.po"))},
}
"""All languages by tag."""


def language_of(accept_language: str | None) -> Language:
    """The client's preferred language of `Accept-Language`; English if none of its languages is available."""
    for tag in preferred(accept_language or ""):
        language = LANGUAGES.get(tag.partition("-")[0])
        if language is not None:
            return language
    return ENGLISH


def dumps(body: object, language: Language) -> bytes:
    """JSON in which messages are in this language."""
    if language is ENGLISH:
        return orjson.dumps(body)

    def plain(value: object) -> object:
        """The value of a subclass: messages and enums are texts, and some mappings are their own classes."""
        if isinstance(value, Message):
            return language.text(value)
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, dict):
            return dict(value)
        raise TypeError(f"{type(value).__name__} is not JSON")

    return orjson.dumps(body, default=plain, option=orjson.OPT_PASSTHROUGH_SUBCLASS)
