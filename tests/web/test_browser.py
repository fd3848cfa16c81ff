"""The page in a real browser: signing in, being somebody else, live lists, and nothing kept or loaded from elsewhere."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.covers import covers
from tests.support.node import run
from tests.web.conftest import SLUG

HERE = Path(__file__).resolve().parent
NODE = 22
"""The oldest that the package with the browser runs on."""
SECONDS = 240.0
HAS_BROWSER = sys.platform == "linux" and platform.machine() == "x86_64"

pytestmark = pytest.mark.skipif(
    not HAS_BROWSER, reason="the packaged Chromium is for Linux on x86-64 alone"
)


UNKNOWN = "Failed to load resource: the server responded with a status of 401"
CANCELLED = "Canceled"
"""What Monaco was about to do when its editor went away."""


async def _seen(url: str, what: str, *expected: str) -> Any:
    """What a visitor sees who does that; the browser complains of nothing else, and asks nobody else."""
    told = await run("page.mjs", url, what, SLUG, clients=HERE, oldest=NODE, seconds=SECONDS)
    seen = json.loads(told)
    assert not [each for each in seen["complaints"] if not each.startswith(expected)]
    assert seen["foreign"] == []
    return seen


def _names(answer: Any) -> set[str]:
    return {node["owner"]["name"] for node in answer["data"]["opportunities"]["nodes"]}


@covers("D-40")
async def test_one_sees_what_another_sees(url: str) -> None:
    seen = await _seen(url, "persons")
    assert "Priya Raman" in seen["start"]
    assert not any(each.endswith("/graphql") for each in seen["before"]), "asked before signing in"
    first, second = seen["first"], seen["second"]
    assert first["who"].splitlines()[0] == "Priya Raman"
    assert "acme" in first["who"]
    assert first["below"] == "Nothing is hidden from Priya Raman here."
    assert any(each["margin"] for each in first["answer"]["data"]["opportunities"]["nodes"])
    assert SLUG in second["who"]
    assert second["below"] == "Hidden from Mei Tanaka: Account.phone, Opportunity.margin"
    assert _names(first["answer"]) == {"Priya Raman"}
    assert _names(second["answer"]) == {"Mei Tanaka"}
    assert not any(each["margin"] for each in second["answer"]["data"]["opportunities"]["nodes"])
    assert "Bearer" not in seen["kept"], "a token outlives the page"
    assert "eyJ" not in seen["kept"]
    assert "QUILLMERE" not in seen["kept"], "an answer outlives the page"


@covers("D-40")
async def test_the_form_signs_in_and_says_what_is_wrong(url: str) -> None:
    seen = await _seen(url, "form")
    assert seen["refused"] == "Tenant, email address and password do not match."
    assert seen["who"].splitlines()[0] == "Amara Okafor"


@covers("D-61", "D-63")
async def test_a_live_list_is_followed_as_who_one_is(url: str) -> None:
    seen = await _seen(url, "live")
    assert seen["first"]["data"]["opportunities"] == {"kind": "SNAPSHOT", "changes": []}
    [change] = seen["second"]["data"]["opportunities"]["changes"]
    assert change["kind"] == "ENTERED"
    assert change["node"]["name"] == "told here"
    assert "Live: 2 messages so far" in seen["live"]
    assert seen["other"]["data"]["opportunities"]["changes"] == []
    assert "Hidden from Mei Tanaka: Opportunity.margin" in seen["below"]


async def test_a_mutation_is_not_done_again_as_somebody_else(url: str) -> None:
    seen = await _seen(url, "mutation")
    assert seen["done"]["data"]["accountCreate"]["account"]["name"] == "made here"
    assert seen["after"]["data"]["accounts"]["totalCount"] == 1
    assert seen["times"] == 1


async def test_a_token_that_is_not_taken_is_renewed_once(url: str) -> None:
    seen = await _seen(url, "renewed", UNKNOWN)
    assert seen["asked"] == ["query", "refresh", "query"]
    assert seen["answer"]["data"]["viewer"]["employee"]["name"] == "Priya Raman"


async def test_a_session_that_is_over_leads_to_the_start(url: str) -> None:
    seen = await _seen(url, "ended", UNKNOWN, CANCELLED)
    assert seen["told"].startswith("Your session has ended. The refresh token")
    assert seen["start"]


async def test_what_a_live_list_ends_with_is_said_in_words(url: str) -> None:
    seen = await _seen(url, "refused")
    [error] = seen["first"]["errors"]
    assert error["extensions"]["code"] == "BAD_CURSOR"
    assert seen["second"]["errors"][0]["message"] == "The connection has ended: No more."


async def test_an_example_opens_in_a_tab_and_is_asked(url: str) -> None:
    seen = await _seen(url, "examples")
    assert seen["tabs"] == ["ClosingNext", "One"]
    assert len(seen["answer"]["data"]["accounts"]["nodes"]) == 1


async def test_on_a_telephone_the_answer_stands_below(url: str) -> None:
    seen = await _seen(url, "narrow")
    assert seen["width"] <= 360
    editor, response = seen["editor"], seen["response"]
    assert response["y"] >= editor["y"] + editor["height"]
    assert min(editor["height"], response["height"]) > 200
