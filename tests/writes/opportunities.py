"""Model rules of opportunities: defaults of the type, stages, stage history, rank keys and locked fields."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.writes.entity_types import Row
from tests.writes.input_rules import Expectation, InputContext
from tests.writes.rights import below
from tests.writes.state import State, same

RANK_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
LOCKED_FIELDS = ("account", "type", "currency", "amount", "margin", "expectedCloseOn")
"""Fields that cannot be changed on a closed or locked opportunity (EP-141)."""


def apply_presets(context: InputContext, values: Row) -> None:
    """Apply the type's default owner and currency where the input has none (VN-40).

    The default owner applies only if the caller can see that owner's opportunities; otherwise the caller is the owner.
    """
    opportunity_type = context.state.tables["OpportunityType"].get(
        values.get("type_id") or UUID(int=0), {}
    )
    if values["currency"] is None:
        values["currency"] = opportunity_type.get("default_currency")
    owner, person = opportunity_type.get("default_owner_id"), context.person
    if context.input.get("owner") is not None or owner is None:
        return
    granted = person.grants.get("Opportunity")
    sees_all = person.full or (granted is not None and granted.everything)
    if sees_all or owner in below(person.employee, context.state.tables["Employee"]):
        values["owner_id"] = owner


def enter_first_stage(context: InputContext, expected: Expectation, values: Row) -> None:
    """Put a new opportunity into the requested stage, by default the first of its type."""
    pipeline = context.setup.pipelines.get(values.get("type_id") or UUID(int=0), {})
    stage = values.get("stage_id")
    if values.get("type_id") is None:
        expected.allow("INVALID_TRANSITION", refusal=False)
        return
    if stage is None:
        stage = min(pipeline.values(), key=lambda step: step["position"])["stage_id"]
    if stage not in pipeline:
        expected.error("INVALID_TRANSITION", "stage")
        return
    values["stage_id"] = stage
    _apply_stage(context, expected, None, values, pipeline[stage])


def change_stage(context: InputContext, expected: Expectation, row: Row, values: Row) -> None:
    """Move an opportunity to another stage of its type (VN-25)."""
    type_id = values.get("type_id") or row["type_id"]
    step = context.setup.pipelines.get(type_id, {}).get(values["stage_id"])
    if step is None:
        expected.error("INVALID_TRANSITION", "stage")
    else:
        _apply_stage(context, expected, row, values, step)


def _apply_stage(
    context: InputContext, expected: Expectation, row: Row | None, values: Row, step: Row
) -> None:
    """Set status and probability from the stage unless the input has them, and the close date from the status (X-23)."""
    status = context.setup.stage_kinds[step["stage_id"]]
    status_before = None if row is None else row["status"]
    if status == "LOST" and status_before != "LOST":
        # A lost opportunity requires a lost reason, which a move cannot set.
        expected.error("REQUIRED", "stage")
    values["status"] = status
    if context.input.get("probability") is None:
        values["probability"] = step["probability"]
    if status != status_before:
        values["closed_on"] = None if status == "OPEN" else context.state.now.date()
        values |= {"lost_reason_id": None, "lost_note": None}


def check_currency(context: InputContext, expected: Expectation, values: Row) -> None:
    """Expect REQUIRED for a new opportunity without a currency; optional beside other errors."""
    if values["currency"] is None and "currency" not in context.input:
        if expected.errors:
            expected.allow("REQUIRED", refusal=False)
        else:
            expected.error("REQUIRED", "currency")


def check_locked(context: InputContext, expected: Expectation, row: Row, after: Row) -> None:
    """Expect LOCKED for changes of a closed opportunity, and INVALID_TRANSITION for a type without its stage.

    A locked opportunity cannot change its status either until it is unlocked (EP-141, EP-143).
    """
    closed = row["status"] != "OPEN" and after["status"] != "OPEN"
    for name in LOCKED_FIELDS:
        column = context.type.column(name)
        if (closed or row["locked"]) and not same(row[column], after[column]):
            expected.error("LOCKED", name)
        elif closed and name in context.type.links and name in context.input:
            expected.allow("LOCKED", refusal=False)  # the linked record may be invisible
    same_stage = same(row["stage_id"], after["stage_id"])
    if row["locked"] and not same_stage and row["status"] != after["status"]:
        expected.error("LOCKED", "stage")
    elif row["locked"] and same_stage and not same(row["probability"], after["probability"]):
        expected.error("LOCKED", "probability")
    if same_stage and after["stage_id"] not in context.setup.pipelines.get(after["type_id"], {}):
        expected.error("INVALID_TRANSITION", "type")


def last_rank_key(state: State, *, new: bool) -> str:
    """Rank key after all others of the stage: the timestamp, then the order within the request."""
    index = state.stage_entries[state.root, new]
    state.stage_entries[state.root, new] += 1
    microseconds = (state.now - RANK_EPOCH) // timedelta(microseconds=1)
    return f"l{_base36(microseconds):0>12}" + f"{_base36(index):0>4}".rstrip("0")


def _base36(number: int) -> str:
    digit = (string.digits + string.ascii_lowercase)[number % 36]
    return digit if number < 36 else _base36(number // 36) + digit


def add_opportunity(state: State, values: Row) -> UUID:
    """Add an opportunity and its first stage history row."""
    identity = state.add("Opportunity", {**values, "rank_key": last_rank_key(state, new=True)})
    _add_stage_history(state, identity, values["stage_id"])
    return identity


def change_opportunity(state: State, identity: UUID, values: dict[str, Any]) -> None:
    """Change an opportunity; a new stage closes its stage history row and adds another."""
    row = state.tables["Opportunity"][identity]
    if values.get("stage_id") in (None, row["stage_id"]):
        state.change("Opportunity", identity, **values)
        return
    state.change("Opportunity", identity, **values, rank_key=last_rank_key(state, new=False))
    for open_row in state.children("StageHistory", identity):
        if open_row["left_at"] is None:
            left = max(state.now, open_row["entered_at"])
            seconds = (left - open_row["entered_at"]) // timedelta(seconds=1)
            state.change("StageHistory", open_row["id"], left_at=left, seconds=seconds)
    _add_stage_history(state, identity, values["stage_id"])


def _add_stage_history(state: State, identity: UUID, stage: UUID) -> None:
    values = {"opportunity_id": identity, "stage_id": stage, "entered_at": state.now}
    state.add("StageHistory", values)
