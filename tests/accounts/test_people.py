"""People and where they work: several places, left and kept, from both sides, and who sees somebody at all."""

from __future__ import annotations

from typing import Any

import pytest

from tests.accounts.said import errors, message, read
from tests.support.covers import covers
from tests.writes.parallel import Own, kept, spelled

PEOPLE = """{ account(id: $id) { affiliations(orderBy: [{ since: ASC }]) {
  nodes { id active department function role email phone since until person { id fullName } address { street } } } } }"""
JOBS = "{ person(id: $id) { affiliations { nodes { id active account { id } address { id } } } } }"


async def account(own: Own, *streets: str, **given: Any) -> str:
    """An account of rep1's with addresses in these streets; the first is the head office."""
    places = [{"street": each} for each in streets]
    return await own.done("rep1", "accountCreate", name=own.name(), addresses=places, **given)


async def address(own: Own, account: str, street: str) -> str:
    """An address of an account."""
    text = "SELECT id FROM address WHERE account_id = $1 AND street = $2"
    return spelled("adr", await own.value(text, kept(account), street))


async def place(own: Own, affiliation: str) -> str | None:
    """The street where somebody works."""
    text = (
        "SELECT a.street FROM affiliation f LEFT JOIN address a ON a.id = f.address_id WHERE f.id "
        "= $1"
    )
    found: str | None = await own.value(text, kept(affiliation))
    return found


async def person(own: Own, **given: Any) -> str:
    """A person of rep1's."""
    return await own.done("rep1", "personCreate", lastName=own.name(), **given)


@covers("SMP-30")
async def test_a_person_has_a_gender_and_three_names(own: Own) -> None:
    given = {"gender": "FEMALE", "firstName": "Anna", "nameInfix": "van der", "lastName": "Berg"}
    id = await own.done("rep1", "personCreate", **given)
    query = f"{{ person(id: $id) {{ {' '.join(given)} fullName }} }}"
    assert (await read(own, "manager", query, id=id))["person"] == {
        **given,
        "fullName": "Anna van der Berg",
    }
    assert await errors(own, "rep1", "personUpdate", id=id, firstName=None, lastName=" ") == [
        ("REQUIRED", "lastName")
    ]


@covers("SMP-24", "SMP-31", "SMP-33", "SMP-34", "SMP-35", "EP-188", "EP-195")
async def test_a_person_works_at_several_accounts_with_own_data_at_each(own: Own) -> None:
    one, other, somebody = await account(own, "a"), await account(own, "b"), await person(own)
    at_one = {
        "department": "Sales", "function": "Buyer", "role": "decides", "email": "b@one.example",
        "phone": "+31201234567", "since": "2024-01-01",
    }  # fmt: skip
    first = await own.done("rep1", "affiliationCreate", account=one, person=somebody, **at_one)
    second = await own.done("rep1", "affiliationCreate", account=other, person=somebody)
    third = await own.done(
        "rep1", "affiliationCreate", account=one, person=await person(own), since="2025-01-01"
    )
    nodes = (await read(own, "rep2", PEOPLE, id=one))["account"]["affiliations"]["nodes"]
    assert [each["id"] for each in nodes] == [first, third], "all persons at a glance"
    assert nodes[0] | at_one == nodes[0]
    assert nodes[0]["person"]["id"] == somebody
    jobs = (await read(own, "rep2", JOBS, id=somebody))["person"]["affiliations"]["nodes"]
    assert {each["id"]: each["account"]["id"] for each in jobs} == {first: one, second: other}
    text = "SELECT email FROM person WHERE id = $1"
    assert await own.value(text, kept(somebody)) is None, "it is on the link, not on the person"


