"""What keeps a quote from being changed: a sold opportunity, an approval, a newer version."""

from __future__ import annotations

from collections.abc import Iterable

from db.engine.gate import Right
from db.quotes import Quote
from db.sales import Opportunity
from domain.codes import UserErrorCode
from domain.quotes import SOLD
from domain.violations import Violation
from resolvers.engine.changeset import Changeset, parent_of
from resolvers.engine.context import Context
from resolvers.engine.permissions import HIDDEN, readable_violation
from resolvers.engine.update import refuse_conflict


def opportunity_of(item: Changeset[Quote, object]) -> Opportunity | None:
    """The opportunity of a quote, as far as the caller sees it."""
    return parent_of(item, Opportunity)


def check_unlocked(ctx: Context, item: Changeset[Quote, object]) -> None:
    """Note that the quote's opportunity was sold and is locked."""
    opportunity = opportunity_of(item)
    if opportunity is not None and opportunity.locked:
        readable = ctx.viewer.right("Opportunity", "locked") is Right.OPEN
        message = SOLD if readable else HIDDEN
        item.violation(Violation(UserErrorCode.LOCKED, message))


def refuse_older_version(item: Changeset[Quote, object]) -> None:
    """Approving a quote, or setting its lines as a whole, is based on its newest version, where the caller sends one."""
    if item.version is not None and item.version != item.existing.version:
        refuse_conflict(item, [])


def note(ctx: Context, item: Changeset[Quote, object], violations: Iterable[Violation]) -> None:
    """Note violations, without the reason where the caller may not read the column."""
    item.violations(readable_violation(ctx.viewer, item.entity, each) for each in violations)
