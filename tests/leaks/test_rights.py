"""Rights that change: what is new is closed, what is taken away is gone with the next request."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from tests.leaks.probe import denied
from tests.leaks.truth import load, own_tenant
from tests.proof.rights import PERSONAS
from tests.support.covers import covers
from tests.support.world import World

TENANT = "rights"


@pytest.fixture(scope="module")
async def rights_world(world: World) -> AsyncIterator[World]:
    """The house with a tenant whose rights may be changed."""
    async with own_tenant(world, TENANT):
        yield world


async def sql(world: World, statement: str, *values: Any) -> None:
    """A statement of the operator about the tenant's tables, and the new access version."""
    await world.admin.execute(statement.format(s=world.schema(TENANT)), *values)
    await world.rights_changed(TENANT)


async def attribute(world: World, key: str, value: str) -> UUID:
    """A new attribute of opportunities, with a value in each of them."""
    id = uuid7()
    await sql(
        world,
        "INSERT INTO {s}.attribute (id, entity, key, label, kind, version, created_at, updated_at) "
        "VALUES ($1, 'Opportunity', $2, 'New', 'TEXT', 1, now(), now())",
        id, key,
    )  # fmt: skip
    await sql(
        world,
        "UPDATE {s}.opportunity SET custom = custom || jsonb_build_object($1::text, $2::text)",
        str(id), value,
    )  # fmt: skip
    return id


async def forget(world: World, id: UUID) -> None:
    """Delete an attribute as the house does it: softly."""
    await sql(world, "UPDATE {s}.attribute SET deleted_at = now() WHERE id = $1", id)


async def ways(world: World, persona: str, key: str, value: str) -> dict[str, Any]:
    """What a persona is answered about an attribute."""
    asked = {
        "all": "{ opportunities(first: 100) { nodes { attributes { key text } } } }",
        "key": f'{{ opportunities(first: 100) {{ nodes {{ attributes(keys: ["{key}"]) {{ key text }} }} }} }}',
        "filter": f'{{ opportunities(filter: {{ attribute: {{ key: "{key}", text: {{ eq: "{value}" }} }} }}) {{ totalCount }} }}',
        "order": f'{{ opportunities(orderBy: [{{ attribute: {{ key: "{key}", direction: ASC }} }}]) {{ totalCount }} }}',
    }
    return {way: await world.ask(persona, query, tenant=TENANT) for way, query in asked.items()}


async def closed(world: World, persona: str, key: str, value: str) -> None:
    answers = await ways(world, persona, key, value)
    for way in ("all", "key"):
        assert answers[way].codes == []
        assert value.encode() not in answers[way].body
        assert f'"key":"{key}"'.encode() not in answers[way].body
    for way in ("filter", "order"):
        assert answers[way].codes == ["FIELD_FORBIDDEN"]


@covers("D-34")
async def test_a_new_attribute_is_closed(rights_world: World) -> None:
    """Case 26: to everybody but administrators, at once."""
    id = await attribute(rights_world, "fresh", "CNRY-fresh")
    for persona in PERSONAS:
        if persona != "admin":
            await closed(rights_world, persona, "fresh", "CNRY-fresh")
    answers = await ways(rights_world, "admin", "fresh", "CNRY-fresh")
    assert b"CNRY-fresh" in answers["all"].body
    assert answers["filter"].data["opportunities"]["totalCount"] > 300
    await forget(rights_world, id)


@covers("D-34")
async def test_an_attribute_made_again_is_another(rights_world: World) -> None:
    """Case 25: rights hang on the id, so the same key does not inherit them."""
    old = (await load(rights_world, TENANT)).keys["Opportunity"]["tier"]
    before = await ways(rights_world, "rep1", "tier", "Gold")
    assert b'"key":"tier"' in before["all"].body
    assert before["filter"].codes == []
    await forget(rights_world, UUID(old))
    await closed(rights_world, "rep1", "tier", "Gold")
    id = await attribute(rights_world, "tier", "CNRY-again")
    for persona in PERSONAS:
        if persona != "admin":
            await closed(rights_world, persona, "tier", "CNRY-again")
            await closed(rights_world, persona, "tier", "Gold")
    admin = await ways(rights_world, "admin", "tier", "CNRY-again")
    assert b"CNRY-again" in admin["all"].body
    assert b'"Gold"' not in admin["all"].body
    await forget(rights_world, id)
    await sql(rights_world, "UPDATE {s}.attribute SET deleted_at = NULL WHERE id = $1", UUID(old))


