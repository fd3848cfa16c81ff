"""Rights on quotes: a quote follows its opportunity, and each field has its own permission."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.quotes.conftest import QuoteClient, wrong
from tests.support.covers import covers
from tests.support.world import Answer
from tests.writes.client import TenantClient, outcome_of, public_id, uuid_of

ITEMS = [{"name": "a", "unitPrice": "10"}]
MUTATIONS: dict[str, dict[str, Any]] = {
    "quoteUpdate": {"name": "x"},
    "quoteSetItems": {"items": []},
    "quoteDuplicate": {},
    "quoteActivate": {},
    "quoteDeactivate": {},
    "quoteApprove": {},
    "quoteUnapprove": {},
    "quoteDelete": {},
}


def refused(answer: Answer) -> list[tuple[str, Any]]:
    """The codes of all errors, with the fields that they name."""
    return [
        (
            error["extensions"]["code"],
            sorted(each["field"] for each in error["extensions"].get("fields", [])),
        )
        for error in answer.json["errors"]
    ]


@covers("D-32", "VT-08")
@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_quotes_of_another_user_are_not_found(
    client: QuoteClient, tenant: TenantClient, mutation: str
) -> None:
    id = await client.quote("rep1", items=ITEMS)
    before = await client.read(id)
    response = await tenant.attempt("rep2", mutation, id=id, **MUTATIONS[mutation])
    unknown = await tenant.attempt("rep2", mutation, id="quo_" + "0" * 32, **MUTATIONS[mutation])
    assert response.codes == unknown.codes == ["NOT_FOUND"]
    assert response.json["errors"] == unknown.json["errors"]
    assert await client.read(id) == before
    opportunity = "opp_" + (await tenant.row("quote", id))["opportunity_id"].hex
    new = await tenant.attempt("rep2", "quoteCreate", opportunity=opportunity, name="x")
    assert new.codes == ["NOT_FOUND"]


@covers("D-32", "D-33")
@pytest.mark.parametrize(
    "mutation", ["quoteActivate", "quoteApprove", "quoteDuplicate", "quoteSetItems"]
)
async def test_errors_for_support_do_not_reveal_whether_a_quote_exists(
    client: QuoteClient, tenant: TenantClient, mutation: str
) -> None:
    id = await client.quote("rep1", items=ITEMS)
    params: dict[str, Any] = {"quoteSetItems": {"items": ITEMS}}.get(mutation, {})
    response = await tenant.attempt("support", mutation, id=id, **params)
    unknown = await tenant.attempt("support", mutation, id="quo_" + "0" * 32, **params)
    assert response.json["errors"] == unknown.json["errors"]
    assert not set(response.codes) - {"NOT_FOUND", "FIELD_FORBIDDEN"}


@covers("D-33", "EP-116")
async def test_setting_lines_requires_the_right_to_write_them(
    client: QuoteClient, tenant: TenantClient
) -> None:
    opportunity = await tenant.opportunity("limited")
    id = await client.quote("admin", opportunity, items=ITEMS, discountPercent="10")
    [(line,)] = await client.lines(id, "id")
    await client.must_set_items("limited", id, [{"id": line}])
    removed = await client.set_items("limited", id, [])
    assert refused(removed) == [("FORBIDDEN", [])]
    assert removed.json["errors"][0]["extensions"]["input"] == ["input", "items"]
    more = await client.set_items("limited", id, [{"id": line}, *ITEMS])
    assert refused(more) == [("FIELD_READ_ONLY", ["name", "unitPrice"])]
    assert refused(await client.set_items("limited", id, [{"id": line}, {}])) == [("FORBIDDEN", [])]
    changed = await client.set_items("limited", id, [{"id": line, "quantity": "2"}])
    assert refused(changed) == [("FIELD_READ_ONLY", ["quantity"])]
    discount = await client.set_items("limited", id, [{"id": line, "discountPercent": "1"}])
    assert refused(discount) == [("FIELD_FORBIDDEN", ["discountPercent"])]
    quote_discount = await tenant.attempt("limited", "quoteUpdate", id=id, discountPercent="1")
    assert refused(quote_discount) == [("FIELD_FORBIDDEN", ["discountPercent"])]
    copied = await tenant.attempt("limited", "quoteDuplicate", id=id)
    assert refused(copied) == [("FORBIDDEN", [])]
    new = await tenant.attempt(
        "limited", "quoteCreate", opportunity=opportunity, name="x", items=ITEMS
    )
    assert refused(new) == [("FORBIDDEN", []), ("FIELD_READ_ONLY", ["name", "unitPrice"])]
    assert await client.lines(id, "id", "quantity") == [(line, "1.0000")]


@covers("D-33", "EP-122")
async def test_a_duplicate_keeps_values_that_the_caller_cannot_read(
    client: QuoteClient, tenant: TenantClient
) -> None:
    opportunity = await tenant.opportunity("limited")
    id = await client.quote("admin", opportunity, discountPercent="10", note="hidden")
    copy = await tenant.mutate("limited", "quoteDuplicate", id=id)
    row = await tenant.row("quote", copy)
    assert (row["discount_percent"], row["note"]) == (10, "hidden")
    query = "query ($id: ID!) { quote(id: $id) { discountPercent note } }"
    shown = (await tenant.ask("limited", query, {"id": copy})).data["quote"]
    assert shown == {"discountPercent": None, "note": None}


@asynccontextmanager
async def withheld(tenant: TenantClient, entity: str, field: str) -> AsyncIterator[None]:
    """Hides a field from sellers inside this context."""
    text = (
        "SELECT f.id FROM field_permission f JOIN profile p ON p.id = f.profile_id "
        "WHERE p.name = 'Standard sales' AND f.entity = $1 AND f.field = $2 AND f.deleted_at "
        "IS NULL"
    )
    id = public_id("pfi", await tenant.value(text, entity, field))
    row = await tenant.row("field_permission", id)
    await tenant.mutate("admin", "fieldPermissionDelete", id=id)
    yield
    granted = {"entity": entity, "field": field, "writes": row["writes"]}
    profile = public_id("prf", row["profile_id"])
    await tenant.mutate("admin", "fieldPermissionCreate", profile=profile, **granted)


@covers("D-33", "EP-119")
@pytest.mark.parametrize(
    ("field", "mutations"),
    [
        ("active", ["quoteActivate", "quoteDeactivate"]),
        ("approvedAt", ["quoteApprove", "quoteUnapprove"]),
    ],
)
async def test_a_command_requires_its_field_to_be_readable(
    client: QuoteClient, tenant: TenantClient, field: str, mutations: list[str]
) -> None:
    id = await client.quote("rep1")
    async with withheld(tenant, "Quote", field):
        for mutation in mutations:
            answer = await tenant.attempt("rep1", mutation, id=id)
            assert refused(answer) == [("FIELD_FORBIDDEN", [field])]
    for mutation in mutations:
        assert outcome_of(await tenant.attempt("rep1", mutation, id=id)) == "DONE"


@covers("D-31", "EP-097")
@pytest.mark.parametrize(("field", "place"), [("price", "unitPrice"), ("taxPercent", "taxPercent")])
async def test_an_error_does_not_reveal_a_hidden_value_of_the_product(
    client: QuoteClient, tenant: TenantClient, field: str, place: str
) -> None:
    with_values, without_values = [
        await client.product(**params) for params in ({}, {"price": None, "taxPercent": None})
    ]
    id = await client.quote("rep1")
    async with withheld(tenant, "Product", field):
        for product in (with_values, without_values):
            items = [{"product": product, "unitPrice": "1", "taxPercent": "2"}]
            del items[0][place]
            answer = await client.set_items("rep1", id, items)
            assert wrong(answer) == [("INVALID", f"input.items.0.{place}")]
            [message] = answer.data["done"]["userErrors"]
            assert "you cannot read" in message["message"]


@covers("D-31", "EP-141")
async def test_the_message_does_not_reveal_a_hidden_reason(
    client: QuoteClient, tenant: TenantClient
) -> None:
    id = await client.quote("rep1")
    opportunity = (await tenant.row("quote", id))["opportunity_id"]
    query = (
        "mutation ($i: QuoteUpdateInput!) { done: quoteUpdate(input: $i) { userErrors { message "
        "path } } }"
    )

    async def message() -> Any:
        answer = await tenant.ask("rep1", query, {"i": {"id": id, "name": "x"}})
        [one] = answer.data["done"]["userErrors"]
        assert one["path"][0] == "input"
        return one["message"]

    await tenant.value("UPDATE opportunity SET locked = true WHERE id = $1", opportunity)
    assert "sold" in await message()
    async with withheld(tenant, "Opportunity", "locked"):
        assert "sold" not in await message()
    await tenant.value("UPDATE opportunity SET locked = false WHERE id = $1", opportunity)
    await tenant.value("UPDATE quote SET approved_at = now() WHERE id = $1", uuid_of(id))
    assert "approved" in await message()
    async with withheld(tenant, "Quote", "approvedAt"):
        assert "approv" not in await message()
