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


async def account(own: TenantClient, **params: Any) -> str:
    """A new account of rep1."""
    return await own.done("rep1", "accountCreate", **{"name": own.name(), **params})


async def win(own: TenantClient, account: str) -> None:
    """Makes a prospect a customer: rep1 wins an opportunity of the account."""
    opportunity = await own.opportunity("rep1", account=account)
    stage = await own.value("SELECT id FROM stage WHERE kind = 'WON'")
    await own.done("rep1", "opportunityMove", id=opportunity, stage=public_id("stg", stage))


async def people(own: TenantClient, account: str) -> list[Any]:
    """The persons at an account, ordered by last name."""
    query = """{ account(id: $id) { affiliations { nodes { function
      person { __typename gender firstName nameInfix lastName fullName email phone bornOn } } } } }"""
    nodes = (await read(own, "rep2", query, id=account))["account"]["affiliations"]["nodes"]
    return sorted(nodes, key=lambda each: str(each["person"]["lastName"]))


async def found(own: TenantClient, text: str) -> set[str]:
    """The ids of the accounts that a search returns."""
    hits = (await own.ask("rep1", SEARCH, {"text": text})).data["search"]
    return {each["node"]["id"] for each in hits}


@covers("VT-06")
async def test_an_account_keeps_its_customer_data_from_prospect_to_customer(
    own: TenantClient,
) -> None:
    """Winning an opportunity makes the account a customer and changes nothing else of it."""
    prospect, other = await account(own, **DATA, addresses=[ADDRESS]), await account(own)
    shown = f"{' '.join(DATA)} addresses {{ nodes {{ {' '.join(ADDRESS)} }} }}"
    query = f"""{{ account(id: $id) {{ {shown} }}
      customers: accounts(filter: {{ id: {{ eq: $id }}, and: [{SOLD_TO}] }}) {{ totalCount }}
      prospects: accounts(filter: {{ id: {{ eq: $id }}, not: {SOLD_TO} }}) {{ totalCount }} }}"""
    data = await read(own, "rep2", query, id=prospect)
    kept = {**DATA, "addresses": {"nodes": [ADDRESS]}}
    assert data["account"] == kept
    assert (data["customers"]["totalCount"], data["prospects"]["totalCount"]) == (0, 1)
    await win(own, prospect)
    data = await read(own, "rep1", query, id=prospect)
    assert data["account"] == kept
    assert (data["customers"]["totalCount"], data["prospects"]["totalCount"]) == (1, 0)
    data = await read(own, "rep1", query, id=other)
    assert (data["customers"]["totalCount"], data["prospects"]["totalCount"]) == (0, 1)


@covers("VT-07")
@pytest.mark.parametrize("customer", [False, True])
async def test_a_contact_is_a_natural_person_at_a_customer_or_prospect(
    own: TenantClient, customer: bool
) -> None:
    id, elsewhere = await account(own), await account(own)
    if customer:
        await win(own, id)
    anna = {
        "gender": "FEMALE", "firstName": "Anna", "nameInfix": "van der", "lastName": "Berg",
        "email": "anna@home.example", "phone": "+31612345678", "bornOn": "1980-02-29",
    }  # fmt: skip
    await own.done(
        "rep1", "personCreate", **anna, affiliations=[{"account": id, "function": "Buyer"}]
    )
    carl = await own.done("rep1", "personCreate", lastName="Carlsen")
    await own.done("rep1", "affiliationCreate", account=id, person=carl)
    first, second = await people(own, id)
    full = {"__typename": "Person", **anna, "fullName": "Anna van der Berg"}
    assert first == {"function": "Buyer", "person": full}
    assert second["person"]["lastName"] == "Carlsen"
    assert await people(own, elsewhere) == []
    some = "{ affiliations: { some: { account: { id: { eq: $id } } } } }"
    query = f"{{ persons(filter: {some}) {{ nodes {{ lastName }} }} }}"
    names = (await read(own, "rep2", query, id=id))["persons"]["nodes"]
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


async def with_related_records(own: TenantClient) -> str:
    """An account with a record in each of its related lists."""
    kind = await own.done("admin", "contractKindCreate", name=own.name())
    tag = await own.done("admin", "tagCreate", name="watched")
    person = await own.done("rep1", "personCreate", lastName="Berg")
    neighbor = await account(own, name="Neighbor")
    deal = await own.opportunity("rep1", account=neighbor, name="Theirs")
    id = await account(
        own,
        name="Centre",
        city="Delft",
        addresses=[{"street": "Kade"}],
        affiliations=[{"person": person, "function": "Buyer"}],
        links=[{"other": neighbor, "note": "supplies them"}],
        managers=[{"user": public_id("usr", await own.user("rep2"))}],
        relatedOpportunities=[{"opportunity": deal, "note": "advises"}],
        activities=[{"subject": "Call back"}],
        taggings=[{"tag": tag}],
    )
    await account(own, name="Branch", parent=id)
    await own.opportunity("rep1", account=id, name="Ours")
    owner = public_id("emp", await own.employee("rep1"))
    contract = {"name": "Service", "currency": "EUR", "account": id, "kind": kind, "owner": owner}
    await own.done("admin", "contractCreate", **contract)
    await own.done("rep1", "caseCreate", subject="Broken", accounts=[{"account": id}])
    await own.done("rep1", "accountUpdate", id=id, city="Leiden")
    return id


