"""Default records of a new tenant, read by its first administrator over GraphQL."""

from __future__ import annotations

import json
from typing import Any

from tests.cli.conftest import Operate
from tests.support.covers import covers
from tests.support.world import SIGN_IN
from tests.writes.client import TenantClient

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


async def first_administrator(operate: Operate, tenant: TenantClient) -> str:
    """Create the tenant `fresh` and return an access token of its administrator."""
    created = await operate("tenant", "create", "fresh", "--admin", EMAIL)
    credentials = {"tenant": "fresh", "email": EMAIL, "password": created.stdout.split()[-1]}
    body = json.dumps({"query": SIGN_IN, "variables": {"input": credentials}}).encode()
    signed_in = (await tenant.world.post(body)).data["signIn"]
    assert not signed_in["userErrors"]
    return str(signed_in["accessToken"])


@covers("EP-148", "EP-171", "EP-301", "VN-24", "VN-29", "VN-31", "VN-39")
async def test_new_tenant_has_types_stages_and_preferences(
    operate: Operate, tenant: TenantClient
) -> None:
    """The default records suffice to work with, and an administrator can change them."""
    token = await first_administrator(operate, tenant)

    async def ask(query: str, params: dict[str, Any] | None = None) -> Any:
        body = json.dumps({"query": query, "variables": {"i": params} if params else {}}).encode()
        return (await tenant.world.post(body, authorization=f"Bearer {token}")).data

    data = await ask(LISTS)
    preferences = data.pop("preferences")
    lists = {name: each["nodes"] for name, each in data.items()}
    stages = lists["stages"]
    assert [each["name"] for each in stages if each["kind"] != "LOST"] == STAGES
    assert [each["kind"] for each in stages].count("LOST") == 1
    assert all(each["description"] for each in stages)
    types = {"accountTypes", "caseTypes", "employeeTypes", "opportunityTypes", "personTypes"}
    assert all(lists[each] for each in types), "there is a type of each kind"
    assert [each["name"] for each in lists["accountTypes"]] == ["Account", "Company", "Personal"]
    assert all(each["stages"]["totalCount"] for each in lists["opportunityTypes"])
    kinds = {each["name"]: each["timeBased"] for each in lists["contractKinds"]}
    shipped = ("Software", "Implementation", "Change", "Private cloud", "Support")
    assert {f"{each} contract" for each in shipped} <= kinds.keys()
    assert {name for name, lasting in kinds.items() if lasting} > {"Support contract"}
    categories = {each["name"]: each["contractKind"]["name"] for each in lists["productCategories"]}
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
    defaults = {each["name"] for each in fields if each["name"].startswith("default")}
    assert defaults == preferences.keys(), "neither campaigns nor employees have a default type"
    words = {"name": "Seen", "description": "We met."}
    edited = await ask(EDIT, {"id": stages[0]["id"], **words})
    assert edited["stageUpdate"] == {"userErrors": [], "stage": words}
    kind = await ask(RENAME, {"id": lists["accountTypes"][0]["id"], "name": "Customer"})
    assert kind["accountTypeUpdate"]["accountType"] == {"name": "Customer"}
