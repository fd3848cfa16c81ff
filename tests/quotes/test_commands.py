"""Commands on quotes: one active quote, approved and accepted quotes are locked, as are those of a sold opportunity."""

from __future__ import annotations

from typing import Any

import pytest

from tests.quotes.conftest import QuoteClient, wrong
from tests.support.covers import covers
from tests.writes.client import TenantClient, outcome_of, public_id, uuid_of

ITEMS = [
    {"name": "a", "unitPrice": "10", "quantity": "2", "taxPercent": "21", "discountPercent": "5"},
    {"name": "b", "unitPrice": "3", "description": "in detail"},
]


async def accept(tenant: TenantClient, id: str) -> None:
    """Marks the quote as accepted, as selling does."""
    await tenant.value("UPDATE quote SET accepted_at = now() WHERE id = $1", uuid_of(id))


async def lock(tenant: TenantClient, opportunity: str, locked: bool = True) -> None:
    """Locks or unlocks the opportunity, as selling and unlocking do."""
    await tenant.value(
        "UPDATE opportunity SET locked = $2 WHERE id = $1", uuid_of(opportunity), locked
    )


@covers("EP-111", "EP-097", "VT-08", "VT-09")
async def test_a_new_quote_copies_from_its_opportunity(
    client: QuoteClient, tenant: TenantClient
) -> None:
    account = await tenant.mutate("admin", "accountCreate", name=tenant.new_name())
    opportunity = await tenant.opportunity("rep1", currency="SEK", account=account)
    first = await client.quote(
        "rep1",
        opportunity,
        validFrom="2026-03-01",
        validUntil="2026-03-31",
        productVersion="2",
        brand="Acme",
    )
    other = await client.quote("rep1", opportunity, currency="USD", number="2026-7")
    result, second = await client.read(first), await client.read(other)
    assert (result["currency"], result["active"], result["total"]) == ("SEK", True, "0.00")
    assert result["number"].startswith("Q-")
    assert (second["currency"], second["active"], second["number"]) == ("USD", False, "2026-7")
    query = "query ($id: ID!) { quote(id: $id) { opportunity { account { id } } validFrom validUntil brand productVersion } }"
    shown = (await tenant.ask("rep1", query, {"id": first})).data["quote"]
    assert shown == {
        "opportunity": {"account": {"id": account}},
        "validFrom": "2026-03-01",
        "validUntil": "2026-03-31",
        "brand": "Acme",
        "productVersion": "2",
    }


@covers("EP-112")
async def test_a_validity_that_ends_before_it_begins_is_refused(
    client: QuoteClient, tenant: TenantClient
) -> None:
    opportunity = await tenant.opportunity("rep1")
    days = {"validFrom": "2026-03-02", "validUntil": "2026-03-01"}
    params = {"opportunity": opportunity, "name": "n", **days}
    assert wrong(await tenant.attempt("rep1", "quoteCreate", **params)) == [
        ("INVALID", "input.validUntil")
    ]
    id = await client.quote("rep1", opportunity, validUntil="2026-03-13")
    answer = await tenant.attempt("rep1", "quoteUpdate", id=id, validFrom="2026-03-14")
    assert wrong(answer) == [("INVALID", "input.validUntil")]
    query = """query ($id: ID!, $today: Date!) {
      opportunity(id: $id) { quotes(filter: { validUntil: { lt: $today } }) { nodes { id } } }
    }"""
    for today, expired in (("2026-03-13", []), ("2026-03-14", [{"id": id}])):
        result = await tenant.ask("rep1", query, {"id": opportunity, "today": today})
        assert result.data["opportunity"]["quotes"]["nodes"] == expired


@covers("EP-119", "EP-120")
async def test_at_most_one_quote_of_an_opportunity_is_active(
    client: QuoteClient, tenant: TenantClient
) -> None:
    opportunity = await tenant.opportunity("rep1")
    first, second, third = [await client.quote("rep1", opportunity) for _ in "abc"]

    async def active() -> list[str]:
        text = "SELECT id FROM quote WHERE opportunity_id = $1 AND active AND deleted_at IS NULL"
        return [
            public_id("quo", row["id"]) for row in await tenant.fetch(text, uuid_of(opportunity))
        ]

    assert await active() == [first]
    await tenant.mutate("rep1", "quoteActivate", id=second)
    assert await active() == [second]
    assert wrong(await tenant.attempt("rep1", "quoteDelete", id=second)) == [
        ("ACTIVE_QUOTE", "input.active")
    ]
    await tenant.mutate("rep1", "quoteActivate", id=second)
    await tenant.mutate("rep1", "quoteDelete", id=first)
    await tenant.mutate("rep1", "quoteDeactivate", id=second)
    assert await active() == []
    await tenant.mutate("rep1", "quoteDelete", id=second)
    await tenant.mutate("rep1", "quoteRestore", id=first)
    assert await active() == []
    both = [{"id": first}, {"id": third}]
    answer = await tenant.attempt_many("rep1", "quoteActivate", both)
    assert wrong(answer) == [("INVALID", "inputs.1")]
    assert await active() == []
    later = await client.quote("rep1", opportunity)
    assert not (await client.read(later))["active"], (
        "only the first quote of an opportunity becomes active"
    )


