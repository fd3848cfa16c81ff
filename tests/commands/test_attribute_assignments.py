"""Attributes that are assigned to some types only: a record has no value for an attribute that its type does not have."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.covers import covers
from tests.writes.client import TenantClient, outcome_of, public_id, uuid_of

UPDATE = """mutation ($i: AccountUpdateInput!) {
  done: accountUpdate(input: $i) { account { id attributes { key text } } userErrors { code message path } }
}"""


CREATE = "mutation ($i: AttributeCreateInput!) { done: attributeCreate(input: $i) { id userErrors { code path } } }"


async def two_types(tenant: TenantClient) -> list[str]:
    return [
        await tenant.mutate("admin", "accountTypeCreate", name=tenant.new_name()) for _ in range(2)
    ]


async def attribute(tenant: TenantClient, key: str, *types: str) -> str:
    """An attribute of accounts that is assigned to these types; to all of them if none is given."""
    params = {"entity": "Account", "key": key, "label": key, "kind": "TEXT"}
    made = await tenant.ask("admin", CREATE, {"i": params})
    assert outcome_of(made) == "DONE", made.json
    id = str(made.data["done"]["id"])
    for each in types:
        await tenant.mutate("admin", "attributeAssignmentCreate", attribute=id, accountType=each)
    return id


def value(key: str, text: str | None) -> dict[str, Any]:
    return {"key": key, "text": text}


@covers("VN-09", "VN-10")
async def test_a_value_of_an_attribute_that_the_type_lacks_is_refused(tenant: TenantClient) -> None:
    one, other = await two_types(tenant)
    id = await attribute(tenant, "vn09", one)
    await attribute(tenant, "vn09_all")
    params: dict[str, Any] = {"name": tenant.new_name(), "attributes": [value("vn09", "a")]}
    made = await tenant.mutate("admin", "accountCreate", type=one, **params)
    assert (await tenant.value("SELECT custom FROM account WHERE id = $1", uuid_of(made))).count(
        uuid_of(id).hex[:8]
    )
    refused = await tenant.attempt("admin", "accountCreate", type=other, **params)
    [error] = refused.data["done"]["userErrors"]
    assert (error["code"], error["path"]) == ("INVALID", ["input", "attributes", "0", "key"])
    unassigned = {"name": tenant.new_name(), "attributes": [value("vn09_all", "b")]}
    await tenant.mutate("admin", "accountCreate", type=other, **unassigned)


@covers("VN-10", "D-33")
async def test_changing_the_type_is_refused_while_it_lacks_an_attribute_with_a_value(
    tenant: TenantClient,
) -> None:
    """No value is dropped silently: the request that changes the type has to clear it."""
    one, other = await two_types(tenant)
    await attribute(tenant, "vn10", one)
    account = await tenant.mutate(
        "admin", "accountCreate", name=tenant.new_name(), type=one, attributes=[value("vn10", "a")]
    )
    refused = await tenant.ask("admin", UPDATE, {"i": {"id": account, "type": other}})
    [error] = refused.data["done"]["userErrors"]
    assert (error["code"], error["path"]) == ("INVALID", ["input", "type"])
    assert "vn10" in error["message"]
    emptied = {"id": account, "type": other, "attributes": [value("vn10", None)]}
    assert outcome_of(await tenant.ask("admin", UPDATE, {"i": emptied})) == "DONE"


@covers("VN-10", "D-32")
async def test_an_error_does_not_name_a_hidden_attribute(tenant: TenantClient) -> None:
    one, other = await two_types(tenant)
    await attribute(tenant, "vn10_hidden", one)
    owner = public_id("emp", await tenant.employee_id("rep1"))
    account = await tenant.mutate(
        "admin", "accountCreate",
        name=tenant.new_name(), type=one, owner=owner, attributes=[value("vn10_hidden", "a")],
    )  # fmt: skip
    refused = await tenant.ask("rep1", UPDATE, {"i": {"id": account, "type": other}})
    assert outcome_of(refused) == "INVALID"
    assert "vn10_hidden" not in str(refused.json)


@covers("VN-07", "VN-09")
async def test_an_assignment_has_exactly_one_type_of_the_attributes_entity(
    tenant: TenantClient,
) -> None:
    id = await attribute(tenant, "vn06")
    kinds = {
        "personType": await tenant.mutate("admin", "personTypeCreate", name=tenant.new_name()),
        "caseType": await tenant.mutate("admin", "caseTypeCreate", name=tenant.new_name()),
        "employeeType": await tenant.mutate("admin", "employeeTypeCreate", name=tenant.new_name()),
    }
    for name, kind in kinds.items():
        refused = await tenant.attempt(
            "admin", "attributeAssignmentCreate", attribute=id, **{name: kind}
        )
        assert outcome_of(refused) == "INVALID"
        assert refused.data["done"]["userErrors"][0]["path"] == ["input", name]
    account = await tenant.mutate("admin", "accountTypeCreate", name=tenant.new_name())
    several = {"accountType": account, "personType": kinds["personType"]}
    assert (
        outcome_of(
            await tenant.attempt("admin", "attributeAssignmentCreate", attribute=id, **several)
        )
        == "INVALID"
    )
    assert (
        outcome_of(await tenant.attempt("admin", "attributeAssignmentCreate", attribute=id))
        == "INVALID"
    )


@covers("D-34")
async def test_a_new_attribute_needs_an_extensible_entity_and_is_closed_until_granted(
    tenant: TenantClient,
) -> None:
    unfit = {"entity": "Stage", "key": "x", "label": "x", "kind": "TEXT"}
    assert outcome_of(await tenant.ask("admin", CREATE, {"i": unfit})) == "INVALID"
    odd = {"entity": "Account", "key": "not a key", "label": "x", "kind": "TEXT"}
    assert outcome_of(await tenant.ask("admin", CREATE, {"i": odd})) == "INVALID"
    await attribute(tenant, "closed")
    held = {"name": tenant.new_name(), "attributes": [value("closed", "secret")]}
    account = await tenant.mutate("admin", "accountCreate", **held)
    query = "query ($id: ID!) { account(id: $id) { attributes { key text } } }"
    shown = [await tenant.ask(who, query, {"id": account}) for who in ("admin", "rep1")]
    assert value("closed", "secret") in shown[0].data["account"]["attributes"]
    assert "secret" not in str(shown[1].json)
    assert "closed" not in str(shown[1].json)


@covers("VN-29", "VN-08")
async def test_an_employee_type_presets_the_title(tenant: TenantClient) -> None:
    kind = await tenant.mutate(
        "admin", "employeeTypeCreate", name=tenant.new_name(), defaultTitle="Consultant"
    )
    params = {"name": tenant.new_name(), "email": "new@acme.example", "type": kind}
    made = await tenant.mutate("admin", "employeeCreate", **params)
    assert (await tenant.row("employee", made))["title"] == "Consultant"
    other = await tenant.mutate("admin", "employeeCreate", **params, title="Director")
    assert (await tenant.row("employee", other))["title"] == "Director"


async def fields_of(tenant: TenantClient, entity: str) -> dict[str, Any]:
    """The required fields of a new record of an entity, without its type."""
    if entity == "Opportunity":
        account = await tenant.mutate("admin", "accountCreate", name=tenant.new_name())
        return {"name": tenant.new_name(), "account": account, "currency": "EUR"}
    if entity == "Employee":
        return {"name": tenant.new_name(), "email": "typed@acme.example"}
    return {"Person": {"lastName": "B"}, "Case": {"subject": tenant.new_name()}}[entity]


@covers("VN-10", "VN-17", "VN-29", "VN-31")
@pytest.mark.parametrize("entity", ["Opportunity", "Person", "Employee", "Case"])
async def test_types_of_other_entities_decide_their_attributes(
    tenant: TenantClient, entity: str
) -> None:
    """A value is stored where the type has the attribute, and refused where it does not."""
    name, key = f"{entity.lower()}Type", f"of_{entity.lower()}"
    [stage] = await tenant.fetch(
        "SELECT id FROM stage WHERE kind = 'OPEN' ORDER BY position LIMIT 1"
    )
    step = {"stage": public_id("stg", stage["id"]), "position": 1, "probability": 5}
    more = {"stages": [step]} if entity == "Opportunity" else {}
    one, other = [
        await tenant.mutate("admin", f"{name}Create", name=tenant.new_name(), **more)
        for _ in range(2)
    ]
    params = {"entity": entity, "key": key, "label": "x", "kind": "NUMBER"}
    made = await tenant.ask("admin", CREATE, {"i": params})
    await tenant.mutate(
        "admin", "attributeAssignmentCreate", attribute=made.data["done"]["id"], **{name: one}
    )
    fields = await fields_of(tenant, entity)
    valued = {**fields, "attributes": [{"key": key, "number": "7"}]}
    for kind in (other,) if entity == "Opportunity" else (other, None):
        refused = await tenant.attempt("admin", f"{entity.lower()}Create", type=kind, **valued)
        [error] = refused.data["done"]["userErrors"]
        assert (error["code"], error["path"]) == ("INVALID", ["input", "attributes", "0", "key"])
    record = await tenant.mutate("admin", f"{entity.lower()}Create", type=one, **valued)
    query = f"query ($id: ID!) {{ {entity.lower()}(id: $id) {{ attributes {{ key number }} }} }}"
    read = (await tenant.ask("admin", query, {"id": record})).data[entity.lower()]["attributes"]
    assert {"key": key, "number": "7"} in read
    moved = await tenant.attempt("admin", f"{entity.lower()}Update", id=record, type=other)
    [error] = moved.data["done"]["userErrors"]
    assert (error["code"], error["path"]) == ("INVALID", ["input", "type"])


@covers("VN-16")
async def test_opportunities_are_grouped_by_their_type(tenant: TenantClient) -> None:
    for persona in ("admin", "rep1"):
        query = """{ opportunitiesAggregate(groupBy: [{ type: { record: true } }]) {
          groups { key { type { record { id name } } } count } groupCount } }"""
        result = (await tenant.ask(persona, query)).data["opportunitiesAggregate"]
        counted = {each["key"]["type"]["record"]["id"]: each["count"] for each in result["groups"]}
        assert len(counted) == result["groupCount"] > 1
        for kind, count in counted.items():
            one = "query ($t: ID!) { opportunities(filter: { type: { id: { eq: $t } } }) { totalCount } }"
            listed = (await tenant.ask(persona, one, {"t": kind})).data["opportunities"][
                "totalCount"
            ]
            assert listed == count
