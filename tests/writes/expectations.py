"""Expected effect of each action on one input: create, update, delete, restore, upsert, move."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from tests.writes import input_rules
from tests.writes.address_roles import (
    add_address,
    change_address,
    check_invoice_roles,
    delete_address,
    restore_address,
)
from tests.writes.conflicts import check_conflict
from tests.writes.entity_types import CHILDREN, ENTITY_TYPES, HIERARCHY_LINKS, NESTED_CHILDREN, Row
from tests.writes.input_rules import Expectation, InputContext
from tests.writes.opportunities import (
    add_opportunity,
    apply_presets,
    change_opportunity,
    change_stage,
    check_currency,
    check_locked,
    enter_first_stage,
)
from tests.writes.responses import ApiError
from tests.writes.rights import within
from tests.writes.state import State, same


def owner_of(context: InputContext, row: Row) -> UUID:
    """Owner of a record; a child has the owner of its parent."""
    parent = context.type.parent
    if parent is not None:
        table = context.state.tables[context.type.links[parent]]
        return UUID(str(table[row[f"{parent}_id"]]["owner_id"]))
    return UUID(str(row["id" if context.entity == "Employee" else "owner_id"]))


def check_permission(context: InputContext, expected: Expectation, row: Row, right: str) -> None:
    """Expect FORBIDDEN where the record is visible but the caller may not edit or delete it."""
    granted = context.person.grants.get(context.entity)
    if context.person.full:
        return
    if granted is None:
        expected.refuse("FORBIDDEN")
        return
    owner, tables = owner_of(context, row), context.state.tables
    mine = within(context.person, getattr(granted, right), owner, tables)
    if context.type.parent is None:
        if not mine:
            expected.refuse("FORBIDDEN")
        return
    parent_grant = context.person.grants.get(context.type.links[context.type.parent])
    edits_parent = parent_grant is not None and within(
        context.person, parent_grant.edits, owner, tables
    )
    if not mine and not edits_parent:
        expected.refuse("FORBIDDEN")
    elif not (mine and edits_parent):
        expected.allow("FORBIDDEN")  # editing a child needs rights on the parent or on its own type


def find_record(
    context: InputContext, expected: Expectation, right: str, *, include_trashed: bool = False
) -> Row | None:
    """The record that the input names; NOT_FOUND takes precedence over other errors.

    FORBIDDEN is allowed when the caller has the right on no record, since it reveals no record.
    """
    granted = context.person.grants.get(context.entity)
    parent = context.type.parent
    parent_grant = context.person.grants.get(context.type.links[parent]) if parent else None
    if not context.person.full and not any(
        getattr(each, right, None) for each in (granted, parent_grant)
    ):
        expected.allow("FORBIDDEN")
    row = context.row()
    if row is not None and parent is not None:
        # Children share the visibility of their parent: they are trashed and restored together.
        parent_row = context.state.tables[context.type.links[parent]][row[f"{parent}_id"]]
        row = None if parent_row["deleted_at"] is not None else row
    if row is None or not context.sees(context.entity, row, include_trashed=include_trashed):
        expected.refuse("NOT_FOUND", "id")
        if not context.person.full and granted is None:
            expected.allow("FIELD_FORBIDDEN")
        return None
    expected.id = row["id"]
    return row


def create(context: InputContext) -> Expectation:
    """Create a record with its children."""
    expected, values = Expectation(), dict(context.type.defaults)
    input_rules.check_fields(context, expected, None, creating=True)
    granted = context.person.grants.get(context.entity)
    if not context.person.full and (granted is None or not granted.creates):
        expected.refuse("FORBIDDEN")
        if granted is None:
            expected.allow("FIELD_FORBIDDEN")
            expected.allow("NOT_FOUND")
    for name in context.type.names:
        values.setdefault(
            context.type.column(name), context.type.defaults.get(context.type.column(name))
        )
    inputs: Row = {}
    input_rules.resolve_links(context, expected, inputs)
    input_rules.parse_fields(context, expected, inputs)
    input_rules.check_required(context, expected, creating=True)
    values |= inputs
    if context.entity in ("Account", "Opportunity"):
        values["custom"] = input_rules.merge_attributes(context, expected, {})
    if values.get("owner_id") is None:
        values["owner_id"] = context.person.employee
    if context.entity == "Opportunity":
        apply_presets(context, values)
        enter_first_stage(context, expected, values)
        check_currency(context, expected, values)
        input_rules.check_amounts(context, expected, None, values)
    if context.entity == "Account" and "number" not in context.input:
        values["number"] = input_rules.ANY
    if context.type.parent is not None:
        values.pop("owner_id")
        if f"{context.type.parent}_id" in inputs:
            check_permission(context, expected, values, "edits")
    if context.entity == "Address":
        check_invoice_roles(context, expected, values)
    input_rules.check_unique(context, expected, values)
    children = nested_children(context, expected)
    if not any(child.get("employee_id") == context.person.employee for child in children):
        _check_still_visible(context, expected, {"deleted_at": None, **values})
    expected.effect = lambda: _add(context, values, children)
    return expected


def _check_still_visible(context: InputContext, expected: Expectation, after: Row) -> None:
    known = context.entity == "Opportunity" and after.get("type_id") and after.get("owner_id")
    if known and not context.sees("Opportunity", {"id": None, **after}):
        expected.refuse("FORBIDDEN")


def _add(context: InputContext, values: Row, children: list[Row]) -> UUID:
    state = context.state
    if context.entity == "Address":
        return add_address(state, values)
    add = (
        add_opportunity
        if context.entity == "Opportunity"
        else partial(State.add, entity=context.entity)
    )
    identity = add(state, values=values)
    for child in children:
        if context.entity == "Account":
            add_address(state, {**child, "account_id": identity})
        else:
            state.add("OpportunityShare", {**child, "opportunity_id": identity})
    if len(children) > 1 and any(child.get("head_office") for child in children[1:]):
        # It is unspecified whether the head office moved from the first child or was set on the later one at once.
        state.unspecified |= {row["id"] for row in state.children("Address", identity)}
    return identity


def nested_children(context: InputContext, expected: Expectation) -> list[Row]:
    """Children created with the record."""
    child, name = NESTED_CHILDREN.get(context.entity, ("", ""))
    listed = context.input.get(name) or []
    children: list[Row] = []
    if not listed:
        return children
    granted = context.person.grants.get(child)
    if not context.person.full and (granted is None or not granted.creates):
        expected.refuse("FORBIDDEN")
        expected.allow("FIELD_FORBIDDEN")
        expected.allow("FIELD_READ_ONLY")
    elif not context.person.full and context.input.get("owner") is not None:
        expected.allow("FORBIDDEN")  # the new parent belongs to another user
    for number, each in enumerate(listed):
        child_context = InputContext(context.setup, context.state, context.person, child, each)
        inner, values = Expectation(), dict(ENTITY_TYPES[child].defaults)
        for field in ENTITY_TYPES[child].names:
            values.setdefault(ENTITY_TYPES[child].column(field), None)
        input_rules.resolve_links(child_context, inner, values)
        input_rules.parse_fields(child_context, inner, values)
        for error in inner.errors:
            at = (name, str(number), *(error.path or ()))
            expected.errors.add(ApiError(error.code, at, error.refusal))
        if values in children and child == "OpportunityShare":
            expected.errors.add(ApiError("DUPLICATE", None, refusal=False))
        children.append(values)
    return children


def update(context: InputContext) -> Expectation:
    """Set the given fields; null clears a field."""
    expected = Expectation()
    row = find_record(context, expected, "edits")
    input_rules.check_fields(context, expected, row, creating=False)
    if row is None:
        return expected
    check_permission(context, expected, row, "edits")
    return apply_changes(context, expected, row)


def apply_changes(context: InputContext, expected: Expectation, row: Row) -> Expectation:
    """Effect of an update or upsert on an existing record."""
    values: Row = {}
    input_rules.resolve_links(context, expected, values)
    input_rules.parse_fields(context, expected, values)
    input_rules.check_required(context, expected, creating=False)
    if "custom" in row and "attributes" in context.input:
        values["custom"] = input_rules.merge_attributes(context, expected, row["custom"])
    check_conflict(context, expected, row, values)
    if values.get("stage_id") not in (None, row.get("stage_id")):
        change_stage(context, expected, row, values)
    after = {**row, **values}
    if context.entity in HIERARCHY_LINKS:
        _check_cycle(context, expected, row, after)
    if context.entity == "Opportunity":
        check_locked(context, expected, row, after)
        input_rules.check_amounts(context, expected, row, after)
    if context.entity == "Address":
        check_invoice_roles(context, expected, after)
    input_rules.check_unique(context, expected, after)
    _check_still_visible(context, expected, after)

    def apply() -> UUID:
        if context.entity == "Address":
            change_address(context.state, row["id"], values)
        elif context.entity == "Opportunity":
            change_opportunity(context.state, row["id"], values)
        else:
            context.state.change(context.entity, row["id"], **values)
        return UUID(str(row["id"]))

    expected.effect = apply
    return expected


def _check_cycle(context: InputContext, expected: Expectation, row: Row, after: Row) -> None:
    link = HIERARCHY_LINKS[context.entity]
    parent = after[f"{link}_id"]
    if same(row[f"{link}_id"], parent):
        return
    if input_rules.makes_cycle(context.state, context.entity, row["id"], parent, live_only=True):
        expected.error("CYCLE", link)
    elif input_rules.makes_cycle(context.state, context.entity, row["id"], parent, live_only=False):
        expected.allow("CYCLE", refusal=False)


def check_version(context: InputContext, expected: Expectation, row: Row) -> None:
    """No field changes, so it is unspecified whether an old version conflicts."""
    if context.input.get("version") not in (None, row["version"]):
        expected.allow("CONFLICT", refusal=False)
        expected.allow("INVALID", refusal=False)


def delete(context: InputContext) -> Expectation:
    """Move to the trash with the children, unless another record refers to it."""
    expected = Expectation()
    row = find_record(context, expected, "deletes")
    if row is None:
        return expected
    check_permission(context, expected, row, "deletes")
    check_version(context, expected, row)
    identity, state = row["id"], context.state
    if context.entity == "Account":
        references = [("Opportunity", "account_id"), ("Account", "parent_id")]
        if any(
            each[link] == identity for entity, link in references for each in state.live(entity)
        ):
            expected.errors.add(ApiError("IN_USE", None, refusal=False))

    def apply() -> UUID:
        for child in CHILDREN.get(context.entity, ()):
            for each in state.children(child, identity):
                state.change(child, each["id"], "DELETED", deleted_at=True, trashed_with=identity)
        state.change(context.entity, identity, "DELETED", deleted_at=True)
        if context.entity == "Address":
            delete_address(state, row)
        return UUID(str(identity))

    expected.effect = apply
    return expected


def restore(context: InputContext) -> Expectation:
    """Restore from the trash with the children deleted together with it."""
    expected = Expectation()
    row = find_record(context, expected, "deletes", include_trashed=True)
    if row is None:
        return expected
    check_permission(context, expected, row, "deletes")
    check_version(context, expected, row)
    if row["deleted_at"] is None:
        return expected
    state, identity = context.state, row["id"]
    for name, target in context.type.links.items():
        linked = state.tables[target].get(row[context.type.column(name)])
        if name in context.type.required and (linked is None or linked["deleted_at"] is not None):
            expected.errors.add(ApiError("PARENT_DELETED", None, refusal=False))
    input_rules.check_unique(context, expected, row, restoring=True)
    if context.entity == "Account":
        if input_rules.makes_cycle(state, "Account", identity, row["parent_id"], live_only=True):
            expected.errors.add(ApiError("CYCLE", None, refusal=False))
        elif input_rules.makes_cycle(state, "Account", identity, row["parent_id"], live_only=False):
            expected.allow("CYCLE", refusal=False)

    def apply() -> UUID:
        state.change(context.entity, identity, "RESTORED", deleted_at=None, trashed_with=None)
        for child in CHILDREN.get(context.entity, ()):
            for each in [
                row for row in state.tables[child].values() if row["trashed_with"] == identity
            ]:
                state.change(child, each["id"], "RESTORED", deleted_at=None, trashed_with=None)
        if context.entity == "Address":
            restore_address(state, identity)
        return UUID(str(identity))

    expected.effect = apply
    return expected


def upsert(context: InputContext) -> Expectation:
    """Update the live record with this external id, or create one."""
    external = context.input["externalId"]
    existing = [row for row in context.state.live(context.entity) if row["external_id"] == external]
    if not existing:
        return create(context)
    expected, row = Expectation(), existing[0]
    if not context.sees(context.entity, row):
        expected.error("DUPLICATE", "externalId")
        expected.allow("FORBIDDEN")
        expected.allow("FIELD_READ_ONLY")
        expected.allow("FIELD_FORBIDDEN")
        if context.person.full is False:
            for code in ("REQUIRED", "INVALID", "TOO_LONG", "INVALID_TRANSITION"):
                expected.allow(code, refusal=False)
            expected.allow("NOT_FOUND")
        return expected
    expected.id = row["id"]
    input_rules.check_fields(context, expected, row, creating=False)
    check_permission(context, expected, row, "edits")
    return apply_changes(context, expected, row)


def move(context: InputContext) -> Expectation:
    """Move to another stage of the type; status and probability follow."""
    expected = Expectation()
    row = find_record(context, expected, "edits")
    input_rules.check_fields(context, expected, row, creating=False)
    if row is None:
        return expected
    check_permission(context, expected, row, "edits")
    values: Row = {}
    input_rules.resolve_links(context, expected, values)
    check_conflict(context, expected, row, values)
    if values.get("stage_id") not in (None, row["stage_id"]):
        change_stage(context, expected, row, values)
    check_locked(context, expected, row, {**row, **values})

    def apply() -> UUID:
        change_opportunity(context.state, row["id"], values)
        return UUID(str(row["id"]))

    expected.effect = apply
    return expected


ACTIONS: dict[str, Any] = {
    "Create": create,
    "Update": update,
    "Delete": delete,
    "Restore": restore,
    "Upsert": upsert,
    "Move": move,
}
