"""Changing rights: new attributes are closed, and a revoked right applies from the next request on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from tests.leaks.probe import denied
from tests.leaks.truth import load, scratch_tenant
from tests.proof.rights import PERSONAS
from tests.support.covers import covers
from tests.support.world import World

TENANT = "rights"


@pytest.fixture(scope="module")
async def rights_world(world: World) -> AsyncIterator[World]:
    """The application with a tenant whose rights the tests change."""
    async with scratch_tenant(world, TENANT):
        yield world


async def sql(world: World, statement: str, *values: Any) -> None:
    """Run a statement on the tenant's tables as the operator, then increment the access version."""
    await world.admin.execute(statement.format(s=world.schema(TENANT)), *values)
    await world.bump_access_version(TENANT)


async def attribute(world: World, key: str, value: str) -> UUID:
    """Create a custom attribute of opportunities, with a value in each of them."""
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


async def delete_attribute(world: World, id: UUID) -> None:
    """Delete an attribute softly, as the application does."""
    await sql(world, "UPDATE {s}.attribute SET deleted_at = now() WHERE id = $1", id)


async def attribute_answers(world: World, persona: str, key: str, value: str) -> dict[str, Any]:
    """Responses of a persona about an attribute: selected, by key, filtered and sorted."""
    queries = {
        "all": "{ opportunities(first: 100) { nodes { attributes { key text } } } }",
        "key": f'{{ opportunities(first: 100) {{ nodes {{ attributes(keys: ["{key}"]) {{ key text }} }} }} }}',
        "filter": f'{{ opportunities(filter: {{ attribute: {{ key: "{key}", text: {{ eq: "{value}" }} }} }}) {{ totalCount }} }}',
        "order": f'{{ opportunities(orderBy: [{{ attribute: {{ key: "{key}", direction: ASC }} }}]) {{ totalCount }} }}',
    }
    return {
        channel: await world.ask(persona, query, tenant=TENANT)
        for channel, query in queries.items()
    }


async def assert_closed(world: World, persona: str, key: str, value: str) -> None:
    answers = await attribute_answers(world, persona, key, value)
    for channel in ("all", "key"):
        assert answers[channel].codes == []
        assert value.encode() not in answers[channel].body
        assert f'"key":"{key}"'.encode() not in answers[channel].body
    for channel in ("filter", "order"):
        assert answers[channel].codes == ["FIELD_FORBIDDEN"]


@covers("D-34")
async def test_new_attribute_is_closed(rights_world: World) -> None:
    """At once, for everyone except administrators."""
    id = await attribute(rights_world, "fresh", "CNRY-fresh")
    for persona in PERSONAS:
        if persona != "admin":
            await assert_closed(rights_world, persona, "fresh", "CNRY-fresh")
    answers = await attribute_answers(rights_world, "admin", "fresh", "CNRY-fresh")
    assert b"CNRY-fresh" in answers["all"].body
    assert answers["filter"].data["opportunities"]["totalCount"] > 300
    await delete_attribute(rights_world, id)


@covers("D-34")
async def test_recreated_attribute_does_not_inherit_rights(rights_world: World) -> None:
    """Rights refer to the attribute's ID, not to its key."""
    old = (await load(rights_world, TENANT)).keys["Opportunity"]["tier"]
    before = await attribute_answers(rights_world, "rep1", "tier", "Gold")
    assert b'"key":"tier"' in before["all"].body
    assert before["filter"].codes == []
    await delete_attribute(rights_world, UUID(old))
    await assert_closed(rights_world, "rep1", "tier", "Gold")
    id = await attribute(rights_world, "tier", "CNRY-again")
    for persona in PERSONAS:
        if persona != "admin":
            await assert_closed(rights_world, persona, "tier", "CNRY-again")
            await assert_closed(rights_world, persona, "tier", "Gold")
    admin = await attribute_answers(rights_world, "admin", "tier", "CNRY-again")
    assert b"CNRY-again" in admin["all"].body
    assert b'"Gold"' not in admin["all"].body
    await delete_attribute(rights_world, id)
    await sql(rights_world, "UPDATE {s}.attribute SET deleted_at = NULL WHERE id = $1", UUID(old))