@covers("EP-119")
async def test_quotes_are_deleted_and_restored_with_their_opportunity(
    client: QuoteClient, tenant: TenantClient
) -> None:
    opportunity = await tenant.opportunity("rep1")
    ids = [await client.quote("rep1", opportunity, items=ITEMS) for _ in "ab"]
    await tenant.mutate("rep1", "opportunityDelete", id=opportunity)
    assert (await tenant.attempt("rep1", "quoteUpdate", id=ids[0], note="x")).codes == ["NOT_FOUND"]
    await tenant.mutate("rep1", "opportunityRestore", id=opportunity)
    assert [(await client.read(id))["active"] for id in ids] == [True, False]
    assert [len((await client.read(id))["items"]) for id in ids] == [2, 2]


@covers("EP-119")
async def test_the_first_of_several_quotes_created_with_the_opportunity_is_active(
    client: QuoteClient, tenant: TenantClient
) -> None:
    opportunity = await tenant.opportunity(
        "rep1", currency="NOK", quotes=[{"name": "a"}, {"name": "b"}]
    )
    query = """query ($id: ID!) {
      opportunity(id: $id) { quotes(orderBy: [{ name: ASC }]) { nodes { active currency } } }
    }"""
    result = (await tenant.ask("rep1", query, {"id": opportunity})).data["opportunity"]
    assert result["quotes"]["nodes"] == [
        {"active": True, "currency": "NOK"},
        {"active": False, "currency": "NOK"},
    ]


@covers("EP-122")
async def test_a_duplicate_has_the_same_lines_and_amounts(
    client: QuoteClient, tenant: TenantClient
) -> None:
    product = await client.product()
    items = [*ITEMS, {"product": product}]
    source = await client.quote("rep1", discountPercent="3", brand="Acme", note="n", items=items)
    await tenant.mutate("admin", "productUpdate", id=product, active=False)
    await tenant.mutate("rep1", "quoteApprove", id=source)
    await accept(tenant, source)
    copy = await tenant.mutate("rep1", "quoteDuplicate", id=source)
    named = await tenant.mutate("rep1", "quoteDuplicate", id=source, name="Another")
    old, new = await client.read(source), await client.read(copy)
    assert {new["id"], new["number"]}.isdisjoint({old["id"], old["number"]})
    differing = {"id", "number", "version", "active", "approvedAt", "acceptedAt", "items"}
    assert {k for k in old if old[k] != new[k]} <= differing
    assert (new["active"], new["approvedAt"], new["acceptedAt"]) == (False, None, None)
    for original, copied in zip(old["items"], new["items"], strict=True):
        assert original["id"] != copied["id"]
        assert {**original, "id": 0} == {**copied, "id": 0}
    assert (await client.read(named))["name"] == "Another"
    query = """query ($id: ID!) {
      quote(id: $id) { source { id } note brand items(first: 1) { nodes { source { name } description } } }
    }"""
    shown = (await tenant.ask("rep1", query, {"id": copy})).data["quote"]
    assert (shown["source"], shown["note"], shown["brand"]) == ({"id": source}, "n", "Acme")
    assert shown["items"]["nodes"] == [{"source": {"name": "a"}, "description": None}]
    await tenant.mutate("rep1", "quoteUpdate", id=copy, discountPercent="4")
    assert (await client.read(source))["total"] == old["total"]


@covers("EP-120", "EP-122", "D-11")
async def test_the_source_of_a_duplicate_can_be_deleted(
    client: QuoteClient, tenant: TenantClient
) -> None:
    source = await client.quote("rep1", items=ITEMS)
    copy = await tenant.mutate("rep1", "quoteDuplicate", id=source)
    await tenant.mutate("rep1", "quoteActivate", id=copy)
    await tenant.mutate("rep1", "quoteDelete", id=source)
    query = "query ($id: ID!) { quote(id: $id) { source { id } items(first: 1) { nodes { name source { id } } } } }"
    shown = (await tenant.ask("rep1", query, {"id": copy})).data["quote"]
    assert shown == {"source": None, "items": {"nodes": [{"name": "a", "source": None}]}}
    await tenant.mutate("rep1", "quoteRestore", id=source)
    shown = (await tenant.ask("rep1", query, {"id": copy})).data["quote"]
    assert shown["source"] == {"id": source}


