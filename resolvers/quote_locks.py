"""Checks that a quote may be changed: its opportunity is not locked."""

from __future__ import annotations

from db.quotes import Quote
from db.sales import Opportunity
from domain.codes import UserErrorCode
from domain.sales import OPPORTUNITY_LOCKED_MESSAGE
from domain.violations import Violation
from resolvers.engine.changeset import Changeset, parent_of


def opportunity_of(item: Changeset[Quote, object]) -> Opportunity | None:
    """The opportunity of a quote, if it is visible to the caller."""
    return parent_of(item, Opportunity)


def check_unlocked(item: Changeset[Quote, object]) -> None:
    """Add an error if the quote's opportunity is locked."""
    opportunity = opportunity_of(item)
    if opportunity is not None and opportunity.locked:
        item.violation(
            Violation(UserErrorCode.LOCKED, OPPORTUNITY_LOCKED_MESSAGE),
            because=[Opportunity.locked],
        )
