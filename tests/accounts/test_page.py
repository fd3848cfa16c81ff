"""The page of an account: its data and its opportunities, read, edited in place and created from there."""

from __future__ import annotations

from typing import Any

from tests.support.covers import covers
from tests.writes.client import TenantClient, outcome_of, public_id

LEAVES = """
{ __type(name: "Account") { fields { name type { kind ofType { kind } } } } }
"""
OPPORTUNITIES = """
opportunities(orderBy: [{ name: ASC }]) {
  totalCount
  aggregate { sum { amount { amount currency } } }
  nodes { id version name status amount { amount } owner { id } permissions { update delete } }
}
"""
PAGE = f"query ($id: ID!) {{ account(id: $id) {{ {OPPORTUNITIES} }} }}"
DATA: dict[str, Any] = {
    "name": "Ferrowick Foundry", "website": "https://ferrowick.example", "email": "info@ferrowick.example",
    "phone": "+31201234567", "registrationNumber": "12345678", "city": "Utrecht", "country": "NL",
    "employeeCount": 40, "keyAccount": True, "description": "Casts iron.", "invoiceName": "Ferrowick",
    "invoiceEmail": "pay@ferrowick.example", "senderEmail": "sales@acme.example",
    "documentDelivery": "EMAIL", "externalId": "erp-1",
}  # fmt: skip
OTHERS: dict[str, Any] = {
    "name": "Ferrowick", "website": "https://fer.example", "email": "new@fer.example",
    "phone": "+31207654321", "registrationNumber": "87654321", "city": "Delft", "country": "BE",
    "employeeCount": 41, "keyAccount": False, "description": "Casts bronze.", "invoiceName": "F",
    "invoiceEmail": "pay@fer.example", "senderEmail": "other@acme.example",
    "documentDelivery": "POST", "externalId": "erp-2",
}  # fmt: skip


def mutation(name: str, inner: str) -> str:
    """A mutation of an opportunity that returns the page of its account."""
    kind = name[0].upper() + name[1:]
    return f"""mutation ($input: {kind}Input!) {{ done: {name}(input: $input) {{
      userErrors {{ code }} opportunity {{ id {inner} }} }} }}"""


async def leaves(tenant: TenantClient) -> list[str]:
    """The scalar fields of an account in the contract."""
    fields = (await tenant.ask("rep1", LEAVES)).data["__type"]["fields"]
    kinds = {each["name"]: each["type"]["ofType"] or each["type"] for each in fields}
    return sorted(name for name, kind in kinds.items() if kind["kind"] in ("SCALAR", "ENUM"))


@covers("EP-197", "EP-185")
async def test_all_data_of_an_account_is_read_in_one_query_and_written_in_one_mutation(
    tenant: TenantClient,
) -> None:
    """Every field of the contract is returned, and each written value is read back."""
    names = await leaves(tenant)
    assert set(DATA) < set(names)
    query = f"query ($id: ID!) {{ account(id: $id) {{ {' '.join(names)} }} }}"
    id = await tenant.mutate("rep1", "accountCreate", **DATA)
    read = (await tenant.ask("rep1", query, {"id": id})).data["account"]
    assert {name: read[name] for name in DATA} == DATA
    assert read["id"] == id
    for name, value in OTHERS.items():
        await tenant.mutate("rep1", "accountUpdate", id=id, **{name: value})
    changed = (await tenant.ask("rep1", query, {"id": id})).data["account"]
    assert {name: changed[name] for name in OTHERS} == OTHERS
    assert changed["version"] == read["version"] + len(OTHERS)