CHANGES: dict[str, tuple[str, dict[str, Any]]] = {
    "the header": ("quoteUpdate", {"name": "other"}),
    "the discount": ("quoteUpdate", {"discountPercent": "5"}),
    "the lines": ("quoteSetItems", {"items": []}),
}


@covers("EP-121")
@pytest.mark.parametrize("case", CHANGES)
async def test_an_approved_quote_is_locked_until_unapproved(
    client: QuoteClient, tenant: TenantClient, case: str
) -> None:
    mutation, params = CHANGES[case]
    id = await client.quote("rep1", items=ITEMS)
    await tenant.mutate("rep1", "quoteApprove", id=id)
    approved = (await client.read(id))["approvedAt"]
    assert approved is not None
    before = await client.read(id)
    answer = await tenant.attempt("rep1", mutation, id=id, **params)
    assert wrong(answer) == [("LOCKED", "input.approvedAt")]
    await tenant.mutate("rep1", "quoteUpdate", id=id, note="by phone")
    await tenant.mutate("rep1", "quoteApprove", id=id)
    after = await client.read(id)
    assert {**after, "version": 0} == {**before, "version": 0}, "the first approval stays"
    await tenant.mutate("rep1", "quoteUnapprove", id=id)
    await tenant.mutate("rep1", mutation, id=id, **params)


@covers("D-36")
async def test_approving_an_outdated_version_is_a_conflict(
    client: QuoteClient, tenant: TenantClient
) -> None:
    id = await client.quote("rep1", items=ITEMS)
    seen = (await client.read(id))["version"]
    await client.must_set_items("rep1", id, [])
    assert (
        outcome_of(await tenant.attempt("rep1", "quoteApprove", id=id, version=seen)) == "CONFLICT"
    )
    await tenant.mutate("rep1", "quoteApprove", id=id, version=(await client.read(id))["version"])


@covers("EP-143")
@pytest.mark.parametrize("case", CHANGES)
async def test_an_accepted_quote_is_locked(
    client: QuoteClient, tenant: TenantClient, case: str
) -> None:
    mutation, params = CHANGES[case]
    id = await client.quote("rep1", items=ITEMS)
    await tenant.mutate("rep1", "quoteApprove", id=id)
    await accept(tenant, id)
    locked = [("LOCKED", "input.acceptedAt")]
    assert wrong(await tenant.attempt("rep1", mutation, id=id, **params)) == locked
    assert wrong(await tenant.attempt("rep1", "quoteUnapprove", id=id)) == locked
    copy = await tenant.mutate("rep1", "quoteDuplicate", id=id)
    await tenant.mutate("rep1", "quoteActivate", id=copy)
    assert not (await client.read(id))["active"], "another quote may become active"
    assert wrong(await tenant.attempt("rep1", "quoteDelete", id=id)) == locked
    await tenant.mutate("rep1", mutation, id=copy, **params)


MUTATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    **CHANGES,
    "activating": ("quoteActivate", {}),
    "deactivating": ("quoteDeactivate", {}),
    "unapproving": ("quoteUnapprove", {}),
    "duplicating": ("quoteDuplicate", {}),
    "deleting": ("quoteDelete", {}),
}


@covers("EP-141", "EP-143")
@pytest.mark.parametrize("case", MUTATIONS)
async def test_quotes_of_a_sold_opportunity_are_locked_until_it_is_unlocked(
    client: QuoteClient, tenant: TenantClient, case: str
) -> None:
    mutation, params = MUTATIONS[case]
    opportunity = await tenant.opportunity("rep1")
    await client.quote("rep1", opportunity)
    id = await client.quote("rep1", opportunity, items=ITEMS)
    deleted = await client.quote("rep1", opportunity)
    await tenant.mutate("rep1", "quoteDelete", id=deleted)
    await lock(tenant, opportunity)
    answer = await tenant.attempt("rep1", mutation, id=id, **params)
    assert wrong(answer) == [("LOCKED", "input")]
    query = "mutation ($i: QuoteUpdateInput!) { done: quoteUpdate(input: $i) { userErrors { message } } }"
    result = await tenant.ask("rep1", query, {"i": {"id": id, "name": "x"}})
    assert "Unlock" in result.data["done"]["userErrors"][0]["message"]
    new = await tenant.attempt("rep1", "quoteCreate", opportunity=opportunity, name="n")
    assert wrong(new) == [("LOCKED", "input")]
    assert wrong(await tenant.attempt("rep1", "quoteRestore", id=deleted)) == [("LOCKED", "input")]
    await tenant.mutate("rep1", "quoteApprove", id=id)
    await tenant.mutate(
        "rep1", "quoteUpdate", id=await client.quote("rep1"), note="another's is open"
    )
    await lock(tenant, opportunity, locked=False)
    await tenant.mutate("rep1", "quoteUnapprove", id=id)
    assert outcome_of(await tenant.attempt("rep1", mutation, id=id, **params)) == "DONE"
