"""Children of a record: exactly one head office after any change, a limit on their number, and what is restored with them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.covers import covers
from tests.writes.client import TenantClient, public_id, uuid_of

MANY = """mutation ($inputs: [AddressUpdateInput!]!, $all: Boolean) {
  done: addressUpdateMany(inputs: $inputs, allOrNone: $all) {
    results { address { id headOffice } } userErrors { code path }
  }
}"""
MOST = 250


async def account(tenant: TenantClient, count: int) -> tuple[str, list[str]]:
    """An account with this number of addresses, and their ids in the order of streets."""
    addresses = [{"street": f"{number:03}"} for number in range(count)]
    id = await tenant.mutate("admin", "accountCreate", name=tenant.new_name(), addresses=addresses)
    rows = await tenant.fetch(
        "SELECT id FROM address WHERE account_id = $1 ORDER BY street", uuid_of(id)
    )
    return id, [public_id("adr", row["id"]) for row in rows]


async def heads(tenant: TenantClient, id: str) -> list[str]:
    """The head offices of an account: exactly one is expected."""
    rows = await tenant.fetch(
        "SELECT id FROM address WHERE account_id = $1 AND head_office AND deleted_at IS NULL",
        uuid_of(id),
    )
    return [public_id("adr", row["id"]) for row in rows]


MOVES: dict[str, tuple[list[tuple[int, dict[str, Any]]], int]] = {
    "removed, then set": ([(0, {"headOffice": False}), (1, {"headOffice": True})], 1),
    "set, then removed": ([(1, {"headOffice": True}), (0, {"headOffice": False})], 1),
    "set, while the other is changed": ([(0, {"street": "x"}), (2, {"headOffice": True})], 2),
    "set on two": ([(1, {"headOffice": True}), (2, {"headOffice": True})], 2),
    "removed from all": ([(n, {"headOffice": False}) for n in range(3)], 0),
}


@covers("D-12", "D-36")
@pytest.mark.parametrize("all", [True, False])
@pytest.mark.parametrize("case", MOVES)
async def test_the_head_office_moves_within_one_list(
    tenant: TenantClient, case: str, all: bool
) -> None:
    id, addresses = await account(tenant, 3)
    assert await heads(tenant, id) == [addresses[0]]
    changes, head = MOVES[case]
    inputs = [{"id": addresses[number], **params} for number, params in changes]
    done = (await tenant.ask("admin", MANY, {"inputs": inputs, "all": all})).data["done"]
    assert done["userErrors"] == []
    assert await heads(tenant, id) == [addresses[head]]
    shown = {each["address"]["id"]: each["address"]["headOffice"] for each in done["results"]}
    assert shown == {address: address == addresses[head] for address in shown}


@covers("D-12", "D-33")
async def test_the_head_office_moves_between_root_fields_of_one_operation(
    tenant: TenantClient,
) -> None:
    id, addresses = await account(tenant, 2)
    query = """mutation ($a: AddressUpdateInput!, $b: AddressUpdateInput!, $c: RecordInput!) {
      one: addressUpdate(input: $a) { userErrors { code } }
      two: addressUpdate(input: $b) { userErrors { code } }
      three: addressDelete(input: $c) { userErrors { code } }
    }"""
    params = {
        "a": {"id": addresses[1], "headOffice": True},
        "b": {"id": addresses[0], "headOffice": True},
        "c": {"id": addresses[0]},
    }
    answer = await tenant.ask("admin", query, params)
    assert answer.data == {word: {"userErrors": []} for word in ("one", "two", "three")}
    assert await heads(tenant, id) == [addresses[1]]


async def full(tenant: TenantClient) -> tuple[str, list[str]]:
    """An account with the maximum number of addresses."""
    id, addresses = await account(tenant, MOST - 1)
    last = await tenant.mutate("admin", "addressCreate", account=id, street="last")
    return id, [*addresses, last]


@covers("D-12", "D-39")
async def test_an_account_has_at_most_250_addresses(tenant: TenantClient) -> None:
    id, addresses = await full(tenant)
    wrong = [{"code": "INVALID", "path": ["input"]}]
    more = await tenant.attempt("admin", "addressCreate", account=id, street="too many")
    assert more.data["done"]["userErrors"] == wrong
    await tenant.mutate("admin", "addressUpdate", id=addresses[7], headOffice=True)
    assert await heads(tenant, id) == [addresses[7]], "existing addresses can still be changed"
    await tenant.mutate("admin", "addressDelete", id=addresses[7])
    await tenant.mutate("admin", "addressCreate", account=id, street="in its place")
    back = await tenant.attempt("admin", "addressRestore", id=addresses[7])
    assert back.data["done"]["userErrors"] == wrong
    await tenant.mutate("admin", "addressDelete", id=addresses[8])
    await tenant.mutate("admin", "addressRestore", id=addresses[7])
    count = "SELECT count(*) FROM address WHERE account_id = $1 AND deleted_at IS NULL"
    assert await tenant.value(count, uuid_of(id)) == MOST
    await tenant.mutate("admin", "accountDelete", id=id)
    await tenant.mutate("admin", "accountRestore", id=id)
    assert await tenant.value(count, uuid_of(id)) == MOST


@covers("D-12", "D-39", "D-36")
async def test_addresses_of_one_list_are_counted_together(tenant: TenantClient) -> None:
    id, _ = await account(tenant, MOST - 1)
    inputs = [{"account": id, "street": street} for street in "ab"]
    both = await tenant.attempt_many("admin", "addressCreate", inputs)
    assert [each["path"][:2] for each in both.data["done"]["userErrors"]] == [
        ["inputs", "0"],
        ["inputs", "1"],
    ]
    other, _ = await account(tenant, 1)
    apart = [{"account": id, "street": "a"}, {"account": other, "street": "b"}]
    assert not (await tenant.attempt_many("admin", "addressCreate", apart)).data["done"][
        "userErrors"
    ]


async def live(tenant: TenantClient, table: str, column: str, id: str) -> int:
    """The number of children of a record that are not deleted."""
    count = f"SELECT count(*) FROM {table} WHERE {column} = $1 AND deleted_at IS NULL"  # noqa: S608 - names of ours
    return int(await tenant.value(count, uuid_of(id)))


async def test_a_restored_role_lacks_a_profile_that_was_deleted(tenant: TenantClient) -> None:
    kept_profile, removed = [
        await tenant.mutate("admin", "profileCreate", name=tenant.new_name()) for _ in "ab"
    ]
    profiles = [{"profile": kept_profile}, {"profile": removed}]
    role = await tenant.mutate("admin", "roleCreate", name=tenant.new_name(), profiles=profiles)
    await tenant.mutate("admin", "roleDelete", id=role)
    await tenant.mutate("admin", "profileDelete", id=removed)
    await tenant.mutate("admin", "roleRestore", id=role)
    assert await live(tenant, "role_profile", "role_id", role) == 1
    assert await live(tenant, "role_profile", "profile_id", kept_profile) == 1
    assert await live(tenant, "role_profile", "profile_id", removed) == 0
    await tenant.mutate("admin", "profileRestore", id=removed)
    assert await live(tenant, "role_profile", "profile_id", removed) == 0, (
        "it has to be assigned again"
    )
    await tenant.mutate("admin", "roleProfileCreate", role=role, profile=removed)


async def test_a_restored_opportunity_lacks_the_share_of_a_deleted_employee(
    tenant: TenantClient,
) -> None:
    stays, leaves = [
        await tenant.mutate(
            "admin", "employeeCreate", name=tenant.new_name(), email=f"{word}@b.example"
        )
        for word in ("stays", "leaves")
    ]
    id = await tenant.opportunity("rep1", shares=[{"employee": each} for each in (stays, leaves)])
    left_before = await tenant.mutate("admin", "employeeCreate", name="c", email="c@b.example")
    early = await tenant.mutate(
        "admin", "opportunityShareCreate", opportunity=id, employee=left_before
    )
    await tenant.mutate("admin", "opportunityShareDelete", id=early)
    await tenant.mutate("admin", "opportunityDelete", id=id)
    await tenant.mutate("admin", "employeeDelete", id=leaves)
    query = """mutation ($input: RecordInput!) {
      done: opportunityRestore(input: $input) { id opportunity { shares { nodes { employee { id } } } } userErrors { code } }
    }"""
    done = (await tenant.ask("admin", query, {"input": {"id": id}})).data["done"]
    assert done["userErrors"] == []
    assert done["opportunity"]["shares"]["nodes"] == [{"employee": {"id": stays}}]
    assert await live(tenant, "opportunity_share", "opportunity_id", id) == 1
