"""Fragments on interfaces return the same values and denials as the same fields of the type."""

from __future__ import annotations

from collections import Counter

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType

from tests.leaks.channels import leaf
from tests.leaks.probe import Probe, denied
from tests.leaks.test_matrix import some_id
from tests.leaks.truth import Truth, scratch_tenant
from tests.proof.contract import LIST_ROOT, LISTED, SCHEMA, spelled_id
from tests.proof.daily import DAILY
from tests.proof.rights import PERSONAS, is_closed
from tests.support.covers import covers
from tests.support.world import World


def interfaces(type_name: str) -> dict[str, str]:
    """The interfaces of a type, each with all its fields as a selection."""
    kind = SCHEMA.type_map[type_name]
    assert isinstance(kind, GraphQLObjectType)
    return {
        one.name: " ".join(leaf(type_name, name) for name in one.fields) for one in kind.interfaces
    }


def test_every_interface_is_tested() -> None:
    known = {name for type_name in LISTED for name in interfaces(type_name)}
    declared = {n for n, t in SCHEMA.type_map.items() if isinstance(t, GraphQLInterfaceType)}
    assert known == declared == {"Node", "Record", "Owned"}


@pytest.mark.parametrize("type_name", DAILY)
async def test_interface_fragment_equals_field_selection(probe: Probe, type_name: str) -> None:
    """In a list, through `node`, and nested in another interface; with equal denials."""
    id, root = some_id(probe, type_name), LIST_ROOT[type_name]
    for name, inner in interfaces(type_name).items():
        fields = inner.replace("{ id }", "").split()
        for plain, wrapped in (
            (
                f"{root}(first: 20) {{ nodes {{ {inner} }} }}",
                f"{root}(first: 20) {{ nodes {{ ... on {name} {{ {inner} }} }} }}",
            ),
            (
                f'node(id: "{id}") {{ ... on {type_name} {{ {inner} }} }}',
                f'node(id: "{id}") {{ ... on Node {{ ... on {name} {{ {inner} }} }} }}',
            ),
        ):
            one = await probe.ask(f"{{ read: {plain} }}")
            other = await probe.ask(f"{{ read: {wrapped} }}")
            assert one.data == other.data, wrapped
            assert denied(one) == denied(other) == probe.denials(type_name, fields), wrapped
            strict = await probe.ask(f"{{ read: {wrapped} }}", x_access="strict")
            assert bool(strict.codes) == bool(denied(one))
            probe.cells["interface"] += len(fields)


@covers("D-32")
async def test_records_of_all_types_at_once(probe: Probe) -> None:
    """Each node equals a separate read; closed types are null and their denials are listed."""
    ids = [some_id(probe, type_name) for type_name in LISTED]
    inner = "__typename ... on Record { id version updatedAt } ... on Owned { owner { id } }"
    listed = ", ".join(f'"{id}"' for id in ids)
    answer = await probe.ask(f"{{ nodes(ids: [{listed}]) {{ {inner} }} }}")
    for type_name, id, node in zip(LISTED, ids, answer.data["nodes"], strict=True):
        if is_closed(probe.persona, type_name):
            assert node is None
            continue
        own = {"Record": "id version updatedAt", "Owned": "owner { id }"}
        parts = [own[name] for name in interfaces(type_name) if name in own]
        fields = " ".join(["__typename", *parts])
        plain = await probe.ask(f'{{ node(id: "{id}") {{ ... on {type_name} {{ {fields} }} }} }}')
        assert node == plain.data["node"]
        assert denied(plain) <= denied(answer)


CLOSED = {
    ("Employee", "name"): ("employees", "initials"),
    ("Account", "website"): ("accounts", "websiteDomain"),
    ("Opportunity", "expected_close_on"): ("opportunities", "closeQuarter"),
    ("Opportunity", "probability"): ("opportunities", "weighted { amount }"),
}
"""One input of each computed field, whose right is revoked."""
API = {"expected_close_on": "expectedCloseOn"}


@covers("D-31", "D-57")
async def test_computed_field_without_right_to_input_is_closed(world: World) -> None:
    """Null and denied in lists, fragments and records of group keys; refused in filters, orders and aggregates."""
    async with scratch_tenant(world, "inputless") as tenant:
        table = f"{world.schema(tenant)}.field_permission"
        for entity, column in CLOSED:
            await world.admin.execute(
                f"DELETE FROM {table} WHERE entity = $1 AND field = $2",  # noqa: S608
                entity, API.get(column, column),
            )  # fmt: skip
        await world.bump_access_version(tenant)
        for persona in (one for one in PERSONAS if one != "admin"):
            for (entity, _), (root, field) in CLOSED.items():
                await _is_closed(world, tenant, persona, entity, root, field)
        full = await world.ask("admin", "{ employees { nodes { initials } } }", tenant=tenant)
        assert None not in {node["initials"] for node in full.data["employees"]["nodes"]}


async def _is_closed(
    world: World, tenant: str, persona: str, entity: str, root: str, field: str
) -> None:
    name = field.split()[0]
    for query in (
        f"{{ {root} {{ nodes {{ {field} }} }} }}",
        f"{{ {root} {{ nodes {{ id ... on Record {{ id ... on {entity} {{ {field} }} }} }} }} }}",
    ):
        answer = await world.ask(persona, query, tenant=tenant)
        assert (entity, name, "hidden") in denied(answer), (persona, query)
        assert {node[name] for node in answer.data[root]["nodes"]} == {None}
        strict = await world.ask(persona, query, tenant=tenant, x_access="strict")
        assert strict.codes == ["FIELD_FORBIDDEN"]
    key = f"groupBy: [{{ record: true }}]) {{ groups {{ key {{ record {{ {field} }} }} }} }}"
    grouped = await world.ask(persona, f"{{ {root}Aggregate({key} }}", tenant=tenant)
    shown = {group["key"]["record"][name] for group in grouped.data[f"{root}Aggregate"]["groups"]}
    assert shown == {None}
    assert (entity, name, "hidden") in denied(grouped)
    if name == "weighted":
        for condition in (
            'opportunities(filter: { weighted: { gt: "1" } }) { totalCount }',
            "opportunities(orderBy: [{ weighted: ASC }]) { totalCount }",
            "opportunities { aggregate { countUnique { weighted } } }",
        ):
            refused = await world.ask(persona, f"{{ {condition} }}", tenant=tenant)
            assert refused.codes == ["FIELD_FORBIDDEN"], condition


@covers("D-32", "D-57")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_computed_field_of_invisible_record_is_null(
    world: World, truth: Truth, cells: Counter[str], persona: str
) -> None:
    """A field computed in Python does not reveal an invisible row through any root field."""
    unseen = set(truth.rows["Opportunity"]) - set(truth.visible(persona, "Opportunity"))
    for id in sorted(unseen)[:20]:
        text = spelled_id("Opportunity", id)
        query = (
            f'{{ opportunity(id: "{text}") {{ closeQuarter }} node(id: "{text}") {{ id ... on Opportunity '
            f'{{ closeQuarter }} }} opportunities(filter: {{ id: {{ eq: "{text}" }} }}) '
            f"{{ totalCount nodes {{ closeQuarter }} }} }}"
        )
        answer = await world.ask(persona, query)
        assert answer.data == {
            "opportunity": None, "node": None, "opportunities": {"totalCount": 0, "nodes": []},
        }  # fmt: skip
        cells["derived"] += 3
