"""What keeps a quote from being changed: a sold opportunity, an approval, a newer version."""

from __future__ import annotations

from db.quotes import Quote
from db.sales import Opportunity
from domain.codes import UserErrorCode
from domain.quotes import SOLD
from domain.violations import Violation
from resolvers.engine.changeset import Changeset, parent_of
from resolvers.engine.update import refuse_conflict


def opportunity_of(item: Changeset[Quote, object]) -> Opportunity | None:
    """The opportunity of a quote, as far as the caller sees it."""
    return parent_of(item, Opportunity)


def check_unlocked(item: Changeset[Quote, object]) -> None:
    """Note that the quote's opportunity was sold and is locked."""
    opportunity = opportunity_of(item)
    if opportunity is not None and opportunity.locked:
        item.violation(Violation(UserErrorCode.LOCKED, SOLD), because=[Opportunity.locked])


def refuse_older_version(item: Changeset[Quote, object]) -> None:
    """Approving a quote, or setting its lines as a whole, is based on its newest version, where the caller sends one."""
    if item.version is not None and item.version != item.existing.version:
        refuse_conflict(item)
