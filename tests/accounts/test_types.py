"""Types of accounts and persons: which names their records have, what they preset, and the default type."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.accounts.queries import errors, message, read
from tests.support.covers import covers
from tests.writes.client import TenantClient, outcome_of, public_id

MINE = "{ account(id: $id) { name lastName displayName type { id } owner { id } senderEmail documentDelivery } }"


async def kind(tenant: TenantClient, **params: Any) -> str:
    """A new account type."""
    return await tenant.mutate("admin", "accountTypeCreate", name=tenant.new_name(), **params)


async def shown(tenant: TenantClient, id: str) -> dict[str, Any]:
    """An account as the administrator reads it."""
    result: dict[str, Any] = (await read(tenant, "admin", MINE, id=id))["account"]
    return result


@pytest.fixture
async def preferences(tenant: TenantClient) -> AsyncIterator[str]:
    """The id of the tenant's preferences; default types are cleared afterwards."""
    id = public_id("set", await tenant.value("SELECT id FROM preferences"))
    yield id
    none = {"defaultAccountType": None, "defaultPersonType": None}
    await tenant.mutate("admin", "preferencesUpdate", id=id, **none)


@covers("EP-171", "EP-172")
@pytest.mark.parametrize(
    ("switches", "refused"),
    [
        ({}, ["lastName"]),
        ({"withLastName": True}, []),
        ({"withLastName": True, "withName": False}, ["name"]),
    ],
)
async def test_a_name_that_the_type_excludes_is_refused(
    tenant: TenantClient, switches: dict[str, bool], refused: list[str]
) -> None:
    type_ = await kind(tenant, **switches)
    params = {"type": type_, "name": "Anna", "lastName": "Berg"}
    assert await errors(tenant, "rep1", "accountCreate", **params) == [
        ("INVALID", each) for each in refused
    ]
    kept = {name: value for name, value in params.items() if name not in refused}
    id = await tenant.mutate("rep1", "accountCreate", **kept)
    names = [kept[name] for name in ("name", "lastName") if name in kept]
    assert (await shown(tenant, id))["displayName"] == " ".join(names)


@covers("EP-172")
async def test_a_type_without_last_name_is_refused_while_one_is_set(tenant: TenantClient) -> None:
    person, firm = await kind(tenant, withLastName=True), await kind(tenant)
    id = await tenant.mutate("rep1", "accountCreate", type=person, name="Anna", lastName="Berg")
    assert await errors(tenant, "rep1", "accountUpdate", id=id, type=firm) == [
        ("INVALID", "lastName")
    ]
    result = await message(tenant, "rep1", "accountUpdate", id=id, type=firm)
    assert (
        result
        == "Accounts of this type have no last name. Leave the field empty, or choose another type."
    )
    await tenant.mutate("rep1", "accountUpdate", id=id, type=firm, lastName=None)
    assert (await shown(tenant, id))["type"]["id"] == firm


async def test_violations_of_several_hooks_are_reported_at_once(tenant: TenantClient) -> None:
    firm = await kind(tenant)
    id = await tenant.mutate("rep1", "accountCreate", type=firm, name="Berg")
    wrong = {"phone": "1", "lastName": "Berg", "parent": id}
    assert await errors(tenant, "rep1", "accountUpdate", id=id, **wrong) == [
        ("INVALID", "phone"),
        ("INVALID", "lastName"),
        ("CYCLE", "parent"),
    ]


@covers("D-33")
async def test_violations_of_values_hooks_and_rules_are_reported_at_once(
    tenant: TenantClient,
) -> None:
    both = await kind(tenant, withLastName=True)
    wrong = {
        "type": both,
        "name": "n" * 10_001,
        "phone": "1",
        "email": "x",
        "country": "Nederland",
    }
    found = await errors(tenant, "rep1", "accountCreate", **wrong, lastName="l" * 10_001)
    assert sorted(found) == [
        ("INVALID", "country"),
        ("INVALID", "email"),
        ("INVALID", "phone"),
        ("TOO_LONG", "lastName"),
        ("TOO_LONG", "name"),
    ]


