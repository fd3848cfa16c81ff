"""Messages keep what other languages are made from."""

from decimal import Decimal

import pytest

from domain.message import Language, Message, message_of

INNER = Message("the limit is {limit:,}", limit=1_000)
OUTER = Message("Line {position}: {problem}", position=2, problem=INNER)
GERMAN = Language(
    "de",
    {
        "the limit is {limit:,}": "die Grenze ist {limit:,}",
        "Line {position}: {problem}": "{problem} (Position {position})",
        "Done.": "Fertig.",
    },
)


def test_a_message_is_its_english_sentence() -> None:
    assert OUTER == "Line 2: the limit is 1,000"
    assert isinstance(Message("{text: 1}"), str)
    assert Message("{text: 1}") == "{text: 1}", "without parameters it is no template"
    with pytest.raises(KeyError):
        Message("{name}").fill(other=1)


def test_a_language_translates_messages_and_the_messages_in_them() -> None:
    assert GERMAN.text(OUTER) == "die Grenze ist 1,000 (Position 2)"
    assert GERMAN.text(Message("Done.")) == "Fertig."


@pytest.mark.parametrize("text", [Message("Unknown {x}", x=1), "Done.", Message("Not in it.")])
def test_what_a_catalog_does_not_have_stays_english(text: str) -> None:
    translated = GERMAN.text(text)
    assert translated == text
    assert type(translated) is str or not isinstance(text, Message)


def test_the_values_of_a_message_are_texts_with_those_of_inner_messages() -> None:
    assert OUTER.values() == {"position": "2", "limit": "1000"}
    assert Message("{x}", x=Decimal("1.50")).values() == {"x": "1.50"}
    assert Message("Done.").values() == {}


def test_a_stored_message_can_be_shown_in_every_language() -> None:
    restored = message_of(OUTER.as_json())
    assert restored == OUTER
    assert GERMAN.text(restored) == GERMAN.text(OUTER)
    assert message_of("As earlier versions stored it.") == "As earlier versions stored it."
