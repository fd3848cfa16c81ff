"""Rules of contracts: how long they last, and what a sale makes of those that are there."""

from collections.abc import Sequence
from enum import StrEnum

from domain.codes import Problem
from domain.faults import Fault, Row


class ContractStatus(StrEnum):
    """Whether a contract is in force."""

    ACTIVE = "ACTIVE"
    ENDED = "ENDED"


def contract(_: Row | None, after: Row) -> Sequence[Fault]:
    """What is wrong with a contract by itself."""
    begin, end = after["starts_on"], after["ends_on"]
    if begin is not None and end is not None and end < begin:
        message = "The contract cannot end before it begins: correct one of the two days."
        return [Fault(Problem.INVALID, message, "ends_on")]
    return []