@covers("EP-172")
async def test_a_last_name_that_the_type_no_longer_has_does_not_block_other_changes(
    tenant: TenantClient,
) -> None:
    type_ = await kind(tenant, withLastName=True)
    id = await tenant.mutate("rep1", "accountCreate", type=type_, name="Anna", lastName="Berg")
    await tenant.mutate("admin", "accountTypeUpdate", id=type_, withLastName=False)
    await tenant.mutate("rep1", "accountUpdate", id=id, name="Anne")
    assert await errors(tenant, "rep1", "accountUpdate", id=id, lastName="Bergh") == [
        ("INVALID", "lastName")
    ]


@covers("EP-173", "D-21")
async def test_a_type_without_any_name_is_refused(tenant: TenantClient) -> None:
    both = {"withName": False, "withLastName": False}
    wrong = [("INVALID", "withLastName")]
    assert (
        await errors(tenant, "admin", "accountTypeCreate", name=tenant.new_name(), **both) == wrong
    )
    type_ = await kind(tenant)
    assert await errors(tenant, "admin", "accountTypeUpdate", id=type_, **both) == wrong


@covers("VN-08", "VN-11", "VN-12", "VN-13")
async def test_a_new_account_copies_the_defaults_of_its_type(tenant: TenantClient) -> None:
    rep2 = public_id("emp", await tenant.employee_id("rep2"))
    presets = {"senderEmail": "north@acme.example", "documentDelivery": "POST"}
    type_ = await kind(tenant, defaultOwner=rep2, **presets)
    id = await tenant.mutate("rep1", "accountCreate", name="a", type=type_)
    result = await shown(tenant, id)
    assert (result["owner"]["id"], result["senderEmail"], result["documentDelivery"]) == (
        rep2,
        *presets.values(),
    )
    rep1 = public_id("emp", await tenant.employee_id("rep1"))
    own_ones = {"owner": rep1, "senderEmail": "b@acme.example", "documentDelivery": "EMAIL"}
    result = await shown(
        tenant, await tenant.mutate("rep1", "accountCreate", name="b", type=type_, **own_ones)
    )
    assert (result["owner"]["id"], result["senderEmail"], result["documentDelivery"]) == (
        rep1,
        "b@acme.example",
        "EMAIL",
    )
    await tenant.mutate("admin", "accountTypeUpdate", id=type_, documentDelivery="E_INVOICE")
    assert (await shown(tenant, id))["documentDelivery"] == "POST", "defaults are copied once"
    later = await tenant.mutate("rep1", "accountCreate", name="c")
    await tenant.mutate("rep1", "accountUpdate", id=later, type=type_)
    assert (await shown(tenant, later))["senderEmail"] is None, "a change of type presets nothing"


@covers("VN-40", "EP-171")
async def test_an_account_without_a_type_gets_the_default_type(
    tenant: TenantClient, preferences: str
) -> None:
    rep2 = public_id("emp", await tenant.employee_id("rep2"))
    type_, other = await kind(tenant, defaultOwner=rep2), await kind(tenant)
    id = await tenant.mutate("rep1", "accountCreate", name="a")
    assert (await shown(tenant, id))["type"] is None
    await tenant.mutate("admin", "preferencesUpdate", id=preferences, defaultAccountType=type_)
    for params in ({}, {"type": None}):
        result = await shown(
            tenant, await tenant.mutate("rep1", "accountCreate", name="b", **params)
        )
        assert (result["type"]["id"], result["owner"]["id"]) == (type_, rep2)
    wrong = [("INVALID", "lastName")]
    assert await errors(tenant, "rep1", "accountCreate", name="b", lastName="c") == wrong
    result = await shown(tenant, await tenant.mutate("rep1", "accountCreate", name="d", type=other))
    assert result["type"]["id"] == other
    await tenant.mutate("rep1", "accountUpdate", id=id, name="e")
    assert (await shown(tenant, id))["type"] is None, "existing accounts keep their type"


