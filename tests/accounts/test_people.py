"""Persons and their affiliations: several accounts, former jobs, both directions, and which persons a user sees."""

from __future__ import annotations

from typing import Any

import pytest

from tests.accounts.queries import errors, message, read
from tests.support.covers import covers
from tests.writes.client import TenantClient, public_id, uuid_of

PEOPLE = """{ account(id: $id) { affiliations(orderBy: [{ since: ASC }]) {
  nodes { id active department function role email phone since until person { id fullName } address { street } } } } }"""
JOBS = "{ person(id: $id) { affiliations { nodes { id active account { id } address { id } } } } }"


async def account(tenant: TenantClient, *streets: str, **params: Any) -> str:
    """An account of rep1 with addresses in these streets; the first is the head office."""
    places = [{"street": each} for each in streets]
    return await tenant.mutate(
        "rep1", "accountCreate", name=tenant.new_name(), addresses=places, **params
    )


async def address(tenant: TenantClient, account: str, street: str) -> str:
    """The id of an address of an account, by its street."""
    text = "SELECT id FROM address WHERE account_id = $1 AND street = $2"
    return public_id("adr", await tenant.value(text, uuid_of(account), street))


async def place(tenant: TenantClient, affiliation: str) -> str | None:
    """The street of an affiliation's address."""
    text = (
        "SELECT a.street FROM affiliation f LEFT JOIN address a ON a.id = f.address_id WHERE f.id "
        "= $1"
    )
    result: str | None = await tenant.value(text, uuid_of(affiliation))
    return result


async def person(tenant: TenantClient, **params: Any) -> str:
    """A person of rep1."""
    return await tenant.mutate("rep1", "personCreate", lastName=tenant.new_name(), **params)


@covers("SMP-30")
async def test_a_person_has_a_gender_and_three_names(tenant: TenantClient) -> None:
    params = {"gender": "FEMALE", "firstName": "Anna", "nameInfix": "van der", "lastName": "Berg"}
    id = await tenant.mutate("rep1", "personCreate", **params)
    query = f"{{ person(id: $id) {{ {' '.join(params)} fullName }} }}"
    assert (await read(tenant, "manager", query, id=id))["person"] == {
        **params,
        "fullName": "Anna van der Berg",
    }
    assert await errors(tenant, "rep1", "personUpdate", id=id, firstName=None, lastName=" ") == [
        ("REQUIRED", "lastName")
    ]


@covers("SMP-24", "SMP-31", "SMP-33", "SMP-34", "SMP-35", "EP-188", "EP-195")
async def test_a_person_has_affiliations_with_several_accounts_and_data_for_each(
    tenant: TenantClient,
) -> None:
    one, other, person_id = (
        await account(tenant, "a"),
        await account(tenant, "b"),
        await person(tenant),
    )
    at_one = {
        "department": "Sales", "function": "Buyer", "role": "decides", "email": "b@one.example",
        "phone": "+31201234567", "since": "2024-01-01",
    }  # fmt: skip
    first = await tenant.mutate(
        "rep1", "affiliationCreate", account=one, person=person_id, **at_one
    )
    second = await tenant.mutate("rep1", "affiliationCreate", account=other, person=person_id)
    third = await tenant.mutate(
        "rep1", "affiliationCreate", account=one, person=await person(tenant), since="2025-01-01"
    )
    nodes = (await read(tenant, "rep2", PEOPLE, id=one))["account"]["affiliations"]["nodes"]
    assert [each["id"] for each in nodes] == [first, third], "all persons of the account"
    assert nodes[0] | at_one == nodes[0]
    assert nodes[0]["person"]["id"] == person_id
    jobs = (await read(tenant, "rep2", JOBS, id=person_id))["person"]["affiliations"]["nodes"]
    assert {each["id"]: each["account"]["id"] for each in jobs} == {first: one, second: other}
    text = "SELECT email FROM person WHERE id = $1"
    assert await tenant.value(text, uuid_of(person_id)) is None, (
        "the email belongs to the affiliation, not to the person"
    )


