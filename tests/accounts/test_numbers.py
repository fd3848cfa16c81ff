"""Phone, registration and VAT numbers and email addresses: normalized on write, refused when invalid, kept when unchanged."""

from __future__ import annotations

from typing import Any

import pytest

from tests.accounts.queries import errors, message, read
from tests.support.covers import covers
from tests.writes.client import TenantClient, uuid_of

SWEDISH = {
    "country": "SE",
    "phone": "08-12 34 56",
    "registrationNumber": "556188-8404",
    "vatNumber": "556188840401",
    "email": "Anna@ACME.example",
}
FIELDS = "phone registrationNumber vatNumber email"


@covers("VPM-09", "VPM-01")
async def test_numbers_are_normalized(tenant: TenantClient) -> None:
    id = await tenant.mutate(
        "rep1", "accountCreate", name="a", website="https://acme.example", **SWEDISH
    )
    result = (await read(tenant, "rep1", f"{{ account(id: $id) {{ {FIELDS} website }} }}", id=id))[
        "account"
    ]
    assert result == {
        "phone": "+468123456",
        "registrationNumber": "5561888404",
        "vatNumber": "SE556188840401",
        "email": "Anna@acme.example",
        "website": "https://acme.example",
    }


PLACES: dict[str, dict[str, Any]] = {
    "its own country": {"country": "SE"},
    "its head office": {"addresses": [{"country": "NL"}, {"country": "SE", "headOffice": True}]},
    "its first address": {"addresses": [{"country": "SE"}, {"country": "NL"}]},
}


@pytest.mark.parametrize("place", PLACES)
async def test_a_national_number_is_parsed_for_the_country_of_the_account(
    tenant: TenantClient, place: str
) -> None:
    id = await tenant.mutate(
        "rep1", "accountCreate", name="a", phone="08-12 34 56", **PLACES[place]
    )
    assert (await tenant.row("account", id))["phone"] == "+468123456"
    await tenant.mutate("rep1", "accountUpdate", id=id, phone="08-12 34 57")
    assert (await tenant.row("account", id))["phone"] == "+468123457"


@covers("VPM-09")
async def test_an_invalid_number_is_refused_with_a_remedy(tenant: TenantClient) -> None:
    wrong = {
        "phone": "1",
        "registrationNumber": "556188-8405",
        "vatNumber": "SE1",
        "email": "info@",
        "invoiceEmail": "x",
    }
    actual = await errors(tenant, "rep1", "accountCreate", name="a", country="SE", **wrong)
    assert sorted(actual) == sorted(("INVALID", each) for each in wrong)
    result = await message(tenant, "rep1", "accountCreate", name="a", phone="08-12 34 56")
    assert result == (
        "The telephone number is invalid. Enter it with its country code, such as +31 20 123 4567."
    )


async def test_an_unchanged_number_is_not_validated_again(tenant: TenantClient) -> None:
    id = await tenant.mutate("rep1", "accountCreate", name="a")
    await tenant.value(
        "UPDATE account SET phone = '+31 555 1', email = 'none' WHERE id = $1", uuid_of(id)
    )
    await tenant.mutate("rep1", "accountUpdate", id=id, name="b", phone="+31 555 1")
    assert (await tenant.row("account", id))["phone"] == "+31 555 1"
    assert await errors(tenant, "rep1", "accountUpdate", id=id, phone="+31 555 2") == [
        ("INVALID", "phone")
    ]
    await tenant.mutate("rep1", "accountUpdate", id=id, phone=" ", email=None)
    assert (await tenant.row("account", id))["phone"] is None


@covers("SMP-31")
async def test_numbers_of_an_affiliation_are_parsed_for_the_country_of_the_account(
    tenant: TenantClient,
) -> None:
    account = await tenant.mutate("rep1", "accountCreate", name="a", country="SE")
    params = {
        "account": account,
        "phone": "08-12 34 56",
        "secondPhone": "+31 20 123 4567",
        "email": "B@ACME.example",
    }
    id = await tenant.mutate(
        "rep1", "personCreate", lastName="Berg", phone="070-123 45 67", affiliations=[params]
    )
    assert (await tenant.row("person", id))["phone"] == "+46701234567"
    [row] = await tenant.fetch("SELECT * FROM affiliation WHERE person_id = $1", uuid_of(id))
    assert (row["phone"], row["second_phone"], row["email"]) == (
        "+468123456",
        "+31201234567",
        "B@acme.example",
    )
    affiliation = "aff_" + row["id"].hex
    await tenant.mutate("rep1", "affiliationUpdate", id=affiliation, phone="08-12 34 57")
    assert (await tenant.row("affiliation", affiliation))["phone"] == "+468123457"
    wrong = {"phone": "1", "secondPhone": "2", "email": "3"}
    result = await errors(tenant, "rep1", "affiliationUpdate", id=affiliation, **wrong)
    assert result == [("INVALID", each) for each in wrong]
    assert await errors(tenant, "rep1", "personUpdate", id=id, phone="070-123 45 68") == [
        ("INVALID", "phone")
    ]


@covers("D-34")
async def test_an_error_does_not_reveal_a_country_that_the_caller_may_not_read(
    tenant: TenantClient,
) -> None:
    """The number is parsed without a country, and the error names none."""
    id = await tenant.mutate("rep1", "accountCreate", name="a", country="SE")
    close = (
        "DELETE FROM field_permission WHERE entity = 'Account' AND field = 'country' RETURNING "
        "profile_id, writes"
    )
    closed = await tenant.fetch(close)
    try:
        await tenant.value("UPDATE log_head SET access = access + 1")
        result = await message(tenant, "rep1", "accountUpdate", id=id, phone="08-12 34 56")
        assert result == (
            "The telephone number is invalid. Enter it with its country code, such as +31 20 "
            "123 4567."
        )
        await tenant.mutate("rep1", "accountUpdate", id=id, registrationNumber="556188-8405")
    finally:
        for row in closed:
            await tenant.value(
                "INSERT INTO field_permission (id, profile_id, entity, field, writes) "
                "VALUES (gen_random_uuid(), $1, 'Account', 'country', $2)",
                *row,
            )
        await tenant.value("UPDATE log_head SET access = access + 1")
