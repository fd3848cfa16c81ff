"""Short stories that chance alone would seldom tell: each a few mutations about the same record."""

from __future__ import annotations

from tests.writes.commands import Command, Input, Mutation
from tests.writes.draw import Drawn
from tests.writes.kinds import PARTS, Row, spelled
from tests.writes.rights import below


def story(drawn: Drawn) -> list[Mutation]:
    """One of them, or nothing if there is no record for it."""
    told: list[Mutation] = drawn.one_of(_whole, _below, _conflict, _sold)(drawn)
    return told


def _one(persona: str, entity: str, action: str, row: Row, **more: object) -> Mutation:
    given: Input = {"id": spelled(entity, row["id"]), **more}
    return Mutation(persona, (Command(entity, action, (given,)),))


def _whole(drawn: Drawn) -> list[Mutation]:
    """A part is deleted, then its whole; the whole comes back, and perhaps the part."""
    state, entity = drawn.state, drawn.one_of("Account", "Opportunity")
    part = PARTS[entity][0]
    kept = {row["account_id"] for row in state.live("Opportunity")}
    kept |= {row["parent_id"] for row in state.live("Account")}
    whole = [row for row in state.live(entity) if row["id"] not in kept]
    whole = [row for row in whole if state.parts(part, row["id"])]
    if not whole:
        return []
    row = drawn.one_of(*sorted(whole, key=lambda row: str(row["id"])))
    parts = state.parts(part, row["id"])
    gone = drawn.one_of(*parts)
    told = [
        _one("admin", part, "Delete", gone),
        _one("admin", entity, "Delete", row),
        _one("admin", entity, "Restore", row),
    ]
    return told + ([_one("admin", part, "Restore", gone)] if part == "Address" else [])


def _below(drawn: Drawn) -> list[Mutation]:
    """A superior takes a record of somebody below in hand."""
    state, manager = drawn.state, drawn.setup.people["manager"].employee
    theirs = below(manager, state.tables["Employee"]) - {manager}
    entity = drawn.one_of("Opportunity", "Opportunity", "Account")
    rows = [row for row in state.tables[entity].values() if row["owner_id"] in theirs]
    if not rows:
        return []
    row = drawn.one_of(*sorted(rows, key=lambda row: str(row["id"])))
    action = drawn.one_of("Delete", "Restore", "Update")
    more = {"name": f"Deal {drawn.marked()}"} if action == "Update" else {}
    return [_one("manager", entity, action, row, **more)]


def _conflict(drawn: Drawn) -> list[Mutation]:
    """Two who saw the same version change it, the same field or another one."""
    state, entity = drawn.state, drawn.one_of("Account", "Opportunity")
    if not (rows := state.live(entity)):
        return []
    row = drawn.one_of(*sorted(rows, key=lambda row: str(row["id"])))
    people = {person.employee: name for name, person in drawn.setup.people.items()}
    name = drawn.one_of("name", "externalId", "name")
    seen = {"version": row["version"]}
    return [
        _one("admin", entity, "Update", row, name=f"Deal {drawn.marked()}", **seen),
        _one(
            people.get(row["owner_id"], "admin"),
            *(entity, "Update", row),
            **{name: f"Deal {drawn.marked()}", **seen},
        ),
    ]


def _sold(drawn: Drawn) -> list[Mutation]:
    """Somebody moves what was sold, or changes what it was sold for; or says what may be said of it."""
    rows = [row for row in drawn.state.live("Opportunity") if row["locked"]]
    if not rows:
        return []
    row = drawn.one_of(*rows)
    people = {person.employee: name for name, person in drawn.setup.people.items()}
    who = drawn.one_of("admin", people.get(row["owner_id"], "admin"))
    given = {"probability": 55} if drawn.chance(2) else {"margin": f"{drawn.pick(90) + 1}"}
    return [
        _one(who, "Opportunity", "Move", row, stage=drawn.stage(row)),
        _one(who, "Opportunity", "Update", row, **given),
        _one(who, "Opportunity", "Update", row, note=f"Sold {drawn.marked()}"),
    ]
