"""Rules of cases: their status, the fields that a closed case keeps, and how cases are billed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from domain.codes import UserErrorCode
from domain.columns import changed, references
from domain.described import DescribedEnum
from domain.holders import Candidate, holder
from domain.violations import Violation


class CaseState(DescribedEnum):
    """Whether a case needs work."""

    OPEN = "OPEN", "Needs work."
    CLOSED = "CLOSED", "Settled."


class Priority(DescribedEnum):
    """Urgency of a case."""

    LOW = "LOW", "Low."
    NORMAL = "NORMAL", "Normal; the default."
    HIGH = "HIGH", "High."
    URGENT = "URGENT", "Needs attention at once."


class Billing(DescribedEnum):
    """How the cases of a type are billed."""

    NONE = "NONE", "Not billed."
    PER_CASE = "PER_CASE", "One amount for each case."
    PER_ACTIVITY = "PER_ACTIVITY", "By the activities of the case."


class CaseStanding(Protocol):
    """Whether a case is open or closed."""

    state: CaseState


class BilledCase(CaseStanding, Protocol):
    """The columns of a case that decide how it is billed."""

    type_id: UUID | None
    contract_id: UUID | None


class CaseClosure(Protocol):
    """When a case was closed."""

    closed_at: datetime | None


class CaseTypeFacts(Protocol):
    """The columns of a type of case that its rule reads."""

    billing: Billing
    hours_product_id: UUID | None
    contract_required: bool


class WorkProducts(Protocol):
    """The products that a type of case bills work as."""

    hours_product_id: UUID | None
    overtime_product_id: UUID | None


class BilledWork(WorkProducts, Protocol):
    """How a type of case is billed, and the products that it bills work as."""

    billing: Billing


class WorkProduct(Protocol):
    """The columns of a product that decide whether work can be billed as it."""

    service: bool
    price: Decimal | None


class CaseLink(Candidate, Protocol):
    """An account that a case concerns."""

    primary: bool


def case_type(_: CaseTypeFacts | None, after: CaseTypeFacts) -> Sequence[Violation]:
    """Violations of a type of case by itself (VN-33, VN-36)."""
    if after.billing == Billing.PER_ACTIVITY and after.hours_product_id is None:
        message = "Billing per activity requires a product for hours. Set the product."
        return [Violation(UserErrorCode.REQUIRED, message, "hours_product_id")]
    if after.contract_required and after.billing != Billing.PER_CASE:
        message = (
            "A contract can be required only for case types that are billed per case. Change the "
            "billing, or do not require a contract."
        )
        return [Violation(UserErrorCode.INVALID, message, "contract_required")]
    return []


LOCKED = ("type_id", "contract_id")
"""The columns that decide how a closed case is billed: immutable until the case is reopened (D-14)."""
REOPEN = "The case is closed. Reopen it before changing this field."
SERVICES = ("hours_product_id", "overtime_product_id")
"""The columns of a type with the products that work is billed as."""


@dataclass(frozen=True)
class Status:
    """One of the statuses that a case can be in."""

    id: UUID
    state: CaseState
    position: int


def placed(
    statuses: Mapping[UUID, Status], wanted: UUID | None, state: CaseState | None = None
) -> Status | Violation:
    """The status that a case gets: the `wanted` one, otherwise the first one of the state.

    With a `state`, the status must be of it; without, a case for which no status is named starts in an open one.
    """
    if wanted is not None and wanted in statuses:
        found = statuses[wanted]
        if state in (None, found.state):
            return found
        message = f"Cases in this status are not {state.lower()}. Choose a status of that state."
        return Violation(UserErrorCode.INVALID_TRANSITION, message, "status_id")
    state = state or CaseState.OPEN
    fitting = [each for each in statuses.values() if each.state is state]
    if not fitting:
        message = f"No case status has the state {state}. Create one first."
        return Violation(UserErrorCode.INVALID, message, "status_id")
    return min(fitting, key=lambda each: (each.position, each.id))


def closed_at(before: CaseClosure | None, state: CaseState, now: datetime) -> datetime | None:
    """When a case in `state` was closed: None if it is open, otherwise as before, otherwise `now`."""
    if state == CaseState.OPEN:
        return None
    return (before.closed_at if before is not None else None) or now


def locked(before: BilledCase, after: BilledCase) -> Sequence[Violation]:
    """Changes to how a case is billed that is closed and stays so."""
    if CaseState.OPEN in (before.state, after.state):
        return []
    return [
        Violation(UserErrorCode.LOCKED, REOPEN, name, because=("state",))
        for name in changed(before, after, LOCKED)
    ]


def accounts_locked(case: CaseStanding) -> Sequence[Violation]:
    """The accounts of a closed case are immutable, since it is billed to them."""
    if case.state == CaseState.OPEN:
        return []
    message = "The case is closed. Reopen it before changing its accounts."
    return [Violation(UserErrorCode.LOCKED, message)]


def under_contract(
    required: bool, contract: UUID | None, buyer: UUID | None, primary: UUID | None
) -> Sequence[Violation]:
    """Violations of the contract of a case; `buyer` is the account of that contract (VN-33)."""
    if contract is None:
        if not required:
            return []
        message = "Cases of this type require a contract. Choose a contract of the primary account."
        return [Violation(UserErrorCode.REQUIRED, message, "contract_id")]
    if buyer == primary:
        return []
    message = (
        "The contract does not belong to the case's primary account. Choose one of its contracts, "
        "or make the contract's account the primary account."
    )
    return [Violation(UserErrorCode.INVALID, message, "contract_id")]


def handed_over(
    contract: UUID | None, buyer: UUID | None, primary: UUID | None
) -> Sequence[Violation]:
    """The primary account of a case with a contract is the account of that contract."""
    if contract is None or buyer == primary:
        return []
    message = (
        "The case uses a contract of its primary account. Remove the contract from the case before"
        " changing the account."
    )
    return [Violation(UserErrorCode.INVALID, message)]


def services(case_type: WorkProducts, products: Mapping[UUID, WorkProduct]) -> Sequence[Violation]:
    """The products that a type bills work as are services with a price (VN-34 to VN-37)."""
    refused = {id for id, product in products.items() if not billable(product)}
    wrong = [name for name, id in references(case_type, SERVICES).items() if id in refused]
    message = (
        "Work is billed as a service with a price. Choose a product that is a service and has a "
        "price."
    )
    return [Violation(UserErrorCode.INVALID, message, name) for name in wrong]


def billable(product: WorkProduct) -> bool:
    """Whether work can be billed as this product."""
    return product.service and product.price is not None


def still_billable(before: WorkProduct, after: WorkProduct) -> Sequence[Violation]:
    """Changes after which work can no longer be billed as a product."""
    message = "Case types bill work as this product. Choose another product for those types first."
    wrong = [] if after.service or not before.service else ["service"]
    wrong += [] if after.price is not None or before.price is None else ["price"]
    return [Violation(UserErrorCode.IN_USE, message, name) for name in wrong]


def needs_service(case_type: BilledWork, offered: bool) -> Sequence[Violation]:
    """A billed type names a product, or at least one billable product is `offered` (VN-37)."""
    named = case_type.hours_product_id is not None or case_type.overtime_product_id is not None
    if case_type.billing == Billing.NONE or named or offered:
        return []
    message = (
        "No product can be billed for work. Create a product that is a service and has a price "
        "first."
    )
    return [Violation(UserErrorCode.INVALID, message, "billing")]


def primary_account(accounts: Iterable[CaseLink], wanted: UUID | None = None) -> UUID | None:
    """The id of a case's link to its primary account (EP-207, EP-208, EP-210)."""
    return holder(accounts, lambda each: each.primary, wanted)
