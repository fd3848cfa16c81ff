"""Accounts as records of customers and prospects: created, edited, classified, and shown with their related lists."""

from __future__ import annotations

from typing import Any

import pytest

from tests.accounts.queries import errors, read
from tests.support.covers import covers
from tests.writes.client import DONE, TenantClient, outcome_of, public_id

DATA: dict[str, Any] = {
    "name": "Brinkhorst Dairy",
    "number": "K-2001",
    "website": "https://brinkhorst.example",
    "email": "info@brinkhorst.example",
    "phone": "+31201234567",
    "registrationNumber": "12345678",
    "vatNumber": "NL004495445B01",
    "city": "Utrecht",
    "country": "NL",
    "employeeCount": 40,
    "keyAccount": True,
    "description": "Cheese, mostly",
    "invoiceName": "Brinkhorst Holding",
    "invoiceEmail": "invoices@brinkhorst.example",
    "documentDelivery": "EMAIL",
}
ADDRESS = {"street": "Kade", "houseNumber": "4", "postcode": "3511 AB", "city": "Utrecht"}
SOLD_TO = "{ opportunities: { some: { status: { eq: WON } } } }"
SEARCH = "query ($text: String!) { search(text: $text, types: [ACCOUNT]) { node { id } } }"


async def account(tenant: TenantClient, **params: Any) -> str:
    """A new account of rep1."""
    return await tenant.mutate("rep1", "accountCreate", **{"name": tenant.new_name(), **params})


async def win(tenant: TenantClient, account: str) -> None:
    """Makes a prospect a customer: rep1 wins an opportunity of the account."""
    opportunity = await tenant.opportunity("rep1", account=account)
    stage = await tenant.value("SELECT id FROM stage WHERE kind = 'WON'")
    await tenant.mutate("rep1", "opportunityMove", id=opportunity, stage=public_id("stg", stage))


async def people(tenant: TenantClient, account: str) -> list[Any]:
    """The persons at an account, ordered by last name."""
    query = """{ account(id: $id) { affiliations { nodes { function
      person { __typename gender firstName nameInfix lastName fullName email phone bornOn } } } } }"""
    nodes = (await read(tenant, "rep2", query, id=account))["account"]["affiliations"]["nodes"]
    return sorted(nodes, key=lambda each: str(each["person"]["lastName"]))


async def found(tenant: TenantClient, text: str) -> set[str]:
    """The ids of the accounts that a search returns."""
    hits = (await tenant.ask("rep1", SEARCH, {"text": text})).data["search"]
    return {each["node"]["id"] for each in hits}


@covers("VT-06")
async def test_an_account_keeps_its_customer_data_from_prospect_to_customer(
    tenant: TenantClient,
) -> None:
    """Winning an opportunity makes the account a customer and changes nothing else of it."""
    prospect, other = await account(tenant, **DATA, addresses=[ADDRESS]), await account(tenant)
    shown = f"{' '.join(DATA)} addresses {{ nodes {{ {' '.join(ADDRESS)} }} }}"
    query = f"""{{ account(id: $id) {{ {shown} }}
      customers: accounts(filter: {{ id: {{ eq: $id }}, and: [{SOLD_TO}] }}) {{ totalCount }}
      prospects: accounts(filter: {{ id: {{ eq: $id }}, not: {SOLD_TO} }}) {{ totalCount }} }}"""
    data = await read(tenant, "rep2", query, id=prospect)
    kept = {**DATA, "addresses": {"nodes": [ADDRESS]}}
    assert data["account"] == kept
    assert (data["customers"]["totalCount"], data["prospects"]["totalCount"]) == (0, 1)
    await win(tenant, prospect)
    data = await read(tenant, "rep1", query, id=prospect)
    assert data["account"] == kept
    assert (data["customers"]["totalCount"], data["prospects"]["totalCount"]) == (1, 0)
    data = await read(tenant, "rep1", query, id=other)
    assert (data["customers"]["totalCount"], data["prospects"]["totalCount"]) == (0, 1)


@covers("VT-07")
@pytest.mark.parametrize("customer", [False, True])
async def test_a_contact_is_a_natural_person_at_a_customer_or_prospect(
    tenant: TenantClient, customer: bool
) -> None:
    id, elsewhere = await account(tenant), await account(tenant)
    if customer:
        await win(tenant, id)
    anna = {
        "gender": "FEMALE", "firstName": "Anna", "nameInfix": "van der", "lastName": "Berg",
        "email": "anna@home.example", "phone": "+31612345678", "bornOn": "1980-02-29",
    }  # fmt: skip
    await tenant.mutate(
        "rep1", "personCreate", **anna, affiliations=[{"account": id, "function": "Buyer"}]
    )
    carl = await tenant.mutate("rep1", "personCreate", lastName="Carlsen")
    await tenant.mutate("rep1", "affiliationCreate", account=id, person=carl)
    first, second = await people(tenant, id)
    full = {"__typename": "Person", **anna, "fullName": "Anna van der Berg"}
    assert first == {"function": "Buyer", "person": full}
    assert second["person"]["lastName"] == "Carlsen"
    assert await people(tenant, elsewhere) == []
    some = "{ affiliations: { some: { account: { id: { eq: $id } } } } }"
    query = f"{{ persons(filter: {some}) {{ nodes {{ lastName }} }} }}"
    names = (await read(tenant, "rep2", query, id=id))["persons"]["nodes"]
    assert sorted(each["lastName"] for each in names) == ["Berg", "Carlsen"]


