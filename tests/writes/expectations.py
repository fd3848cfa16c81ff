"""Expected effect of each action on one input: create, update, delete, restore, upsert, move."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from tests.writes import judge
from tests.writes.answers import Fault
from tests.writes.conflicts import conflict
from tests.writes.judge import Asked, Judged
from tests.writes.kinds import ABOVE, ALONG, KINDS, PARTS, Row
from tests.writes.offices import appointed, kept_office, misplaced, opened, succeeded
from tests.writes.rights import within
from tests.writes.selling import added, begin, locked, placed, preset, priced
from tests.writes.selling import changed as sold
from tests.writes.state import State, same


def owner_of(asked: Asked, row: Row) -> UUID:
    """Owner of a record; a child has the owner of its parent."""
    kind = asked.kind
    if kind.whole is not None:
        above = kind.links[kind.whole]
        return UUID(str(asked.state.tables[above][row[f"{kind.whole}_id"]]["owner_id"]))
    return UUID(str(row["id" if asked.entity == "Employee" else "owner_id"]))


def permitted(asked: Asked, judged: Judged, row: Row, right: str) -> None:
    """Expect FORBIDDEN where the record is visible but the caller may not edit or delete it."""
    module = asked.person.modules.get(asked.entity)
    if asked.person.full:
        return
    if module is None:
        judged.refuse("FORBIDDEN")
        return
    owner, tables = owner_of(asked, row), asked.state.tables
    mine = within(asked.person, getattr(module, right), owner, tables)
    if asked.kind.whole is None:
        if not mine:
            judged.refuse("FORBIDDEN")
        return
    above = asked.person.modules.get(asked.kind.links[asked.kind.whole])
    whole = above is not None and within(asked.person, above.edits, owner, tables)
    if not mine and not whole:
        judged.refuse("FORBIDDEN")
    elif not (mine and whole):
        judged.perhaps("FORBIDDEN")  # editing a child needs rights on the parent or on its own type


def found(asked: Asked, judged: Judged, right: str, *, bin_too: bool = False) -> Row | None:
    """The record that the input names; NOT_FOUND takes precedence over other errors.

    FORBIDDEN is allowed when the caller has the right on no record, since it reveals no record.
    """
    module = asked.person.modules.get(asked.entity)
    whole = asked.kind.whole
    above = asked.person.modules.get(asked.kind.links[whole]) if whole else None
    if not asked.person.full and not any(getattr(each, right, None) for each in (module, above)):
        judged.perhaps("FORBIDDEN")
    row = asked.row()
    if row is not None and whole is not None:
        # Children share the visibility of their parent: they are trashed and restored together.
        above_it = asked.state.tables[asked.kind.links[whole]][row[f"{whole}_id"]]
        row = None if above_it["deleted_at"] is not None else row
    if row is None or not asked.sees(asked.entity, row, bin_too=bin_too):
        judged.refuse("NOT_FOUND", "id")
        if not asked.person.full and module is None:
            judged.perhaps("FIELD_FORBIDDEN")
        return None
    judged.id = row["id"]
    return row


def create(asked: Asked) -> Judged:
    """Create a record with its children."""
    judged, values = Judged(), dict(asked.kind.extra)
    judge.fields(asked, judged, None, creating=True)
    module = asked.person.modules.get(asked.entity)
    if not asked.person.full and (module is None or not module.creates):
        judged.refuse("FORBIDDEN")
        if module is None:
            judged.perhaps("FIELD_FORBIDDEN")
            judged.perhaps("NOT_FOUND")
    for name in asked.kind.names:
        values.setdefault(asked.kind.column(name), asked.kind.extra.get(asked.kind.column(name)))
    given: Row = {}
    judge.links(asked, judged, given)
    judge.plain(asked, judged, given)
    judge.missing(asked, judged, creating=True)
    values |= given
    if asked.entity in ("Account", "Opportunity"):
        values["custom"] = judge.attributes(asked, judged, {})
    if values.get("owner_id") is None:
        values["owner_id"] = asked.person.employee
    if asked.entity == "Opportunity":
        preset(asked, values)
        begin(asked, judged, values)
        priced(asked, judged, values)
        judge.money(asked, judged, None, values)
    if asked.entity == "Account" and "number" not in asked.input:
        values["number"] = judge.ANY
    if asked.kind.whole is not None:
        values.pop("owner_id")
        if f"{asked.kind.whole}_id" in given:
            permitted(asked, judged, values, "edits")
    if asked.entity == "Address":
        misplaced(asked, judged, values)
    judge.duplicate(asked, judged, values)
    made = nested(asked, judged)
    if not any(part.get("employee_id") == asked.person.employee for part in made):
        _after_image(asked, judged, {"deleted_at": None, **values})
    judged.effect = lambda: _added(asked, values, made)
    return judged


def _after_image(asked: Asked, judged: Judged, after: Row) -> None:
    known = asked.entity == "Opportunity" and after.get("type_id") and after.get("owner_id")
    if known and not asked.sees("Opportunity", {"id": None, **after}):
        judged.refuse("FORBIDDEN")


def _added(asked: Asked, values: Row, parts: list[Row]) -> UUID:
    state = asked.state
    if asked.entity == "Address":
        return opened(state, values)
    add = added if asked.entity == "Opportunity" else partial(State.add, entity=asked.entity)
    identity = add(state, values=values)
    for part in parts:
        if asked.entity == "Account":
            opened(state, {**part, "account_id": identity})
        else:
            state.add("OpportunityShare", {**part, "opportunity_id": identity})
    if len(parts) > 1 and any(part.get("head_office") for part in parts[1:]):
        # It is unspecified whether the head office moved or was set at its place at once.
        state.loose |= {row["id"] for row in state.parts("Address", identity)}
    return identity


def nested(asked: Asked, judged: Judged) -> list[Row]:
    """Children created with the record."""
    part, name = PARTS.get(asked.entity, ("", ""))
    listed = asked.input.get(name) or []
    made: list[Row] = []
    if not listed:
        return made
    module = asked.person.modules.get(part)
    if not asked.person.full and (module is None or not module.creates):
        judged.refuse("FORBIDDEN")
        judged.perhaps("FIELD_FORBIDDEN")
        judged.perhaps("FIELD_READ_ONLY")
    elif not asked.person.full and asked.input.get("owner") is not None:
        judged.perhaps("FORBIDDEN")  # the new parent belongs to another user
    for number, each in enumerate(listed):
        below = Asked(asked.setup, asked.state, asked.person, part, each)
        inner, values = Judged(), dict(KINDS[part].extra)
        for field in KINDS[part].names:
            values.setdefault(KINDS[part].column(field), None)
        judge.links(below, inner, values)
        judge.plain(below, inner, values)
        for fault in inner.faults:
            at = (name, str(number), *(fault.path or ()))
            judged.faults.add(Fault(fault.code, at, fault.refusal))
        if values in made and part == "OpportunityShare":
            judged.faults.add(Fault("DUPLICATE", None, refusal=False))
        made.append(values)
    return made


def update(asked: Asked) -> Judged:
    """Set the given fields; null clears a field."""
    judged = Judged()
    row = found(asked, judged, "edits")
    judge.fields(asked, judged, row, creating=False)
    if row is None:
        return judged
    permitted(asked, judged, row, "edits")
    return changed(asked, judged, row)


def changed(asked: Asked, judged: Judged, row: Row) -> Judged:
    """Effect of an update or upsert on an existing record."""
    values: Row = {}
    judge.links(asked, judged, values)
    judge.plain(asked, judged, values)
    judge.missing(asked, judged, creating=False)
    if "custom" in row and "attributes" in asked.input:
        values["custom"] = judge.attributes(asked, judged, row["custom"])
    conflict(asked, judged, row, values)
    if values.get("stage_id") not in (None, row.get("stage_id")):
        placed(asked, judged, row, values)
    after = {**row, **values}
    if asked.entity in ABOVE:
        _below_itself(asked, judged, row, after)
    if asked.entity == "Opportunity":
        locked(asked, judged, row, after)
        judge.money(asked, judged, row, after)
    if asked.entity == "Address":
        misplaced(asked, judged, after)
    judge.duplicate(asked, judged, after)
    _after_image(asked, judged, after)

    def done() -> UUID:
        if asked.entity == "Address":
            appointed(asked.state, row["id"], values)
        elif asked.entity == "Opportunity":
            sold(asked.state, row["id"], values)
        else:
            asked.state.change(asked.entity, row["id"], **values)
        return UUID(str(row["id"]))

    judged.effect = done
    return judged


def _below_itself(asked: Asked, judged: Judged, row: Row, after: Row) -> None:
    link = ABOVE[asked.entity]
    above = after[f"{link}_id"]
    if same(row[f"{link}_id"], above):
        return
    if judge.above_itself(asked.state, asked.entity, row["id"], above, live_only=True):
        judged.fault("CYCLE", link)
    elif judge.above_itself(asked.state, asked.entity, row["id"], above, live_only=False):
        judged.perhaps("CYCLE", refusal=False)


def stale(asked: Asked, judged: Judged, row: Row) -> None:
    """No field changes, so it is unspecified whether an old version conflicts."""
    if asked.input.get("version") not in (None, row["version"]):
        judged.perhaps("CONFLICT")
        judged.perhaps("INVALID", refusal=False)


def delete(asked: Asked) -> Judged:
    """Move to the trash with the children, unless another record refers to it."""
    judged = Judged()
    row = found(asked, judged, "deletes")
    if row is None:
        return judged
    permitted(asked, judged, row, "deletes")
    stale(asked, judged, row)
    identity, state = row["id"], asked.state
    if asked.entity == "Account":
        used = [("Opportunity", "account_id"), ("Account", "parent_id")]
        if any(each[link] == identity for entity, link in used for each in state.live(entity)):
            judged.faults.add(Fault("IN_USE", None, refusal=False))

    def done() -> UUID:
        for part in ALONG.get(asked.entity, ()):
            for each in state.parts(part, identity):
                state.change(part, each["id"], "DELETED", deleted_at=True, along=identity)
        state.change(asked.entity, identity, "DELETED", deleted_at=True)
        if asked.entity == "Address":
            succeeded(state, row)
        return UUID(str(identity))

    judged.effect = done
    return judged


def restore(asked: Asked) -> Judged:
    """Restore from the trash with the children deleted together with it."""
    judged = Judged()
    row = found(asked, judged, "deletes", bin_too=True)
    if row is None:
        return judged
    permitted(asked, judged, row, "deletes")
    stale(asked, judged, row)
    if row["deleted_at"] is None:
        return judged
    state, identity = asked.state, row["id"]
    for name, target in asked.kind.links.items():
        linked = state.tables[target].get(row[asked.kind.column(name)])
        if name in asked.kind.required and (linked is None or linked["deleted_at"] is not None):
            judged.faults.add(Fault("WHOLE_DELETED", None, refusal=False))
    judge.duplicate(asked, judged, row, restoring=True)
    if asked.entity == "Account":
        if judge.above_itself(state, "Account", identity, row["parent_id"], live_only=True):
            judged.faults.add(Fault("CYCLE", None, refusal=False))
        elif judge.above_itself(state, "Account", identity, row["parent_id"], live_only=False):
            judged.perhaps("CYCLE", refusal=False)

    def done() -> UUID:
        state.change(asked.entity, identity, "RESTORED", deleted_at=None, along=None)
        for part in ALONG.get(asked.entity, ()):
            for each in [row for row in state.tables[part].values() if row["along"] == identity]:
                state.change(part, each["id"], "RESTORED", deleted_at=None, along=None)
        if asked.entity == "Address":
            kept_office(state, identity)
        return UUID(str(identity))

    judged.effect = done
    return judged


def upsert(asked: Asked) -> Judged:
    """Update the live record with this external id, or create one."""
    external = asked.input["externalId"]
    there = [row for row in asked.state.live(asked.entity) if row["external_id"] == external]
    if not there:
        return create(asked)
    judged, row = Judged(), there[0]
    if not asked.sees(asked.entity, row):
        judged.fault("DUPLICATE", "externalId")
        judged.perhaps("FORBIDDEN")
        judged.perhaps("FIELD_READ_ONLY")
        judged.perhaps("FIELD_FORBIDDEN")
        if asked.person.full is False:
            for code in ("REQUIRED", "INVALID", "TOO_LONG", "INVALID_TRANSITION"):
                judged.perhaps(code, refusal=False)
            judged.perhaps("NOT_FOUND")
        return judged
    judged.id = row["id"]
    judge.fields(asked, judged, row, creating=False)
    permitted(asked, judged, row, "edits")
    return changed(asked, judged, row)


def move(asked: Asked) -> Judged:
    """Move to another stage of the type; status and probability follow."""
    judged = Judged()
    row = found(asked, judged, "edits")
    judge.fields(asked, judged, row, creating=False)
    if row is None:
        return judged
    permitted(asked, judged, row, "edits")
    values: Row = {}
    judge.links(asked, judged, values)
    conflict(asked, judged, row, values)
    if values.get("stage_id") not in (None, row["stage_id"]):
        placed(asked, judged, row, values)
    locked(asked, judged, row, {**row, **values})

    def done() -> UUID:
        sold(asked.state, row["id"], values)
        return UUID(str(row["id"]))

    judged.effect = done
    return judged


ACTIONS: dict[str, Any] = {
    "Create": create,
    "Update": update,
    "Delete": delete,
    "Restore": restore,
    "Upsert": upsert,
    "Move": move,
}