@covers("D-34")
async def test_attribute_and_field_of_same_name_have_separate_rights(rights_world: World) -> None:
    """A right to the field is no right to the attribute, and vice versa."""
    open_attribute = await attribute(rights_world, "margin", "CNRY-attribute")
    closed_attribute = await attribute(rights_world, "amount", "CNRY-shut")
    await sql(
        rights_world,
        "INSERT INTO {s}.field_permission (id, profile_id, entity, field) "
        "SELECT gen_random_uuid(), id, 'Opportunity', $1 FROM {s}.profile WHERE name = 'Junior sales'",
        str(open_attribute),
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
    await delete_attribute(rights_world, open_attribute)
    await delete_attribute(rights_world, closed_attribute)


@covers("D-34")
async def test_closed_attributes_are_absent_from_the_definitions(world: World) -> None:
    """A user who may not read an attribute does not see its definition."""
    answer = await world.ask("limited", "{ attributes { nodes { entity key label } } }")
    assert "tier" not in {node["key"] for node in answer.data["attributes"]["nodes"]}


QUERY = (
    "{ opportunities(first: 100) { totalCount nodes { id name amount { amount } "
    "commission { amount } account { id } attributes { key } } } stages { totalCount } }"
)
REVOCATIONS = {
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
"""Statements that revoke a right, with the denial in the next response."""

CHANGED_TABLES = (
    "field_permission",
    "object_permission",
    "status_rule",
    "role_profile",
    "role_assignment",
    "employee",
    "opportunity_share",
)


@covers("D-34")
@pytest.mark.parametrize("what", REVOCATIONS)
async def test_revoked_right_applies_to_next_request(rights_world: World, what: str) -> None:
    """The first request after a change uses the new rights, also after restoring them."""
    statement, named = REVOCATIONS[what]
    schema = rights_world.schema(TENANT)
    saved = {
        table: await rights_world.admin.fetch(
            f"SELECT to_jsonb(x) AS row FROM {schema}.{table} AS x"  # noqa: S608
        )
        for table in CHANGED_TABLES
    }
    before = {
        p: await rights_world.ask(p, QUERY, tenant=TENANT) for p in ("manager", "rep2", "limited")
    }
    await sql(rights_world, statement)
    for persona, answer in before.items():
        after = await rights_world.ask(persona, QUERY, tenant=TENANT)
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
        for table, rows in saved.items():
            await _restore_rows(rights_world, table, [row["row"] for row in rows])
    await rights_world.bump_access_version(TENANT)
    for persona, answer in before.items():
        again = await rights_world.ask(persona, QUERY, tenant=TENANT)
        assert again.json["data"] == answer.json["data"]
        assert denied(again) == denied(answer)


async def _restore_rows(world: World, table: str, rows: list[str]) -> None:
    """Restore the rows of a table; employees are updated in place, as other rows reference them."""
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
"""Selections of a hidden link from either end, with the field that hides it."""
LINK_CONDITIONS = {
    'opportunities(filter: { account: { name: { eq: "a" } } })': ("Opportunity", "account"),
    'opportunities(filter: { account: { id: { eq: "acc_00000000000000000000000000000000" } } })': ("Opportunity", "account"),
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
async def test_hidden_link_is_hidden_from_both_ends(world: World) -> None:
    """The inverse list of a hidden link is denied and refused in conditions too."""
    async with scratch_tenant(world, "linkless") as tenant:
        for entity, field in LINKS:
            await world.admin.execute(
                f"DELETE FROM {world.schema(tenant)}.field_permission "  # noqa: S608
                "WHERE entity = $1 AND field = $2",
                entity, field,
            )  # fmt: skip
        await world.bump_access_version(tenant)
        for query, (entity, field) in HIDDEN_LINKS.items():
            answer = await world.ask("limited", query, tenant=tenant)
            assert denied(answer) == {(entity, field, "hidden")}, (query, answer.body)
            (listed,) = answer.data.values()
            assert {value for node in listed["nodes"] for value in node.values()} == {None}, query
            strict = await world.ask("limited", query, tenant=tenant, x_access="strict")
            assert strict.codes == ["FIELD_FORBIDDEN"]
        for root, (entity, field) in LINK_CONDITIONS.items():
            answer = await world.ask("limited", f"{{ {root} {{ totalCount }} }}", tenant=tenant)
            assert answer.codes == ["FIELD_FORBIDDEN"], (root, answer.body)
            named = answer.json["errors"][0]["extensions"]["fields"]
            assert {"type": entity, "field": field} in named
