"""Scenarios of a few mutations on one record, which independent generation rarely produces."""

from __future__ import annotations

from tests.writes.commands import Command, Input, Mutation
from tests.writes.entity_types import NESTED_CHILDREN, Row, api_id
from tests.writes.generator import InputGenerator
from tests.writes.rights import below


def scenario(generator: InputGenerator) -> list[Mutation]:
    """Mutations of a random scenario; empty if no record fits it."""
    mutations: list[Mutation] = generator.one_of(_trash_parent, _subordinate, _conflict, _locked)(
        generator
    )
    return mutations


def _one(persona: str, entity: str, action: str, row: Row, **more: object) -> Mutation:
    values: Input = {"id": api_id(entity, row["id"]), **more}
    return Mutation(persona, (Command(entity, action, (values,)),))


def _trash_parent(generator: InputGenerator) -> list[Mutation]:
    """Delete a child, then its parent; restore the parent and, for an address, the child."""
    state, entity = generator.state, generator.one_of("Account", "Opportunity")
    child = NESTED_CHILDREN[entity][0]
    referenced = {row["account_id"] for row in state.live("Opportunity")}
    referenced |= {row["parent_id"] for row in state.live("Account")}
    parents = [row for row in state.live(entity) if row["id"] not in referenced]
    parents = [row for row in parents if state.children(child, row["id"])]
    if not parents:
        return []
    row = generator.one_of(*sorted(parents, key=lambda row: str(row["id"])))
    children = state.children(child, row["id"])
    deleted = generator.one_of(*children)
    mutations = [
        _one("admin", child, "Delete", deleted),
        _one("admin", entity, "Delete", row),
        _one("admin", entity, "Restore", row),
    ]
    return mutations + ([_one("admin", child, "Restore", deleted)] if child == "Address" else [])


def _subordinate(generator: InputGenerator) -> list[Mutation]:
    """A manager deletes, restores or updates a record of a subordinate."""
    state, manager = generator.state, generator.setup.people["manager"].employee
    subordinates = below(manager, state.tables["Employee"]) - {manager}
    entity = generator.one_of("Opportunity", "Opportunity", "Account")
    rows = [row for row in state.tables[entity].values() if row["owner_id"] in subordinates]
    if not rows:
        return []
    row = generator.one_of(*sorted(rows, key=lambda row: str(row["id"])))
    action = generator.one_of("Delete", "Restore", "Update")
    more = {"name": f"Deal {generator.unique()}"} if action == "Update" else {}
    return [_one("manager", entity, action, row, **more)]


def _conflict(generator: InputGenerator) -> list[Mutation]:
    """Two updates of the same version, on the same field or on different fields."""
    state, entity = generator.state, generator.one_of("Account", "Opportunity")
    if not (rows := state.live(entity)):
        return []
    row = generator.one_of(*sorted(rows, key=lambda row: str(row["id"])))
    people = {person.employee: name for name, person in generator.setup.people.items()}
    name = generator.one_of("name", "externalId", "name")
    seen = {"version": row["version"]}
    return [
        _one("admin", entity, "Update", row, name=f"Deal {generator.unique()}", **seen),
        _one(
            people.get(row["owner_id"], "admin"),
            *(entity, "Update", row),
            **{name: f"Deal {generator.unique()}", **seen},
        ),
    ]


def _locked(generator: InputGenerator) -> list[Mutation]:
    """Change a locked opportunity: move it, change a locked field, and change its note."""
    rows = [row for row in generator.state.live("Opportunity") if row["locked"]]
    if not rows:
        return []
    row = generator.one_of(*rows)
    people = {person.employee: name for name, person in generator.setup.people.items()}
    persona = generator.one_of("admin", people.get(row["owner_id"], "admin"))
    values = {"probability": 55} if generator.chance(2) else {"margin": f"{generator.pick(90) + 1}"}
    return [
        _one(persona, "Opportunity", "Move", row, stage=generator.stage(row)),
        _one(persona, "Opportunity", "Update", row, **values),
        _one(persona, "Opportunity", "Update", row, note=f"Sold {generator.unique()}"),
    ]
