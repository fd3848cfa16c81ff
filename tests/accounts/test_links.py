"""Relations of accounts: parents without cycles, symmetric links, and account managers."""

from __future__ import annotations

from typing import Any

from tests.accounts.queries import errors, message, read
from tests.support.covers import covers
from tests.writes.client import TenantClient, public_id, uuid_of

LINKS = "{ account(id: $id) { links { nodes { id version note other { id } } } } }"


async def account(tenant: TenantClient, **params: Any) -> str:
    """An account of rep1."""
    return await tenant.mutate("rep1", "accountCreate", **{"name": tenant.new_name(), **params})


async def links(
    tenant: TenantClient, id: str, persona: str = "rep1"
) -> list[tuple[str, str | None]]:
    """The accounts that an account is linked to, with the notes."""
    nodes = (await read(tenant, persona, LINKS, id=id))["account"]["links"]["nodes"]
    return sorted((each["other"]["id"], each["note"]) for each in nodes)


async def link_of(tenant: TenantClient, id: str) -> str:
    """The id of the only link of an account."""
    [node] = (await read(tenant, "rep1", LINKS, id=id))["account"]["links"]["nodes"]
    return str(node["id"])


@covers("EP-190", "SMP-10", "SMP-11")
async def test_an_account_lists_its_sub_accounts(tenant: TenantClient) -> None:
    parent = await account(tenant)
    children = sorted([await account(tenant, parent=parent) for _ in "ab"])
    query = "{ account(id: $id) { parent { id } subAccounts { totalCount nodes { id parent { id } } } } }"
    shown = (await read(tenant, "support", query, id=parent))["account"]
    assert shown["parent"] is None
    assert sorted(each["id"] for each in shown["subAccounts"]["nodes"]) == children
    assert {each["parent"]["id"] for each in shown["subAccounts"]["nodes"]} == {parent}


@covers("EP-192", "SMP-12")
async def test_a_cycle_of_parent_accounts_is_refused(tenant: TenantClient) -> None:
    top = await account(tenant)
    middle = await account(tenant, parent=top)
    bottom = await account(tenant, parent=middle)
    for below in (top, middle, bottom):
        assert await errors(tenant, "rep1", "accountUpdate", id=top, parent=below) == [
            ("CYCLE", "parent")
        ]


@covers("EP-191", "EP-192")
async def test_a_link_is_listed_at_both_accounts(tenant: TenantClient) -> None:
    one, other = await account(tenant), await account(tenant)
    await tenant.mutate("rep1", "accountLinkCreate", account=one, other=other, note="partners")
    assert await links(tenant, one) == [(other, "partners")]
    assert await links(tenant, other) == [(one, "partners")]
    await tenant.mutate("rep1", "accountLinkUpdate", id=await link_of(tenant, other), note="rivals")
    assert await links(tenant, one) == [(other, "rivals")]
    assert await links(tenant, other) == [(one, "rivals")]
    await tenant.mutate("rep1", "accountLinkDelete", id=await link_of(tenant, other))
    assert await links(tenant, one) == await links(tenant, other) == []
    await tenant.mutate("rep1", "accountLinkCreate", account=other, other=one)
    assert await links(tenant, one) == [(other, None)]


@covers("EP-191")
async def test_an_account_is_created_with_its_links(tenant: TenantClient) -> None:
    one, other = await account(tenant), await account(tenant)
    made = await account(tenant, links=[{"other": one, "note": "a"}, {"other": other}])
    assert await links(tenant, made) == sorted([(one, "a"), (other, None)])
    assert await links(tenant, one) == [(made, "a")]


@covers("EP-192")
async def test_a_link_to_itself_and_a_duplicate_link_are_refused(tenant: TenantClient) -> None:
    one, other = await account(tenant), await account(tenant)
    assert await errors(tenant, "rep1", "accountLinkCreate", account=one, other=one) == [
        ("INVALID", "other")
    ]
    assert (await message(tenant, "rep1", "accountLinkCreate", account=one, other=one)).endswith(
        "Choose another account."
    )
    await tenant.mutate("rep1", "accountLinkCreate", account=one, other=other)
    for a, b in ((one, other), (other, one)):
        [(code, _)] = await errors(tenant, "rep1", "accountLinkCreate", account=a, other=b)
        assert code == "DUPLICATE"
    third = await account(tenant)
    pairs = [{"account": one, "other": third}, {"account": third, "other": one}]
    answer = await tenant.attempt_many("rep1", "accountLinkCreate", pairs)
    assert [(e["code"], e["path"]) for e in answer.data["done"]["userErrors"]] == [
        ("DUPLICATE", ["inputs", "1", "other"])
    ]
    assert await links(tenant, third) == []


