"""Rules of activities: on exactly one record, with hours that can be."""

from collections.abc import Sequence

from domain.codes import Problem
from domain.faults import Fault, Row
from domain.labels import on_one

SUBJECTS = ("account_id", "person_id", "opportunity_id", "contract_id", "case_id")
"""The columns with the record that an activity is on."""


def activity(_: Row | None, after: Row) -> Sequence[Fault]:
    """What is wrong with an activity by itself."""
    faults = on_one(after, SUBJECTS, "the account, person, opportunity, contract or case it is on")
    if after["hours"] is not None and after["hours"] < 0:
        faults.append(Fault(Problem.INVALID, "Hours cannot be less than none.", "hours"))
    return faults
