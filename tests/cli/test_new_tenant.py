"""What a new tenant begins with, as its first administrator finds it over GraphQL."""

from __future__ import annotations

import json
from typing import Any

from tests.cli.conftest import Operate
from tests.support.covers import covers
from tests.support.world import SIGN_IN
from tests.writes.parallel import TenantClient

EMAIL = "first@fresh.example"
LISTS = """{
  stages(orderBy: [{ position: ASC }]) { nodes { id name description kind } }
  opportunityTypes { nodes { name stages { totalCount } } }
  accountTypes(orderBy: [{ name: ASC }]) { nodes { id name } }
  personTypes { nodes { name } }
  employeeTypes { nodes { name } }
  caseTypes { nodes { name billing } }
  contractKinds { nodes { name timeBased } }
  productCategories { nodes { name contractKind { name } } }
  preferences {
    defaultAccountType { name } defaultPersonType { name } defaultLeadType { name }
    defaultOpportunityType { name } defaultCaseType { name }
  }
}"""
STAGES = ["Prospect", "Nurture", "Qualification", "Development", "Solution", "Proof", "Negotiation", "Won"]  # fmt: skip
PREFERENCES = '{ __type(name: "Preferences") { fields { name } } }'
EDIT = """mutation ($i: StageUpdateInput!) {
  stageUpdate(input: $i) { userErrors { code } stage { name description } } }"""
RENAME = """mutation ($i: AccountTypeUpdateInput!) {
  accountTypeUpdate(input: $i) { userErrors { code } accountType { name } } }"""


async def first_administrator(operate: Operate, own: TenantClient) -> str:
    """The access token of the administrator of a tenant that was just created."""
    made = await operate("tenant", "create", "fresh", "--admin", EMAIL)
    given = {"tenant": "fresh", "email": EMAIL, "password": made.stdout.split()[-1]}
    body = json.dumps({"query": SIGN_IN, "variables": {"input": given}}).encode()
    signed_in = (await own.world.post(body)).data["signIn"]
    assert not signed_in["userErrors"]
    return str(signed_in["accessToken"])


@covers("EP-148", "EP-171", "EP-301", "VN-24", "VN-29", "VN-31", "VN-39")
async def test_a_new_tenant_begins_with_types_stages_and_preferences(
    operate: Operate, own: TenantClient
) -> None:
    """It can be worked with at once, and what it begins with can be changed."""
    token = await first_administrator(operate, own)

    async def ask(query: str, given: dict[str, Any] | None = None) -> Any:
        body = json.dumps({"query": query, "variables": {"i": given} if given else {}}).encode()
        return (await own.world.post(body, authorization=f"Bearer {token}")).data

    found = await ask(LISTS)
    preferences = found.pop("preferences")
    found = {name: each["nodes"] for name, each in found.items()}
    stages = found["stages"]
    assert [each["name"] for each in stages if each["kind"] != "LOST"] == STAGES
    assert [each["kind"] for each in stages].count("LOST") == 1
    assert all(each["description"] for each in stages)
    types = {"accountTypes", "caseTypes", "employeeTypes", "opportunityTypes", "personTypes"}
    assert all(found[each] for each in types), "there is a type of each kind"
    assert [each["name"] for each in found["accountTypes"]] == ["Account", "Company", "Personal"]
    assert all(each["stages"]["totalCount"] for each in found["opportunityTypes"])
    kinds = {each["name"]: each["timeBased"] for each in found["contractKinds"]}
    shipped = ("Software", "Implementation", "Change", "Private cloud", "Support")
    assert {f"{each} contract" for each in shipped} <= kinds.keys()
    assert {name for name, lasting in kinds.items() if lasting} > {"Support contract"}
    categories = {each["name"]: each["contractKind"]["name"] for each in found["productCategories"]}
    for name, kind in (
        ("Software",) * 2,
        ("Implementation services", "Implementation"),
        ("Support services", "Support"),
    ):
        assert categories[name] == f"{kind} contract"
    assert {name: each["name"] for name, each in preferences.items()} == {
        "defaultAccountType": "Account", "defaultPersonType": "Contact",
        "defaultLeadType": "Lead", "defaultOpportunityType": "New business",
        "defaultCaseType": "Question",
    }  # fmt: skip
    fields = (await ask(PREFERENCES))["__type"]["fields"]
    chosen = {each["name"] for each in fields if each["name"].startswith("default")}
    assert chosen == preferences.keys(), "neither campaigns nor employees have a default type"
    words = {"name": "Seen", "description": "We met."}
    edited = await ask(EDIT, {"id": stages[0]["id"], **words})
    assert edited["stageUpdate"] == {"userErrors": [], "stage": words}
    kind = await ask(RENAME, {"id": found["accountTypes"][0]["id"], "name": "Customer"})
    assert kind["accountTypeUpdate"]["accountType"] == {"name": "Customer"}
