"""Rules of closing and reopening opportunities: won and locked, lost for a reason, unlocked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from domain.codes import UserErrorCode
from domain.sales import PipelineStep
from domain.setup import StageKind
from domain.violations import Violation

SOLD = "The opportunity is locked because it was sold. Unlock it before changing it."
NOT_CLOSED = "The opportunity is open and not locked. There is nothing to unlock."
NO_REASON = "A lost opportunity requires a reason. Use `opportunityLose`."
FUTURE = "The date is in the future. Enter today or an earlier date."
NO_QUOTE = "The opportunity has no active quote. Activate the accepted quote, then sell."
NO_NOTE = "This lost reason requires a note. Enter a note."


class OutcomeFacts(Protocol):
    """Whether an opportunity is open, won or lost."""

    status: StageKind


class Loss(OutcomeFacts, Protocol):
    """The outcome of an opportunity, and why it was lost."""

    lost_reason_id: UUID | None


class LockedOutcome(OutcomeFacts, Protocol):
    """The outcome of an opportunity, and whether it is locked."""

    locked: bool


class LostReasonFacts(Protocol):
    """Whether a reason for losses must be explained in a note."""

    needs_note: bool


@dataclass(frozen=True)
class ClosedFacts:
    """What follows a change of status that no command of its own makes."""

    closed_on: date | None
    """The day it was closed; None if it is open."""
    clears_reason: bool
    """Whether `lost_reason_id` and `lost_note` become empty."""


def closed_on(wanted: date | None, today: date) -> date | Violation:
    """The day of a win or a loss: the `wanted` one, or today."""
    if wanted is None:
        return today
    return Violation(UserErrorCode.INVALID, FUTURE, "closed_on") if wanted > today else wanted


def outcome(
    pipeline: Mapping[UUID, PipelineStep], kind: StageKind, wanted: UUID | None
) -> PipelineStep | Violation:
    """The stage of a kind that an opportunity ends in or returns to: the `wanted` one, or the first."""
    steps = [step for step in pipeline.values() if step.kind is kind]
    if wanted is not None:
        steps = [step for step in steps if step.stage == wanted]
    if steps:
        return min(steps, key=lambda step: (step.position, step.stage))
    if wanted is not None:
        message = (
            f"The stage is not a stage of kind {kind} of the opportunity's type. Choose one that "
            "is."
        )
        return Violation(UserErrorCode.INVALID_TRANSITION, message, "stage_id")
    message = (
        f"The opportunity's type has no stage of kind {kind}. Activate one for the type first."
    )
    return Violation(UserErrorCode.INVALID_TRANSITION, message, "stage_id")


def reopened(
    pipeline: Mapping[UUID, PipelineStep], visited: Sequence[UUID], wanted: UUID | None
) -> PipelineStep | Violation:
    """The open stage that an unlocked opportunity returns to: the `wanted` one, or its last open one (EP-143).

    `visited` are the stages it was in, the latest first.
    """
    if wanted is None:
        is_open = {stage for stage, step in pipeline.items() if step.kind is StageKind.OPEN}
        wanted = next((stage for stage in visited if stage in is_open), None)
    return outcome(pipeline, StageKind.OPEN, wanted)


def lost(reason: LostReasonFacts, note: str | None) -> Sequence[Violation]:
    """A reason that needs a note has one (D-20). The message does not name the reason, which may be hidden."""
    if not reason.needs_note or (note or "").strip():
        return []
    return [Violation(UserErrorCode.REQUIRED, NO_NOTE, "lost_note")]


def explained(before: Loss | None, after: Loss) -> Sequence[Violation]:
    """An opportunity that becomes lost has a reason (X-23)."""
    was_lost = before is not None and before.status == StageKind.LOST
    if after.status != StageKind.LOST or was_lost or after.lost_reason_id is not None:
        return []
    return [Violation(UserErrorCode.REQUIRED, NO_REASON, "stage_id")]


def unlockable(before: LockedOutcome) -> Sequence[Violation]:
    """Only an opportunity that is locked or closed can be unlocked."""
    if before.locked or before.status != StageKind.OPEN:
        return []
    return [Violation(UserErrorCode.INVALID_TRANSITION, NOT_CLOSED, because=("locked", "status"))]


def follows_status(
    before: OutcomeFacts | None, after: OutcomeFacts, today: date
) -> ClosedFacts | None:
    """What follows a new status; None if the status is unchanged."""
    if before is not None and before.status == after.status:
        return None
    return ClosedFacts(
        closed_on=None if after.status == StageKind.OPEN else today,
        clears_reason=after.status != StageKind.LOST,
    )
