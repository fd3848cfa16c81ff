"""Cases in the API."""

from db import cases as tables
from schema.engine.expose import EDITED, KEPT, KNOWN_ELSEWHERE, exposes
from schema.engine.generate import Spec
from schema.engine.generate_deeds import ID_SPEC, VERSION_SPEC, both, required


@exposes(tables.CaseStatus, one="caseStatus", many="caseStatuses", deeds=KEPT)
class CaseStatus:
    """How far a case is. One list serves all cases."""


@exposes(tables.CaseType, one="caseType", many="caseTypes", deeds=KEPT)
class CaseType:
    """A kind of case: how it is billed, and what its records begin with."""


@exposes(tables.Case, one="case", many="cases", deeds=KNOWN_ELSEWHERE)
class Case:
    """Something that a customer asks of us or complains about, worked on by one owner."""


@exposes(tables.CaseAccount, one="caseAccount", many="caseAccounts", deeds=EDITED)
class CaseAccount:
    """An account that a case concerns. One of them is the primary one."""


DEEDS = (
    both("Case", "case", "Move") | both("Case", "case", "Close") | both("Case", "case", "Reopen")
)


def deed_types() -> None:
    """The inputs of what is done with cases only."""
    moved: Spec = ("status", "ID", "The status it comes to be in, open or closed.")
    doc = "Which case, and how far it is now. Whether it is open follows from the status."
    required("CaseMoveInput", [ID_SPEC, VERSION_SPEC, moved], doc)
    closed: Spec = ("status", "ID | None", "A closed status; the first there is if none is named.")
    doc = (
        "Which case is settled. Its type, contract and accounts then stay as they are until it is reopened. "
        "A case that is closed already stays in its status, unless another one is named."
    )
    required("CaseCloseInput", [ID_SPEC, VERSION_SPEC, closed], doc)
    opened: Spec = ("status", "ID | None", "An open status; the first there is if none is named.")
    doc = "Which case is worked on again. One that is open stays in its status, unless another one is named."
    required("CaseReopenInput", [ID_SPEC, VERSION_SPEC, opened], doc)