@covers("D-34")
async def test_an_attribute_named_like_a_field(rights_world: World) -> None:
    """A right to the one is no right to the other, either way."""
    opened = await attribute(rights_world, "margin", "CNRY-attribute")
    shut = await attribute(rights_world, "amount", "CNRY-shut")
    await sql(
        rights_world,
        "INSERT INTO {s}.field_permission (id, profile_id, entity, field) "
        "SELECT gen_random_uuid(), id, 'Opportunity', $1 FROM {s}.profile WHERE name = 'Junior sales'",
        str(opened),
    )
    both = await rights_world.ask(
        "limited",
        "{ opportunities(first: 50) { nodes { margin { amount } amount { amount } "
        'attributes(keys: ["margin", "amount"]) { key text } } } }',
        tenant=TENANT,
    )
    assert ("Opportunity", "margin", "hidden") in denied(both)
    for node in both.data["opportunities"]["nodes"]:
        assert node["margin"] is None
        assert node["attributes"] == [{"key": "margin", "text": "CNRY-attribute"}]
    for condition, codes in {
        'margin: { gt: "0" }': ["FIELD_FORBIDDEN"],
        'amount: { gt: "0" }': [],
        'attribute: { key: "margin", text: { eq: "a" } }': [],
        'attribute: { key: "amount", text: { eq: "a" } }': ["FIELD_FORBIDDEN"],
    }.items():
        query = f"{{ opportunities(filter: {{ {condition} }}) {{ totalCount }} }}"
        assert (await rights_world.ask("limited", query, tenant=TENANT)).codes == codes, condition
    await forget(rights_world, opened)
    await forget(rights_world, shut)


@covers("D-34")
async def test_closed_attributes_are_absent_from_the_definitions(world: World) -> None:
    """Case 24: who may not read an attribute is not told that there is one."""
    answer = await world.ask("limited", "{ attributes { nodes { entity key label } } }")
    assert "tier" not in {node["key"] for node in answer.data["attributes"]["nodes"]}


ASKED = (
    "{ opportunities(first: 100) { totalCount nodes { id name amount { amount } "
    "commission { amount } account { id } attributes { key } } } stages { totalCount } }"
)
TAKEN = {
    "a field": (
        "DELETE FROM {s}.field_permission WHERE entity = 'Opportunity' AND field = 'amount'",
        ("Opportunity", "amount", "hidden"),
    ),
    "a link": (
        "DELETE FROM {s}.field_permission WHERE entity = 'Opportunity' AND field = 'account'",
        ("Opportunity", "account", "hidden"),
    ),
    "a type": (
        "DELETE FROM {s}.object_permission WHERE entity = 'Stage'",
        ("Stage", "", "object"),
    ),
    "a status": (
        "INSERT INTO {s}.status_rule (id, entity, field, status) "
        "VALUES (gen_random_uuid(), 'Opportunity', 'amount', 'LOST')",
        ("Opportunity", "amount", "status"),
    ),
    "a profile": (
        "DELETE FROM {s}.role_profile",
        ("Opportunity", "", "object"),
    ),
    "a role": (
        "UPDATE {s}.role_assignment SET deleted_at = now()",
        ("Opportunity", "", "object"),
    ),
    "the team": (
        "UPDATE {s}.employee SET manager_id = NULL",
        None,
    ),
    "the shares": (
        "DELETE FROM {s}.opportunity_share",
        None,
    ),
}
"""What is taken away, and what the next answer then denies."""

CHANGED = (
    "field_permission",
    "object_permission",
    "status_rule",
    "role_profile",
    "role_assignment",
    "employee",
    "opportunity_share",
)


@covers("D-34")
@pytest.mark.parametrize("what", TAKEN)
async def test_taken_away_at_once(rights_world: World, what: str) -> None:
    """Case 41: the first request after the change is answered under the new rights; and back again."""
    statement, named = TAKEN[what]
    schema = rights_world.schema(TENANT)
    kept = {
        table: await rights_world.admin.fetch(
            f"SELECT to_jsonb(x) AS row FROM {schema}.{table} AS x"  # noqa: S608
        )
        for table in CHANGED
    }
    before = {
        p: await rights_world.ask(p, ASKED, tenant=TENANT) for p in ("manager", "rep2", "limited")
    }
    await sql(rights_world, statement)
    for persona, answer in before.items():
        after = await rights_world.ask(persona, ASKED, tenant=TENANT)
        if named:
            assert named not in denied(answer)
            assert named in denied(after)
        truth = await load(rights_world, TENANT)
        if after.data["opportunities"] is not None:
            expected = truth.visible(persona, "Opportunity")
            assert after.data["opportunities"]["totalCount"] == len(expected)
        if what == "a field":
            assert {node["amount"] for node in after.data["opportunities"]["nodes"]} == {None}
    if what == "the team":
        assert before["manager"].data != after.data
    async with rights_world.admin.transaction():
        for table, rows in kept.items():
            await _put_back(rights_world, table, [row["row"] for row in rows])
    await rights_world.rights_changed(TENANT)
    for persona, answer in before.items():
        again = await rights_world.ask(persona, ASKED, tenant=TENANT)
        assert again.json["data"] == answer.json["data"]
        assert denied(again) == denied(answer)


