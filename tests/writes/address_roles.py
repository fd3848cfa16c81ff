"""Model of address roles: an account with addresses has one head office and one default invoice address."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.writes.entity_types import Row
from tests.writes.input_rules import Expectation, InputContext
from tests.writes.state import State

ROLES = ("head_office", "default_invoicing")
Roles = dict[UUID, dict[str, bool]]


def check_invoice_roles(context: InputContext, expected: Expectation, after: Row) -> None:
    """Expect INVALID for `invoicing` of an account that invoices to its postal address (SMP-20, SMP-21)."""
    account = context.state.tables["Account"].get(after.get("account_id") or UUID(int=0))
    follows = account is not None and account["postal_is_invoicing"]
    if follows and "invoicing" in context.input and after["invoicing"] != after["postal"]:
        expected.error("INVALID", "invoicing")


def _assigned_roles(
    state: State, account: UUID, rows: list[Row], head: UUID | None = None
) -> Roles:
    """Roles by address: the requested address, else the current one, else the oldest remaining one (D-12)."""
    if state.tables["Account"][account]["postal_is_invoicing"]:
        rows = [{**row, "invoicing": row["postal"]} for row in rows]
    rows = sorted(rows, key=lambda row: row["order"])
    head_office = head or _role_holder(rows, "head_office")
    default_invoicing = _role_holder([row for row in rows if row["invoicing"]], "default_invoicing")
    return {
        row["id"]: {
            "invoicing": row["invoicing"],
            "head_office": row["id"] == head_office,
            "default_invoicing": row["id"] == default_invoicing,
        }
        for row in rows
    }


def _role_holder(rows: list[Row], role: str) -> UUID | None:
    holders = [row["id"] for row in rows if row[role]]
    return next(iter([*holders, *(row["id"] for row in rows)]), None)


def _others(state: State, account: UUID, excluded: UUID) -> list[Row]:
    return [row for row in state.children("Address", account) if row["id"] != excluded]


def _change(state: State, row: Row, values: Row) -> None:
    """Change an address; roles are removed in a version of their own before others are added."""
    removed: Row = {role: False for role in ROLES if row[role] and values.get(role) is False}
    if removed and any(values.get(role) and not row[role] for role in ROLES):
        state.change("Address", row["id"], **removed)
        state.change("Address", row["id"], new_version=True, **values)
    else:
        state.change("Address", row["id"], **values)


def _apply_roles(state: State, rows: list[Row], roles: Roles) -> None:
    for row in rows:
        _change(state, row, roles[row["id"]])


def add_address(state: State, values: Row) -> UUID:
    """Add an address; the first is the head office, a later one only on request."""
    account, existing = values["account_id"], state.children("Address", values["account_id"])
    new = {**values, "id": UUID(int=0), "order": (2, 0, "")}
    roles = _assigned_roles(
        state, account, [*existing, new], new["id"] if values["head_office"] else None
    )
    _apply_roles(state, existing, roles)
    return state.add("Address", {**values, **roles[new["id"]]})


def change_address(state: State, identity: UUID, values: Row) -> None:
    """Change an address; a new head office replaces the current one."""
    row = state.tables["Address"][identity]
    account = row["account_id"]
    others = _others(state, account, identity)
    if values.get("head_office") is False and row["head_office"]:
        # The next head office is unspecified if the current one only loses the role.
        state.unspecified |= {identity, *(each["id"] for each in others)}
        values = {name: value for name, value in values.items() if name != "head_office"}
    after = {**row, **values}
    roles = _assigned_roles(
        state, account, [*others, after], identity if after["head_office"] else None
    )
    _apply_roles(state, others, roles)
    _change(state, row, {**values, **roles[identity]})


def delete_address(state: State, deleted: Row) -> None:
    """Delete an address; the oldest remaining one takes over its roles."""
    others = _others(state, deleted["account_id"], deleted["id"])
    _apply_roles(state, others, _assigned_roles(state, deleted["account_id"], others))


def restore_address(state: State, identity: UUID) -> None:
    """Restore an address; it keeps only the roles that no other address has taken over."""
    row = state.tables["Address"][identity]
    others = _others(state, row["account_id"], identity)
    reassigned = {role: False for role in ROLES if any(each[role] for each in others)}
    roles = _assigned_roles(state, row["account_id"], [*others, {**row, **reassigned}])
    _apply_roles(state, others, roles)
    _amend(state, identity, **roles[identity])


def _amend(state: State, identity: UUID, **values: Any) -> None:
    """Change values of the current version, without a new version."""
    row = {**state.tables["Address"][identity], **values}
    state.tables["Address"][identity] = row
    state.versions[identity][row["version"]] = row
