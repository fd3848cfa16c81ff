"""Compares the records and values returned to a persona with those the model makes visible."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.proof.contract import LIST_OF
from tests.writes.kinds import KINDS, MONEY, Row, spelled
from tests.writes.rights import Person, SetUp, sees, unreadable
from tests.writes.spelling import text_of
from tests.writes.state import State
from tests.writes.tenant import Tenant

LISTS = {entity: LIST_OF[entity] for entity in KINDS}


async def by(tenant: Tenant, setup: SetUp, persona: str, state: State) -> None:
    """Every record that there is to see, and no other."""
    person = setup.people[persona]
    roots = " ".join(
        f"{name}(first: 100) {{ nodes {{ id version {KINDS[entity].selection} }} }}"
        for entity, name in LISTS.items()
    )
    answer = await tenant.world.ask(persona, f"{{ {roots} }}", tenant=tenant.slug)
    for entity, name in LISTS.items():
        listed = answer.data[name]
        shown = {node["id"]: node for node in listed["nodes"]} if listed else {}
        rows = {
            spelled(entity, row["id"]): row
            for row in state.live(entity)
            if sees(person, entity, row, state.tables)
        }
        assert set(shown) == set(rows), f"{persona} sees other {name}"
        for identity, row in rows.items():
            record(setup, person, state, entity, row, shown[identity])


def record(
    setup: SetUp, person: Person, state: State, entity: str, row: Row, node: dict[str, Any]
) -> None:
    """One record as it is shown."""
    kind = KINDS[entity]
    for name, value in node.items():
        if name == "id":
            assert value == spelled(entity, row["id"])
            continue
        expected = row[kind.column(name)]
        if name in kind.links:
            target = state.tables[kind.links[name]].get(expected) if expected else None
            visible = target is not None and sees(person, kind.links[name], target, state.tables)
            expected = {"id": spelled(kind.links[name], expected)} if visible else None
        elif name in MONEY:
            value = None if value is None else Decimal(value["amount"])
        elif isinstance(expected, date | Decimal):
            expected = text_of(expected)
        if unreadable(person, entity, name, row.get("status")):
            expected = None
        assert value == expected, (
            f"{person.name} is shown {entity}.{name} {value!r}, not {expected!r}"
        )
