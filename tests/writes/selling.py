"""What the model knows of opportunities alone: what their type presets, where they stand, and when they are closed to changes."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.writes.judge import Asked, Judged
from tests.writes.kinds import Row
from tests.writes.rights import below
from tests.writes.state import State, same

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
CLOSED_ON = ("account", "type", "currency", "amount", "margin", "expectedCloseOn")
"""What an opportunity was closed on (EP-141)."""


def preset(asked: Asked, values: Row) -> None:
    """What the type says where the caller left it open: who is responsible, and the currency (VN-40).

    Whoever would not see the records of the one that is preset keeps it himself.
    """
    kind = asked.state.tables["OpportunityType"].get(values.get("type_id") or UUID(int=0), {})
    if values["currency"] is None:
        values["currency"] = kind.get("default_currency")
    owner, person = kind.get("default_owner_id"), asked.person
    if asked.input.get("owner") is not None or owner is None:
        return
    module = person.modules.get("Opportunity")
    everything = person.full or (module is not None and module.everything)
    if everything or owner in below(person.employee, asked.state.tables["Employee"]):
        values["owner_id"] = owner


def begin(asked: Asked, judged: Judged, values: Row) -> None:
    """Put an opportunity into its first stage, or into the one that is asked for."""
    pipeline = asked.setup.pipelines.get(values.get("type_id") or UUID(int=0), {})
    stage = values.get("stage_id")
    if values.get("type_id") is None:
        judged.perhaps("INVALID_TRANSITION", refusal=False)
        return
    if stage is None:
        stage = min(pipeline.values(), key=lambda step: step["position"])["stage_id"]
    if stage not in pipeline:
        judged.fault("INVALID_TRANSITION", "stage")
        return
    values["stage_id"] = stage
    _follow(asked, judged, None, values, pipeline[stage])


def placed(asked: Asked, judged: Judged, row: Row, values: Row) -> None:
    """Put an opportunity into another stage of its type (VN-25)."""
    kind = values.get("type_id") or row["type_id"]
    step = asked.setup.pipelines.get(kind, {}).get(values["stage_id"])
    if step is None:
        judged.fault("INVALID_TRANSITION", "stage")
    else:
        _follow(asked, judged, row, values, step)


def _follow(asked: Asked, judged: Judged, row: Row | None, values: Row, step: Row) -> None:
    """Status and probability follow the stage, if nobody says otherwise; and the day of closing, the status (X-23)."""
    status = asked.setup.kinds[step["stage_id"]]
    was = None if row is None else row["status"]
    if status == "LOST" and was != "LOST":
        judged.fault(
            "REQUIRED", "stage"
        )  # what is lost is lost for a reason, which a move does not name
    values["status"] = status
    if asked.input.get("probability") is None:
        values["probability"] = step["probability"]
    if status != was:
        values["closed_on"] = None if status == "OPEN" else asked.state.now.date()
        values |= {"lost_reason_id": None, "lost_note": None}


def priced(asked: Asked, judged: Judged, values: Row) -> None:
    """A new one has a currency: its own, or its type's. Where something else is wrong, that may be told alone."""
    if values["currency"] is None and "currency" not in asked.input:
        if judged.faults:
            judged.perhaps("REQUIRED", refusal=False)
        else:
            judged.fault("REQUIRED", "currency")


def locked(asked: Asked, judged: Judged, row: Row, after: Row) -> None:
    """What may not be changed while it is closed, and types that lack the stage it is in.

    What was sold is not moved either, until it is unlocked (EP-141, EP-143).
    """
    closed = row["status"] != "OPEN" and after["status"] != "OPEN"
    for name in CLOSED_ON:
        column = asked.kind.column(name)
        if (closed or row["locked"]) and not same(row[column], after[column]):
            judged.fault("LOCKED", name)
        elif closed and name in asked.kind.links and name in asked.input:
            judged.perhaps("LOCKED", refusal=False)  # for something that is not found
    stays = same(row["stage_id"], after["stage_id"])
    if row["locked"] and not stays and row["status"] != after["status"]:
        judged.fault("LOCKED", "stage")
    elif row["locked"] and stays and not same(row["probability"], after["probability"]):
        judged.fault("LOCKED", "probability")
    if stays and after["stage_id"] not in asked.setup.pipelines.get(after["type_id"], {}):
        judged.fault("INVALID_TRANSITION", "type")


def last(state: State, *, new: bool) -> str:
    """What comes to a stage is the last there: its key is the moment, and those of one request follow each other."""
    place = state.arrived[state.root, new]
    state.arrived[state.root, new] += 1
    moment = (state.now - BEGINNING) // timedelta(microseconds=1)
    return f"l{_base36(moment):0>12}" + f"{_base36(place):0>4}".rstrip("0")


def _base36(number: int) -> str:
    digit = (string.digits + string.ascii_lowercase)[number % 36]
    return digit if number < 36 else _base36(number // 36) + digit


def added(state: State, values: Row) -> UUID:
    """A new opportunity, and its first stay in a stage."""
    identity = state.add("Opportunity", {**values, "rank_key": last(state, new=True)})
    _stay(state, identity, values["stage_id"])
    return identity


def changed(state: State, identity: UUID, values: dict[str, Any]) -> None:
    """A changed one; where it comes to another stage, its stay in the last one has ended."""
    row = state.tables["Opportunity"][identity]
    if values.get("stage_id") in (None, row["stage_id"]):
        state.change("Opportunity", identity, **values)
        return
    state.change("Opportunity", identity, **values, rank_key=last(state, new=False))
    for visit in state.parts("StageHistory", identity):
        if visit["left_at"] is None:
            left = max(state.now, visit["entered_at"])
            seconds = (left - visit["entered_at"]) // timedelta(seconds=1)
            state.change("StageHistory", visit["id"], left_at=left, seconds=seconds)
    _stay(state, identity, values["stage_id"])


def _stay(state: State, identity: UUID, stage: UUID) -> None:
    begun = {"opportunity_id": identity, "stage_id": stage, "entered_at": state.now}
    state.add("StageHistory", begun)
