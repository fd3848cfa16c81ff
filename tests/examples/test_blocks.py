"""Tests of the code block parser and of the comparison, which must detect wrong pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.figures import BLOCK, RESULTS, figures
from tests.examples.pages import Block, Names, blocks, commands, documented, formatted


def test_blocks_have_language_options_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.examples.pages.ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(
        "Text\n```graphql fails as=limited\n{ a }\n```\n- item\n  ```json\n  {}\n  ```\n"
    )
    first, second = blocks(page)
    assert (first.language, first.words, first.text) == (
        "graphql",
        ("fails", "as=limited"),
        "{ a }\n",
    )
    assert (first.option("as"), first.option("tenant", "acme"), first.line) == (
        "limited",
        "acme",
        2,
    )
    assert (second.language, second.text) == ("json", "{}\n")


def test_commands_end_with_their_quotes() -> None:
    text = "$ curl -d '{\n  a }' \\\n  localhost\n{\"a\": 1}\n$ A=1\n"
    first, second = commands(Block("page", 1, "console", (), text))
    assert (first.text, first.output) == ("curl -d '{\n  a }' \\\n  localhost", '{"a": 1}')
    assert (second.text, second.output) == ("A=1", "")


@pytest.mark.parametrize(
    ("shown", "actual"),
    [
        ('{"a": 1, "b": [1, 2]}', {"a": 1, "b": [1, 2]}),
        ('{"a": 1, …}', {"a": 1, "b": 2}),
        ("[1, …]", [1, 2, 3]),
        ('{"a": "… is wrong."}', {"a": "This is wrong."}),
        ('["acc_…", "acc_…2", "acc_…"]', ["acc_01", "acc_02", "acc_01"]),
    ],
)
def test_equal_responses_are_accepted(shown: str, actual: object) -> None:
    assert Names().differs(documented(shown), actual) is None


@pytest.mark.parametrize(
    ("shown", "actual"),
    [
        ('{"a": 1}', {"a": 2}),
        ('{"a": 1}', {"a": 1, "b": 2}),
        ('{"a": 1, …}', {"b": 2}),
        ("[1, 2]", [1]),
        ("[1]", [1, 2]),
        ("[1, 2, …]", [1]),
        ('{"a": "… is wrong."}', {"a": "This is right."}),
        ('["acc_…", "acc_…"]', ["acc_01", "acc_02"]),
        ('["acc_…"]', ["opp_01"]),
        ('{"a": null}', {"a": {}}),
    ],
)
def test_different_responses_are_detected(shown: str, actual: object) -> None:
    assert Names().differs(documented(shown), actual)


def test_abbreviated_ids_are_filled_in_later() -> None:
    names = Names()
    assert names.differs(documented('["acc_…", "acc_…2"]'), ["acc_01", "acc_02"]) is None
    assert (
        names.filled('id: "acc_…2", other: "acc_…", "opp_…"')
        == 'id: "acc_02", other: "acc_01", "opp_…"'
    )


def test_json_that_fits_is_written_on_one_line() -> None:
    value = {"data": {"a": [1, {"b": None}], "c": "x" * 100}}
    assert documented(formatted(value)) == value
    assert formatted({"a": [1, {"b": None}]}) == '{ "a": [1, { "b": null }] }'


def test_figures_follow_the_results() -> None:
    results = RESULTS.read_text()
    text = figures(results)
    [ratio] = re.findall(r"^\| Q1 x16 +\| +([\d.]+)", results, re.MULTILINE)[:1]
    assert f"{ratio}\N{MULTIPLICATION SIGN}" in text
    assert figures(results.replace(ratio, "7.77")) != text
    assert (
        BLOCK.sub(text, "<!-- figures -->\nold\n<!-- /figures -->")
        == f"<!-- figures -->\n{text}<!-- /figures -->"
    )
    with pytest.raises(LookupError, match="no table"):
        figures("nothing was measured")
