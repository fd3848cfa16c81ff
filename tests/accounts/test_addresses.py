"""Addresses of an account: their roles, one head office, one default for invoices, and invoices to the postal address."""

from __future__ import annotations

from typing import Any

import pytest

from tests.accounts.queries import errors, message, read, roles
from tests.support.covers import covers
from tests.writes.client import TenantClient, public_id, uuid_of

Made = tuple[str, dict[str, str]]


async def account(tenant: TenantClient, *addresses: dict[str, Any], **params: Any) -> Made:
    """An account of rep1 with these addresses, and the address ids by street."""
    id = await tenant.mutate(
        "rep1", "accountCreate", name=tenant.new_name(), addresses=addresses, **params
    )
    rows = await tenant.fetch("SELECT id, street FROM address WHERE account_id = $1", uuid_of(id))
    return id, {row["street"]: public_id("adr", row["id"]) for row in rows}


@covers("SMP-06", "SMP-07", "VPM-01", "VPM-02", "VPM-05")
async def test_an_account_has_addresses_with_several_roles_each(tenant: TenantClient) -> None:
    id, _ = await account(
        tenant,
        {"street": "a", "visiting": True, "postal": True},
        {"street": "b", "invoicing": True, "postal": True},
        {"street": "c"},
    )
    assert await roles(tenant, id) == {"a": "vpH", "b": "piD", "c": ""}
    query = """{ account(id: $id) {
      addresses(filter: { postal: { eq: true } }, orderBy: [{ street: ASC }]) { nodes { street visiting } } } }"""
    data = await read(tenant, "rep2", query, id=id)
    assert data["account"]["addresses"]["nodes"] == [
        {"street": "a", "visiting": True},
        {"street": "b", "visiting": False},
    ]


@covers("VPM-03", "VPM-07", "D-12")
async def test_deleting_the_head_office_makes_the_oldest_address_the_head_office(
    tenant: TenantClient,
) -> None:
    id, at = await account(tenant, *({"street": each} for each in "abc"))
    assert await roles(tenant, id) == {"a": "H", "b": "", "c": ""}
    await tenant.mutate("rep1", "addressUpdate", id=at["c"], headOffice=True)
    assert await roles(tenant, id) == {"a": "", "b": "", "c": "H"}
    await tenant.mutate("rep1", "addressDelete", id=at["c"])
    assert await roles(tenant, id) == {"a": "H", "b": ""}
    await tenant.mutate("rep1", "addressRestore", id=at["c"])
    assert await roles(tenant, id) == {"a": "H", "b": "", "c": ""}


@covers("VPM-06", "VPM-24", "D-12")
async def test_exactly_one_invoicing_address_is_the_default(tenant: TenantClient) -> None:
    id, at = await account(tenant, *({"street": each} for each in "abc"))
    await tenant.mutate("rep1", "addressUpdate", id=at["b"], invoicing=True)
    assert await roles(tenant, id) == {"a": "H", "b": "iD", "c": ""}, (
        "the first one becomes the default"
    )
    await tenant.mutate("rep1", "addressUpdate", id=at["a"], invoicing=True)
    assert await roles(tenant, id) == {"a": "iH", "b": "iD", "c": ""}, "the default stays"
    await tenant.mutate("rep1", "addressUpdate", id=at["c"], invoicing=True, defaultInvoicing=True)
    assert await roles(tenant, id) == {"a": "iH", "b": "i", "c": "iD"}
    await tenant.mutate("rep1", "addressUpdate", id=at["c"], invoicing=False)
    assert await roles(tenant, id) == {"a": "iDH", "b": "i", "c": ""}, (
        "the oldest becomes the default"
    )
    await tenant.mutate("rep1", "addressDelete", id=at["a"])
    assert await roles(tenant, id) == {"b": "iDH", "c": ""}
    await tenant.mutate("rep1", "addressRestore", id=at["a"])
    assert await roles(tenant, id) == {"a": "i", "b": "iDH", "c": ""}
    for street in "ab":
        await tenant.mutate("rep1", "addressUpdate", id=at[street], invoicing=False)
    assert await roles(tenant, id) == {"a": "", "b": "H", "c": ""}


@covers("VPM-24", "D-32")
async def test_a_default_that_is_no_invoicing_address_is_refused(tenant: TenantClient) -> None:
    id, at = await account(tenant, {"street": "a"}, {"street": "b", "invoicing": True})
    wrong = [("INVALID", "defaultInvoicing")]
    assert await errors(tenant, "rep1", "addressUpdate", id=at["a"], defaultInvoicing=True) == wrong
    result = await message(tenant, "rep1", "addressUpdate", id=at["a"], defaultInvoicing=True)
    assert result == (
        "A default invoicing address must be an invoicing address. Set `invoicing` to true as well."
    )
    assert await errors(tenant, "rep1", "addressUpdate", id=at["b"], defaultInvoicing=False) == []
    assert await roles(tenant, id) == {"a": "H", "b": "iD"}, "the only one stays the default"


SWAPS = {
    "both by one": [("b", {"headOffice": True}), ("a", {"invoicing": False})],
    "both in turn": [("b", {"headOffice": True}), ("a", {"defaultInvoicing": True})],
    "from one to two": [("b", {"headOffice": True}), ("c", {"defaultInvoicing": True})],
}


