"""Which address of an account is its head office, and to which its invoices go: exactly one, while there are any."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.writes.judge import Asked, Judged
from tests.writes.kinds import Row
from tests.writes.state import State

ROLES = ("head_office", "default_invoicing")
Roles = dict[UUID, dict[str, bool]]


def misplaced(asked: Asked, judged: Judged, after: Row) -> None:
    """Where invoices go to the postal address, nobody says otherwise of another one (SMP-20, SMP-21)."""
    account = asked.state.tables["Account"].get(after.get("account_id") or UUID(int=0))
    follows = account is not None and account["postal_is_invoicing"]
    if follows and "invoicing" in asked.input and after["invoicing"] != after["postal"]:
        judged.fault("INVALID", "invoicing")


def _arranged(state: State, account: UUID, rows: list[Row], head: UUID | None = None) -> Roles:
    """Who has which role: whoever is asked for, else whoever has it, else the oldest that remains (D-12)."""
    if state.tables["Account"][account]["postal_is_invoicing"]:
        rows = [{**row, "invoicing": row["postal"]} for row in rows]
    rows = sorted(rows, key=lambda row: row["order"])
    office = head or _holder(rows, "head_office")
    paying = _holder([row for row in rows if row["invoicing"]], "default_invoicing")
    return {
        row["id"]: {
            "invoicing": row["invoicing"],
            "head_office": row["id"] == office,
            "default_invoicing": row["id"] == paying,
        }
        for row in rows
    }


def _holder(rows: list[Row], role: str) -> UUID | None:
    holding = [row["id"] for row in rows if row[role]]
    return next(iter([*holding, *(row["id"] for row in rows)]), None)


def _others(state: State, account: UUID, but: UUID) -> list[Row]:
    return [row for row in state.parts("Address", account) if row["id"] != but]


def _change(state: State, row: Row, values: Row) -> None:
    """Change an address; what it gives up, it gives up before it takes on something else."""
    lost: Row = {role: False for role in ROLES if row[role] and values.get(role) is False}
    if lost and any(values.get(role) and not row[role] for role in ROLES):
        state.change("Address", row["id"], **lost)
        state.change("Address", row["id"], anew=True, **values)
    else:
        state.change("Address", row["id"], **values)


def _settle(state: State, rows: list[Row], roles: Roles) -> None:
    for row in rows:
        _change(state, row, roles[row["id"]])


def opened(state: State, values: Row) -> UUID:
    """A new address: the first one is the head office, a later one if that is asked for."""
    account, there = values["account_id"], state.parts("Address", values["account_id"])
    new = {**values, "id": UUID(int=0), "order": (2, 0, "")}
    roles = _arranged(state, account, [*there, new], new["id"] if values["head_office"] else None)
    _settle(state, there, roles)
    return state.add("Address", {**values, **roles[new["id"]]})


def appointed(state: State, identity: UUID, values: Row) -> None:
    """A changed address: set as head office, it is one, and no other."""
    row = state.tables["Address"][identity]
    account = row["account_id"]
    others = _others(state, account, identity)
    if values.get("head_office") is False and row["head_office"]:
        # Nobody says who follows an office that only stops being the head.
        state.loose |= {identity, *(each["id"] for each in others)}
        values = {name: value for name, value in values.items() if name != "head_office"}
    after = {**row, **values}
    roles = _arranged(state, account, [*others, after], identity if after["head_office"] else None)
    _settle(state, others, roles)
    _change(state, row, {**values, **roles[identity]})


def succeeded(state: State, gone: Row) -> None:
    """An address was deleted: of what it was, the oldest that remains becomes it."""
    others = _others(state, gone["account_id"], gone["id"])
    _settle(state, others, _arranged(state, gone["account_id"], others))


def kept_office(state: State, identity: UUID) -> None:
    """An address came back: it is what it was only if no other one has become that."""
    row = state.tables["Address"][identity]
    others = _others(state, row["account_id"], identity)
    taken = {role: False for role in ROLES if any(each[role] for each in others)}
    roles = _arranged(state, row["account_id"], [*others, {**row, **taken}])
    _settle(state, others, roles)
    silently(state, identity, **roles[identity])


def silently(state: State, identity: UUID, **values: Any) -> None:
    """A part of a change that was counted already."""
    row = {**state.tables["Address"][identity], **values}
    state.tables["Address"][identity] = row
    state.past[identity][row["version"]] = row
