"""Rules of opportunities: allowed changes, and allowed stages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from domain.codes import UserErrorCode
from domain.columns import changed
from domain.message import Message
from domain.money import fits, minor_digits
from domain.setup import StageKind
from domain.violations import Violation

CURRENCY_CODE = re.compile(r"[A-Z]{3}\Z")
OPPORTUNITY_LOCKED_MESSAGE = Message(
    "The opportunity is locked because it was sold. Unlock it before changing it."
)
AMOUNT_COLUMNS = ("amount", "margin", "commission")
LOCKED_COLUMNS = ("account_id", "type_id", "currency", "amount", "margin", "expected_close_on")
"""Columns of a closed opportunity that are immutable until it is reopened (EP-141)."""


class OpportunityAmounts(Protocol):
    """The amounts of an opportunity, in its currency."""

    amount: Decimal | None
    margin: Decimal | None
    commission: Decimal | None


class OpportunityFacts(OpportunityAmounts, Protocol):
    """The columns of an opportunity that its rule reads."""

    account_id: UUID
    type_id: UUID
    stage_id: UUID
    status: StageKind
    probability: int | None
    expected_close_on: date | None
    locked: bool

    @property
    def currency(self) -> str | None:
        """ISO 4217; None while neither the caller nor the type has set it."""


@dataclass(frozen=True)
class PipelineStep:
    """A stage in the pipeline of an opportunity type."""

    stage: UUID
    kind: StageKind
    position: int
    probability: int
    needs_quote: bool = False


def opportunity_violations(
    before: OpportunityFacts | None, after: OpportunityFacts
) -> Sequence[Violation]:
    """Violations of an opportunity by itself."""
    violations = [*_locked_violations(before, after)] if before is not None else []
    if after.probability is not None and not 0 <= after.probability <= 100:
        message = Message(
            "The probability is out of range. Enter a whole number from 0 to 100, in percent."
        )
        violations.append(Violation(UserErrorCode.INVALID, message, "probability"))
    currency = after.currency
    if currency is None:
        return violations  # missing values are reported elsewhere
    if not CURRENCY_CODE.match(currency):
        message = Message(
            "The currency code is invalid. Use three capital letters of ISO 4217, such as EUR."
        )
        violations.append(Violation(UserErrorCode.INVALID, message, "currency"))
    else:
        columns = AMOUNT_COLUMNS if before is None else changed(before, after, AMOUNT_COLUMNS)
        violations += currency_violations(currency, amounts(after, columns))
    return violations


def amounts(
    row: OpportunityAmounts, names: Iterable[str] = AMOUNT_COLUMNS
) -> dict[str, Decimal | None]:
    """Some of the opportunity's amounts by column."""
    return {name: getattr(row, name) for name in names}


def currency_violations(currency: str, amounts: Mapping[str, Decimal | None]) -> list[Violation]:
    """Violations of amounts by column with more decimals than the currency has.

    After a change of currency, pass only amounts that the user can read, because a violation reveals the amount.
    """
    message = Message(
        "{currency} has {digits} decimal places. Round the amount.",
        currency=currency,
        digits=minor_digits(currency),
    )
    return [
        Violation(UserErrorCode.INVALID, message, name)
        for name, amount in amounts.items()
        if amount is not None and not fits(amount, currency)
    ]


def _locked_violations(before: OpportunityFacts, after: OpportunityFacts) -> Sequence[Violation]:
    if before.locked and after.locked:
        columns = changed(before, after, LOCKED_COLUMNS) + _changed_outcome_columns(before, after)
        return _lock_violations("locked", OPPORTUNITY_LOCKED_MESSAGE, columns)
    if StageKind.OPEN in (before.status, after.status):
        return []
    message = Message(
        "The opportunity is closed. Move it to an open stage before changing this field."
    )
    return _lock_violations("status", message, changed(before, after, LOCKED_COLUMNS))


def _lock_violations(
    locked_by: str, message: Message, columns: Iterable[str]
) -> Sequence[Violation]:
    return [
        Violation(UserErrorCode.LOCKED, message, name, because=(locked_by,)) for name in columns
    ]


def _changed_outcome_columns(before: OpportunityFacts, after: OpportunityFacts) -> list[str]:
    """The changed outcome columns; a stage may be replaced by another one of the same kind."""
    if before.stage_id == after.stage_id:
        return ["probability"] if before.probability != after.probability else []
    stays = before.status == after.status != StageKind.OPEN
    return [] if stays else ["stage_id"]


def initial_step(
    pipeline: Mapping[UUID, PipelineStep], requested: UUID | None
) -> PipelineStep | Violation:
    """The first stage of an opportunity: the `requested` one, by default the first of its pipeline."""
    if requested is not None:
        return next_step(pipeline, requested)
    if not pipeline:
        message = Message(
            "The opportunity type has no stages. Activate stages for it, or choose another type."
        )
        return Violation(UserErrorCode.INVALID, message, "type_id")
    return min(pipeline.values(), key=lambda step: (step.position, step.stage))


def next_step(pipeline: Mapping[UUID, PipelineStep], requested: UUID) -> PipelineStep | Violation:
    """The pipeline step with the `requested` stage, which must belong to the opportunity's type (VN-25)."""
    if requested not in pipeline:
        message = Message(
            "The stage does not belong to the opportunity's type. Choose a stage of the type."
        )
        return Violation(UserErrorCode.INVALID_TRANSITION, message, "stage_id")
    return pipeline[requested]


def stage_quote_violations(step: PipelineStep, *, has_quote: bool) -> Sequence[Violation]:
    """Violation of a stage that requires a quote, for opportunities without one (VN-26)."""
    if has_quote or not step.needs_quote:
        return []
    message = Message("The stage requires a quote. Create a quote first.")
    return [Violation(UserErrorCode.INVALID_TRANSITION, message, "stage_id")]


def type_change_violation(pipeline: Mapping[UUID, PipelineStep], stage: UUID) -> Violation | None:
    """Violation if the new type's pipeline does not have the opportunity's current stage."""
    if stage in pipeline:
        return None
    message = Message(
        "The new type does not have the opportunity's current stage. Move the opportunity to a "
        "stage of both types first."
    )
    return Violation(UserErrorCode.INVALID_TRANSITION, message, "type_id")
