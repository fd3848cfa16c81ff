"""Which address of an account is its head office: exactly one, while there are any."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.writes.kinds import Row
from tests.writes.state import State


def _others(state: State, account: UUID, but: UUID) -> list[Row]:
    return [row for row in state.parts("Address", account) if row["id"] != but]


def opened(state: State, values: Row) -> UUID:
    """A new address: the first one is the head office, a later one if that is asked for."""
    there = state.parts("Address", values["account_id"])
    head = not there or bool(values["head_office"])
    for row in there:
        if head and row["head_office"]:
            state.change("Address", row["id"], head_office=False)
    return state.add("Address", {**values, "head_office": head})


def appointed(state: State, identity: UUID, values: Row) -> None:
    """A changed address: set as head office, it is one, and no other."""
    row = state.tables["Address"][identity]
    wanted = values.get("head_office")
    others = _others(state, row["account_id"], identity)
    if wanted is False and row["head_office"]:
        # Nobody says who follows an office that only stops being the head.
        state.loose |= {identity, *(each["id"] for each in others)}
        values = {name: value for name, value in values.items() if name != "head_office"}
    elif wanted and not row["head_office"]:
        for each in others:
            if each["head_office"]:
                state.change("Address", each["id"], head_office=False)
    state.change("Address", identity, **values)


def succeeded(state: State, gone: Row) -> None:
    """An address was deleted: if it was the head office, the oldest that remains becomes it."""
    others = _others(state, gone["account_id"], gone["id"])
    if gone["head_office"] and others:
        state.change("Address", others[0]["id"], head_office=True)


def kept_office(state: State, identity: UUID) -> None:
    """An address came back: it is the head office only if there is no other."""
    row = state.tables["Address"][identity]
    alone = not any(each["head_office"] for each in _others(state, row["account_id"], identity))
    silently(state, identity, head_office=alone)


def silently(state: State, identity: UUID, **values: Any) -> None:
    """A part of a change that was counted already."""
    row = {**state.tables["Address"][identity], **values}
    state.tables["Address"][identity] = row
    state.past[identity][row["version"]] = row