@covers("SMP-36", "SMP-37")
async def test_who_leaves_stays_on_record(own: Own) -> None:
    where, somebody = await account(own, "a"), await person(own)
    id = await own.done(
        "rep1", "affiliationCreate", account=where, person=somebody, function="Buyer"
    )
    await own.done("rep1", "affiliationUpdate", id=id, function="Head of buying")
    await own.done("rep1", "affiliationUpdate", id=id, active=False, until="2025-12-31")
    [node] = (await read(own, "rep1", PEOPLE, id=where))["account"]["affiliations"]["nodes"]
    assert (node["active"], node["until"], node["function"]) == (
        False,
        "2025-12-31",
        "Head of buying",
    )
    query = (
        "{ affiliation(id: $id) { history(orderBy: [{ at: ASC }]) { nodes { field before after } }"
        " } }"
    )
    noted = (await read(own, "rep1", query, id=id))["affiliation"]["history"]["nodes"]
    assert {"field": "active", "before": "true", "after": "false"} in noted
    assert {"field": "function", "before": "Buyer", "after": "Head of buying"} in noted
    some = "{ some: { active: { eq: true }, person: { id: { eq: $id } } } }"
    here = f"{{ accounts(filter: {{ affiliations: {some} }}) {{ totalCount }} }}"
    assert (await read(own, "rep1", here, id=somebody))["accounts"]["totalCount"] == 0
    again = await own.done("rep1", "affiliationCreate", account=where, person=somebody)
    jobs = (await read(own, "rep1", JOBS, id=somebody))["person"]["affiliations"]["nodes"]
    assert {each["id"]: each["active"] for each in jobs} == {id: False, again: True}


@covers("SMP-38")
async def test_a_link_made_in_error_is_deleted_and_the_person_stays(own: Own) -> None:
    where, somebody = await account(own, "a"), await person(own)
    id = await own.done("rep1", "affiliationCreate", account=where, person=somebody)
    await own.done("rep1", "affiliationDelete", id=id)
    jobs = (await read(own, "rep1", JOBS, id=somebody))["person"]["affiliations"]["nodes"]
    assert jobs == []
    await own.done("rep1", "affiliationRestore", id=id)
    jobs = (await read(own, "rep1", JOBS, id=somebody))["person"]["affiliations"]["nodes"]
    assert [each["id"] for each in jobs] == [id]


@covers("VPM-04", "VPM-08")
async def test_who_is_added_works_at_the_head_office_or_where_it_is_said(own: Own) -> None:
    where, somebody = await account(own, "a", "b"), await person(own)
    there = await address(own, where, "b")
    ids = [
        await own.done("rep1", "affiliationCreate", account=where, person=somebody, **given)
        for given in ({}, {"address": None}, {"address": there})
    ]
    assert [await place(own, id) for id in ids] == ["a", "a", "b"]
    await own.done("rep1", "addressUpdate", id=there, headOffice=True)
    later = await own.done("rep1", "affiliationCreate", account=where, person=somebody)
    assert [await place(own, id) for id in (*ids, later)] == ["a", "a", "b", "b"]
    await own.done("rep1", "affiliationUpdate", id=ids[0], address=None)
    assert await place(own, ids[0]) == "b"
    elsewhere = await address(own, await account(own, "c"), "c")
    wrong = [("INVALID", "address")]
    assert await errors(own, "rep1", "affiliationUpdate", id=ids[0], address=elsewhere) == wrong
    given = {"account": where, "person": somebody, "address": elsewhere}
    assert await errors(own, "rep1", "affiliationCreate", **given) == wrong
    told = await message(own, "rep1", "affiliationCreate", **given)
    assert told.startswith("The address does not belong to the account. Choose one")
    nowhere = await own.done(
        "rep1", "affiliationCreate", account=await account(own), person=somebody
    )
    assert await place(own, nowhere) is None


@covers("VPM-04", "VPM-08")
async def test_people_created_along_with_their_account_work_at_its_head_office(own: Own) -> None:
    somebody = await person(own)
    places = [{"street": "a"}, {"street": "b", "headOffice": True}]
    id = await own.done(
        "rep1", "accountCreate", name="a", addresses=places, affiliations=[{"person": somebody}]
    )
    [node] = (await read(own, "rep1", PEOPLE, id=id))["account"]["affiliations"]["nodes"]
    assert node["address"] == {"street": "b"}