async def _put_back(world: World, table: str, rows: list[str]) -> None:
    """The rows as they were; employees are pointed at, so they are changed and not replaced."""
    schema = world.schema(TENANT)
    if table == "employee":
        for row in map(json.loads, rows):
            manager = UUID(row["manager_id"]) if row["manager_id"] else None
            await world.admin.execute(
                f"UPDATE {schema}.employee SET manager_id = $2 WHERE id = $1",  # noqa: S608
                UUID(row["id"]), manager,
            )  # fmt: skip
        return
    await world.admin.execute(f"DELETE FROM {schema}.{table}")  # noqa: S608
    for row in rows:
        await world.admin.execute(
            f"INSERT INTO {schema}.{table} SELECT * FROM jsonb_populate_record(NULL::{schema}.{table}, $1)",  # noqa: S608
            row,
        )


LINKS = (
    ("Opportunity", "account"),
    ("Opportunity", "owner"),
    ("Account", "owner"),
    ("Account", "parent"),
    ("Employee", "manager"),
)
HIDDEN_LINKS = {
    "{ opportunities { nodes { account { id name } } } }": ("Opportunity", "account"),
    "{ opportunities { nodes { owner { id } } } }": ("Opportunity", "owner"),
    "{ accounts { nodes { owner { id } } } }": ("Account", "owner"),
    "{ accounts { nodes { parent { id } } } }": ("Account", "parent"),
    "{ accounts { nodes { subAccounts { nodes { id } } } } }": ("Account", "parent"),
    "{ accounts { nodes { opportunities { totalCount } } } }": ("Opportunity", "account"),
    "{ employees { nodes { opportunities { nodes { id } } } } }": ("Opportunity", "owner"),
    "{ employees { nodes { accounts { totalCount } } } }": ("Account", "owner"),
    "{ employees { nodes { reports { totalCount } } } }": ("Employee", "manager"),
    "{ employees { nodes { manager { id } } } }": ("Employee", "manager"),
}
"""A hidden link from either of its ends, with the field that hides it."""
ASKED_LINKS = {
    'opportunities(filter: { account: { name: { eq: "a" } } })': ("Opportunity", "account"),
    'opportunities(filter: { account: { id: { eq: "a" } } })': ("Opportunity", "account"),
    "opportunities(filter: { account: {} })": ("Opportunity", "account"),
    "opportunities(orderBy: [{ account: { name: ASC } }])": ("Opportunity", "account"),
    "opportunities(orderBy: [{ account: { id: ASC } }])": ("Opportunity", "account"),
    'accounts(filter: { opportunities: { some: { name: { eq: "a" } } } })': ("Opportunity", "account"),
    "accounts(filter: { opportunities: { some: {} } })": ("Opportunity", "account"),
    "accounts(filter: { opportunities: { none: {} } })": ("Opportunity", "account"),
    "accounts(filter: { subAccounts: { every: { or: [] } } })": ("Account", "parent"),
    "employees(filter: { opportunities: { some: {} } })": ("Opportunity", "owner"),
    "employees(filter: { accounts: { some: {} } })": ("Account", "owner"),
    "employees(filter: { reports: { none: {} } })": ("Employee", "manager"),
    "employees(orderBy: [{ manager: { name: ASC } }])": ("Employee", "manager"),
}  # fmt: skip


@covers("D-31")
async def test_a_hidden_link_is_hidden_from_both_ends(world: World) -> None:
    """Cases 2, 4, 36: what may not be read forwards is not told by the list that leads back."""
    async with own_tenant(world, "linkless") as tenant:
        for entity, field in LINKS:
            await world.admin.execute(
                f"DELETE FROM {world.schema(tenant)}.field_permission "  # noqa: S608
                "WHERE entity = $1 AND field = $2",
                entity, field,
            )  # fmt: skip
        await world.rights_changed(tenant)
        for query, (entity, field) in HIDDEN_LINKS.items():
            answer = await world.ask("limited", query, tenant=tenant)
            assert denied(answer) == {(entity, field, "hidden")}, (query, answer.body)
            (listed,) = answer.data.values()
            assert {value for node in listed["nodes"] for value in node.values()} == {None}, query
            strict = await world.ask("limited", query, tenant=tenant, x_access="strict")
            assert strict.codes == ["FIELD_FORBIDDEN"]
        for asked, (entity, field) in ASKED_LINKS.items():
            answer = await world.ask("limited", f"{{ {asked} {{ totalCount }} }}", tenant=tenant)
            assert answer.codes == ["FIELD_FORBIDDEN"], (asked, answer.body)
            named = answer.json["errors"][0]["extensions"]["fields"]
            assert {"type": entity, "field": field} in named
