"""Rules of cases: status, immutable fields of closed cases, contracts and billing."""

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
from domain.holders import Candidate, choose_holder
from domain.message import Message
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
    """The columns of a case type that its rule reads."""

    billing: Billing
    hours_product_id: UUID | None
    contract_required: bool


class WorkProducts(Protocol):
    """The products with which a case type bills work."""

    hours_product_id: UUID | None
    overtime_product_id: UUID | None


class BilledWork(WorkProducts, Protocol):
    """How a case type is billed, and the products with which it bills work."""

    billing: Billing


class WorkProduct(Protocol):
    """The columns of a product that decide whether it can be used to bill work."""

    service: bool
    price: Decimal | None


class CaseLink(Candidate, Protocol):
    """A link from a case to an account."""

    primary: bool


def case_type_violations(_: CaseTypeFacts | None, after: CaseTypeFacts) -> Sequence[Violation]:
    """Violations of a case type by itself (VN-33, VN-36)."""
    if after.billing == Billing.PER_ACTIVITY and after.hours_product_id is None:
        message = Message("Billing per activity requires a product for hours. Set the product.")
        return [Violation(UserErrorCode.REQUIRED, message, "hours_product_id")]
    if after.contract_required and after.billing != Billing.PER_CASE:
        message = Message(
            "A contract can be required only for case types that are billed per case. Change the "
            "billing, or do not require a contract."
        )
        return [Violation(UserErrorCode.INVALID, message, "contract_required")]
    return []


LOCKED_COLUMNS = ("type_id", "contract_id")
"""Billing-relevant columns, immutable while the case is closed (D-14)."""
REOPEN_MESSAGE = Message("The case is closed. Reopen it before changing this field.")
WORK_PRODUCT_COLUMNS = ("hours_product_id", "overtime_product_id")
"""The columns of a case type with the products for billing work."""


@dataclass(frozen=True)
class Status:
    """A case status."""

    id: UUID
    state: CaseState
    position: int


def choose_status(
    statuses: Mapping[UUID, Status], requested: UUID | None, state: CaseState | None = None
) -> Status | Violation:
    """The new status of a case: the `requested` one, by default the first one of the `state`.

    The `requested` status must have the `state`. Default state: open.
    """
    if requested is not None and requested in statuses:
        status = statuses[requested]
        if state in (None, status.state):
            return status
        message = Message(
            "Cases in this status are not {state}. Choose a status of that state.",
            state=state,
        )
        return Violation(UserErrorCode.INVALID_TRANSITION, message, "status_id")
    state = state or CaseState.OPEN
    candidates = [each for each in statuses.values() if each.state is state]
    if not candidates:
        message = Message("No case status has the state {state}. Create one first.", state=state)
        return Violation(UserErrorCode.INVALID, message, "status_id")
    return min(candidates, key=lambda each: (each.position, each.id))


def closed_at(before: CaseClosure | None, state: CaseState, now: datetime) -> datetime | None:
    """Closing time of a case: None if open, else the previous closing time, else `now`."""
    if state == CaseState.OPEN:
        return None
    return (before.closed_at if before is not None else None) or now


def locked_violations(before: BilledCase, after: BilledCase) -> Sequence[Violation]:
    """Violations of changes to billing-relevant columns of a case that stays closed."""
    if CaseState.OPEN in (before.state, after.state):
        return []
    return [
        Violation(UserErrorCode.LOCKED, REOPEN_MESSAGE, name, because=("state",))
        for name in changed(before, after, LOCKED_COLUMNS)
    ]


def accounts_locked_violations(case: CaseStanding) -> Sequence[Violation]:
    """Violation of changing the accounts of a closed case, because it is billed to them."""
    if case.state == CaseState.OPEN:
        return []
    message = Message("The case is closed. Reopen it before changing its accounts.")
    return [Violation(UserErrorCode.LOCKED, message)]


def case_contract_violations(
    required: bool, contract: UUID | None, buyer: UUID | None, primary: UUID | None
) -> Sequence[Violation]:
    """Violations of the contract of a case; `buyer` is the account of that contract (VN-33)."""
    if contract is None:
        if not required:
            return []
        message = Message(
            "Cases of this type require a contract. Choose a contract of the primary account."
        )
        return [Violation(UserErrorCode.REQUIRED, message, "contract_id")]
    if buyer == primary:
        return []
    message = Message(
        "The contract does not belong to the case's primary account. Choose one of its contracts, "
        "or make the contract's account the primary account."
    )
    return [Violation(UserErrorCode.INVALID, message, "contract_id")]


def primary_change_violations(
    contract: UUID | None, buyer: UUID | None, primary: UUID | None
) -> Sequence[Violation]:
    """Violation if the new primary account is not the account of the case's contract."""
    if contract is None or buyer == primary:
        return []
    message = Message(
        "The case uses a contract of its primary account. Remove the contract from the case before"
        " changing the account."
    )
    return [Violation(UserErrorCode.INVALID, message)]


def service_violations(
    case_type: WorkProducts, products: Mapping[UUID, WorkProduct]
) -> Sequence[Violation]:
    """Violations of products for billing work that are not services with a price (VN-34 to VN-37)."""
    refused = {id for id, product in products.items() if not is_billable(product)}
    invalid = [
        name for name, id in references(case_type, WORK_PRODUCT_COLUMNS).items() if id in refused
    ]
    message = Message(
        "Work is billed as a service with a price. Choose a product that is a service and has a "
        "price."
    )
    return [Violation(UserErrorCode.INVALID, message, name) for name in invalid]


def is_billable(product: WorkProduct) -> bool:
    """Whether a product can be used to bill work."""
    return product.service and product.price is not None


def billing_violations(before: WorkProduct, after: WorkProduct) -> Sequence[Violation]:
    """Violations of changes after which a product can no longer be used to bill work."""
    message = Message(
        "Case types bill work as this product. Choose another product for those types first."
    )
    invalid = [] if after.service or not before.service else ["service"]
    invalid += [] if after.price is not None or before.price is None else ["price"]
    return [Violation(UserErrorCode.IN_USE, message, name) for name in invalid]


def missing_service_violations(case_type: BilledWork, offered: bool) -> Sequence[Violation]:
    """Violation of a billed case type without a product, if no billable product is `offered` (VN-37)."""
    named = case_type.hours_product_id is not None or case_type.overtime_product_id is not None
    if case_type.billing == Billing.NONE or named or offered:
        return []
    message = Message(
        "No product can be billed for work. Create a product that is a service and has a price "
        "first."
    )
    return [Violation(UserErrorCode.INVALID, message, "billing")]


def primary_account(accounts: Iterable[CaseLink], requested: UUID | None = None) -> UUID | None:
    """Id of a case's link to its primary account (EP-207, EP-208, EP-210)."""
    return choose_holder(accounts, lambda each: each.primary, requested)
