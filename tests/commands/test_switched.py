"""Deeds that a variable switches off are not done, whatever was answered to the same text before."""

from __future__ import annotations

import pytest

from tests.support.covers import covers
from tests.writes.parallel import Own

DEED = "accountCreate(input: { name: $name }) { account { name } }"
TEXTS = {
    "field": f"{{ one: {DEED} two: {DEED.replace('{ account', '@include(if: $x) { account')} }}",
    "inline": f"{{ one: {DEED} ... @include(if: $x) {{ two: {DEED} }} }}",
    "typed": f"{{ one: {DEED} ... on Mutation @include(if: $x) {{ two: {DEED} }} }}",
    "spread": f"{{ one: {DEED} ...More @include(if: $x) }} fragment More on Mutation {{ two: {DEED} }}",
    "nested": f"{{ one: {DEED} ...More @include(if: $x) }} fragment More on Mutation {{ ... {{ two: {DEED} }} }}",
    "inside": f"{{ one: {DEED} ...More }} fragment More on Mutation {{ ... @include(if: $x) {{ two: {DEED} }} }}",
    "skipped": f"{{ one: {DEED} ... @skip(if: $x) {{ two: {DEED} }} }}",
    "alone": f"{{ __typename ... @include(if: $x) {{ two: {DEED} }} }}",
}
ORDERS = [(True, False, True), (False, True, False)]


async def accounts(own: Own, name: str) -> int:
    """How many accounts have this name."""
    return int(await own.value("SELECT count(*) FROM account WHERE name = $1", name))


@covers("D-36", "D-55", "D-33")
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("order", ORDERS)
async def test_what_is_switched_off_is_not_done(
    own: Own, text: str, order: tuple[bool, ...]
) -> None:
    """The order in which a text meets the values of its variable makes no difference."""
    # A text of its own for each order: what was remembered of it begins with its first value.
    query = f"mutation ($name: String!, $x: Boolean!) {TEXTS[text]} # {order}"
    for value in order:
        name = own.name()
        answer = await own.ask("admin", query, {"name": name, "x": value})
        keys = {"one"} if text != "alone" else {"__typename"}
        keys |= {"two"} if value is not (text == "skipped") else set()
        assert set(answer.data) == keys
        assert await accounts(own, name) == len(keys - {"__typename"})


@covers("D-36", "D-37", "D-55")
async def test_what_was_switched_off_is_another_request_under_the_key(own: Own) -> None:
    query = f"mutation ($name: String!, $x: Boolean!) {TEXTS['inline']}"
    name = own.name()
    off, on = [
        await own.ask("admin", query, {"name": name, "x": x}, idempotency_key="switch")
        for x in (False, True)
    ]
    assert set(off.data) == {"one"}
    assert on.codes == ["IDEMPOTENCY_MISMATCH"]
    assert await accounts(own, name) == 1


@covers("D-36", "D-55")
async def test_what_is_told_is_switched_too(own: Own) -> None:
    """Of payloads, records and errors alike."""
    query = """mutation ($name: String!, $x: Boolean!) {
      done: accountCreateMany(inputs: [{ name: $name }]) {
        ... @include(if: $x) { results { id @skip(if: $x) account { name @include(if: $x) version } } }
        userErrors @skip(if: $x) { code }
      }
    }"""
    for value in (True, False, True):
        answer = await own.ask("admin", query, {"name": own.name(), "x": value})
        found = answer.data["done"]
        if value:
            [result] = found["results"]
            assert set(found) == {"results"}
            assert set(result) == {"account"}
            assert set(result["account"]) == {"name", "version"}
        else:
            assert found == {"userErrors": []}
