"""Rules of how selling ends and begins again: won and locked, lost for a reason, unlocked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from domain.codes import UserErrorCode
from domain.sales import Step
from domain.setup import StageKind
from domain.violations import Row, Violation

SOLD = "The opportunity was sold and is closed to changes: unlock it first."
NOT_CLOSED = "The opportunity is neither sold nor lost, so there is nothing to unlock."
NO_REASON = (
    "Why it was lost should be said: use `opportunityLose`, which takes one of your reasons."
)
FUTURE = "This day is still to come: name today or a day before."
NO_QUOTE = "No quote of the opportunity is active: activate the one that was accepted, then sell."


def closed_on(wanted: date | None, today: date) -> date | Violation:
    """The day something was won or lost: the one that was named, or today."""
    if wanted is None:
        return today
    return Violation(UserErrorCode.INVALID, FUTURE, "closed_on") if wanted > today else wanted


def outcome(
    pipeline: Mapping[UUID, Step], kind: StageKind, wanted: UUID | None
) -> Step | Violation:
    """The stage an opportunity ends in, or comes back to: the one that was named, or the first of its kind."""
    steps = [step for step in pipeline.values() if step.kind is kind]
    if wanted is not None:
        steps = [step for step in steps if step.stage == wanted]
    if steps:
        return min(steps, key=lambda step: (step.position, step.stage))
    if wanted is not None:
        message = f"Name a stage of the opportunity's type whose kind is {kind}."
        return Violation(UserErrorCode.INVALID_TRANSITION, message, "stage_id")
    message = f"The opportunity's type has no stage of kind {kind}: activate one for it first."
    return Violation(UserErrorCode.INVALID_TRANSITION, message, "stage_id")


def reopened(
    pipeline: Mapping[UUID, Step], visited: Sequence[UUID], wanted: UUID | None
) -> Step | Violation:
    """Where an unlocked opportunity goes on: where it was last open, of the stages it may be in (EP-143).

    `visited` are the stages it was in, the latest first.
    """
    if wanted is None:
        is_open = {stage for stage, step in pipeline.items() if step.kind is StageKind.OPEN}
        wanted = next((stage for stage in visited if stage in is_open), None)
    return outcome(pipeline, StageKind.OPEN, wanted)


def lost(reason: Row, note: str | None) -> Sequence[Violation]:
    """What is missing of a loss: some reasons are explained (D-20)."""
    if not reason["needs_note"] or (note or "").strip():
        return []
    message = f"Say in a note what was behind it: {reason['name']} alone tells nobody anything."
    return [Violation(UserErrorCode.REQUIRED, message, "lost_note")]


def explained(before: Row | None, step: Step) -> Sequence[Violation]:
    """What is in the way of losing it without a deed that asks why (X-23)."""
    was = before is not None and before["status"] == StageKind.LOST
    is_lost_now = step.kind is StageKind.LOST and not was
    return [Violation(UserErrorCode.REQUIRED, NO_REASON, "stage_id")] if is_lost_now else []


def unlockable(before: Row) -> Sequence[Violation]:
    """What is in the way of unlocking."""
    if before["locked"] or before["status"] != StageKind.OPEN:
        return []
    return [Violation(UserErrorCode.INVALID_TRANSITION, NOT_CLOSED)]


def follows_status(before: Row | None, after: Row, today: date) -> dict[str, object]:
    """What goes with the status, where it changed without a deed of its own: when it was closed, and why it was lost."""
    if before is not None and before["status"] == after["status"]:
        return {}
    kept: dict[str, object] = {} if after["status"] == StageKind.LOST else dict(UNEXPLAINED)
    is_open = after["status"] == StageKind.OPEN
    return kept | {"closed_on": None if is_open else today}


UNEXPLAINED: Mapping[str, None] = {"lost_reason_id": None, "lost_note": None}
