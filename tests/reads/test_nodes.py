"""Global object ids: `node` and `nodes` return records of every type by their ids."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    is_leaf_type,
)

from tests.support.covers import covers
from tests.support.world import World

SCHEMA = build_schema((Path(__file__).parents[2] / "schema" / "schema.graphql").read_text())
MISSING = "acc_ffffffffffffffffffffffffffffffff"
IDS = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"


def node_types() -> list[str]:
    """The object types of the printed schema that implement `Node`."""
    node = SCHEMA.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    return sorted(each.name for each in SCHEMA.get_possible_types(node))


TYPES = node_types()


def leaves(type_name: str) -> list[str]:
    """The fields of an object type that are scalars or enums and take no argument."""
    kind = SCHEMA.type_map[type_name]
    assert isinstance(kind, GraphQLObjectType)
    return [
        name
        for name, field in kind.fields.items()
        if is_leaf_type(get_named_type(field.type)) and not field.args
    ]


def root(type_name: str) -> str | None:
    """The query field that returns one record of the type by its id; history entries have none."""
    assert SCHEMA.query_type is not None
    found = [
        name
        for name, field in SCHEMA.query_type.fields.items()
        if get_named_type(field.type).name == type_name and "id" in field.args
    ]
    return found[0] if found else None


def list_query(type_name: str) -> str:
    """The query of the first two records of a type. Raises LookupError if it has no list at the root."""
    assert SCHEMA.query_type is not None
    for name, field in SCHEMA.query_type.fields.items():
        if get_named_type(field.type).name == f"{type_name}Connection":
            return f"{{ found: {name}(first: 2) {{ nodes {{ id }} }} }}"
    raise LookupError(type_name)


async def some_ids(world: World, type_name: str) -> list[str]:
    """Ids of records of a type that an administrator sees."""
    answer = await world.ask("admin", list_query(type_name))
    return [each["id"] for each in answer.data["found"]["nodes"]]


@covers("X-02")
@pytest.mark.parametrize("type_name", [each for each in TYPES if root(each)])
async def test_node_returns_the_same_record_as_its_root_field(world: World, type_name: str) -> None:
    [id, *_] = await some_ids(world, type_name)
    fields = " ".join(leaves(type_name))
    query = f"""query ($id: ID!) {{
      one: {root(type_name)}(id: $id) {{ __typename {fields} }}
      node(id: $id) {{ __typename id ... on {type_name} {{ {fields} }} }}
    }}"""
    data = (await world.ask("admin", query, {"id": id})).data
    assert data["node"] == data["one"]
    assert (data["node"]["__typename"], data["node"]["id"]) == (type_name, id)


@covers("X-02")
async def test_ids_are_unique_across_types_and_nodes_keeps_their_order(world: World) -> None:
    types = [each for each in TYPES if root(each)]
    ids_by_type = {each: await some_ids(world, each) for each in types}
    ids = [id for found in ids_by_type.values() for id in found]
    assert all(ids_by_type.values())
    assert len(set(ids)) == len(ids)
    expected = {
        id: {"__typename": each, "id": id} for each, found in ids_by_type.items() for id in found
    }
    requested = [*reversed(ids), ids[0], MISSING, f"xyz_{'0' * 32}", ids[0]]
    data = (await world.ask("admin", IDS, {"ids": requested})).data
    assert data["nodes"] == [expected.get(id) for id in requested]


@covers("X-02", "D-32")
async def test_nodes_is_null_where_the_caller_sees_no_record(world: World) -> None:
    mine, others = [set(await all_opportunities(world, who)) for who in ("rep1", "admin")]
    hidden, seen = min(others - mine), min(mine)
    params = {"ids": [hidden, seen, MISSING]}
    data = (await world.ask("rep1", IDS, params)).data
    assert data["nodes"] == [None, {"__typename": "Opportunity", "id": seen}, None]
    query = "query ($id: ID!) { node(id: $id) { id } account(id: $id) { id } }"
    assert (await world.ask("rep1", query, {"id": hidden})).data == {"node": None, "account": None}
    found = (await world.ask("rep1", query, {"id": seen})).data
    assert found == {"node": {"id": seen}, "account": None}, "an id is of one type"


async def all_opportunities(world: World, persona: str) -> list[str]:
    """The first hundred opportunities that the persona sees, oldest first."""
    query = "{ opportunities(first: 100, orderBy: [{ createdAt: ASC }]) { nodes { id } } }"
    answer = await world.ask(persona, query)
    return [each["id"] for each in answer.data["opportunities"]["nodes"]]
