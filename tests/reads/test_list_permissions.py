"""The permissions of a list: one entry for all of its rows, equal to those of its type."""

from __future__ import annotations

import pytest
from graphql import GraphQLObjectType, build_schema, get_named_type

from schema.api import SCHEMA as STRAWBERRY
from tests.support.world import World

SCHEMA = build_schema(STRAWBERRY.as_str())
PARTS = "type rows create update delete readable writable"
TYPES = f"{{ viewer {{ typePermissions {{ {PARTS} }} }} }}"
ROW = "id version name expectedCloseOn amount { amount currency } account { id displayName }"
assert SCHEMA.query_type
LISTS = {
    name: get_named_type(field.type).name.removesuffix("Connection")
    for name, field in SCHEMA.query_type.fields.items()
    if get_named_type(field.type).name.endswith("Connection")
}
"""The type of each root list."""


@pytest.mark.parametrize("persona", ["admin", "rep1", "support", "limited"])
async def test_list_has_the_permissions_of_its_type(world: World, persona: str) -> None:
    types = {
        each["type"]: each
        for each in (await world.ask(persona, TYPES)).data["viewer"]["typePermissions"]
    }
    assert len(LISTS) > 30
    for name, type_ in LISTS.items():
        answer = await world.ask(persona, f"{{ {name}(first: 1) {{ permissions {{ {PARTS} }} }} }}")
        expected = {"permissions": types[type_]} if type_ in types else None
        assert answer.data[name] == expected, name
        denied = answer.json["extensions"].get("access", {}).get("denied", [])
        assert bool(denied) is (type_ not in types), name


async def test_rows_share_the_entry_of_their_list(world: World) -> None:
    query = """{ opportunities(first: 20) {
      mine: permissions { __typename fields: writable }
      permissions { writable }
      nodes { permissions { writable }
        account { addresses { permissions { writable } nodes { permissions { writable } } } } }
    } }"""
    for persona in ("admin", "rep1", "limited"):
        found = (await world.ask(persona, query)).data["opportunities"]
        writable = found["permissions"]["writable"]
        assert found["mine"] == {"__typename": "TypePermissions", "fields": writable}
        assert found["nodes"]
        for node in found["nodes"]:
            assert node["permissions"]["writable"] == writable
            below = (node["account"] or {}).get("addresses") or {"nodes": []}
            for address in below["nodes"]:
                assert address["permissions"] == below["permissions"]


async def test_empty_list_has_permissions(world: World) -> None:
    query = "{ opportunities(filter: {or: []}) { nodes { id } permissions { create } } }"
    found = (await world.ask("rep1", query)).data["opportunities"]
    assert found == {"nodes": [], "permissions": {"create": True}}


async def test_nested_list_of_a_hidden_type_is_null(world: World) -> None:
    types = (await world.ask("support", TYPES)).data["viewer"]["typePermissions"]
    visible = {each["type"] for each in types}
    account = SCHEMA.type_map["Account"]
    assert isinstance(account, GraphQLObjectType)
    lists = {
        name: get_named_type(field.type).name.removesuffix("Connection")
        for name, field in account.fields.items()
        if get_named_type(field.type).name.endswith("Connection")
    }
    assert any(each in visible for each in lists.values())
    assert any(each not in visible for each in lists.values())
    for name, type_ in lists.items():
        query = f"{{ accounts(first: 5) {{ nodes {{ {name} {{ permissions {{ type }} }} }} }} }}"
        nodes = (await world.ask("support", query)).data["accounts"]["nodes"]
        expected = {"permissions": {"type": type_}} if type_ in visible else None
        assert nodes
        assert [each[name] for each in nodes] == [expected] * len(nodes)


async def test_list_of_100_rows_is_half_as_large_as_with_the_fields_of_each(world: World) -> None:
    by_row = await world.ask(
        "admin",
        f"{{ opportunities(first: 100) {{ nodes {{ {ROW} permissions {{ update delete writable }} }} }} }}",
    )
    shared = await world.ask(
        "admin",
        f"{{ opportunities(first: 100) {{ permissions {{ writable }} nodes {{ {ROW} permissions {{ update delete }} }} }} }}",
    )
    assert len(by_row.data["opportunities"]["nodes"]) == 100
    assert len(shared.body) < 0.6 * len(by_row.body)