@covers("SMP-36", "SMP-37")
async def test_an_ended_affiliation_stays_listed(tenant: TenantClient) -> None:
    account_id, person_id = await account(tenant, "a"), await person(tenant)
    id = await tenant.mutate(
        "rep1", "affiliationCreate", account=account_id, person=person_id, function="Buyer"
    )
    await tenant.mutate("rep1", "affiliationUpdate", id=id, function="Head of buying")
    await tenant.mutate("rep1", "affiliationUpdate", id=id, active=False, until="2025-12-31")
    [node] = (await read(tenant, "rep1", PEOPLE, id=account_id))["account"]["affiliations"]["nodes"]
    assert (node["active"], node["until"], node["function"]) == (
        False,
        "2025-12-31",
        "Head of buying",
    )
    query = (
        "{ affiliation(id: $id) { history(orderBy: [{ at: ASC }]) { nodes { field before after } }"
        " } }"
    )
    changes = (await read(tenant, "rep1", query, id=id))["affiliation"]["history"]["nodes"]
    assert {"field": "active", "before": "true", "after": "false"} in changes
    assert {"field": "function", "before": "Buyer", "after": "Head of buying"} in changes
    some = "{ some: { active: { eq: true }, person: { id: { eq: $id } } } }"
    here = f"{{ accounts(filter: {{ affiliations: {some} }}) {{ totalCount }} }}"
    assert (await read(tenant, "rep1", here, id=person_id))["accounts"]["totalCount"] == 0
    again = await tenant.mutate("rep1", "affiliationCreate", account=account_id, person=person_id)
    jobs = (await read(tenant, "rep1", JOBS, id=person_id))["person"]["affiliations"]["nodes"]
    assert {each["id"]: each["active"] for each in jobs} == {id: False, again: True}


@covers("SMP-38")
async def test_an_affiliation_is_deleted_and_the_person_stays(tenant: TenantClient) -> None:
    account_id, person_id = await account(tenant, "a"), await person(tenant)
    id = await tenant.mutate("rep1", "affiliationCreate", account=account_id, person=person_id)
    await tenant.mutate("rep1", "affiliationDelete", id=id)
    jobs = (await read(tenant, "rep1", JOBS, id=person_id))["person"]["affiliations"]["nodes"]
    assert jobs == []
    await tenant.mutate("rep1", "affiliationRestore", id=id)
    jobs = (await read(tenant, "rep1", JOBS, id=person_id))["person"]["affiliations"]["nodes"]
    assert [each["id"] for each in jobs] == [id]


@covers("VPM-04", "VPM-08")
async def test_the_address_of_an_affiliation_defaults_to_the_head_office(
    tenant: TenantClient,
) -> None:
    account_id, person_id = await account(tenant, "a", "b"), await person(tenant)
    there = await address(tenant, account_id, "b")
    ids = [
        await tenant.mutate(
            "rep1", "affiliationCreate", account=account_id, person=person_id, **params
        )
        for params in ({}, {"address": None}, {"address": there})
    ]
    assert [await place(tenant, id) for id in ids] == ["a", "a", "b"]
    await tenant.mutate("rep1", "addressUpdate", id=there, headOffice=True)
    later = await tenant.mutate("rep1", "affiliationCreate", account=account_id, person=person_id)
    assert [await place(tenant, id) for id in (*ids, later)] == ["a", "a", "b", "b"]
    await tenant.mutate("rep1", "affiliationUpdate", id=ids[0], address=None)
    assert await place(tenant, ids[0]) == "b"
    foreign = await address(tenant, await account(tenant, "c"), "c")
    wrong = [("INVALID", "address")]
    assert await errors(tenant, "rep1", "affiliationUpdate", id=ids[0], address=foreign) == wrong
    params = {"account": account_id, "person": person_id, "address": foreign}
    assert await errors(tenant, "rep1", "affiliationCreate", **params) == wrong
    result = await message(tenant, "rep1", "affiliationCreate", **params)
    assert result.startswith("The address does not belong to the account. Choose one")
    without_address = await tenant.mutate(
        "rep1", "affiliationCreate", account=await account(tenant), person=person_id
    )
    assert await place(tenant, without_address) is None


@covers("VPM-04", "VPM-08")
async def test_affiliations_created_with_their_account_are_at_its_head_office(
    tenant: TenantClient,
) -> None:
    person_id = await person(tenant)
    places = [{"street": "a"}, {"street": "b", "headOffice": True}]
    id = await tenant.mutate(
        "rep1", "accountCreate", name="a", addresses=places, affiliations=[{"person": person_id}]
    )
    [node] = (await read(tenant, "rep1", PEOPLE, id=id))["account"]["affiliations"]["nodes"]
    assert node["address"] == {"street": "b"}


