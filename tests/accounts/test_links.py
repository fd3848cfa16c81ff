"""Relations of accounts: parents without cycles, symmetric links, and account managers."""

from __future__ import annotations

from typing import Any

from tests.accounts.queries import errors, message, read
from tests.support.covers import covers
from tests.writes.client import TenantClient, public_id, uuid_of

LINKS = "{ account(id: $id) { links { nodes { id version note other { id } } } } }"


async def account(own: TenantClient, **params: Any) -> str:
    """An account of rep1."""
    return await own.done("rep1", "accountCreate", **{"name": own.name(), **params})


async def links(own: TenantClient, id: str, persona: str = "rep1") -> list[tuple[str, str | None]]:
    """The accounts that an account is linked to, with the notes."""
    nodes = (await read(own, persona, LINKS, id=id))["account"]["links"]["nodes"]
    return sorted((each["other"]["id"], each["note"]) for each in nodes)


async def link_of(own: TenantClient, id: str) -> str:
    """The id of the only link of an account."""
    [node] = (await read(own, "rep1", LINKS, id=id))["account"]["links"]["nodes"]
    return str(node["id"])


@covers("EP-190", "SMP-10", "SMP-11")
async def test_an_account_lists_its_sub_accounts(own: TenantClient) -> None:
    parent = await account(own)
    children = sorted([await account(own, parent=parent) for _ in "ab"])
    query = "{ account(id: $id) { parent { id } subAccounts { totalCount nodes { id parent { id } } } } }"
    shown = (await read(own, "support", query, id=parent))["account"]
    assert shown["parent"] is None
    assert sorted(each["id"] for each in shown["subAccounts"]["nodes"]) == children
    assert {each["parent"]["id"] for each in shown["subAccounts"]["nodes"]} == {parent}


@covers("EP-192", "SMP-12")
async def test_a_cycle_of_parent_accounts_is_refused(own: TenantClient) -> None:
    top = await account(own)
    middle = await account(own, parent=top)
    bottom = await account(own, parent=middle)
    for below in (top, middle, bottom):
        assert await errors(own, "rep1", "accountUpdate", id=top, parent=below) == [
            ("CYCLE", "parent")
        ]


@covers("EP-191", "EP-192")
async def test_a_link_is_listed_at_both_accounts(own: TenantClient) -> None:
    one, other = await account(own), await account(own)
    await own.done("rep1", "accountLinkCreate", account=one, other=other, note="partners")
    assert await links(own, one) == [(other, "partners")]
    assert await links(own, other) == [(one, "partners")]
    await own.done("rep1", "accountLinkUpdate", id=await link_of(own, other), note="rivals")
    assert await links(own, one) == [(other, "rivals")]
    assert await links(own, other) == [(one, "rivals")]
    await own.done("rep1", "accountLinkDelete", id=await link_of(own, other))
    assert await links(own, one) == await links(own, other) == []
    await own.done("rep1", "accountLinkCreate", account=other, other=one)
    assert await links(own, one) == [(other, None)]


@covers("EP-191")
async def test_an_account_is_created_with_its_links(own: TenantClient) -> None:
    one, other = await account(own), await account(own)
    made = await account(own, links=[{"other": one, "note": "a"}, {"other": other}])
    assert await links(own, made) == sorted([(one, "a"), (other, None)])
    assert await links(own, one) == [(made, "a")]


@covers("EP-192")
async def test_a_link_to_itself_and_a_duplicate_link_are_refused(own: TenantClient) -> None:
    one, other = await account(own), await account(own)
    assert await errors(own, "rep1", "accountLinkCreate", account=one, other=one) == [
        ("INVALID", "other")
    ]
    assert (await message(own, "rep1", "accountLinkCreate", account=one, other=one)).endswith(
        "Choose another account."
    )
    await own.done("rep1", "accountLinkCreate", account=one, other=other)
    for a, b in ((one, other), (other, one)):
        [(code, _)] = await errors(own, "rep1", "accountLinkCreate", account=a, other=b)
        assert code == "DUPLICATE"
    third = await account(own)
    pairs = [{"account": one, "other": third}, {"account": third, "other": one}]
    answer = await own.many("rep1", "accountLinkCreate", pairs)
    assert [(e["code"], e["path"]) for e in answer.data["done"]["userErrors"]] == [
        ("DUPLICATE", ["inputs", "1", "other"])
    ]
    assert await links(own, third) == []