@covers("VN-40")
async def test_deleting_a_used_or_default_type_is_refused(
    tenant: TenantClient, preferences: str
) -> None:
    used, meant = await kind(tenant), await kind(tenant)
    await tenant.mutate("rep1", "accountCreate", name="a", type=used)
    await tenant.mutate("admin", "preferencesUpdate", id=preferences, defaultAccountType=meant)
    for each in (used, meant):
        query = (
            "mutation { done: accountTypeDelete(input: { id: $id }) { userErrors { code path } } }"
        )
        done = (await read(tenant, "admin", query, id=each))["done"]
        assert done["userErrors"] == [{"code": "IN_USE", "path": ["input", "id"]}]


@covers("VN-08", "VN-40")
async def test_a_new_person_copies_the_defaults_of_its_type(
    tenant: TenantClient, preferences: str
) -> None:
    rep1, rep2 = [public_id("emp", await tenant.employee_id(who)) for who in ("rep1", "rep2")]
    type_ = await tenant.mutate(
        "admin", "personTypeCreate", name=tenant.new_name(), defaultOwner=rep2
    )
    await tenant.mutate("admin", "preferencesUpdate", id=preferences, defaultPersonType=type_)
    query = "{ person(id: $id) { type { id } owner { id } } }"
    for params, owner in (
        ({}, rep2),
        ({"owner": rep1}, rep1),
        ({"type": type_, "owner": None}, rep2),
    ):
        id = await tenant.mutate("rep1", "personCreate", lastName="Berg", **params)
        result = (await read(tenant, "rep1", query, id=id))["person"]
        assert result == {"type": {"id": type_}, "owner": {"id": owner}}


@covers("SMP-05", "SMP-09", "D-21")
@pytest.mark.parametrize(
    ("given", "called"),
    [
        ({"name": " Acme ", "registrationNumber": "12345678"}, "Acme"),
        ({"registrationNumber": "12345678", "email": "info@acme.example"}, "12345678"),
        ({"email": "info@acme.example"}, "acme.example"),
        ({"number": "K-7"}, "K-7"),
    ],
)
async def test_all_fields_are_optional_and_the_display_name_is_never_empty(
    tenant: TenantClient, given: dict[str, str], called: str
) -> None:
    id = await tenant.mutate("rep1", "accountCreate", **given)
    assert (await shown(tenant, id))["displayName"] == called
    await tenant.mutate("rep1", "accountUpdate", id=id, name="Later")
    assert (await shown(tenant, id))["displayName"] == "Later"


PERSON_TYPES = "query ($id: ID!) { personTypes(filter: { id: { eq: $id } }) { nodes { name persons { totalCount } } } }"


@covers("EP-231")
async def test_person_types_are_created_replaced_and_deleted(tenant: TenantClient) -> None:
    """A type in use is deleted only with a replacement."""

    async def listed(id: str) -> list[tuple[str, int]]:
        nodes = (await tenant.ask("rep1", PERSON_TYPES, {"id": id})).data["personTypes"]["nodes"]
        return [(each["name"], each["persons"]["totalCount"]) for each in nodes]

    names = [tenant.new_name() for _ in "abc"]
    used, other, unused = [
        await tenant.mutate("admin", "personTypeCreate", name=name) for name in names
    ]
    person = await tenant.mutate("rep1", "personCreate", lastName="Berg", type=used)
    assert [await listed(id) for id in (used, other, unused)] == [
        [(names[0], 1)], [(names[1], 0)], [(names[2], 0)],
    ]  # fmt: skip
    assert outcome_of(await tenant.attempt("rep1", "personTypeCreate", name="x")) == "FORBIDDEN"
    assert outcome_of(await tenant.attempt("rep1", "personTypeDelete", id=unused)) == "FORBIDDEN"
    assert outcome_of(await tenant.attempt("admin", "personTypeDelete", id=used)) == "IN_USE"
    await tenant.mutate("admin", "personTypeDelete", id=unused)
    await tenant.mutate("admin", "personTypeDelete", id=used, replaceWith=other)
    assert [await listed(id) for id in (used, other, unused)] == [[], [(names[1], 1)], []]
    typed = "query ($id: ID!) { person(id: $id) { type { id } } }"
    assert (await tenant.ask("rep1", typed, {"id": person})).data["person"]["type"]["id"] == other
    refused = await tenant.attempt("rep1", "personCreate", lastName="Berg", type=unused)
    assert outcome_of(refused) == "NOT_FOUND"