PARTS = """name city
  addresses { totalCount nodes { street } }
  affiliations { totalCount nodes { function person { lastName } } }
  subAccounts { totalCount nodes { name } }
  links { totalCount nodes { note other { name } } }
  managers { totalCount nodes { user { employee { name } } } }
  opportunities { totalCount nodes { name status } }
  relatedOpportunities { totalCount nodes { note opportunity { name } } }
  contracts { totalCount nodes { name currency } }
  cases { totalCount nodes { case { subject } } }
  activities { totalCount nodes { subject } }
  taggings { totalCount nodes { tag { name } } }
  history(filter: { field: { eq: "city" } }) { totalCount nodes { before after } }
"""
ONE = f"{{ account(id: $id) {{ {PARTS} }} }}"
ROWS = (
    f"{{ accounts(filter: {{ id: {{ in: [$id, $other] }} }}, first: 2) {{ nodes {{ {PARTS} }} }} }}"
)


async def with_related_records(tenant: TenantClient) -> str:
    """An account with a record in each of its related lists."""
    kind = await tenant.mutate("admin", "contractKindCreate", name=tenant.new_name())
    tag = await tenant.mutate("admin", "tagCreate", name="watched")
    person = await tenant.mutate("rep1", "personCreate", lastName="Berg")
    neighbor = await account(tenant, name="Neighbor")
    deal = await tenant.opportunity("rep1", account=neighbor, name="Theirs")
    id = await account(
        tenant,
        name="Centre",
        city="Delft",
        addresses=[{"street": "Kade"}],
        affiliations=[{"person": person, "function": "Buyer"}],
        links=[{"other": neighbor, "note": "supplies them"}],
        managers=[{"user": public_id("usr", await tenant.user_id("rep2"))}],
        relatedOpportunities=[{"opportunity": deal, "note": "advises"}],
        activities=[{"subject": "Call back"}],
        taggings=[{"tag": tag}],
    )
    await account(tenant, name="Branch", parent=id)
    await tenant.opportunity("rep1", account=id, name="Ours")
    owner = public_id("emp", await tenant.employee_id("rep1"))
    contract = {"name": "Service", "currency": "EUR", "account": id, "kind": kind, "owner": owner}
    await tenant.mutate("admin", "contractCreate", **contract)
    await tenant.mutate("rep1", "caseCreate", subject="Broken", accounts=[{"account": id}])
    await tenant.mutate("rep1", "accountUpdate", id=id, city="Leiden")
    return id


@covers("VT-38")
async def test_a_record_returns_its_fields_and_related_lists(tenant: TenantClient) -> None:
    id, lonely = await with_related_records(tenant), await account(tenant)
    shown = (await read(tenant, "rep1", ONE, id=id))["account"]
    lists = {name: part["nodes"] for name, part in shown.items() if isinstance(part, dict)}
    assert {name: part for name, part in shown.items() if name not in lists} == {
        "name": "Centre",
        "city": "Leiden",
    }
    assert lists == {
        "addresses": [{"street": "Kade"}],
        "affiliations": [{"function": "Buyer", "person": {"lastName": "Berg"}}],
        "subAccounts": [{"name": "Branch"}],
        "links": [{"note": "supplies them", "other": {"name": "Neighbor"}}],
        "managers": [{"user": {"employee": {"name": "Jonas Lindqvist"}}}],
        "opportunities": [{"name": "Ours", "status": "OPEN"}],
        "relatedOpportunities": [{"note": "advises", "opportunity": {"name": "Theirs"}}],
        "contracts": [{"name": "Service", "currency": "EUR"}],
        "cases": [{"case": {"subject": "Broken"}}],
        "activities": [{"subject": "Call back"}],
        "taggings": [{"tag": {"name": "watched"}}],
        "history": [{"before": "Delft", "after": "Leiden"}],
    }
    assert {part["totalCount"] for name, part in shown.items() if name in lists} == {1}
    empty = (await read(tenant, "rep1", ONE, id=lonely))["account"]
    assert {name: part["totalCount"] for name, part in empty.items() if name in lists} == (
        dict.fromkeys(lists, 0)
    )
    nodes = (await read(tenant, "rep1", ROWS, id=id, other=lonely))["accounts"]["nodes"]
    assert sorted(nodes, key=str) == sorted([shown, empty], key=str), "a list returns the same"
    theirs = (await read(tenant, "rep2", ONE, id=id))["account"]
    assert theirs["opportunities"]["nodes"] == [], "only records that the caller sees"
    assert theirs["addresses"] == shown["addresses"]