@covers("EP-191", "EP-192")
async def test_both_records_of_a_link_are_changed_in_one_list(own: TenantClient) -> None:
    one, other = await account(own), await account(own)
    await own.done("rep1", "accountLinkCreate", account=one, other=other)
    ids = [await link_of(own, each) for each in (one, other)]
    differ = [{"id": id, "note": note} for id, note in zip(ids, "ab", strict=True)]
    answer = await own.many("rep1", "accountLinkUpdate", differ)
    assert {e["code"] for e in answer.data["done"]["userErrors"]} == {"INVALID"}
    answer = await own.many("rep1", "accountLinkUpdate", [{"id": id, "note": "c"} for id in ids])
    assert answer.data["done"]["userErrors"] == []
    assert await links(own, one) == [(other, "c")]
    answer = await own.many("rep1", "accountLinkDelete", [{"id": id} for id in ids])
    assert answer.data["done"]["userErrors"] == []
    assert await links(own, one) == await links(own, other) == []


@covers("EP-192")
async def test_links_are_deleted_and_restored_with_either_account(own: TenantClient) -> None:
    one, other = await account(own), await account(own)
    await own.done("rep1", "accountLinkCreate", account=one, other=other, note="a")
    await own.done("rep1", "accountDelete", id=other)
    assert await links(own, one) == []
    await own.done("rep1", "accountRestore", id=other)
    assert await links(own, one) == [(other, "a")]
    assert await links(own, other) == [(one, "a")]


@covers("EP-191", "D-34")
async def test_a_link_from_an_account_of_another_user_is_refused(own: TenantClient) -> None:
    mine = await account(own)
    theirs = await own.done("rep2", "accountCreate", name=own.name())
    answer = await own.do("rep1", "accountLinkCreate", account=theirs, other=mine)
    assert answer.codes == ["FORBIDDEN"]
    await own.done("rep1", "accountLinkCreate", account=mine, other=theirs)
    assert await links(own, theirs, "rep2") == [(mine, None)]


@covers("SMP-13", "SMP-15", "SMP-16")
async def test_active_and_inactive_users_can_be_account_managers(own: TenantClient) -> None:
    id = await account(own)
    query = "{ account(id: $id) { managers { nodes { id user { id active } } } } }"
    shown = (await read(own, "rep1", query, id=id))["account"]["managers"]["nodes"]
    assert shown == [], "no managers at first"
    active, inactive = [public_id("usr", await own.user(who)) for who in ("rep2", "on-leave")]
    made = await own.done("rep1", "accountManagerCreate", account=id, user=inactive)
    await own.done("rep1", "accountManagerCreate", account=id, user=active)
    shown = (await read(own, "rep1", query, id=id))["account"]["managers"]["nodes"]
    assert {each["user"]["id"]: each["user"]["active"] for each in shown} == {
        active: True,
        inactive: False,
    }
    [(code, _)] = await errors(own, "rep1", "accountManagerCreate", account=id, user=active)
    assert code == "DUPLICATE"
    await own.done("rep1", "accountManagerDelete", id=made)
    shown = (await read(own, "rep1", query, id=id))["account"]["managers"]["nodes"]
    assert [each["user"]["id"] for each in shown] == [active]


@covers("SMP-14")
async def test_an_employee_without_a_user_cannot_be_an_account_manager(own: TenantClient) -> None:
    id = await account(own)
    person = public_id("emp", await own.employee("region-north"))
    for unknown in (person, "usr_" + uuid_of(person).hex):
        answer = await own.do("rep1", "accountManagerCreate", account=id, user=unknown)
        assert answer.codes == ["NOT_FOUND"]


@covers("EP-170", "VPM-23")
async def test_accounts_are_filtered_by_manager_owner_and_industry(own: TenantClient) -> None:
    industry = await own.done("admin", "industryCreate", name=own.name())
    user, employee = (
        public_id("usr", await own.user("rep2")),
        public_id("emp", await own.employee("rep1")),
    )
    id = await account(own, keyAccount=True, industry=industry, managers=[{"user": user}])
    await account(own, keyAccount=False, industry=industry)
    await account(own, keyAccount=True)
    both = """{ accounts(filter: { keyAccount: { eq: true }, industry: { id: { eq: $industry } },
        managers: { some: { user: { id: { eq: $user } } } }, owner: { id: { eq: $owner } } }) {
      nodes { id industry { name } owner { name } } } }"""
    values = {"industry": industry, "user": user, "owner": employee}
    nodes = (await read(own, "manager", both, **values))["accounts"]["nodes"]
    assert [(each["id"], each["owner"]["name"]) for each in nodes] == [(id, "Priya Raman")]
    groups = """{ accountsAggregate(filter: { industry: { id: { eq: $i } } }, groupBy: [{ keyAccount: true }]) {
      groups { key { keyAccount } count } } }"""
    result = (await read(own, "manager", groups, i=industry))["accountsAggregate"]["groups"]
    assert sorted((e["key"]["keyAccount"], e["count"]) for e in result) == [(False, 1), (True, 1)]
