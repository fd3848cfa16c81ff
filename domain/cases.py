"""Rules of cases: where they stand, what stays as it is once they are closed, and how they are billed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.codes import UserErrorCode
from domain.holders import holder
from domain.violations import Row, Violation


class CaseState(StrEnum):
    """What a status means for the cases in it."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


class Priority(StrEnum):
    """How urgent a case is."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    URGENT = "URGENT"


class Billing(StrEnum):
    """How cases of a type are billed (D-14)."""

    NONE = "NONE"
    PER_CASE = "PER_CASE"
    PER_ACTIVITY = "PER_ACTIVITY"


def case_type(_: Row | None, after: Row) -> Sequence[Violation]:
    """What is wrong with a type of case by itself (VN-33, VN-36)."""
    if after["billing"] == Billing.PER_ACTIVITY and after["hours_product_id"] is None:
        message = "Activities are billed as a service: name the one for hours."
        return [Violation(UserErrorCode.REQUIRED, message, "hours_product_id")]
    if after["contract_required"] and after["billing"] != Billing.PER_CASE:
        message = (
            "A contract can only be required of cases that are billed per case: "
            "bill them so, or do not require one."
        )
        return [Violation(UserErrorCode.INVALID, message, "contract_required")]
    return []


LOCKED = ("type_id", "contract_id")
"""What decides how a closed case is billed: it stays until the case is opened again (D-14)."""
REOPEN = "The case is closed: reopen it first, then change this."
SERVICES = ("hours_product_id", "overtime_product_id")
"""The columns of a type with what work is billed as."""


@dataclass(frozen=True)
class Status:
    """One of the statuses that a case can be in."""

    id: UUID
    state: CaseState
    position: int


def placed(
    statuses: Mapping[UUID, Status], wanted: UUID | None, state: CaseState | None = None
) -> Status | Violation:
    """Where a case comes to stand: in the status that was asked for, or in the first one there is.

    With a `state` it must be one of that; without, a case for which nothing was asked begins in an open one.
    """
    if wanted is not None and wanted in statuses:
        found = statuses[wanted]
        if state in (None, found.state):
            return found
        message = f"Cases in this status are not {state.lower()}: name one in which they are."
        return Violation(UserErrorCode.INVALID_TRANSITION, message, "status_id")
    state = state or CaseState.OPEN
    fitting = [each for each in statuses.values() if each.state is state]
    if not fitting:
        message = f"There is no status in which cases are {state.lower()}: add one to the list."
        return Violation(UserErrorCode.INVALID, message, "status_id")
    return min(fitting, key=lambda each: (each.position, each.id))


def closed_at(before: Row | None, state: CaseState, now: datetime) -> datetime | None:
    """Since when a case is closed that comes to be in a state: not at all, as before, or now."""
    if state == CaseState.OPEN:
        return None
    return (before["closed_at"] if before else None) or now


def locked(before: Row, after: Row) -> Sequence[Violation]:
    """What may not be changed of a case that is closed and stays so."""
    if CaseState.OPEN in (before["state"], after["state"]):
        return []
    changed = [name for name in LOCKED if before[name] != after[name]]
    return [Violation(UserErrorCode.LOCKED, REOPEN, name) for name in changed]


def accounts_locked(case: Row) -> Sequence[Violation]:
    """What stands against changing whom a case concerns: it is closed, and billed to them."""
    if case["state"] == CaseState.OPEN:
        return []
    return [
        Violation(
            UserErrorCode.LOCKED, "The case is closed: reopen it first, then change its accounts."
        )
    ]


def under_contract(
    required: bool, contract: UUID | None, buyer: UUID | None, primary: UUID | None
) -> Sequence[Violation]:
    """What is wrong with the contract of a case, of which `buyer` bought it (VN-33)."""
    if contract is None:
        if not required:
            return []
        message = "Cases of this type need a contract: name one of the primary account's."
        return [Violation(UserErrorCode.REQUIRED, message, "contract_id")]
    if buyer == primary:
        return []
    message = (
        "The contract is not one of the case's primary account: name one that is, "
        "or make the account with the contract the primary one."
    )
    return [Violation(UserErrorCode.INVALID, message, "contract_id")]


def handed_over(
    contract: UUID | None, buyer: UUID | None, primary: UUID | None
) -> Sequence[Violation]:
    """What is wrong with making an account the primary one of a case that is worked on under a contract."""
    if contract is None or buyer == primary:
        return []
    message = (
        "The case is worked on under a contract of its primary account: "
        "take it off that contract first, then change the account."
    )
    return [Violation(UserErrorCode.INVALID, message)]


def services(case_type: Row, products: Mapping[UUID, Row]) -> Sequence[Violation]:
    """What is wrong with what a type bills work as: only work can be, at a price (VN-34 to VN-37)."""
    wrong = [
        name
        for name in SERVICES
        if case_type[name] in products and not billable(products[case_type[name]])
    ]
    message = "Work is billed as a service with a price: choose such a product."
    return [Violation(UserErrorCode.INVALID, message, name) for name in wrong]


def billable(product: Row) -> bool:
    """Whether work can be billed as this product."""
    return bool(product["service"]) and product["price"] is not None


def still_billable(before: Row, after: Row) -> Sequence[Violation]:
    """What is wrong with changing a product that types of cases bill work as."""
    message = "Types of cases bill work as this product: let them name another one first."
    wrong = [] if after["service"] or not before["service"] else ["service"]
    wrong += [] if after["price"] is not None or before["price"] is None else ["price"]
    return [Violation(UserErrorCode.IN_USE, message, name) for name in wrong]


def needs_service(case_type: Row, offered: bool) -> Sequence[Violation]:
    """What is wrong with billing cases where there is no work that could be billed (VN-37)."""
    named = any(case_type[name] is not None for name in SERVICES)
    if case_type["billing"] == Billing.NONE or named or offered:
        return []
    message = "Nothing could be billed: add a product first that is a service and has a price."
    return [Violation(UserErrorCode.INVALID, message, "billing")]


def primary_account(accounts: Iterable[Row], wanted: UUID | None = None) -> UUID | None:
    """Which of a case's links is to its primary account (EP-207, EP-208, EP-210)."""
    return holder(accounts, "primary", wanted)
