"""`…Many` with `allOrNone: false`: each input is independent, and every error is reported exactly once, whatever is selected."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from resolvers.engine import execute
from resolvers.engine.execute import PASSES
from tests.support.covers import covers
from tests.writes.client import TenantClient, public_id, uuid_of

NOWHERE = "acc_ffffffffffffffffffffffffffffffff"
GOOD: dict[str, Any] = {"name": "Goed"}
BAD: dict[str, Any] = {"name": "Slecht", "country": "Nederland"}
LOST: dict[str, Any] = {"name": "Nergens", "parent": NOWHERE}
ABROAD: dict[str, Any] = {"name": "Ook slecht", "addresses": [{"country": "nl"}]}
WRONG = [
    {"code": "INVALID", "path": ["inputs", "1", "country"]},
    {"code": "INVALID", "path": ["inputs", "3", "addresses", "0", "country"]},
]


async def created(
    tenant: TenantClient, inputs: list[dict[str, Any]], selection: str, *, all: bool
) -> Any:
    """The response to creating accounts, with a selection of the payload."""
    query = (
        "mutation ($inputs: [AccountCreateInput!]!, $all: Boolean) "
        f"{{ done: accountCreateMany(inputs: $inputs, allOrNone: $all) {{ {selection} }} }}"
    )
    return (await tenant.ask("admin", query, {"inputs": inputs, "all": all})).json


@covers("D-33", "D-36", "X-10")
@pytest.mark.parametrize(
    "results", ["", "results { id }", "results { id userErrors { code path } }"]
)
async def test_errors_are_reported_whatever_else_is_selected(
    tenant: TenantClient, results: str
) -> None:
    response = await created(
        tenant, [GOOD, BAD, LOST, ABROAD], f"{results} userErrors {{ code path }}", all=False
    )
    done = response["data"]["done"]
    assert done["userErrors"] == WRONG
    if "results" in done:
        assert [each and bool(each["id"]) for each in done["results"]] == [True, False, None, False]
    [error] = response["errors"]
    assert error["extensions"]["code"] == "NOT_FOUND"
    assert error["extensions"]["input"] == ["inputs", "2", "parent"]
    assert error["path"] == ["done", *(["results", 2] if results else [])]


@covers("D-33", "D-36", "X-10")
async def test_errors_are_the_same_with_and_without_all_or_none(tenant: TenantClient) -> None:
    inputs = [GOOD, BAD, GOOD, ABROAD]
    selection = "results { id userErrors { code path } } userErrors { code path }"
    each, all = [
        (await created(tenant, inputs, selection, all=one))["data"]["done"] for one in (False, True)
    ]
    assert each["userErrors"] == all["userErrors"] == WRONG
    assert [e for one in each["results"] for e in one["userErrors"]] == WRONG
    assert all["results"] is None


@covers("D-33", "D-36", "D-37", "X-12")
async def test_a_replay_repeats_the_errors(tenant: TenantClient) -> None:
    query = (
        "mutation ($inputs: [AccountCreateInput!]!) "
        "{ done: accountCreateMany(inputs: $inputs, allOrNone: false) { userErrors { code path } } }"
    )
    variables = {"inputs": [GOOD, BAD, GOOD, ABROAD]}
    first, again = [
        (await tenant.ask("admin", query, variables, idempotency_key="some")).json for _ in "12"
    ]
    assert first["data"]["done"]["userErrors"] == WRONG
    assert again["data"] == first["data"]
    assert again["extensions"]["idempotency"] == {"replayed": True}


@covers("D-33", "D-35", "X-66")
async def test_user_errors_beside_refusals_are_reported_once(tenant: TenantClient) -> None:
    """All of them with the first refusal, so that a client counts none twice."""
    selection = "results { id } userErrors { code path }"
    response = await created(
        tenant, [BAD, LOST, GOOD, ABROAD, {**LOST, "country": "no"}], selection, all=True
    )
    assert response["data"] == {"done": None}
    first, second = response["errors"]
    for error, number in ((first, "1"), (second, "4")):
        assert error["extensions"]["code"] == "NOT_FOUND"
        assert error["extensions"]["input"] == ["inputs", number, "parent"]
        assert error["path"] == ["done"]
    assert [each["path"][1] for each in first["extensions"]["userErrors"]] == [
        "0",
        "3",
        "4",
    ]
    assert "userErrors" not in second["extensions"]


async def chain(tenant: TenantClient, length: int) -> list[str]:
    """Accounts of which each is the child of the next."""
    ids: list[str] = []
    for _ in range(length):
        above = {"parent": ids[-1]} if ids else {}
        ids.append(await tenant.mutate("admin", "accountCreate", name=tenant.new_name(), **above))
    return ids[::-1]


async def reversed_chain(tenant: TenantClient, ids: list[str], **changes: Any) -> list[str]:
    """Reverse a chain with one input per account; the code of each, or DONE."""
    query = """mutation ($inputs: [AccountUpdateInput!]!) {
      done: accountUpdateMany(inputs: $inputs, allOrNone: false) { results { id } userErrors { code path } }
    }"""
    inputs = [{"id": ids[0], "parent": None, **changes}]
    inputs += [{"id": id, "parent": above} for above, id in itertools.pairwise(ids)]
    response = (await tenant.ask("admin", query, {"inputs": inputs})).json
    selection = {each["path"][1]: each["code"] for each in response["data"]["done"]["userErrors"]}
    selection |= {
        e["extensions"]["input"][1]: e["extensions"]["code"] for e in response.get("errors", [])
    }
    done = [
        each is not None and each["id"] is not None for each in response["data"]["done"]["results"]
    ]
    assert done == [str(number) not in selection for number in range(len(inputs))]
    return [selection.get(str(number), "DONE") for number in range(len(inputs))]


@covers("D-33", "D-36", "X-10")
async def test_inputs_are_applied_in_order(tenant: TenantClient) -> None:
    """An account that is moved first makes room for the next."""
    ids = await chain(tenant, 4)
    assert await reversed_chain(tenant, ids) == ["DONE"] * 4
    assert [(await tenant.row("account", id))["parent_id"] for id in ids] == [
        None,
        *(uuid_of(id) for id in ids[:-1]),
    ]


@covers("D-33", "D-36", "X-10")
@pytest.mark.parametrize("passes", [1, 2, PASSES])
async def test_inputs_that_depend_on_a_failed_one_fail_or_are_retryable(
    tenant: TenantClient, passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are decided again without it, up to `PASSES` times; after that they are RETRYABLE."""
    monkeypatch.setattr(execute, "PASSES", passes)
    ids = await chain(tenant, 4)
    before = [await tenant.row("account", id) for id in ids]
    selection = await reversed_chain(tenant, ids, country="Nederland")
    assert selection == ["INVALID", *["RETRYABLE" if passes == 1 else "CYCLE"] * 3]
    assert [await tenant.row("account", id) for id in ids] == before


