"""Rules of the outcome of opportunities: won, lost, locked and unlocked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from domain.codes import UserErrorCode
from domain.message import Message
from domain.sales import PipelineStep
from domain.setup import StageKind
from domain.violations import Violation

NOT_CLOSED_MESSAGE = Message("The opportunity is open and not locked. There is nothing to unlock.")
NO_REASON_MESSAGE = Message("A lost opportunity requires a reason. Use `opportunityLose`.")
FUTURE_DATE_MESSAGE = Message("The date is in the future. Enter today or an earlier date.")
NO_QUOTE_MESSAGE = Message(
    "The opportunity has no active quote. Activate the accepted quote, then sell."
)
NO_NOTE_MESSAGE = Message("This lost reason requires a note. Enter a note.")


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
    """Whether a lost reason requires a note."""

    needs_note: bool


@dataclass(frozen=True)
class StatusConsequences:
    """Values of other columns that follow from a new status."""

    closed_on: date | None
    """The close date; None if open."""
    clears_reason: bool
    """Whether `lost_reason_id` and `lost_note` are cleared."""


def checked_close_date(requested: date | None, today: date) -> date | Violation:
    """The close date: the `requested` one, by default today."""
    if requested is None:
        return today
    return (
        Violation(UserErrorCode.INVALID, FUTURE_DATE_MESSAGE, "closed_on")
        if requested > today
        else requested
    )


def stage_of_kind(
    pipeline: Mapping[UUID, PipelineStep], kind: StageKind, requested: UUID | None
) -> PipelineStep | Violation:
    """The stage of a kind for an opportunity: the `requested` one, by default the first."""
    steps = [step for step in pipeline.values() if step.kind is kind]
    if requested is not None:
        steps = [step for step in steps if step.stage == requested]
    if steps:
        return min(steps, key=lambda step: (step.position, step.stage))
    if requested is not None:
        message = Message(
            "The stage is not a stage of kind {kind} of the opportunity's type. Choose one that "
            "is.",
            kind=kind,
        )
        return Violation(UserErrorCode.INVALID_TRANSITION, message, "stage_id")
    message = Message(
        "The opportunity's type has no stage of kind {kind}. Activate one for the type first.",
        kind=kind,
    )
    return Violation(UserErrorCode.INVALID_TRANSITION, message, "stage_id")


def reopened_stage(
    pipeline: Mapping[UUID, PipelineStep], previous_stages: Sequence[UUID], requested: UUID | None
) -> PipelineStep | Violation:
    """The open stage of an unlocked opportunity: the `requested` one, by default its last open stage (EP-143).

    `previous_stages` contains its previous stages, the latest first.
    """
    if requested is None:
        is_open = {stage for stage, step in pipeline.items() if step.kind is StageKind.OPEN}
        requested = next((stage for stage in previous_stages if stage in is_open), None)
    return stage_of_kind(pipeline, StageKind.OPEN, requested)


def lost_note_violations(reason: LostReasonFacts, note: str | None) -> Sequence[Violation]:
    """Violation of a missing note, if the reason requires one (D-20). The message omits the reason, which may be hidden."""
    if not reason.needs_note or (note or "").strip():
        return []
    return [Violation(UserErrorCode.REQUIRED, NO_NOTE_MESSAGE, "lost_note")]


def lost_reason_violations(before: Loss | None, after: Loss) -> Sequence[Violation]:
    """Violation of a lost opportunity without a reason (X-23)."""
    was_lost = before is not None and before.status == StageKind.LOST
    if after.status != StageKind.LOST or was_lost or after.lost_reason_id is not None:
        return []
    return [Violation(UserErrorCode.REQUIRED, NO_REASON_MESSAGE, "stage_id")]


def unlock_violations(before: LockedOutcome) -> Sequence[Violation]:
    """Violation of unlocking an opportunity that is open and not locked."""
    if before.locked or before.status != StageKind.OPEN:
        return []
    return [
        Violation(
            UserErrorCode.INVALID_TRANSITION, NOT_CLOSED_MESSAGE, because=("locked", "status")
        )
    ]


def closing_fields(
    before: OutcomeFacts | None, after: OutcomeFacts, today: date
) -> StatusConsequences | None:
    """Values that follow from a new status; None if the status is unchanged."""
    if before is not None and before.status == after.status:
        return None
    return StatusConsequences(
        closed_on=None if after.status == StageKind.OPEN else today,
        clears_reason=after.status != StageKind.LOST,
    )
