"""Errors in the language of `Accept-Language`; codes and values are the same in all."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from schema.engine.languages import LANGUAGES
from tests.support.covers import covers
from tests.support.world import Answer, World
from tests.writes.client import TenantClient, own_tenant

CREATE = """mutation ($input: AccountCreateInput!) {
  accountCreate(input: $input) { id userErrors { code message path params } }
}"""
WRONG = {"name": "x", "description": "x" * 10_001, "country": "Nowhere", "phone": "1"}
TAGS = ["de", "nl", "sv"]


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[TenantClient]:
    async with own_tenant(world, "languages") as tenant:
        yield tenant


async def send(
    tenant: TenantClient, tag: str, query: str, variables: Any = None, **more: str
) -> Answer:
    return await tenant.ask("admin", query, variables, accept_language=tag, **more)


def user_errors(answer: Answer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer.data["accountCreate"]["userErrors"]
    return found


def without_texts(errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**each, "message": ""} for each in errors]


@covers("D-35")
@pytest.mark.parametrize("tag", TAGS)
async def test_user_errors_are_translated_and_codes_and_values_are_not(
    tenant: TenantClient, tag: str
) -> None:
    english, other = [
        user_errors(await send(tenant, each, CREATE, {"input": WRONG})) for each in ("en", tag)
    ]
    assert without_texts(english) == without_texts(other)
    assert english[0]["params"] == {"found": "10001", "limit": "10000"}
    sentences = LANGUAGES[tag].sentences
    template = "The text has {found:,} characters; the limit is {limit:,}. Shorten it."
    assert other[0]["message"] == sentences[template].format(found=10_001, limit=10_000)
    assert all(a["message"] != b["message"] for a, b in zip(english, other, strict=True))


@covers("D-35")
@pytest.mark.parametrize("tag", TAGS)
async def test_errors_of_requests_are_translated(tenant: TenantClient, tag: str) -> None:
    sentences = LANGUAGES[tag].sentences
    refused = await tenant.world.post(b'{"query": "{ viewer { id } }"}', accept_language=tag)
    assert refused.status == 401
    [error] = refused.json["errors"]
    assert error["message"] in sentences.values()
    query = "mutation ($input: RefreshInput!) { refresh(input: $input) { userErrors { message } } }"
    body = {"query": query, "variables": {"input": {"refreshToken": "x"}}}
    public = await tenant.world.post(json.dumps(body).encode(), accept_language=tag)
    assert public.data["refresh"]["userErrors"][0]["message"] in sentences.values()
    missing = await send(
        tenant, tag, 'mutation { accountDelete(input: { id: "acc_%s" }) { id } }' % ("f" * 32)
    )
    assert missing.json["errors"][0]["message"] in sentences.values()
    typing = await send(tenant, tag, "{ opportunities(first: 0) { totalCount } }")
    assert typing.json["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    english = await send(tenant, "en", "{ opportunities(first: 0) { totalCount } }")
    assert typing.json["errors"][0]["message"] != english.json["errors"][0]["message"]


@covers("D-35", "D-34")
async def test_a_repeated_request_is_answered_in_the_language_of_the_repetition(
    tenant: TenantClient,
) -> None:
    query = """mutation ($inputs: [AccountCreateInput!]!) {
      accountCreateMany(inputs: $inputs, allOrNone: false) { userErrors { message params } }
    }"""
    inputs = {"inputs": [{"name": "Kept"}, {"name": "Refused", "country": "Nowhere"}]}
    first = await send(tenant, "nl", query, inputs, idempotency_key="languages")
    again = await send(tenant, "sv", query, inputs, idempotency_key="languages")
    assert again.json["extensions"]["idempotency"] == {"replayed": True}
    [dutch], [swedish] = (each.data["accountCreateMany"]["userErrors"] for each in (first, again))
    assert dutch["params"] == swedish["params"]
    assert dutch["message"] in LANGUAGES["nl"].sentences.values()
    assert swedish["message"] in LANGUAGES["sv"].sentences.values()


@covers("D-35")
async def test_caches_keep_the_languages_of_a_response_apart(tenant: TenantClient) -> None:
    answer = await send(tenant, "nl", "{ viewer { id } }")
    assert "Accept-Language" in answer.headers["vary"]