@covers("SMP-03")
async def test_an_account_is_created_after_a_search_or_directly(tenant: TenantClient) -> None:
    name = "Zilverling Optics"
    assert await found(tenant, "zilverling") == set()
    added = await tenant.mutate("rep1", "accountCreate", name=name, city="Hoorn")
    assert await found(tenant, "zilverling") == {added}
    directly = await tenant.mutate("rep1", "accountCreate", name=f"{name} North")
    assert await found(tenant, "zilverling") == {added, directly}
    assert await found(tenant, "zilverling north") == {directly}
    assert (
        outcome_of(await tenant.attempt("support", "accountCreate", name=f"{name} South"))
        == "FORBIDDEN"
    )
    assert await found(tenant, "zilverling") == {added, directly}


@covers("SMP-04")
async def test_an_edited_account_is_saved_and_not_locked(tenant: TenantClient) -> None:
    """After the change all users read the new values, and the next edit succeeds."""
    name = tenant.new_name()
    id = await account(tenant, name=name, city="Hoorn", phone="+31201234567")
    assert await found(tenant, name) >= {id}
    query = "{ account(id: $id) { version name city phone } }"
    opened = (await read(tenant, "rep1", query, id=id))["account"]
    edit = {"id": id, "version": opened["version"], "city": "Enkhuizen"}
    await tenant.mutate("rep1", "accountUpdate", **edit)
    saved = (await read(tenant, "support", query, id=id))["account"]
    assert saved == {**opened, "version": opened["version"] + 1, "city": "Enkhuizen"}
    await tenant.mutate("admin", "accountUpdate", id=id, version=saved["version"], phone=None)
    again = (await read(tenant, "rep1", query, id=id))["account"]
    assert again == {**saved, "version": saved["version"] + 1, "phone": None}
    changes = '{ account(id: $id) { history(filter: { field: { eq: "city" } }) { nodes { before after } } } }'
    entries = (await read(tenant, "rep1", changes, id=id))["account"]["history"]["nodes"]
    assert entries == [{"before": "Hoorn", "after": "Enkhuizen"}]
    stale = {"id": id, "version": opened["version"], "city": "Medemblik"}
    assert outcome_of(await tenant.attempt("admin", "accountUpdate", **stale)) == "CONFLICT"
    assert (await read(tenant, "rep1", query, id=id))["account"] == again


@covers("SMP-41")
@pytest.mark.parametrize(
    ("kind", "root", "record", "given"),
    [
        ("accountType", "accountTypes", "account", {"name": "One of these"}),
        ("personType", "personTypes", "person", {"lastName": "Berg"}),
    ],
)
async def test_relation_types_are_added_renamed_replaced_and_restored(
    tenant: TenantClient, kind: str, root: str, record: str, given: dict[str, str]
) -> None:
    async def names() -> set[str]:
        query = f"{{ {root}(first: 100) {{ nodes {{ name }} }} }}"
        return {each["name"] for each in (await tenant.ask("rep1", query)).data[root]["nodes"]}

    async def type_of(id: str) -> str:
        query = f"{{ {record}(id: $id) {{ type {{ name }} }} }}"
        return str((await read(tenant, "rep1", query, id=id))[record]["type"]["name"])

    assert outcome_of(await tenant.attempt("rep1", f"{kind}Create", name="Dealer")) == "FORBIDDEN"
    dealer = await tenant.mutate("admin", f"{kind}Create", name="Dealer")
    agent = await tenant.mutate("admin", f"{kind}Create", name="Agent")
    assert await names() >= {"Dealer", "Agent"}
    id = await tenant.mutate("rep1", f"{record}Create", **given, type=dealer)
    assert await type_of(id) == "Dealer"
    assert (
        outcome_of(await tenant.attempt("rep1", f"{kind}Update", id=dealer, name="Mine"))
        == "FORBIDDEN"
    )
    await tenant.mutate("admin", f"{kind}Update", id=dealer, name="Reseller")
    assert await type_of(id) == "Reseller"
    assert outcome_of(await tenant.attempt("admin", f"{kind}Delete", id=dealer)) == "IN_USE"
    assert (
        outcome_of(await tenant.attempt("admin", f"{kind}Delete", id=dealer, replaceWith=agent))
        == DONE
    )
    assert await type_of(id) == "Agent"
    assert "Reseller" not in await names()
    await tenant.mutate("admin", f"{kind}Restore", id=dealer)
    assert await names() >= {"Reseller", "Agent"}
    wrong = await errors(tenant, "admin", f"{kind}Create", name="")
    assert wrong == [("REQUIRED", "name")]
