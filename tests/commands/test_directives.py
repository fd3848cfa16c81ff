"""Mutations that `@include` or `@skip` turns off are not executed, whichever variables the same text had before."""

from __future__ import annotations

import pytest

from tests.support.covers import covers
from tests.writes.client import TenantClient

COMMAND = "accountCreate(input: { name: $name }) { account { name } }"
TEXTS = {
    "field": f"{{ one: {COMMAND} two: {COMMAND.replace('{ account', '@include(if: $x) { account')} }}",
    "inline": f"{{ one: {COMMAND} ... @include(if: $x) {{ two: {COMMAND} }} }}",
    "typed": f"{{ one: {COMMAND} ... on Mutation @include(if: $x) {{ two: {COMMAND} }} }}",
    "spread": f"{{ one: {COMMAND} ...More @include(if: $x) }} fragment More on Mutation {{ two: {COMMAND} }}",
    "nested": f"{{ one: {COMMAND} ...More @include(if: $x) }} fragment More on Mutation {{ ... {{ two: {COMMAND} }} }}",
    "inside": f"{{ one: {COMMAND} ...More }} fragment More on Mutation {{ ... @include(if: $x) {{ two: {COMMAND} }} }}",
    "skipped": f"{{ one: {COMMAND} ... @skip(if: $x) {{ two: {COMMAND} }} }}",
    "single": f"{{ __typename ... @include(if: $x) {{ two: {COMMAND} }} }}",
}
ORDERS = [(True, False, True), (False, True, False)]


async def accounts(tenant: TenantClient, name: str) -> int:
    """The number of accounts with this name."""
    return int(await tenant.value("SELECT count(*) FROM account WHERE name = $1", name))


@covers("D-36", "D-55", "D-33")
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("order", ORDERS)
async def test_a_skipped_mutation_is_not_executed(
    tenant: TenantClient, text: str, order: tuple[bool, ...]
) -> None:
    """Independent of the order in which a text is sent with true and false."""
    # A separate text for each order, because the plan cache begins with the first value.
    query = f"mutation ($name: String!, $x: Boolean!) {TEXTS[text]} # {order}"
    for value in order:
        name = tenant.new_name()
        answer = await tenant.ask("admin", query, {"name": name, "x": value})
        keys = {"one"} if text != "single" else {"__typename"}
        keys |= {"two"} if value is not (text == "skipped") else set()
        assert set(answer.data) == keys
        assert await accounts(tenant, name) == len(keys - {"__typename"})


@covers("D-36", "D-37", "D-55")
async def test_another_value_of_a_directive_is_another_request_for_the_key(
    tenant: TenantClient,
) -> None:
    query = f"mutation ($name: String!, $x: Boolean!) {TEXTS['inline']}"
    name = tenant.new_name()
    off, on = [
        await tenant.ask("admin", query, {"name": name, "x": x}, idempotency_key="switch")
        for x in (False, True)
    ]
    assert set(off.data) == {"one"}
    assert on.codes == ["IDEMPOTENCY_MISMATCH"]
    assert await accounts(tenant, name) == 1


@covers("D-36", "D-55")
async def test_directives_apply_to_the_payload_as_well(tenant: TenantClient) -> None:
    """To payloads, records and errors alike."""
    query = """mutation ($name: String!, $x: Boolean!) {
      done: accountCreateMany(inputs: [{ name: $name }]) {
        ... @include(if: $x) { results { id @skip(if: $x) account { name @include(if: $x) version } } }
        userErrors @skip(if: $x) { code }
      }
    }"""
    for value in (True, False, True):
        answer = await tenant.ask("admin", query, {"name": tenant.new_name(), "x": value})
        actual = answer.data["done"]
        if value:
            [result] = actual["results"]
            assert set(actual) == {"results"}
            assert set(result) == {"account"}
            assert set(result["account"]) == {"name", "version"}
        else:
            assert actual == {"userErrors": []}
