"""Products with their categories, units and contract kinds: copied, validated, and not deletable while quoted."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.quotes.conftest import QuoteClient, wrong
from tests.support.covers import covers
from tests.writes.client import TenantClient

FIELDS = """
  name code description active service price { amount currency } taxPercent externalId
  category { name contractKind { name timeBased months } } unit { name }
"""


async def shown(tenant: TenantClient, id: str) -> dict[str, Any]:
    """A product as an administrator reads it."""
    query = f"query ($id: ID!) {{ product(id: $id) {{ {FIELDS} }} }}"
    return dict((await tenant.ask("admin", query, {"id": id})).data["product"])


@covers("EP-147", "EP-300", "EP-301", "VT-19")
async def test_a_copied_product_has_the_same_values_without_its_unique_ones(
    client: QuoteClient, tenant: TenantClient
) -> None:
    kind = await tenant.mutate(
        "admin", "contractKindCreate", name="Care", timeBased=True, months=12, renews=True
    )
    category = await tenant.mutate(
        "admin", "productCategoryCreate", name="Support services", contractKind=kind
    )
    unit = await tenant.mutate("admin", "unitOfMeasureCreate", name="a year")
    id = await tenant.mutate(
        "admin",
        "productCreate",
        name="Easy support",
        code="ES-1",
        externalId="77",
        description="Someone answers.",
        service=True,
        category=category,
        unit=unit,
        currency="EUR",
        price="1200",
        taxPercent="21",
    )
    result = await shown(tenant, id)
    assert result == {
        "name": "Easy support",
        "code": "ES-1",
        "description": "Someone answers.",
        "active": True,
        "service": True,
        "price": {"amount": "1200.00", "currency": "EUR"},
        "taxPercent": "21.0000",
        "externalId": "77",
        "category": {
            "name": "Support services",
            "contractKind": {"name": "Care", "timeBased": True, "months": 12},
        },
        "unit": {"name": "a year"},
    }
    copy = await tenant.mutate("admin", "productCopy", id=id, name="Easier support")
    changes = {"name": "Easier support", "code": None, "externalId": None}
    assert await shown(tenant, copy) == {**result, **changes}
    duplicate = await tenant.attempt("admin", "productCopy", id=id, code="ES-1")
    assert wrong(duplicate) == [("DUPLICATE", "input.code")]
    assert (await tenant.attempt("admin", "productCopy", id="prd_" + "0" * 32)).codes == [
        "NOT_FOUND"
    ]
    assert set((await tenant.attempt("rep1", "productCopy", id=id)).codes) & {
        "FORBIDDEN",
        "FIELD_READ_ONLY",
    }


@covers("EP-300", "D-17")
@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"currency": "euro"}, "currency"),
        ({"currency": "JPY", "price": "1.5"}, "price"),
        ({"taxPercent": "100.5"}, "taxPercent"),
    ],
)
async def test_an_invalid_currency_price_or_tax_is_refused(
    client: QuoteClient, tenant: TenantClient, given: Any, place: str
) -> None:
    made = {"name": "n", "currency": "EUR", "price": "1", **given}
    answer = await tenant.attempt("admin", "productCreate", **made)
    assert wrong(answer) == [("INVALID", f"input.{place}")]


@covers("D-11", "EP-300", "EP-301")
async def test_deleting_a_quoted_product_or_what_it_refers_to_is_refused(
    client: QuoteClient, tenant: TenantClient
) -> None:
    kind = await tenant.mutate("admin", "contractKindCreate", name=tenant.new_name())
    category = await tenant.mutate(
        "admin", "productCategoryCreate", name=tenant.new_name(), contractKind=kind
    )
    unit = await tenant.mutate("admin", "unitOfMeasureCreate", name=tenant.new_name())
    product = await client.product(category=category, unit=unit)
    quote = await client.quote("rep1", items=[{"product": product}])
    used = [
        ("productDelete", product),
        ("productCategoryDelete", category),
        ("unitOfMeasureDelete", unit),
        ("contractKindDelete", kind),
    ]
    for mutation, id in used:
        assert wrong(await tenant.attempt("admin", mutation, id=id)) == [("IN_USE", "input.id")]
    await client.must_set_items("rep1", quote, [])
    for mutation, id in used:
        await tenant.mutate("admin", mutation, id=id)


@covers("D-11", "EP-300")
async def test_an_inactive_product_stays_in_existing_lines_and_is_refused_in_new_ones(
    client: QuoteClient, tenant: TenantClient
) -> None:
    """A line that has the product can still be changed."""
    product = await client.product()
    quote = await client.quote("rep1", items=[{"product": product}])
    await tenant.mutate("admin", "productUpdate", id=product, active=False)
    [(line,)] = await client.lines(quote, "id")
    await client.must_set_items("rep1", quote, [{"id": line, "quantity": "4"}])
    assert (await tenant.row("quote_item", line))["net"] == Decimal(50)
    more = await client.set_items("rep1", quote, [{"id": line}, {"product": product}])
    assert wrong(more) == [("INVALID", "input.items.1.product")]
