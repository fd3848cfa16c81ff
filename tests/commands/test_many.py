"""Many at once, each by itself: whatever is wrong with one is told, whatever is asked for, and told once."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from resolvers.engine import execute
from resolvers.engine.execute import PASSES
from tests.support.covers import covers
from tests.writes.parallel import Own, kept, spelled

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


@covers("D-33", "D-35", "X-66")
async def test_what_is_told_beside_refusals_is_told_once(own: Own) -> None:
    """All of it with the first of them, so that nobody counts a fault twice."""
    told = "results { id } userErrors { code path }"
    said = await created(own, [BAD, LOST, GOOD, ABROAD, {**LOST, "country": "no"}], told, all=True)
    assert said["data"] == {"done": None}
    first, second = said["errors"]
    for error, number in ((first, "1"), (second, "4")):
        assert error["extensions"]["code"] == "NOT_FOUND"
        assert error["extensions"]["input"] == ["inputs", number, "parent"]
        assert error["path"] == ["done"]
    assert [each["path"][1] for each in first["extensions"]["userErrors"]] == ["0", "3", "4"]
    assert "userErrors" not in second["extensions"]


async def chain(own: Own, length: int) -> list[str]:
    """Accounts of which each is a part of the next."""
    ids: list[str] = []
    for _ in range(length):
        above = {"parent": ids[-1]} if ids else {}
        ids.append(await own.done("admin", "accountCreate", name=own.name(), **above))
    return ids[::-1]


async def turned(own: Own, ids: list[str], **first: Any) -> list[str]:
    """Turn a chain round, each account with one input; what came of each of them."""
    query = """mutation ($inputs: [AccountUpdateInput!]!) {
      done: accountUpdateMany(inputs: $inputs, allOrNone: false) { results { id } userErrors { code path } }
    }"""
    inputs = [{"id": ids[0], "parent": None, **first}]
    inputs += [{"id": id, "parent": above} for above, id in itertools.pairwise(ids)]
    said = (await own.ask("admin", query, {"inputs": inputs})).json
    told = {each["path"][1]: each["code"] for each in said["data"]["done"]["userErrors"]}
    told |= {e["extensions"]["input"][1]: e["extensions"]["code"] for e in said.get("errors", [])}
    done = [each is not None and each["id"] is not None for each in said["data"]["done"]["results"]]
    assert done == [str(number) not in told for number in range(len(inputs))]
    return [told.get(str(number), "DONE") for number in range(len(inputs))]


@covers("D-33", "D-36", "X-10")
async def test_a_list_is_done_in_its_order(own: Own) -> None:
    """An account that moves away first is in nobody's way."""
    ids = await chain(own, 4)
    assert await turned(own, ids) == ["DONE"] * 4
    assert [(await own.row("account", id))["parent_id"] for id in ids] == [
        None,
        *(kept(id) for id in ids[:-1]),
    ]


@covers("D-33", "D-36", "X-10")
@pytest.mark.parametrize("passes", [1, 2, PASSES])
async def test_what_fails_of_a_list_is_in_the_way_of_the_rest_or_puts_it_off(
    own: Own, passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is decided anew without it: so often, and then whoever asks is told to ask again."""
    monkeypatch.setattr(execute, "PASSES", passes)
    ids = await chain(own, 4)
    before = [await own.row("account", id) for id in ids]
    told = await turned(own, ids, country="Nederland")
    assert told == ["INVALID", *["RETRYABLE" if passes == 1 else "CYCLE"] * 3]
    assert [await own.row("account", id) for id in ids] == before


@covers("D-33", "D-36", "X-10")
async def test_what_fails_takes_nothing_from_the_rest(own: Own) -> None:
    """Not even what it alone was to have."""
    outer = own.name()
    inputs = [
        {**BAD, "externalId": outer},
        {**GOOD, "externalId": outer},
        {**GOOD, "externalId": outer},
    ]
    told = "results { account { externalId } } userErrors { code path }"
    done = (await created(own, inputs, told, all=False))["data"]["done"]
    assert [each["account"] for each in done["results"]] == [None, {"externalId": outer}, None]
    assert done["userErrors"] == [
        {"code": "INVALID", "path": ["inputs", "0", "country"]},
        {"code": "DUPLICATE", "path": ["inputs", "2", "externalId"]},
    ]


@covers("D-33", "X-66")
async def test_a_value_that_cannot_be_kept_hides_no_other_fault(own: Own) -> None:
    """Also where the server would have chosen something for a record that had none."""
    inputs = [{"name": "x" * 10_001, "country": "Nederland"}]
    done = (await created(own, inputs, "userErrors { code path }", all=True))["data"]["done"]
    assert done["userErrors"] == [
        {"code": "TOO_LONG", "path": ["inputs", "0", "name"]},
        {"code": "INVALID", "path": ["inputs", "0", "country"]},
    ]
    account = await own.done("admin", "accountCreate", name=own.name())
    kind = spelled("opt", await own.type("New business"))
    given: dict[str, Any] = {
        "name": "a",
        "account": account,
        "type": kind,
        "currency": "euro",
        "probability": 101,
    }
    answer = await own.do("admin", "opportunityCreate", **given, note="x" * 10_001)
    told = [(each["code"], each["path"][-1]) for each in answer.data["done"]["userErrors"]]
    assert told == [("TOO_LONG", "note"), ("INVALID", "probability"), ("INVALID", "currency")]
