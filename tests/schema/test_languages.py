"""The client's language, and catalogs that contain every message."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli import catalogs
from domain.codes import UserErrorCode
from domain.message import Message
from schema.engine.languages import CATALOGS, LANGUAGES, dumps, language_of
from schema.engine.preferences import preferred

DUTCH = LANGUAGES["nl"]
NOT_FOUND = Message("The record does not exist, or you cannot see it. Check the ID.")


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        (None, "en"),
        ("", "en"),
        ("nl", "nl"),
        ("NL-be", "nl"),
        ("de-CH, de;q=0.9, en;q=0.8", "de"),
        ("en, nl", "en"),
        ("nl;q=0.5, sv;q=0.8", "sv"),
        ("fr, nl;q=0.2", "nl"),
        ("fr, *", "en"),
        ("nl;q=0, sv;q=0.1", "sv"),
        ("nl;q=x", "en"),
        ("nl;q=nan", "en"),
        ("nl;q=2", "en"),
        (",;,=;q", "en"),
        ("fr," * 100 + "nl", "en"),
    ],
)
def test_the_preferred_available_language_is_used(header: str | None, tag: str) -> None:
    assert language_of(header).tag == tag


def test_equally_preferred_alternatives_keep_their_order() -> None:
    assert preferred("b, a;q=1.0, c;q=0.5, d;q=0") == ["b", "a", "c"]


def test_every_message_is_translated_into_every_language() -> None:
    assert {each.stem for each in catalogs.catalogs()} == {"de", "nl", "sv"}
    assert list(catalogs.problems()) == []


def test_missing_and_invalid_translations_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (CATALOGS / "nl.po").read_text()
    file = tmp_path / "nl.po"
    monkeypatch.setattr(catalogs, "CATALOGS", tmp_path)
    monkeypatch.setattr(catalogs, "ROOT", tmp_path)
    file.write_text(text.replace(DUTCH.sentences[NOT_FOUND], "Weg is {id}."))
    assert list(catalogs.problems()) == [
        "nl.po names parameters that the message does not have: Weg is {id}."
    ]
    file.write_text(text.replace(f'"{DUTCH.sentences[NOT_FOUND]}"', '""'))
    assert list(catalogs.problems()) == [f"nl.po has no translation: {NOT_FOUND}"]
    file.write_text(text.replace("#: app.py\n", ""))
    assert list(catalogs.problems()) == ["nl.po is outdated: python3 dev languages --write"]


def test_translations_have_their_own_words() -> None:
    for language in LANGUAGES.values():
        copied = [key for key, sentence in language.sentences.items() if sentence == key]
        assert len(copied) <= 5, copied


def test_only_messages_are_translated_in_json() -> None:
    body = {
        "message": NOT_FOUND,
        "code": UserErrorCode.INVALID,
        "name": str(NOT_FOUND),
        "n": [1, None],
    }
    text = f'{{"message":"{DUTCH.sentences[NOT_FOUND]}","code":"INVALID","name":"{NOT_FOUND}","n":[1,null]}}'
    assert dumps(body, DUTCH).decode() == text
    assert b'"message":"The record' in dumps(body, LANGUAGES["en"])
    with pytest.raises(TypeError):
        dumps({"x": object()}, DUTCH)