@covers("D-33", "D-36", "X-10")
async def test_a_failed_input_reserves_no_unique_value(tenant: TenantClient) -> None:
    """The next input gets the external id of the failed one."""
    outer = tenant.new_name()
    inputs = [
        {**BAD, "externalId": outer},
        {**GOOD, "externalId": outer},
        {**GOOD, "externalId": outer},
    ]
    selection = "results { account { externalId } } userErrors { code path }"
    done = (await created(tenant, inputs, selection, all=False))["data"]["done"]
    assert [each["account"] for each in done["results"]] == [None, {"externalId": outer}, None]
    assert done["userErrors"] == [
        {"code": "INVALID", "path": ["inputs", "0", "country"]},
        {"code": "DUPLICATE", "path": ["inputs", "2", "externalId"]},
    ]


@covers("D-33", "X-66")
async def test_a_value_that_cannot_be_stored_hides_no_other_error(tenant: TenantClient) -> None:
    """Also where the server would have filled in a default."""
    inputs = [{"name": "x" * 10_001, "country": "Nederland"}]
    done = (await created(tenant, inputs, "userErrors { code path }", all=True))["data"]["done"]
    assert done["userErrors"] == [
        {"code": "TOO_LONG", "path": ["inputs", "0", "name"]},
        {"code": "INVALID", "path": ["inputs", "0", "country"]},
    ]
    account = await tenant.mutate("admin", "accountCreate", name=tenant.new_name())
    kind = public_id("opt", await tenant.type_id("New business"))
    params: dict[str, Any] = {
        "name": "a",
        "account": account,
        "type": kind,
        "currency": "euro",
        "probability": 101,
    }
    answer = await tenant.attempt("admin", "opportunityCreate", **params, note="x" * 10_001)
    selection = [(each["code"], each["path"][-1]) for each in answer.data["done"]["userErrors"]]
    assert selection == [("TOO_LONG", "note"), ("INVALID", "probability"), ("INVALID", "currency")]
