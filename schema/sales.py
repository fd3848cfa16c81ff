"""Sales in the API."""

from db import sales as tables
from schema.engine.expose import EDITED, KNOWN_ELSEWHERE, LINKED, exposes
from schema.engine.generate import Spec
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


SAYS = {
    "Move": "Move it to another stage of its type, or to another place in its stage.",
    "Sell": (
        "Sell it: its active quote is accepted, the items of that become contracts by their kinds, and it is "
        "locked. Sold again after it was unlocked, only the difference is written."
    ),
    "Lose": "Close it as lost, and say why.",
    "Unlock": "Open it again after it was sold or lost.",
    "Lock": "Close it to changes.",
    "Copy": "Make a new one like it, with the people and accounts that have to do with it.",
    "Upsell": "Make a new one to sell more on top of a contract that lasts for a time.",
}
DEEDS = {
    name: deed
    for verb, says in SAYS.items()
    for name, deed in both("Opportunity", "opportunity", verb, says).items()
}


STAGE: Spec = ("stage", "ID | None", "The stage it ends in, if its type has several of that kind.")
CLOSED_ON: Spec = ("closedOn", "DateText | None", "The day it happened; today if not said.")
NAME: Spec = (
    "name",
    "str | None",
    "What it is to be called; as the one it is made from if not said.",
)


def deed_types() -> None:
    """The inputs of what is done with opportunities only."""
    known = [ID_SPEC, VERSION_SPEC]
    stage = ("stage", "ID", "Where it goes: one of the stages of its type.")
    before = ("before", "ID | None", "The opportunity of that stage before which it is to stand.")
    after = ("after", "ID | None", "The one after which it is to stand; last if neither is named.")
    doc = "Which opportunity, and where it goes. Its status and probability follow from the stage."
    required("OpportunityMoveInput", [*known, stage, before, after], doc)
    doc = "What was sold: the items of its active quote become contracts, and it is locked."
    required("OpportunitySellInput", [*known, CLOSED_ON, STAGE], doc)
    reason: Spec = ("reason", "ID", "Why it was lost.")
    note: Spec = ("note", "str | None", "What there is to say of it; some reasons need it.")
    doc = "What was lost, and why."
    required("OpportunityLoseInput", [*known, reason, note, CLOSED_ON, STAGE], doc)
    back: Spec = ("stage", "ID | None", "Where it goes on; where it was last open if not said.")
    doc = "What is open again: items and quotes can be changed, and it can be sold again."
    required("OpportunityUnlockInput", [*known, back], doc)
    required("OpportunityLockInput", known, "What is closed to changes until it is unlocked.")
    doc = "Which opportunity a new one is to be like, without its quotes and contracts."
    required("OpportunityCopyInput", [*known, NAME], doc)
    _upsell()


def _upsell() -> None:
    contract: Spec = ("contract", "ID", "The contract that lasts for a time and is to be extended.")
    kind: Spec = ("type", "ID | None", "Its kind; the preferred one if not said.")
    currency: Spec = ("currency", "str | None", "Its currency; the contract's if not said.")
    amount: Spec = ("amount", "DecimalText | None", "Expected value, without tax.")
    day: Spec = ("expectedCloseOn", "DateText | None", "The day we expect a decision.")
    doc = "A new opportunity to sell more on top of a contract."
    required("OpportunityUpsellInput", [contract, NAME, kind, currency, amount, day], doc)