@covers("VT-38")
async def test_a_record_returns_its_fields_and_related_lists(own: TenantClient) -> None:
    id, lonely = await with_related_records(own), await account(own)
    shown = (await read(own, "rep1", ONE, id=id))["account"]
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
    empty = (await read(own, "rep1", ONE, id=lonely))["account"]
    assert {name: part["totalCount"] for name, part in empty.items() if name in lists} == (
        dict.fromkeys(lists, 0)
    )
    nodes = (await read(own, "rep1", ROWS, id=id, other=lonely))["accounts"]["nodes"]
    assert sorted(nodes, key=str) == sorted([shown, empty], key=str), "a list returns the same"
    theirs = (await read(own, "rep2", ONE, id=id))["account"]
    assert theirs["opportunities"]["nodes"] == [], "only records that the caller sees"
    assert theirs["addresses"] == shown["addresses"]


@covers("SMP-03")
async def test_an_account_is_created_after_a_search_or_directly(own: TenantClient) -> None:
    name = "Zilverling Optics"
    assert await found(own, "zilverling") == set()
    added = await own.done("rep1", "accountCreate", name=name, city="Hoorn")
    assert await found(own, "zilverling") == {added}
    directly = await own.done("rep1", "accountCreate", name=f"{name} North")
    assert await found(own, "zilverling") == {added, directly}
    assert await found(own, "zilverling north") == {directly}
    assert outcome_of(await own.do("support", "accountCreate", name=f"{name} South")) == "FORBIDDEN"
    assert await found(own, "zilverling") == {added, directly}


@covers("SMP-04")
async def test_an_edited_account_is_saved_and_not_locked(own: TenantClient) -> None:
    """After the change all users read the new values, and the next edit succeeds."""
    name = own.name()
    id = await account(own, name=name, city="Hoorn", phone="+31201234567")
    assert await found(own, name) >= {id}
    query = "{ account(id: $id) { version name city phone } }"
    opened = (await read(own, "rep1", query, id=id))["account"]
    edit = {"id": id, "version": opened["version"], "city": "Enkhuizen"}
    await own.done("rep1", "accountUpdate", **edit)
    saved = (await read(own, "support", query, id=id))["account"]
    assert saved == {**opened, "version": opened["version"] + 1, "city": "Enkhuizen"}
    await own.done("admin", "accountUpdate", id=id, version=saved["version"], phone=None)
    again = (await read(own, "rep1", query, id=id))["account"]
    assert again == {**saved, "version": saved["version"] + 1, "phone": None}
    changes = '{ account(id: $id) { history(filter: { field: { eq: "city" } }) { nodes { before after } } } }'
    entries = (await read(own, "rep1", changes, id=id))["account"]["history"]["nodes"]
    assert entries == [{"before": "Hoorn", "after": "Enkhuizen"}]
    stale = {"id": id, "version": opened["version"], "city": "Medemblik"}
    assert outcome_of(await own.do("admin", "accountUpdate", **stale)) == "CONFLICT"
    assert (await read(own, "rep1", query, id=id))["account"] == again


@covers("SMP-41")
@pytest.mark.parametrize(
    ("kind", "root", "record", "given"),
    [
        ("accountType", "accountTypes", "account", {"name": "One of these"}),
        ("personType", "personTypes", "person", {"lastName": "Berg"}),
    ],
)
async def test_relation_types_are_added_renamed_replaced_and_restored(
    own: TenantClient, kind: str, root: str, record: str, given: dict[str, str]
) -> None:
    async def names() -> set[str]:
        query = f"{{ {root}(first: 100) {{ nodes {{ name }} }} }}"
        return {each["name"] for each in (await own.ask("rep1", query)).data[root]["nodes"]}

    async def type_of(id: str) -> str:
        query = f"{{ {record}(id: $id) {{ type {{ name }} }} }}"
        return str((await read(own, "rep1", query, id=id))[record]["type"]["name"])

    assert outcome_of(await own.do("rep1", f"{kind}Create", name="Dealer")) == "FORBIDDEN"
    dealer = await own.done("admin", f"{kind}Create", name="Dealer")
    agent = await own.done("admin", f"{kind}Create", name="Agent")
    assert await names() >= {"Dealer", "Agent"}
    id = await own.done("rep1", f"{record}Create", **given, type=dealer)
    assert await type_of(id) == "Dealer"
    assert outcome_of(await own.do("rep1", f"{kind}Update", id=dealer, name="Mine")) == "FORBIDDEN"
    await own.done("admin", f"{kind}Update", id=dealer, name="Reseller")
    assert await type_of(id) == "Reseller"
    assert outcome_of(await own.do("admin", f"{kind}Delete", id=dealer)) == "IN_USE"
    assert outcome_of(await own.do("admin", f"{kind}Delete", id=dealer, replaceWith=agent)) == DONE
    assert await type_of(id) == "Agent"
    assert "Reseller" not in await names()
    await own.done("admin", f"{kind}Restore", id=dealer)
    assert await names() >= {"Reseller", "Agent"}
    wrong = await errors(own, "admin", f"{kind}Create", name="")
    assert wrong == [("REQUIRED", "name")]
