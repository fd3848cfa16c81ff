"""Sales in the API."""

from db import sales as tables
from schema.engine.expose import EDITED, KNOWN_ELSEWHERE, LINKED, exposes
from schema.engine.generate_deeds import ID_SPEC, VERSION_SPEC, both, required


@exposes(
    tables.Opportunity,
    one="opportunity",
    many="opportunities",
    deeds=KNOWN_ELSEWHERE,
    live=True,
)
class Opportunity:
    """A possible sale to an account, worked on by one owner."""


@exposes(tables.StageVisit, one="stageVisit", many="stageVisits")
class StageVisit:
    """A stay of an opportunity in a stage. The house keeps it; nobody writes it."""


@exposes(tables.BusinessRole, one="businessRole", many="businessRoles", deeds=EDITED)
class BusinessRole:
    """The part that a person plays in an opportunity, such as decision maker."""


@exposes(
    tables.OpportunityAccount,
    one="opportunityAccount",
    many="opportunityAccounts",
    deeds=EDITED,
)
class OpportunityAccount:
    """An account that has to do with an opportunity besides the one we hope to sell to."""


@exposes(tables.OpportunityShare, one="opportunityShare", many="opportunityShares", deeds=LINKED)
class OpportunityShare:
    """One opportunity that an employee sees besides his own."""


@exposes(tables.ShareRule, one="shareRule", many="shareRules", deeds=LINKED)
class ShareRule:
    """A standing share: a role sees all opportunities of a type."""


DEEDS = both("Opportunity", "opportunity", "Move")


def deed_types() -> None:
    """The inputs of what is done with opportunities only."""
    stage = ("stage", "ID", "Where it goes: one of the stages of its type.")
    doc = "Which opportunity, and where it goes. Its status and probability follow from the stage."
    required("OpportunityMoveInput", [ID_SPEC, VERSION_SPEC, stage], doc)