@covers("D-12", "VPM-07", "VPM-08")
async def test_affiliations_of_a_deleted_address_move_to_the_head_office(
    tenant: TenantClient,
) -> None:
    account_id, person_id = await account(tenant, "a", "b", "c"), await person(tenant)
    at = {street: await address(tenant, account_id, street) for street in "abc"}
    ids = [
        await tenant.mutate(
            "rep1", "affiliationCreate", account=account_id, person=person_id, address=at[street]
        )
        for street in "abc"
    ]
    deleted = await tenant.mutate(
        "rep1", "affiliationCreate", account=account_id, person=person_id, address=at["a"]
    )
    await tenant.mutate("rep1", "affiliationDelete", id=deleted)
    answer = await tenant.attempt_many("rep1", "addressDelete", [{"id": at["a"]}, {"id": at["b"]}])
    assert answer.data["done"]["userErrors"] == []
    assert [await place(tenant, id) for id in ids] == ["c", "c", "c"]
    await tenant.mutate("rep1", "affiliationRestore", id=deleted)
    assert await place(tenant, deleted) == "c"
    await tenant.mutate("rep1", "addressDelete", id=at["c"])
    assert {await place(tenant, id) for id in ids} == {None}
    await tenant.mutate("rep1", "addressRestore", id=at["c"])
    await tenant.mutate("rep1", "affiliationUpdate", id=ids[0], address=at["c"])


@covers("SMP-39")
async def test_an_affiliation_needs_an_existing_account_and_person(tenant: TenantClient) -> None:
    account_id, person_id = await account(tenant, "a"), await person(tenant)
    unknown = [
        ("account", "acc_" + "0" * 32),
        ("person", "per_" + "0" * 32),
        ("person", account_id),
    ]
    for side, id in unknown:
        params = {"account": account_id, "person": person_id, side: id}
        answer = await tenant.attempt("rep1", "affiliationCreate", **params)
        assert answer.codes == ["NOT_FOUND"]
    inputs = await read(
        tenant, "rep1",
        '{ alone: __type(name: "AffiliationCreateInput") { inputFields { name } } '
        'account: __type(name: "AccountAffiliationInput") { inputFields { name } } }',
    )  # fmt: skip
    for kind in inputs.values():
        assert not {each["name"] for each in kind["inputFields"]} & {"newPerson", "newAccount"}


@covers("D-08", "SMP-24", "SMP-26", "SMP-27", "SMP-28")
async def test_support_sees_only_persons_with_a_present_or_former_affiliation(
    tenant: TenantClient,
) -> None:
    """Other users see all persons."""
    account_id, person_id = await account(tenant, "a"), await person(tenant)

    async def seen(persona: str) -> bool:
        return (await read(tenant, persona, "{ person(id: $id) { id } }", id=person_id))[
            "person"
        ] is not None

    async def listed() -> int:
        query = "{ persons(filter: { id: { eq: $id } }) { totalCount nodes { id } } }"
        result = (await read(tenant, "support", query, id=person_id))["persons"]
        assert result["totalCount"] == len(result["nodes"])
        return len(result["nodes"])

    assert (await seen("support"), await listed(), await seen("rep2")) == (False, 0, True)
    one = await tenant.mutate("rep1", "affiliationCreate", account=account_id, person=person_id)
    two = await tenant.mutate("rep1", "affiliationCreate", account=account_id, person=person_id)
    assert (await seen("support"), await listed()) == (True, 1)
    await tenant.mutate("rep1", "affiliationUpdate", id=one, active=False)
    await tenant.mutate("rep1", "affiliationDelete", id=two)
    assert (await seen("support"), await listed()) == (True, 1), (
        "a former affiliation counts as well"
    )
    await tenant.mutate("rep1", "affiliationDelete", id=one)
    assert (await seen("support"), await listed(), await seen("rep2")) == (False, 0, True)
    await tenant.mutate("rep1", "affiliationRestore", id=one)
    assert await seen("support")


@covers("D-34")
@pytest.mark.parametrize("side", ["affiliationCreate", "personCreate"])
async def test_an_affiliation_with_an_account_of_another_user_is_refused(
    tenant: TenantClient, side: str
) -> None:
    """An affiliation belongs to the owner of its account, however it is created."""
    theirs = await tenant.mutate("rep2", "accountCreate", name=tenant.new_name())
    if side == "personCreate":
        params: dict[str, Any] = {"lastName": "Berg", "affiliations": [{"account": theirs}]}
    else:
        params = {"account": theirs, "person": await person(tenant)}
    answer = await tenant.attempt("rep1", side, **params)
    assert answer.codes == ["FORBIDDEN"]
    place = answer.json["errors"][0]["extensions"]["input"]
    assert place[-1] == "account"
