"""Rules of selling: what may be changed of an opportunity, and where it may be moved."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.codes import UserErrorCode
from domain.money import fits, minor
from domain.setup import StageKind
from domain.violations import Row, Violation

CURRENCY = re.compile(r"[A-Z]{3}\Z")
AMOUNTS = ("amount", "margin", "commission")
LOCKED = ("account_id", "type_id", "currency", "amount", "margin", "expected_close_on")
"""What a closed opportunity was closed on: it stays until the opportunity is opened again (EP-141)."""


@dataclass(frozen=True)
class Step:
    """A stage as a type uses it."""

    stage: UUID
    kind: StageKind
    position: int
    probability: int
    needs_quote: bool = False


def opportunity(before: Row | None, after: Row) -> Sequence[Violation]:
    """What is wrong with an opportunity as it is to be kept."""
    faults = [*_locked(before, after)] if before else []
    if after["probability"] is not None and not 0 <= after["probability"] <= 100:
        message = "A probability is a whole number from 0 to 100, in percent."
        faults.append(Violation(UserErrorCode.INVALID, message, "probability"))
    currency = after["currency"]
    if currency is None:
        return faults  # its type would have said which
    if not CURRENCY.match(currency):
        message = "Write the currency as three capital letters of ISO 4217, such as EUR."
        faults.append(Violation(UserErrorCode.INVALID, message, "currency"))
    else:
        set_now = [name for name in AMOUNTS if before is None or before[name] != after[name]]
        faults += unfit(after, set_now)
    return faults


def unfit(after: Row, names: Iterable[str]) -> list[Violation]:
    """Which of these amounts are smaller than the currency's smallest coin.

    Whoever changes a currency is asked about the amounts he sees: the others would tell what they are.
    """
    currency = after["currency"]
    message = f"{currency} has {minor(currency)} digits after the point; round the amount."
    small = [n for n in names if after[n] is not None and not fits(after[n], currency)]
    return [Violation(UserErrorCode.INVALID, message, name) for name in small]


def _locked(before: Row, after: Row) -> Sequence[Violation]:
    if before["locked"] and after["locked"]:
        message = "The opportunity was sold and is closed to changes: unlock it first."
        changed = [name for name in LOCKED if before[name] != after[name]] + _outcome(before, after)
        return [Violation(UserErrorCode.LOCKED, message, name) for name in changed]
    closed = before["status"] != StageKind.OPEN and after["status"] != StageKind.OPEN
    if not closed:
        return []
    message = "The opportunity is closed: move it to an open stage first, then change this."
    changed = [name for name in LOCKED if before[name] != after[name]]
    return [Violation(UserErrorCode.LOCKED, message, name) for name in changed]


def _outcome(before: Row, after: Row) -> list[str]:
    """What is changed of what a sale decided: another stage of the same outcome may take a stage's place."""
    if before["stage_id"] == after["stage_id"]:
        return ["probability"] if before["probability"] != after["probability"] else []
    stays = before["status"] == after["status"] != StageKind.OPEN
    return [] if stays else ["stage_id"]


def entered(pipeline: Mapping[UUID, Step], wanted: UUID | None) -> Step | Violation:
    """Where an opportunity begins: in the stage that was asked for, or in the first of its pipeline."""
    if wanted is not None:
        return moved(pipeline, wanted)
    if not pipeline:
        message = "This type has no stages yet: activate some, or choose another type."
        return Violation(UserErrorCode.INVALID, message, "type_id")
    return min(pipeline.values(), key=lambda step: (step.position, step.stage))


def moved(pipeline: Mapping[UUID, Step], wanted: UUID) -> Step | Violation:
    """The step that `wanted` is in a pipeline: an opportunity stays within the stages of its type (VN-25)."""
    if wanted not in pipeline:
        message = "This stage is not one of the opportunity's type: choose one of its stages."
        return Violation(UserErrorCode.INVALID_TRANSITION, message, "stage_id")
    return pipeline[wanted]


def unquoted(step: Step, *, has_quote: bool) -> Sequence[Violation]:
    """What is in the way of coming to a stage for which a quote must have been made (VN-26)."""
    if has_quote or not step.needs_quote:
        return []
    message = "This stage is for opportunities with a quote: make one first."
    return [Violation(UserErrorCode.INVALID_TRANSITION, message, "stage_id")]


def retyped(pipeline: Mapping[UUID, Step], stage: UUID) -> Violation | None:
    """What is in the way of giving an opportunity another type: it must have the stage it is in."""
    if stage in pipeline:
        return None
    message = "The new type does not have the opportunity's stage: move it to one that both have."
    return Violation(UserErrorCode.INVALID_TRANSITION, message, "type_id")