@covers("D-12", "VPM-07", "VPM-08")
async def test_people_move_when_their_place_is_gone(own: Own) -> None:
    where, somebody = await account(own, "a", "b", "c"), await person(own)
    at = {street: await address(own, where, street) for street in "abc"}
    ids = [
        await own.done(
            "rep1", "affiliationCreate", account=where, person=somebody, address=at[street]
        )
        for street in "abc"
    ]
    binned = await own.done(
        "rep1", "affiliationCreate", account=where, person=somebody, address=at["a"]
    )
    await own.done("rep1", "affiliationDelete", id=binned)
    answer = await own.many("rep1", "addressDelete", [{"id": at["a"]}, {"id": at["b"]}])
    assert answer.data["done"]["userErrors"] == []
    assert [await place(own, id) for id in ids] == ["c", "c", "c"]
    await own.done("rep1", "affiliationRestore", id=binned)
    assert await place(own, binned) == "c"
    await own.done("rep1", "addressDelete", id=at["c"])
    assert {await place(own, id) for id in ids} == {None}
    await own.done("rep1", "addressRestore", id=at["c"])
    await own.done("rep1", "affiliationUpdate", id=ids[0], address=at["c"])


@covers("SMP-39")
async def test_from_either_side_the_other_must_be_there_already(own: Own) -> None:
    where, somebody = await account(own, "a"), await person(own)
    nobody = [("account", "acc_" + "0" * 32), ("person", "per_" + "0" * 32), ("person", where)]
    for side, id in nobody:
        given = {"account": where, "person": somebody, side: id}
        answer = await own.do("rep1", "affiliationCreate", **given)
        assert answer.codes == ["NOT_FOUND"]
    kinds = await read(
        own, "rep1",
        '{ alone: __type(name: "AffiliationCreateInput") { inputFields { name } } '
        'account: __type(name: "AccountAffiliationInput") { inputFields { name } } }',
    )  # fmt: skip
    for kind in kinds.values():
        assert not {each["name"] for each in kind["inputFields"]} & {"newPerson", "newAccount"}


@covers("D-08", "SMP-24", "SMP-26", "SMP-27", "SMP-28")
async def test_business_users_see_who_works_somewhere_or_did(own: Own) -> None:
    """Support sees persons with a business relation, others see all."""
    where, somebody = await account(own, "a"), await person(own)

    async def seen(persona: str) -> bool:
        return (await read(own, persona, "{ person(id: $id) { id } }", id=somebody))[
            "person"
        ] is not None

    async def listed() -> int:
        query = "{ persons(filter: { id: { eq: $id } }) { totalCount nodes { id } } }"
        found = (await read(own, "support", query, id=somebody))["persons"]
        assert found["totalCount"] == len(found["nodes"])
        return len(found["nodes"])

    assert (await seen("support"), await listed(), await seen("rep2")) == (False, 0, True)
    one = await own.done("rep1", "affiliationCreate", account=where, person=somebody)
    two = await own.done("rep1", "affiliationCreate", account=where, person=somebody)
    assert (await seen("support"), await listed()) == (True, 1)
    await own.done("rep1", "affiliationUpdate", id=one, active=False)
    await own.done("rep1", "affiliationDelete", id=two)
    assert (await seen("support"), await listed()) == (True, 1), "who left counts, too"
    await own.done("rep1", "affiliationDelete", id=one)
    assert (await seen("support"), await listed(), await seen("rep2")) == (False, 0, True)
    await own.done("rep1", "affiliationRestore", id=one)
    assert await seen("support")


@covers("D-34")
@pytest.mark.parametrize("side", ["affiliationCreate", "personCreate"])
async def test_people_are_added_to_accounts_of_ones_own(own: Own, side: str) -> None:
    """However it is created: an affiliation belongs to whom the account belongs to."""
    theirs = await own.done("rep2", "accountCreate", name=own.name())
    if side == "personCreate":
        given: dict[str, Any] = {"lastName": "Berg", "affiliations": [{"account": theirs}]}
    else:
        given = {"account": theirs, "person": await person(own)}
    answer = await own.do("rep1", side, **given)
    assert answer.codes == ["FORBIDDEN"]
    place = answer.json["errors"][0]["extensions"]["input"]
    assert place[-1] == "account"
