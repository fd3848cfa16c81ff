"""A person with affiliations and new accounts, created in one mutation: all or nothing (SMP-29)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.accounts.queries import errors, read
from tests.support.covers import covers
from tests.support.world import Answer
from tests.writes.client import TenantClient, public_id

CREATE = """mutation ($input: PersonCreateInput!) { done: personCreate(input: $input) {
  person { id fullName affiliations { nodes { function phone address { street }
    account { id name owner { name } addresses { nodes { street headOffice } } managers { totalCount } } } } }
  userErrors { code message path } } }"""


async def create(
    tenant: TenantClient, persona: str, *affiliations: dict[str, Any], **params: Any
) -> Answer:
    """The response to creating a person with these affiliations."""
    sent = {"lastName": "Berg", **params, "affiliations": affiliations}
    return await tenant.ask(persona, CREATE, {"input": sent})


async def counts(tenant: TenantClient) -> tuple[int, ...]:
    """The number of rows of each table concerned."""
    tables = ("person", "affiliation", "account", "address", "history")
    listed = ", ".join(f"(SELECT count(*) FROM {table})" for table in tables)  # noqa: S608 - names of ours
    [row] = await tenant.fetch(f"SELECT {listed}")
    return tuple(row)


@covers("SMP-29")
async def test_a_person_is_created_with_an_existing_and_a_new_account(tenant: TenantClient) -> None:
    there = await tenant.mutate("rep1", "accountCreate", name=tenant.new_name())
    manager = public_id("usr", await tenant.user_id("rep2"))
    new = {
        "name": "Brand new", "country": "SE", "managers": [{"user": manager}],
        "addresses": [{"street": "a"}, {"street": "b", "headOffice": True}],
    }  # fmt: skip
    answer = await create(
        tenant,
        "rep1",
        {"account": there, "function": "Buyer"},
        {"newAccount": new, "phone": "08-12 34 56"},
    )
    done = answer.data["done"]
    assert done["userErrors"] == []
    joined, made = done["person"]["affiliations"]["nodes"]
    assert (joined["function"], joined["account"]["id"], joined["address"]) == (
        "Buyer",
        there,
        None,
    )
    assert made["account"]["name"] == "Brand new"
    assert made["account"]["owner"] == {"name": "Priya Raman"}
    assert made["account"]["managers"] == {"totalCount": 1}
    assert made["address"] == {"street": "b"}, "the head office of the new account"
    assert made["phone"] == "+468123456", "parsed for the country of the account"


@covers("SMP-29")
async def test_several_persons_are_created_with_new_accounts(tenant: TenantClient) -> None:
    """Accounts are inserted before affiliations, in whichever order the inputs name them."""
    there = await tenant.mutate("rep1", "accountCreate", name=tenant.new_name())
    inputs: list[dict[str, Any]] = [
        {"lastName": "a", "affiliations": [{"account": there}]},
        {
            "lastName": "b",
            "affiliations": [{"newAccount": {"name": "x"}}, {"newAccount": {"name": "y"}}],
        },
        {"lastName": "c"},
    ]
    before = await counts(tenant)
    answer = await tenant.attempt_many("rep1", "personCreate", inputs)
    assert answer.data["done"]["userErrors"] == []
    after = await counts(tenant)
    assert [b - a for a, b in zip(before, after, strict=True)][:4] == [3, 3, 2, 0]


WRONG: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "the account": (
        {"newAccount": {"name": "x", "country": "nl"}},
        [("INVALID", "affiliations.0.newAccount.country")],
    ),
    "a child of the account": (
        {"newAccount": {"name": "x", "addresses": [{"country": "nl"}]}},
        [("INVALID", "affiliations.0.newAccount.addresses.0.country")],
    ),
    "the link": (
        {"newAccount": {"name": "x"}, "phone": "1"},
        [("INVALID", "affiliations.0.phone")],
    ),
    "neither account": ({"function": "Buyer"}, [("REQUIRED", "affiliations.0.account")]),
}


@covers("SMP-29")
@pytest.mark.parametrize("what", WRONG)
async def test_an_error_in_any_record_rolls_back_all(tenant: TenantClient, what: str) -> None:
    affiliation, wrong = WRONG[what]
    before = await counts(tenant)
    params = {"lastName": "Berg", "affiliations": [affiliation]}
    assert await errors(tenant, "rep1", "personCreate", **params) == wrong
    assert await counts(tenant) == before


@covers("SMP-29")
async def test_an_affiliation_with_both_an_existing_and_a_new_account_is_refused(
    tenant: TenantClient,
) -> None:
    there = await tenant.mutate("rep1", "accountCreate", name=tenant.new_name())
    both = [{"account": there, "newAccount": {"name": "x"}}]
    result = await errors(tenant, "rep1", "personCreate", lastName="Berg", affiliations=both)
    assert result == [("INVALID", "affiliations.0.account")]


@covers("SMP-29", "D-34")
@pytest.mark.parametrize("closed", ["Account", "Affiliation", "Address"])
async def test_creating_nested_records_requires_the_right_for_each_type(
    tenant: TenantClient, closed: str
) -> None:
    rows = await tenant.fetch(
        "UPDATE object_permission SET creates = false WHERE entity = $1 AND creates RETURNING id",
        closed,
    )
    await tenant.value("UPDATE log_head SET access = access + 1")
    try:
        before = await counts(tenant)
        answer = await create(tenant, "rep1", {"newAccount": {"name": "x", "addresses": [{}]}})
        assert answer.codes == ["FORBIDDEN"]
        assert await counts(tenant) == before
    finally:
        ids = [row["id"] for row in rows]
        await tenant.value("UPDATE object_permission SET creates = true WHERE id = ANY($1)", ids)
        await tenant.value("UPDATE log_head SET access = access + 1")


@covers("SMP-26", "SMP-28", "D-08")
async def test_users_who_see_affiliated_persons_only_create_no_others(tenant: TenantClient) -> None:
    """A user must be able to see the person that they create."""
    rows = (
        "UPDATE object_permission SET rows = $1 WHERE entity = 'Person' "
        "AND profile_id = (SELECT id FROM profile WHERE name = 'Standard sales')"
    )
    await tenant.value(rows, "OWN")
    await tenant.value("UPDATE log_head SET access = access + 1")
    try:
        before = await counts(tenant)
        unaffiliated = await create(tenant, "rep1")
        assert unaffiliated.codes == ["FORBIDDEN"]
        assert await counts(tenant) == before
        answer = await create(tenant, "rep1", {"newAccount": {"name": "x"}})
        assert answer.data["done"]["userErrors"] == []
        id = answer.data["done"]["person"]["id"]
        shown = await read(tenant, "rep1", "{ person(id: $id) { id } }", id=id)
        assert shown["person"] == {"id": id}
    finally:
        await tenant.value(rows, "ALL")
        await tenant.value("UPDATE log_head SET access = access + 1")
