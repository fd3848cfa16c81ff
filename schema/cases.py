"""Cases in the API."""

from db import cases as tables
from schema.engine.expose import EDITED, KEPT, KNOWN_ELSEWHERE, exposes


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
