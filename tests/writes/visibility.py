"""Compares the records and values returned to a persona with those the model makes visible."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.proof.contract import LIST_ROOT
from tests.writes.entity_types import ENTITY_TYPES, MONEY, Row, api_id
from tests.writes.rights import Persona, SetUp, sees, unreadable
from tests.writes.state import State
from tests.writes.tenant import Tenant
from tests.writes.value_text import text_of

LISTS = {entity: LIST_ROOT[entity] for entity in ENTITY_TYPES}


async def check_all(tenant: Tenant, setup: SetUp, persona: str, state: State) -> None:
    """Check that the lists of a persona return every visible record and no other."""
    person = setup.people[persona]
    roots = " ".join(
        f"{name}(first: 100) {{ nodes {{ id version {ENTITY_TYPES[entity].selection} }} }}"
        for entity, name in LISTS.items()
    )
    answer = await tenant.world.ask(persona, f"{{ {roots} }}", tenant=tenant.slug)
    for entity, name in LISTS.items():
        connection = answer.data[name]
        nodes_by_id = {node["id"]: node for node in connection["nodes"]} if connection else {}
        rows = {
            api_id(entity, row["id"]): row
            for row in state.live(entity)
            if sees(person, entity, row, state.tables)
        }
        assert set(nodes_by_id) == set(rows), f"{persona} receives other {name}"
        for identity, row in rows.items():
            check_record(setup, person, state, entity, row, nodes_by_id[identity])


def check_record(
    setup: SetUp, person: Persona, state: State, entity: str, row: Row, node: dict[str, Any]
) -> None:
    """Check the returned values of one record."""
    entity_type = ENTITY_TYPES[entity]
    for name, value in node.items():
        if name == "id":
            assert value == api_id(entity, row["id"])
            continue
        expected = row[entity_type.column(name)]
        if name in entity_type.links:
            target = state.tables[entity_type.links[name]].get(expected) if expected else None
            visible = target is not None and sees(
                person, entity_type.links[name], target, state.tables
            )
            expected = {"id": api_id(entity_type.links[name], expected)} if visible else None
        elif name in MONEY:
            value = None if value is None else Decimal(value["amount"])
        elif isinstance(expected, date | Decimal):
            expected = text_of(expected)
        if unreadable(person, entity, name, row.get("status")):
            expected = None
        assert value == expected, (
            f"{person.name} receives {entity}.{name} {value!r}, not {expected!r}"
        )
