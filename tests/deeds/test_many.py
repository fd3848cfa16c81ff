"""Many at once, each by itself: whatever is wrong with one is told, whatever is asked for, and told once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.covers import covers
from tests.writes.parallel import Own

NOWHERE = "acc_ffffffffffffffffffffffffffffffff"
GOOD: dict[str, Any] = {"name": "Goed"}
BAD: dict[str, Any] = {"name": "Slecht", "country": "Nederland"}
LOST: dict[str, Any] = {"name": "Nergens", "parent": NOWHERE}
ABROAD: dict[str, Any] = {"name": "Ook slecht", "addresses": [{"country": "nl"}]}
WRONG = [
    {"code": "INVALID", "path": ["inputs", "1", "country"]},
    {"code": "INVALID", "path": ["inputs", "3", "addresses", "0", "country"]},
]


async def created(own: Own, inputs: list[dict[str, Any]], told: str, *, all: bool) -> Any:
    """What is answered to accounts that are created, with what is told of them."""
    query = (
        "mutation ($inputs: [AccountCreateInput!]!, $all: Boolean) "
        f"{{ done: accountCreateMany(inputs: $inputs, allOrNone: $all) {{ {told} }} }}"
    )
    return (await own.ask("admin", query, {"inputs": inputs, "all": all})).json


@covers("D-33", "D-36", "X-10")
@pytest.mark.parametrize(
    "results", ["", "results { id }", "results { id userErrors { code path } }"]
)
async def test_what_is_wrong_is_told_whatever_else_is_asked_for(own: Own, results: str) -> None:
    said = await created(
        own, [GOOD, BAD, LOST, ABROAD], f"{results} userErrors {{ code path }}", all=False
    )
    done = said["data"]["done"]
    assert done["userErrors"] == WRONG
    if "results" in done:
        assert [each and bool(each["id"]) for each in done["results"]] == [True, False, None, False]
    [error] = said["errors"]
    assert error["extensions"]["code"] == "NOT_FOUND"
    assert error["extensions"]["input"] == ["inputs", "2", "parent"]
    assert error["path"] == ["done", *(["results", 2] if results else [])]


@covers("D-33", "D-36", "X-10")
async def test_what_is_wrong_is_the_same_for_all_or_none(own: Own) -> None:
    inputs = [GOOD, BAD, GOOD, ABROAD]
    told = "results { id userErrors { code path } } userErrors { code path }"
    each, all = [
        (await created(own, inputs, told, all=one))["data"]["done"] for one in (False, True)
    ]
    assert each["userErrors"] == all["userErrors"] == WRONG
    assert [e for one in each["results"] for e in one["userErrors"]] == WRONG
    assert all["results"] is None


@covers("D-33", "D-36", "D-37", "X-12")
async def test_what_was_wrong_is_told_again_under_the_key(own: Own) -> None:
    query = (
        "mutation ($inputs: [AccountCreateInput!]!) "
        "{ done: accountCreateMany(inputs: $inputs, allOrNone: false) { userErrors { code path } } }"
    )
    asked = {"inputs": [GOOD, BAD, GOOD, ABROAD]}
    first, again = [
        (await own.ask("admin", query, asked, idempotency_key="some")).json for _ in "12"
    ]
    assert first["data"]["done"]["userErrors"] == WRONG
    assert again["data"] == first["data"]
    assert again["extensions"]["idempotency"] == {"replayed": True}
