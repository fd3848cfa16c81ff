"""Tags on records that the caller may edit, tag counts of visible records, and private favorites."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases.client import CaseClient, wrong
from tests.support.covers import covers
from tests.writes.client import DONE, TenantClient, outcome_of, public_id, uuid_of

CLOUD = """query ($tags: [ID!]!) {
  tags(filter: {id: {in: $tags} taggings: {some: {}}}) { nodes {
    name color taggings { totalCount nodes { opportunity { id } account { id } } }
  } }
}"""
MINE = """query ($accounts: [ID!]!) {
  accounts(filter: {id: {in: $accounts} favorites: {some: {}}}) { nodes { id } totalCount }
  favorites(filter: {account: {id: {in: $accounts}}}) { totalCount }
  viewer { favorites(filter: {account: {id: {in: $accounts}}}) { nodes { account { id } user { id } } } }
}"""


async def tag(tenant: TenantClient, **params: Any) -> str:
    """Create a tag."""
    return await tenant.mutate("admin", "tagCreate", name=tenant.new_name(), **params)


@covers("VT-34")
async def test_records_of_all_types_are_tagged(client: CaseClient) -> None:
    tenant, urgent, account = (
        client.tenant,
        await tag(client.tenant, color="#3b82f6"),
        await client.account(),
    )
    records = {
        "account": account,
        "person": await tenant.mutate("admin", "personCreate", lastName="B"),
        "product": await tenant.mutate(
            "admin", "productCreate", name=tenant.new_name(), currency="EUR"
        ),
        "opportunity": await tenant.opportunity("rep1", account=account),
        "contract": await client.contract(account),
        "case": await client.case(account),
    }
    for name, id in records.items():
        tagging = await tenant.mutate("admin", "taggingCreate", tag=urgent, **{name: id})
        twice = await tenant.attempt("admin", "taggingCreate", tag=urgent, **{name: id})
        assert wrong(twice)[0][0] == "DUPLICATE", name
        query = (
            f"query ($id: ID!) {{ {name}(id: $id) {{ taggings {{ nodes {{ tag {{ id }} }} }} }} }}"
        )
        data = (await tenant.ask("admin", query, {"id": id})).data[name]["taggings"]["nodes"]
        assert data == [{"tag": {"id": urgent}}]
        await tenant.mutate("admin", "taggingDelete", id=tagging)
        await tenant.mutate("admin", "taggingCreate", tag=urgent, **{name: id})
    urgent, two = await tag(tenant), {"account": account, "case": records["case"]}
    assert wrong(await tenant.attempt("admin", "taggingCreate", tag=urgent, **two)) == [
        ("INVALID", "case")
    ]
    assert wrong(await tenant.attempt("admin", "taggingCreate", tag=urgent)) == [
        ("INVALID", "input")
    ]
    await tenant.mutate("rep1", "taggingCreate", tag=urgent, account=account)
    data = await tenant.ask(
        "rep1",
        "query ($t: ID!) { accounts(filter: {taggings: {some: {tag: {id: {eq: $t}}}}}) { nodes { id } } }",
        {"t": urgent},
    )
    assert data.data["accounts"]["nodes"] == [{"id": account}]


@covers("VT-34")
async def test_tag_cloud_counts_and_lists_the_records_of_each_tag_that_the_caller_sees(
    client: CaseClient,
) -> None:
    tenant, tags = client.tenant, [await tag(client.tenant) for _ in "abc"]
    account = await client.account()
    mine = [await tenant.opportunity("rep1", account=account) for _ in "ab"]
    theirs = await tenant.opportunity("rep2", account=account)
    for id in mine:
        await tenant.mutate("rep1", "taggingCreate", tag=tags[0], opportunity=id)
    await tenant.mutate("rep1", "taggingCreate", tag=tags[1], account=account)
    await tenant.mutate("rep2", "taggingCreate", tag=tags[0], opportunity=theirs)
    await tenant.mutate("rep2", "taggingCreate", tag=tags[2], opportunity=theirs)
    names = [(await tenant.row("tag", each))["name"] for each in tags]
    tagged = {}
    for persona in ("admin", "rep1", "rep2"):
        data = (await tenant.ask(persona, CLOUD, {"tags": tags})).data["tags"]["nodes"]
        tagged[persona] = {each["name"]: _records(each["taggings"]) for each in data}
    one, two, three = names
    assert tagged == {
        "admin": {one: {*mine, theirs}, two: {account}, three: {theirs}},
        "rep1": {one: {*mine}, two: {account}},
        "rep2": {one: {theirs}, two: {account}, three: {theirs}},
    }


def _records(taggings: dict[str, Any]) -> set[str]:
    """IDs of the records with a tag, as many as its `totalCount`."""
    records = {link["id"] for each in taggings["nodes"] for link in each.values() if link}
    assert taggings["totalCount"] == len(records)
    return records


@covers("VT-34", "D-11")
async def test_tag_in_use_is_deleted_only_with_a_replacement(client: CaseClient) -> None:
    tenant, old, new = client.tenant, await tag(client.tenant), await tag(client.tenant)
    account, both = await client.account(), await client.account()
    for id in (account, both):
        await tenant.mutate("rep1", "taggingCreate", tag=old, account=id)
    await tenant.mutate("rep1", "taggingCreate", tag=new, account=both)
    assert wrong(await tenant.attempt("admin", "tagDelete", id=old)) == [("IN_USE", "id")]
    await tenant.mutate("admin", "tagDelete", id=old, replaceWith=new)
    count = "SELECT count(*) FROM tagging WHERE tag_id = $1 AND deleted_at IS NULL"
    assert await tenant.value(count, uuid_of(new)) == 2, "no record has the tag twice"
    assert outcome_of(await tenant.attempt("rep1", "tagDelete", id=new)) == "FORBIDDEN"
    wrong_color = await tenant.attempt("admin", "tagUpdate", id=new, color="red")
    assert wrong(wrong_color) == [("INVALID", "color")]


@covers("VT-34", "D-34")
async def test_tagging_requires_the_right_to_edit_the_record(client: CaseClient) -> None:
    tenant, new_tag, account = client.tenant, await tag(client.tenant), await client.account()
    outcomes = {
        persona: outcome_of(
            await tenant.attempt(persona, "taggingCreate", tag=new_tag, account=account)
        )
        for persona in ("rep2", "support", "limited", "rep1")
    }
    refused = dict.fromkeys(("rep2", "support", "limited"), "FORBIDDEN")
    assert outcomes == {**refused, "rep1": DONE}


@covers("EP-180")
async def test_favorites_filter_accounts_per_user(client: CaseClient) -> None:
    tenant, accounts = client.tenant, [await client.account() for _ in "ab"]
    personas = {"rep1": accounts, "rep2": accounts[1:], "support": accounts[:1], "admin": []}
    for persona, expected in personas.items():
        for account in expected:
            await tenant.mutate(persona, "favoriteCreate", account=account)
    for persona, expected in personas.items():
        data = (await tenant.ask(persona, MINE, {"accounts": accounts})).data
        assert {each["id"] for each in data["accounts"]["nodes"]} == set(expected), persona
        assert data["accounts"]["totalCount"] == data["favorites"]["totalCount"] == len(expected)
        me = {"id": public_id("usr", await tenant.user_id(persona))}
        mine = data["viewer"]["favorites"]["nodes"]
        assert all(each["user"] == me for each in mine)
        assert {each["account"]["id"] for each in mine} == set(expected)
    twice = await tenant.attempt("rep1", "favoriteCreate", account=accounts[0])
    assert wrong(twice)[0][0] == "DUPLICATE"


@covers("EP-180")
@pytest.mark.parametrize("name", ["account", "person", "opportunity", "contract", "case"])
async def test_each_favorite_is_unique_per_user_and_record(client: CaseClient, name: str) -> None:
    tenant, account = client.tenant, await client.account()
    if name == "account":
        id = account
    elif name == "person":
        id = await tenant.mutate("admin", "personCreate", lastName="B")
    elif name == "contract":
        id = await client.contract(account)
    elif name == "case":
        id = await client.case(account)
    else:
        id = await tenant.opportunity("rep1", account=account)
    favorite = await tenant.mutate("admin", "favoriteCreate", **{name: id})
    assert (await tenant.row("favorite", favorite))["user_id"] == await tenant.user_id("admin")
    twice = await tenant.attempt("admin", "favoriteCreate", **{name: id})
    assert wrong(twice) == [("DUPLICATE", name)]
    await tenant.mutate("admin", "favoriteDelete", id=favorite)
    await tenant.mutate("admin", "favoriteCreate", **{name: id})


@covers("EP-180", "D-32")
async def test_favorites_are_visible_to_their_user_only(client: CaseClient) -> None:
    """Administrators do not see them either, and a favorite does not prevent the deletion of its record."""
    tenant, account = client.tenant, await client.account()
    favorite = await tenant.mutate("rep2", "favoriteCreate", account=account)
    for persona in ("admin", "rep1", "support", "limited"):
        query = """query ($id: ID!) {
          favorite(id: $id) { id } node(id: $id) { id }
          favorites(filter: {id: {eq: $id}}) { totalCount }
        }"""
        data = (await tenant.ask(persona, query, {"id": favorite})).data
        assert data == {"favorite": None, "node": None, "favorites": {"totalCount": 0}}
        assert (
            outcome_of(await tenant.attempt(persona, "favoriteDelete", id=favorite)) == "NOT_FOUND"
        ), persona
    forged = "mutation ($i: FavoriteCreateInput!) { favoriteCreate(input: $i) { id } }"
    user = public_id("usr", await tenant.user_id("rep1"))
    answer = await tenant.ask("admin", forged, {"i": {"account": account, "user": user}})
    assert answer.codes == ["BAD_USER_INPUT"]
    await tenant.mutate("admin", "accountDelete", id=account)
    await tenant.mutate("admin", "accountRestore", id=account)
    await tenant.mutate("rep2", "favoriteDelete", id=favorite)


@covers("EP-180", "D-11")
async def test_favorites_survive_deletion_and_restore_of_their_user(client: CaseClient) -> None:
    tenant, user = client.tenant, public_id("usr", await client.tenant.user_id("rep2"))
    favorite = await tenant.mutate("rep2", "favoriteCreate", account=await client.account())
    query = "query ($id: ID!) { user(id: $id) { managedAccounts { nodes { id } } } }"
    managed = (await tenant.ask("admin", query, {"id": user})).data["user"]["managedAccounts"][
        "nodes"
    ]
    for each in managed:  # managed accounts prevent the deletion of a user
        await tenant.mutate("admin", "accountManagerDelete", id=each["id"])
    await tenant.mutate("admin", "userDelete", id=user)
    await tenant.mutate("admin", "userRestore", id=user)
    await tenant.drop_token("rep2")
    data = (await tenant.ask("rep2", "{ favorites { nodes { id } } }")).data
    assert favorite in [each["id"] for each in data["favorites"]["nodes"]]
