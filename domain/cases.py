"""Rules of cases: how they are billed, and which are open."""

from collections.abc import Sequence
from enum import StrEnum

from domain.codes import Problem
from domain.faults import Fault, Row


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


def case_type(_: Row | None, after: Row) -> Sequence[Fault]:
    """What is wrong with a type of case by itself (VN-33, VN-36)."""
    if after["billing"] == Billing.PER_ACTIVITY and after["hours_product_id"] is None:
        message = "Activities are billed as a service: name the one for hours."
        return [Fault(Problem.REQUIRED, message, "hours_product_id")]
    if after["contract_required"] and after["billing"] != Billing.PER_CASE:
        message = "A contract can be required of cases that are billed per case."
        return [Fault(Problem.INVALID, message, "contract_required")]
    return []
