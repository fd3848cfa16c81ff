"""GraphiQL in a real browser: sign-in, switching users and live lists; nothing is stored or loaded from other servers."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from typing import Any

import pytest

from schema.engine.manifests import identifier_of
from tenancy.demo.seed import TENANTS
from tenancy.demo.staff import personas
from tenancy.engine.documents import set_documents
from tests.support.covers import covers
from tests.support.node import run
from tests.support.world import World
from tests.web.conftest import SLUG

HERE = Path(__file__).resolve().parent
NODE = 22
"""Minimum Node version of the browser package."""
SECONDS = 240.0
HAS_BROWSER = sys.platform == "linux" and platform.machine() == "x86_64"

pytestmark = pytest.mark.skipif(
    not HAS_BROWSER, reason="the packaged Chromium is for Linux on x86-64 only"
)


UNAUTHORIZED = "Failed to load resource: the server responded with a status of 401"
CANCELLED = "Canceled"
"""Console message of Monaco for an operation that its editor's removal cancels."""


async def _run_scenario(url: str, scenario: str, *allowed: str, file: str = "") -> Any:
    """What a scenario of page.mjs displays; there are no other console errors and no requests to other servers."""
    output = await run(
        "page.mjs", url, scenario, SLUG, file, clients=HERE, oldest=NODE, seconds=SECONDS
    )
    seen = json.loads(output)
    assert not [each for each in seen["consoleErrors"] if not each.startswith(allowed)]
    assert seen["foreign"] == []
    return seen


TITLES = {
    slug: {each["handle"]: each["title"] for each in personas(slug)}["rep1"] for slug in TENANTS
}
"""The job title of rep1 differs by tenant."""


def _names(answer: Any) -> set[str]:
    return {node["owner"]["name"] for node in answer["data"]["opportunities"]["nodes"]}


@covers("D-40")
async def test_switching_the_user_shows_the_results_of_that_user(url: str) -> None:
    seen = await _run_scenario(url, "users")
    assert "Priya Raman" in seen["start"]
    assert not any(each.endswith("/graphql") for each in seen["before"]), (
        "request before signing in"
    )
    first, second = seen["first"], seen["second"]
    assert first["account"].splitlines()[0] == "Priya Raman"
    assert "acme" in first["account"]
    assert first["notes"] == "Priya Raman may read all requested fields."
    assert any(each["margin"] for each in first["answer"]["data"]["opportunities"]["nodes"])
    assert first["selected"] == f"Priya Raman, {TITLES['acme']} (rep1@acme)"
    assert SLUG in second["account"]
    assert second["selected"].startswith("Mei Tanaka, ")
    assert second["selected"].endswith(f" (limited@{SLUG})")
    assert second["notes"] == "Fields hidden from Mei Tanaka: Account.phone, Opportunity.margin"
    assert _names(first["answer"]) == {"Priya Raman"}
    assert _names(second["answer"]) == {"Mei Tanaka"}
    assert not any(each["margin"] for each in second["answer"]["data"]["opportunities"]["nodes"])
    assert "Bearer" not in seen["stored"], "a token is stored"
    assert "eyJ" not in seen["stored"]
    assert "QUILLMERE" not in seen["stored"], "a response is stored"


@covers("D-40")
async def test_the_form_signs_in_and_shows_its_error(url: str) -> None:
    seen = await _run_scenario(url, "form")
    assert seen["refused"] == "Tenant, email address and password do not match."
    assert seen["account"].splitlines()[0] == "Amara Okafor"
    assert seen["selected"].startswith("Amara Okafor, ")
    assert seen["selected"].endswith(" (support@acme)")


@covers("D-61", "D-63")
async def test_a_subscription_runs_with_the_rights_of_the_user(url: str) -> None:
    seen = await _run_scenario(url, "live")
    assert seen["first"]["data"]["opportunities"] == {"kind": "SNAPSHOT", "changes": []}
    [change] = seen["second"]["data"]["opportunities"]["changes"]
    assert change["kind"] == "ENTERED"
    assert change["node"]["name"] == "renamed here"
    assert "Subscription active: 2 messages" in seen["live"]
    assert seen["other"]["data"]["opportunities"]["changes"] == []
    assert "Fields hidden from Mei Tanaka: Opportunity.margin" in seen["notes"]


async def test_a_mutation_does_not_run_again_for_another_user(url: str) -> None:
    seen = await _run_scenario(url, "mutation")
    assert seen["done"]["data"]["accountCreate"]["account"]["name"] == "made here"
    assert seen["after"]["data"]["accounts"]["totalCount"] == 1
    assert seen["times"] == 1


async def test_a_refused_token_is_refreshed_once(url: str) -> None:
    seen = await _run_scenario(url, "refreshed", UNAUTHORIZED)
    assert seen["requests"] == ["query", "refresh", "query"]
    assert seen["answer"]["data"]["viewer"]["employee"]["name"] == "Priya Raman"


async def test_an_ended_session_leads_to_the_sign_in_form(url: str) -> None:
    seen = await _run_scenario(url, "ended", UNAUTHORIZED, CANCELLED)
    assert seen["message"].startswith("Your session has ended. The refresh token")
    assert seen["start"]


async def test_the_end_of_a_subscription_is_described(url: str) -> None:
    seen = await _run_scenario(url, "refused")
    [error] = seen["first"]["errors"]
    assert error["extensions"]["code"] == "BAD_CURSOR"
    assert seen["second"]["errors"][0]["message"] == "The connection was closed: No more."


async def test_the_browser_decompresses_and_revalidates_a_trusted_document(
    world: World, url: str
) -> None:
    text = "query Stored { accounts(first: 30) { nodes { id version displayName createdAt } } }"
    id = identifier_of(text)
    await set_documents(world.admin, world.tenants[SLUG], {id: text}, only=False)
    seen = await _run_scenario(url, "revalidated", file=id)
    first, second = seen["responses"]
    assert (first["status"], second["status"]) == (200, 304)
    assert first["coding"] in {"br", "gzip"}
    assert seen["bodies"][0] == seen["bodies"][1]
    assert len(seen["bodies"][0]["data"]["accounts"]["nodes"]) == 30


async def test_an_example_opens_in_a_tab_and_runs(url: str) -> None:
    seen = await _run_scenario(url, "examples")
    assert seen["tabs"] == ["ClosingNext", "One"]
    assert seen["answer"]["data"]["found"]["name"], "the lookup found the id of the variable"


async def test_a_screen_of_390_pixels_shows_editor_result_and_documentation(url: str) -> None:
    seen = await _run_scenario(url, "narrow")
    assert seen["width"] <= 390
    editor, response = seen["editor"], seen["response"]
    assert response["y"] >= editor["y"] + editor["height"]
    assert min(editor["height"], response["height"]) > 200
    for each in seen["selects"]:
        assert each["x"] >= 0
        assert each["x"] + each["width"] <= 390
    assert seen["documentation"]["width"] > 300
    assert seen["documentation"]["height"] > 300