@covers("EP-191", "EP-192")
async def test_both_records_of_a_link_are_changed_in_one_list(tenant: TenantClient) -> None:
    one, other = await account(tenant), await account(tenant)
    await tenant.mutate("rep1", "accountLinkCreate", account=one, other=other)
    ids = [await link_of(tenant, each) for each in (one, other)]
    differ = [{"id": id, "note": note} for id, note in zip(ids, "ab", strict=True)]
    answer = await tenant.attempt_many("rep1", "accountLinkUpdate", differ)
    assert {e["code"] for e in answer.data["done"]["userErrors"]} == {"INVALID"}
    answer = await tenant.attempt_many(
        "rep1", "accountLinkUpdate", [{"id": id, "note": "c"} for id in ids]
    )
    assert answer.data["done"]["userErrors"] == []
    assert await links(tenant, one) == [(other, "c")]
    answer = await tenant.attempt_many("rep1", "accountLinkDelete", [{"id": id} for id in ids])
    assert answer.data["done"]["userErrors"] == []
    assert await links(tenant, one) == await links(tenant, other) == []


@covers("EP-192")
async def test_links_are_deleted_and_restored_with_either_account(tenant: TenantClient) -> None:
    one, other = await account(tenant), await account(tenant)
    await tenant.mutate("rep1", "accountLinkCreate", account=one, other=other, note="a")
    await tenant.mutate("rep1", "accountDelete", id=other)
    assert await links(tenant, one) == []
    await tenant.mutate("rep1", "accountRestore", id=other)
    assert await links(tenant, one) == [(other, "a")]
    assert await links(tenant, other) == [(one, "a")]


@covers("EP-191", "D-34")
async def test_a_link_from_an_account_of_another_user_is_refused(tenant: TenantClient) -> None:
    mine = await account(tenant)
    theirs = await tenant.mutate("rep2", "accountCreate", name=tenant.new_name())
    answer = await tenant.attempt("rep1", "accountLinkCreate", account=theirs, other=mine)
    assert answer.codes == ["FORBIDDEN"]
    await tenant.mutate("rep1", "accountLinkCreate", account=mine, other=theirs)
    assert await links(tenant, theirs, "rep2") == [(mine, None)]


@covers("SMP-13", "SMP-15", "SMP-16")
async def test_active_and_inactive_users_can_be_account_managers(tenant: TenantClient) -> None:
    id = await account(tenant)
    query = "{ account(id: $id) { managers { nodes { id user { id active } } } } }"
    shown = (await read(tenant, "rep1", query, id=id))["account"]["managers"]["nodes"]
    assert shown == [], "no managers at first"
    active, inactive = [public_id("usr", await tenant.user_id(who)) for who in ("rep2", "on-leave")]
    made = await tenant.mutate("rep1", "accountManagerCreate", account=id, user=inactive)
    await tenant.mutate("rep1", "accountManagerCreate", account=id, user=active)
    shown = (await read(tenant, "rep1", query, id=id))["account"]["managers"]["nodes"]
    assert {each["user"]["id"]: each["user"]["active"] for each in shown} == {
        active: True,
        inactive: False,
    }
    [(code, _)] = await errors(tenant, "rep1", "accountManagerCreate", account=id, user=active)
    assert code == "DUPLICATE"
    await tenant.mutate("rep1", "accountManagerDelete", id=made)
    shown = (await read(tenant, "rep1", query, id=id))["account"]["managers"]["nodes"]
    assert [each["user"]["id"] for each in shown] == [active]


@covers("SMP-14")
async def test_an_employee_without_a_user_cannot_be_an_account_manager(
    tenant: TenantClient,
) -> None:
    id = await account(tenant)
    person = public_id("emp", await tenant.employee_id("region-north"))
    for unknown in (person, "usr_" + uuid_of(person).hex):
        answer = await tenant.attempt("rep1", "accountManagerCreate", account=id, user=unknown)
        assert answer.codes == ["NOT_FOUND"]


@covers("EP-170", "VPM-23")
async def test_accounts_are_filtered_by_manager_owner_and_industry(tenant: TenantClient) -> None:
    industry = await tenant.mutate("admin", "industryCreate", name=tenant.new_name())
    user, employee = (
        public_id("usr", await tenant.user_id("rep2")),
        public_id("emp", await tenant.employee_id("rep1")),
    )
    id = await account(tenant, keyAccount=True, industry=industry, managers=[{"user": user}])
    await account(tenant, keyAccount=False, industry=industry)
    await account(tenant, keyAccount=True)
    both = """{ accounts(filter: { keyAccount: { eq: true }, industry: { id: { eq: $industry } },
        managers: { some: { user: { id: { eq: $user } } } }, owner: { id: { eq: $owner } } }) {
      nodes { id industry { name } owner { name } } } }"""
    values = {"industry": industry, "user": user, "owner": employee}
    nodes = (await read(tenant, "manager", both, **values))["accounts"]["nodes"]
    assert [(each["id"], each["owner"]["name"]) for each in nodes] == [(id, "Priya Raman")]
    groups = """{ accountsAggregate(filter: { industry: { id: { eq: $i } } }, groupBy: [{ keyAccount: true }]) {
      groups { key { keyAccount } count } } }"""
    result = (await read(tenant, "manager", groups, i=industry))["accountsAggregate"]["groups"]
    assert sorted((e["key"]["keyAccount"], e["count"]) for e in result) == [(False, 1), (True, 1)]
