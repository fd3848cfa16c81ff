"""Computed fields in a payload: one that fails is an error at its path, and the mutation is committed all the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from db.api import MODEL
from db.engine.fields import Computed
from tests.support.covers import covers
from tests.writes.client import TenantClient

ONE = """mutation ($input: AccountCreateInput!) {
  made: accountCreate(input: $input) { id it: account { name site: websiteDomain owner { initials } } }
}"""
MANY = """mutation ($inputs: [AccountCreateInput!]!) {
  made: accountCreateMany(inputs: $inputs, allOrNone: false) {
    all: results { account { name websiteDomain } }
    again: results { it: account { websiteDomain } }
  }
}"""
BROKEN = "https://broken.example"
INPUTS: list[dict[str, Any]] = [
    {"name": "a", "website": "https://whole.example"},
    {"name": "b", "country": "Nederland"},
    {"name": "c", "website": BROKEN},
]


@pytest.fixture
def broken() -> Iterator[None]:
    """A computed field that fails for one address; declarations are frozen, so only a test changes them."""
    computed: Computed = MODEL.entities["Account"].derived["websiteDomain"]
    kept = computed.function

    def fails(address: str | None) -> Any:
        if address == BROKEN:
            raise ZeroDivisionError("a secret of the server")
        return kept(address)

    object.__setattr__(computed, "function", fails)
    yield
    object.__setattr__(computed, "function", kept)


@covers("D-57", "D-33")
async def test_a_failing_computed_field_is_an_error_at_its_path(
    tenant: TenantClient, broken: None
) -> None:
    answer = await tenant.ask("admin", ONE, {"input": INPUTS[2]})
    made = answer.json["data"]["made"]
    assert made["it"] == {"name": "c", "site": None, "owner": {"initials": "LM"}}
    [error] = answer.json["errors"]
    assert error["path"] == ["made", "it", "site"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert b"secret" not in answer.body
    id = made["id"]
    assert (await tenant.row("account", id))["website"] == BROKEN, "the mutation is committed"


@covers("D-57", "D-33")
async def test_a_failing_computed_field_of_a_list_is_an_error_at_each_path(
    tenant: TenantClient, broken: None
) -> None:
    answer = await tenant.ask("admin", MANY, {"inputs": INPUTS})
    made = answer.json["data"]["made"]
    assert [each["account"] for each in made["all"]] == [
        {"name": "a", "websiteDomain": "whole.example"},
        None,
        {"name": "c", "websiteDomain": None},
    ]
    errors = {tuple(error["path"]): error["extensions"]["code"] for error in answer.json["errors"]}
    assert errors == {
        ("made", "all", 2, "account", "websiteDomain"): "INTERNAL",
        ("made", "again", 2, "it", "websiteDomain"): "INTERNAL",
    }


@covers("D-57", "D-37")
async def test_a_replay_repeats_the_error_of_a_computed_field(
    tenant: TenantClient, broken: None
) -> None:
    for _ in "12":
        answer = await tenant.ask("admin", ONE, {"input": INPUTS[2]}, idempotency_key="broken")
        assert [error["path"] for error in answer.json["errors"]] == [["made", "it", "site"]]
    assert answer.json["extensions"]["idempotency"] == {"replayed": True}
