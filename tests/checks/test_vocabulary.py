"""The check of names and prose finds what it is for, and leaves plain words alone."""

import ast

import pytest

from tests.checks.vocabulary import ids_in_contract, retired, shared_class_names

FOUND = ["what he told", "def is_told_of", "EveryDeedFound", "put into the bin"]
PLAIN = [
    "they hold it",
    "the house number",
    "a binary",
    "the helper",
    "she and they",
    "a historian",
]


@pytest.mark.parametrize("text", FOUND)
def test_a_retired_word_is_found_in_prose_and_in_names(text: str) -> None:
    assert list(retired("domain/x.py", text))


@pytest.mark.parametrize("text", PLAIN)
def test_plain_words_pass(text: str) -> None:
    assert not list(retired("domain/x.py", text))


@pytest.mark.parametrize("name", ["docs/adr/0001-x.md", "db/migrations/tenant/versions/0001_x.py"])
def test_history_keeps_its_words(name: str) -> None:
    assert not list(retired(name, FOUND[0]))


def test_a_class_name_belongs_to_one_module() -> None:
    trees = {"a.py": "class Entry: ...", "b.py": "class Entry: ...", "c.py": "class Other: ..."}
    parsed = {name: ast.parse(text) for name, text in trees.items()}
    assert list(shared_class_names(parsed)) == [
        "Entry is defined in a.py and b.py: give each its own name"
    ]


def test_ids_of_decisions_are_not_described_to_clients() -> None:
    assert list(ids_in_contract('  """Format per ISO 4217, UTF-8, D-31."""'))
    assert not list(ids_in_contract('  """Currency code, ISO 4217; text in UTF-8."""'))
