"""Who does what with quotes: as far as the opportunity is his, and in the fields that he may write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.quotes.conftest import QuoteClient, wrong
from tests.support.covers import covers
from tests.support.world import Answer
from tests.writes.parallel import Own, came, kept, spelled

ITEMS = [{"name": "a", "unitPrice": "10"}]
DEEDS: dict[str, dict[str, Any]] = {
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
@pytest.mark.parametrize("deed", DEEDS)
async def test_anothers_quotes_are_not_there(client: QuoteClient, own: Own, deed: str) -> None:
    id = await client.quote("rep1", items=ITEMS)
    before = await client.read(id)
    theirs = await own.do("rep2", deed, id=id, **DEEDS[deed])
    never = await own.do("rep2", deed, id="quo_" + "0" * 32, **DEEDS[deed])
    assert theirs.codes == never.codes == ["NOT_FOUND"]
    assert theirs.json["errors"] == never.json["errors"]
    assert await client.read(id) == before
    opportunity = "opp_" + (await own.row("quote", id))["opportunity_id"].hex
    new = await own.do("rep2", "quoteCreate", opportunity=opportunity, name="x")
    assert new.codes == ["NOT_FOUND"]


@covers("D-32", "D-33")
@pytest.mark.parametrize(
    "deed", ["quoteActivate", "quoteApprove", "quoteDuplicate", "quoteSetItems"]
)
async def test_support_knows_of_no_quotes(client: QuoteClient, own: Own, deed: str) -> None:
    id = await client.quote("rep1", items=ITEMS)
    given: dict[str, Any] = {"quoteSetItems": {"items": ITEMS}}.get(deed, {})
    theirs = await own.do("support", deed, id=id, **given)
    never = await own.do("support", deed, id="quo_" + "0" * 32, **given)
    assert theirs.json["errors"] == never.json["errors"]
    assert not set(theirs.codes) - {"NOT_FOUND", "FIELD_FORBIDDEN"}


@covers("D-33", "EP-116")
async def test_who_may_not_write_lines_sets_none(client: QuoteClient, own: Own) -> None:
    opportunity = await own.opportunity("limited")
    id = await client.quote("admin", opportunity, items=ITEMS, discountPercent="10")
    [(line,)] = await client.lines(id, "id")
    await client.has_set("limited", id, [{"id": line}])
    removed = await client.set("limited", id, [])
    assert refused(removed) == [("FORBIDDEN", [])]
    assert removed.json["errors"][0]["extensions"]["input"] == ["input", "items"]
    more = await client.set("limited", id, [{"id": line}, *ITEMS])
    assert refused(more) == [("FIELD_READ_ONLY", ["name", "unitPrice"])]
    assert refused(await client.set("limited", id, [{"id": line}, {}])) == [("FORBIDDEN", [])]
    changed = await client.set("limited", id, [{"id": line, "quantity": "2"}])
    assert refused(changed) == [("FIELD_READ_ONLY", ["quantity"])]
    discount = await client.set("limited", id, [{"id": line, "discountPercent": "1"}])
    assert refused(discount) == [("FIELD_FORBIDDEN", ["discountPercent"])]
    whole = await own.do("limited", "quoteUpdate", id=id, discountPercent="1")
    assert refused(whole) == [("FIELD_FORBIDDEN", ["discountPercent"])]
    copied = await own.do("limited", "quoteDuplicate", id=id)
    assert refused(copied) == [("FORBIDDEN", [])]
    new = await own.do("limited", "quoteCreate", opportunity=opportunity, name="x", items=ITEMS)
    assert refused(new) == [("FORBIDDEN", []), ("FIELD_READ_ONLY", ["name", "unitPrice"])]
    assert await client.lines(id, "id", "quantity") == [(line, "1.0000")]


@covers("D-33", "EP-122")
async def test_a_copy_keeps_what_its_maker_does_not_see(client: QuoteClient, own: Own) -> None:
    opportunity = await own.opportunity("limited")
    id = await client.quote("admin", opportunity, discountPercent="10", note="hidden")
    copy = await own.done("limited", "quoteDuplicate", id=id)
    row = await own.row("quote", copy)
    assert (row["discount_percent"], row["note"]) == (10, "hidden")
    query = "query ($id: ID!) { quote(id: $id) { discountPercent note } }"
    shown = (await own.ask("limited", query, {"id": copy})).data["quote"]
    assert shown == {"discountPercent": None, "note": None}


@asynccontextmanager
async def withheld(own: Own, entity: str, field: str) -> AsyncIterator[None]:
    """While this lasts, sellers do not read a field."""
    text = (
        "SELECT f.id FROM field_permission f JOIN profile p ON p.id = f.profile_id "
        "WHERE p.name = 'Standard sales' AND f.entity = $1 AND f.field = $2 AND f.deleted_at "
        "IS NULL"
    )
    id = spelled("pfi", await own.value(text, entity, field))
    row = await own.row("field_permission", id)
    await own.done("admin", "fieldPermissionDelete", id=id)
    yield
    again = {"entity": entity, "field": field, "writes": row["writes"]}
    profile = spelled("prf", row["profile_id"])
    await own.done("admin", "fieldPermissionCreate", profile=profile, **again)


@covers("D-33", "EP-119")
@pytest.mark.parametrize(
    ("field", "deeds"),
    [
        ("active", ["quoteActivate", "quoteDeactivate"]),
        ("approvedAt", ["quoteApprove", "quoteUnapprove"]),
    ],
)
async def test_what_a_deed_says_anew_must_be_readable(
    client: QuoteClient, own: Own, field: str, deeds: list[str]
) -> None:
    id = await client.quote("rep1")
    async with withheld(own, "Quote", field):
        for deed in deeds:
            answer = await own.do("rep1", deed, id=id)
            assert refused(answer) == [("FIELD_FORBIDDEN", [field])]
    for deed in deeds:
        assert came(await own.do("rep1", deed, id=id)) == "DONE"


@covers("D-31", "EP-097")
@pytest.mark.parametrize(("field", "place"), [("price", "unitPrice"), ("taxPercent", "taxPercent")])
async def test_a_line_does_not_tell_what_is_withheld_of_its_product(
    client: QuoteClient, own: Own, field: str, place: str
) -> None:
    there, empty = [
        await client.product(**given) for given in ({}, {"price": None, "taxPercent": None})
    ]
    id = await client.quote("rep1")
    async with withheld(own, "Product", field):
        for product in (there, empty):
            items = [{"product": product, "unitPrice": "1", "taxPercent": "2"}]
            del items[0][place]
            answer = await client.set("rep1", id, items)
            assert wrong(answer) == [("INVALID", f"input.items.0.{place}")]
            [told] = answer.data["done"]["userErrors"]
            assert "you cannot read" in told["message"]


@covers("D-31", "EP-141")
async def test_why_is_not_told_to_who_may_not_see_it(client: QuoteClient, own: Own) -> None:
    id = await client.quote("rep1")
    opportunity = (await own.row("quote", id))["opportunity_id"]
    query = (
        "mutation ($i: QuoteUpdateInput!) { done: quoteUpdate(input: $i) { userErrors { message "
        "path } } }"
    )

    async def told() -> Any:
        answer = await own.ask("rep1", query, {"i": {"id": id, "name": "x"}})
        [one] = answer.data["done"]["userErrors"]
        assert one["path"][0] == "input"
        return one["message"]

    await own.value("UPDATE opportunity SET locked = true WHERE id = $1", opportunity)
    assert "sold" in await told()
    async with withheld(own, "Opportunity", "locked"):
        assert "sold" not in await told()
    await own.value("UPDATE opportunity SET locked = false WHERE id = $1", opportunity)
    await own.value("UPDATE quote SET approved_at = now() WHERE id = $1", kept(id))
    assert "approved" in await told()
    async with withheld(own, "Quote", "approvedAt"):
        assert "approv" not in await told()