@covers("VPM-03", "VPM-24", "D-36")
@pytest.mark.parametrize("first", ["iDH+i", "H+iD"])
@pytest.mark.parametrize("case", SWAPS)
async def test_roles_are_swapped_within_one_list(
    tenant: TenantClient, case: str, first: str
) -> None:
    """The unique indexes hold at each moment, in whichever order Postgres updates the rows."""
    one = {"street": "a", "invoicing": True, "defaultInvoicing": first == "iDH+i"}
    other = {"street": "b", "invoicing": True, "defaultInvoicing": first == "H+iD"}
    id, at = await account(tenant, one, other, {"street": "c", "invoicing": True})
    for backwards in (False, True):
        changes = [{"id": at[street], **params} for street, params in SWAPS[case]]
        answer = await tenant.attempt_many(
            "rep1", "addressUpdate", changes[:: -1 if backwards else 1]
        )
        assert answer.data["done"]["userErrors"] == []
        result = await roles(tenant, id)
        assert sum("H" in each for each in result.values()) == 1
        assert sum("D" in each for each in result.values()) == 1
        assert "H" in result["b"]


@covers("VPM-24", "VPM-03")
async def test_an_address_gives_up_one_role_and_gets_the_other_in_one_mutation(
    tenant: TenantClient,
) -> None:
    """Another address loses the head office and becomes the invoicing default."""
    id, at = await account(
        tenant,
        {"street": "a", "invoicing": True},
        {"street": "b", "invoicing": True, "defaultInvoicing": True},
    )
    assert await roles(tenant, id) == {"a": "iH", "b": "iD"}
    await tenant.mutate("rep1", "addressUpdate", id=at["b"], headOffice=True, invoicing=False)
    assert await roles(tenant, id) == {"a": "iD", "b": "H"}
    query = (
        "{ address(id: $id) { version history(orderBy: [{ at: ASC }]) { nodes { field after } } } }"
    )
    history = (await read(tenant, "rep1", query, id=at["a"]))["address"]["history"]["nodes"]
    changes = [(each["field"], each["after"]) for each in history if each["field"]]
    assert sorted(changes) == [("defaultInvoicing", "true"), ("headOffice", "false")]


@covers("SMP-20", "SMP-21")
async def test_invoicing_addresses_follow_the_postal_addresses(tenant: TenantClient) -> None:
    id, at = await account(
        tenant, {"street": "a", "postal": True}, {"street": "b", "invoicing": True}, {"street": "c"}
    )
    await tenant.mutate("rep1", "accountUpdate", id=id, postalIsInvoicing=True)
    assert await roles(tenant, id) == {"a": "piDH", "b": "", "c": ""}
    await tenant.mutate("rep1", "addressUpdate", id=at["c"], postal=True)
    await tenant.mutate("rep1", "addressUpdate", id=at["a"], postal=False)
    assert await roles(tenant, id) == {"a": "H", "b": "", "c": "piD"}, (
        "the role moves with the postal role"
    )
    assert await errors(tenant, "rep1", "addressUpdate", id=at["b"], invoicing=True) == [
        ("INVALID", "invoicing")
    ]
    result = await message(tenant, "rep1", "addressUpdate", id=at["c"], invoicing=False)
    assert "set `postalIsInvoicing` of the account to false" in result
    wrong = [("INVALID", "defaultInvoicing")]
    assert await errors(tenant, "rep1", "addressUpdate", id=at["b"], defaultInvoicing=True) == wrong
    assert await errors(
        tenant, "rep1", "addressCreate", account=id, street="d", invoicing=True
    ) == [("INVALID", "invoicing")]
    await tenant.mutate(
        "rep1", "addressCreate", account=id, street="d", postal=True, defaultInvoicing=True
    )
    assert await roles(tenant, id) == {"a": "H", "b": "", "c": "pi", "d": "piD"}
    await tenant.mutate("rep1", "accountUpdate", id=id, postalIsInvoicing=False)
    assert await roles(tenant, id) == {"a": "H", "b": "", "c": "pi", "d": "piD"}
    await tenant.mutate("rep1", "addressUpdate", id=at["b"], invoicing=True, defaultInvoicing=True)
    assert await roles(tenant, id) == {"a": "H", "b": "iD", "c": "pi", "d": "pi"}


@covers("SMP-20")
async def test_an_account_is_created_with_invoices_to_the_postal_address(
    tenant: TenantClient,
) -> None:
    id, _ = await account(
        tenant, {"street": "a"}, {"street": "b", "postal": True}, postalIsInvoicing=True
    )
    assert await roles(tenant, id) == {"a": "H", "b": "piD"}


@covers("SMP-08", "SMP-22")
async def test_invoice_data_of_an_account_is_returned(tenant: TenantClient) -> None:
    place = {
        "street": "Keizersgracht", "houseNumber": "12 B", "postcode": "1015 CR", "city": "Amsterdam",
        "country": "NL", "invoicing": True,
    }  # fmt: skip
    id, _ = await account(
        tenant,
        place,
        vatNumber="NL004495445B01",
        invoiceName="Acme Finance",
        invoiceEmail="bills@Acme.example",
    )
    query = """{ account(id: $id) { vatNumber invoiceName invoiceEmail
      addresses(filter: { defaultInvoicing: { eq: true } }) { nodes { street houseNumber postcode city country } } } }"""
    shown = (await read(tenant, "manager", query, id=id))["account"]
    del place["invoicing"]
    assert shown == {
        "vatNumber": "NL004495445B01",
        "invoiceName": "Acme Finance",
        "invoiceEmail": "bills@acme.example",
        "addresses": {"nodes": [place]},
    }