@covers("EP-185")
async def test_an_account_is_deleted_and_restored(tenant: TenantClient) -> None:
    query = "query ($id: ID!) { account(id: $id) { name addresses { totalCount } } }"
    id = await tenant.mutate("rep1", "accountCreate", name="a", addresses=[{"city": "Delft"}])
    before = (await tenant.ask("rep1", query, {"id": id})).data["account"]
    assert before == {"name": "a", "addresses": {"totalCount": 1}}
    assert outcome_of(await tenant.attempt("rep2", "accountUpdate", id=id, name="b")) == "FORBIDDEN"
    assert outcome_of(await tenant.attempt("rep2", "accountDelete", id=id)) == "FORBIDDEN"
    await tenant.mutate("rep1", "accountDelete", id=id)
    assert (await tenant.ask("rep1", query, {"id": id})).data["account"] is None
    assert outcome_of(await tenant.attempt("rep1", "accountUpdate", id=id, name="b")) == "NOT_FOUND"
    await tenant.mutate("rep1", "accountRestore", id=id)
    assert (await tenant.ask("rep1", query, {"id": id})).data["account"] == before


@covers("EP-186", "EP-196")
async def test_opportunities_are_created_and_edited_on_the_page_of_an_account(
    tenant: TenantClient,
) -> None:
    """Each mutation returns the updated page in the same request."""
    id = await tenant.mutate("rep1", "accountCreate", name=tenant.new_name())
    beside = await tenant.mutate("rep1", "accountCreate", name=tenant.new_name())
    type = public_id("opt", await tenant.type_id("New business"))
    mine = {"account": id, "type": type, "currency": "EUR", "amount": "100", "name": "first"}
    create = mutation("opportunityCreate", f"account {{ id {OPPORTUNITIES} }}")
    made = (await tenant.ask("rep1", create, {"input": mine})).data["done"]
    assert made["userErrors"] == []
    page = made["opportunity"]["account"]
    assert page["id"] == id
    assert [each["name"] for each in page["opportunities"]["nodes"]] == ["first"]
    again = await tenant.ask("rep1", create, {"input": {**mine, "name": "second", "amount": "50"}})
    listed = again.data["done"]["opportunity"]["account"]["opportunities"]
    assert [each["name"] for each in listed["nodes"]] == ["first", "second"]
    [sum] = listed["aggregate"]["sum"]["amount"]
    assert sum == {"amount": "150.00", "currency": "EUR"}
    first, second = listed["nodes"]
    update = mutation("opportunityUpdate", f"account {{ {OPPORTUNITIES} }}")
    edited = {"id": first["id"], "version": first["version"], "name": "third", "amount": "75"}
    after = (await tenant.ask("rep1", update, {"input": edited})).data["done"]["opportunity"][
        "account"
    ]
    assert [(e["name"], e["amount"]["amount"]) for e in after["opportunities"]["nodes"]] == [
        ("second", "50.00"), ("third", "75.00"),
    ]  # fmt: skip
    assert after["opportunities"]["aggregate"]["sum"]["amount"][0]["amount"] == "125.00"
    assert after == (await tenant.ask("rep1", PAGE, {"id": id})).data["account"]
    stale = await tenant.ask("rep1", update, {"input": {**edited, "name": "fourth"}})
    assert outcome_of(stale) == "CONFLICT", "another user edited the row in between"
    other = (await tenant.ask("rep1", PAGE, {"id": beside})).data["account"]["opportunities"]
    assert other["totalCount"] == 0, "another account lists only its own"
    assert second["permissions"] == {"update": True, "delete": True}


@covers("EP-196")
async def test_the_page_of_an_account_lists_what_the_viewer_may_see_and_edit(
    tenant: TenantClient,
) -> None:
    id = await tenant.mutate("admin", "accountCreate", name=tenant.new_name())
    reps_opportunity = await tenant.opportunity("rep1", account=id, name="reps1")
    await tenant.opportunity("rep2", account=id, name="reps2")
    await tenant.mutate(
        "admin",
        "opportunityShareCreate",
        opportunity=reps_opportunity,
        employee=public_id("emp", await tenant.employee_id("rep2")),
    )
    for persona, seen in (
        ("manager", {"reps1": True, "reps2": True}),
        ("rep1", {"reps1": True}),
        ("rep2", {"reps1": False, "reps2": True}),
        ("limited", {}),
    ):
        page = (await tenant.ask(persona, PAGE, {"id": id})).data["account"]["opportunities"]
        assert {e["name"]: e["permissions"]["update"] for e in page["nodes"]} == seen, persona
        assert page["totalCount"] == len(seen)
