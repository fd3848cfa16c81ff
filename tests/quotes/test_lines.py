"""The lines of a quote, set as a whole list: totals, values copied from products, and validation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.quotes.conftest import QuoteClient, wrong
from tests.support.covers import covers
from tests.writes.client import TenantClient, outcome_of, uuid_of


@covers("EP-116", "EP-117", "EP-118", "D-17", "VT-08")
async def test_a_quote_is_created_with_its_lines_and_totals(client: QuoteClient) -> None:
    product = await client.product(name="Helmet")
    id = await client.quote(
        "rep1",
        discountPercent="10",
        items=[
            {"product": product, "quantity": "3"},
            {"name": "By hand", "unitPrice": "9.99", "discountPercent": "50", "taxPercent": "6"},
            {"kind": "ROUNDING", "name": "Rounding", "unitPrice": "-0.25"},
        ],
    )
    assert await client.lines(id, "position", "kind", "name", "quantity", "net", "tax") == [
        (1, "ITEM", "Helmet", "3.0000", "33.75", "7.09"),
        (2, "ITEM", "By hand", "1.0000", "4.50", "0.27"),
        (3, "ROUNDING", "Rounding", "1.0000", "-0.25", "0.00"),
    ]
    result = await client.read(id)
    assert (result["net"], result["tax"], result["total"]) == ("38.00", "7.36", "45.36")
    assert result["items"][0]["unitPrice"] == "12.50"
    assert result["items"][0]["taxPercent"] == "21.0000"
    assert result["items"][1]["currency"] == result["currency"] == "EUR"


@covers("EP-116", "EP-118")
async def test_lines_are_changed_created_deleted_and_reordered(client: QuoteClient) -> None:
    id = await client.quote("rep1", items=[{"name": n, "unitPrice": "1"} for n in "abc"])
    a, b, c = [line for (line,) in await client.lines(id, "id")]
    await client.must_set_items(
        "rep1", id, [{"id": c}, {"name": "d", "unitPrice": "5"}, {"id": a, "quantity": "2"}]
    )
    actual = await client.lines(id, "position", "name", "quantity", "total")
    assert actual == [
        (1, "c", "1.0000", "1.00"),
        (2, "d", "1.0000", "5.00"),
        (3, "a", "2.0000", "2.00"),
    ]
    assert [line for (line,) in await client.lines(id, "id")][::2] == [c, a]
    assert (await client.tenant.row("quote_item", b))["deleted_at"] is not None
    assert (await client.read(id))["total"] == "8.00"
    text = "SELECT kind, field, before, after FROM history WHERE record_id = $1 ORDER BY at, field"
    result = [tuple(row) for row in await client.tenant.fetch(text, uuid_of(a))]
    assert ("UPDATED", "quantity", "1.0000", "2.0000") in result
    [deleted] = [
        row for row in await client.tenant.fetch(text, uuid_of(b)) if row["kind"] == "DELETED"
    ]
    assert deleted is not None
    await client.must_set_items("rep1", id, [])
    assert await client.lines(id, "id") == []
    assert (await client.read(id))["total"] == "0.00"


@covers("EP-097", "EP-300", "VT-19")
async def test_a_line_copies_name_unit_price_and_tax_of_its_product(client: QuoteClient) -> None:
    unit = await client.tenant.mutate("admin", "unitOfMeasureCreate", name=client.tenant.new_name())
    name = (await client.tenant.row("unit_of_measure", unit))["name"]
    params = {"name": "Pump", "unit": unit, "price": "100", "taxPercent": "9"}
    product = await client.product(**params)
    plain = await client.product(name="Plain", price="5", taxPercent=None)
    id = await client.quote("rep1", items=[{"product": product}, {"product": plain}])
    fields = ("name", "unitPrice", "taxPercent")
    assert await client.lines(id, *fields) == [
        ("Pump", "100.00", "9.0000"),
        ("Plain", "5.00", None),
    ]
    first, second = (await client.read(id))["items"]
    assert (first["unit"], second["unit"]) == ({"name": name}, None)
    await client.tenant.mutate("admin", "productUpdate", id=product, price="200", name="Pump 2")
    await client.must_set_items(
        "rep1", id, [{"id": first["id"], "quantity": "2"}, {"id": second["id"]}]
    )
    assert (await client.lines(id, *fields))[0] == ("Pump", "100.00", "9.0000"), (
        "the line keeps the agreed values"
    )
    # Another product brings its own values, except for those in the input.
    items = [{"id": first["id"], "product": plain, "taxPercent": "1"}, {"id": second["id"]}]
    await client.must_set_items("rep1", id, items)
    assert (await client.lines(id, *fields))[0] == ("Plain", "5.00", "1.0000")
    assert (await client.read(id))["items"][0]["unit"] is None


@covers("EP-097", "EP-116", "D-33")
async def test_all_errors_of_the_lines_are_reported_and_nothing_is_written(
    client: QuoteClient,
) -> None:
    id = await client.quote("rep1", items=[{"name": "a", "unitPrice": "1"}])
    [(line,)] = await client.lines(id, "id")
    dollars = await client.product(currency="USD")
    inactive = await client.product(active=False)
    free = await client.product(price=None)
    answer = await client.set_items(
        "rep1",
        id,
        [
            {"id": line, "quantity": "0", "taxPercent": "101"},
            {"name": "b" * 256, "unitPrice": "1", "quantity": "123456789012345"},
            {"product": dollars, "discountPercent": "-1"},
            {"product": inactive},
            {"product": free},
            {"unitPrice": "0.001", "name": "e"},
            {"name": "no price"},
            {"kind": "ROUNDING", "name": "r", "unitPrice": "500", "quantity": "2"},
            {"product": dollars, "unitPrice": "3"},
        ],
    )
    assert sorted(wrong(answer)) == [
        ("INVALID", "input.items.0.quantity"),
        ("INVALID", "input.items.0.taxPercent"),
        ("INVALID", "input.items.1.quantity"),
        ("INVALID", "input.items.2.discountPercent"),
        ("INVALID", "input.items.2.unitPrice"),
        ("INVALID", "input.items.3.product"),
        ("INVALID", "input.items.4.unitPrice"),
        ("INVALID", "input.items.5.unitPrice"),
        ("INVALID", "input.items.7.quantity"),
        ("INVALID", "input.items.7.unitPrice"),
        ("REQUIRED", "input.items.6.unitPrice"),
        ("TOO_LONG", "input.items.1.name"),
    ]
    result = {".".join(e["path"]): e["message"] for e in answer.data["done"]["userErrors"]}
    assert result["input.items.2.unitPrice"].startswith("Line 3: ")
    assert "USD" in result["input.items.2.unitPrice"]
    assert await client.lines(id, "id", "quantity") == [(line, "1.0000")]


@covers("D-33", "D-32")
async def test_lines_of_other_quotes_and_unknown_lines_are_refused(
    client: QuoteClient, tenant: TenantClient
) -> None:
    id = await client.quote("rep1", items=[{"name": "a", "unitPrice": "1"}])
    other = await client.quote("rep1", items=[{"name": "b", "unitPrice": "1"}])
    [(own_line,)], [(foreign_line,)] = [await client.lines(each, "id") for each in (id, other)]
    twice = await client.set_items("rep1", id, [{"id": own_line}, {"id": own_line}])
    assert wrong(twice) == [("INVALID", "input.items.0.id"), ("INVALID", "input.items.1.id")]
    for unknown in (foreign_line, "qit_" + "0" * 32, id, "xyz_" + "0" * 32):
        answer = await client.set_items("rep1", id, [{"id": own_line}, {"id": unknown}])
        [error] = answer.json["errors"]
        assert error["extensions"]["code"] == "NOT_FOUND"
        assert error["extensions"]["input"] == ["input", "items", "1", "id"]
    nothing = await client.set_items("rep1", id, [{"id": own_line}, {"product": "prd_" + "0" * 32}])
    assert nothing.json["errors"][0]["extensions"]["input"] == ["input", "items", "1", "product"]
    await client.must_set_items("rep1", id, [{"id": None, "name": "c", "unitPrice": "1"}])


@covers("D-36")
async def test_setting_lines_of_an_outdated_version_is_a_conflict(client: QuoteClient) -> None:
    id = await client.quote("rep1", items=[{"name": "a", "unitPrice": "1"}])
    [(line,)] = await client.lines(id, "id")
    seen = (await client.read(id))["version"]
    await client.must_set_items("rep1", id, [{"id": line, "name": "renamed"}])
    outdated = await client.set_items("rep1", id, [], version=seen)
    assert outcome_of(outdated) == "CONFLICT", "although the totals are the same as before"
    now = (await client.read(id))["version"]
    assert outdated.data["done"]["userErrors"][0]["conflict"]["version"] == now == seen + 1
    same = await client.set_items("rep1", id, [{"id": line, "name": "renamed"}], version=now)
    assert outcome_of(same) == "DONE"
    assert (await client.read(id))["version"] == now, "no change, no new version"


@covers("D-17", "EP-121")
async def test_a_change_of_the_quote_discount_is_allocated_to_the_lines(
    client: QuoteClient, tenant: TenantClient
) -> None:
    items = [{"name": n, "unitPrice": "1.00", "taxPercent": "20"} for n in "abc"]
    id = await client.quote("rep1", items=items)
    await tenant.mutate("rep1", "quoteUpdate", id=id, discountPercent="0.5", note="once")
    assert await client.lines(id, "net") == [("0.99",), ("0.99",), ("1.00",)]
    result = await client.read(id)
    assert (result["net"], result["tax"], result["total"]) == ("2.98", "0.60", "3.58")
    await tenant.mutate("rep1", "quoteUpdate", id=id, discountPercent=None)
    assert (await client.read(id))["total"] == "3.60"
    before = (await client.read(id))["items"]
    await tenant.mutate("rep1", "quoteUpdate", id=id, note="twice")
    assert (await client.read(id))["items"] == before


@covers("D-17", "D-42")
async def test_amounts_beyond_the_numeric_range_are_refused(client: QuoteClient) -> None:
    id = await client.quote("rep1")
    large = {"name": "a", "unitPrice": "99999999999999.99"}
    assert wrong(await client.set_items("rep1", id, [{**large, "quantity": "2"}])) == [
        ("INVALID", "input.items.0.quantity")
    ]
    assert wrong(await client.set_items("rep1", id, [large, large])) == [("INVALID", "input.items")]
    await client.must_set_items("rep1", id, [large])


@covers("D-33", "D-36")
@pytest.mark.parametrize("all_", [True, False])
async def test_lines_of_several_quotes_are_set_in_one_list(
    client: QuoteClient, tenant: TenantClient, all_: bool
) -> None:
    good, bad = [await client.quote("rep1") for _ in "ab"]
    query = """mutation ($inputs: [QuoteSetItemsInput!]!, $all: Boolean) {
      done: quoteSetItemsMany(inputs: $inputs, allOrNone: $all) {
        results { id quote { total { amount } } } userErrors { code path }
      }
    }"""
    inputs: list[dict[str, Any]] = [
        {"id": bad, "items": [{"name": "x", "unitPrice": "1", "quantity": "-1"}]},
        {"id": good, "items": [{"name": "x", "unitPrice": "7"}]},
    ]
    answer = await tenant.ask("rep1", query, {"inputs": inputs, "all": all_})
    assert wrong(answer) == [("INVALID", "inputs.0.items.0.quantity")]
    assert (await client.read(good))["total"] == ("0.00" if all_ else "7.00")
    assert (await client.read(bad))["items"] == []
