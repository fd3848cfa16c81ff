"""Hooks and commands of quotes: at most one active quote per opportunity; approved and sold quotes are immutable."""

from __future__ import annotations

from db.quotes import Quote
from domain.codes import UserErrorCode
from domain.quotes import TWO_ACTIVE_MESSAGE, delete_violations
from domain.violations import Violation
from resolvers import quote_commands
from resolvers.engine.changeset import Action, Changeset, Saved, assign, without_failed
from resolvers.engine.command import Reads, command
from resolvers.engine.command_registry import Area
from resolvers.engine.conflicts import refuse_other_versions
from resolvers.engine.context import Context
from resolvers.engine.hooks import before_save
from resolvers.quote_lines import add_up, add_up_discounted, fill_lines, lines_of
from resolvers.quote_locks import check_unlocked, opportunity_of


@before_save(Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE, Action.RESTORE)
async def refuse_locked(ctx: Context, items: Saved[Quote]) -> None:
    """Refuse changes to the quotes of a locked opportunity (EP-141)."""
    for item in items:
        check_unlocked(item)


@before_save(Action.DELETE)
async def refuse_deleting_active(ctx: Context, items: Saved[Quote]) -> None:
    """Refuse to delete an active or accepted quote (EP-120)."""
    for item in items:
        item.violations(delete_violations(item.existing))


@before_save(Action.CREATE)
async def default_currency(ctx: Context, items: Saved[Quote]) -> None:
    """Set the currency. Default: the opportunity's currency."""
    for item in items:
        quote, opportunity = item.record, opportunity_of(item)
        if opportunity is not None:
            quote.currency = quote.currency or opportunity.currency


@before_save(Action.CREATE)
async def activate_first(ctx: Context, items: Saved[Quote]) -> None:
    """Activate the first quote of an opportunity (D-03)."""
    first = {each.record.opportunity_id: each for each in reversed(items)}
    existing = await ctx.trusted(Quote).by_for_update(Quote.opportunity_id, first)
    for opportunity, item in first.items():
        item.record.active = not existing[opportunity]


@before_save()
async def price_lines(ctx: Context, items: Saved[Quote]) -> None:
    """Set values of lines from their products, and compute the totals."""
    await fill_lines(ctx, items)
    for item in without_failed(items):
        if item.before is None:
            add_up(item, [line.record for line in lines_of(item)])
    await add_up_discounted(ctx, items)


@command(
    Quote,
    "activate",
    requires=Reads(Quote.active),
    doc="Activate the quote and deactivate the opportunity's other one.",
)
async def activate(ctx: Context, items: Saved[Quote]) -> None:
    """Activate quotes and deactivate the previously active ones, so that an opportunity has at most one (D-03)."""
    by_opportunity: dict[object, list[Changeset[Quote, object]]] = {}
    for item in items:
        by_opportunity.setdefault(item.record.opportunity_id, []).append(item)
    ids = [each.record.opportunity_id for each in items]
    existing = await ctx.trusted(Quote).by_for_update(Quote.opportunity_id, dict.fromkeys(ids))
    for quote_items in by_opportunity.values():
        for item in quote_items[1:]:
            item.violation(
                Violation(UserErrorCode.INVALID, TWO_ACTIVE_MESSAGE, because=("opportunity_id",))
            )
        quote_items[0].record.active = True
        for row in existing[quote_items[0].record.opportunity_id]:
            if row.id != quote_items[0].record.id:
                quote_items[0].also_change(row, assign(Quote.active, False), first=True)


@command(
    Quote,
    "deactivate",
    requires=Reads(Quote.active),
    doc="Deactivate the quote.",
)
async def deactivate(ctx: Context, items: Saved[Quote]) -> None:
    """Deactivate quotes; their opportunities then have no active quote."""
    for item in items:
        item.record.active = False


@command(
    Quote,
    "approve",
    requires=Reads(Quote.approved_at),
    skips=(refuse_locked,),
    doc="Approve the quote, which locks its content.",
)
async def approve(ctx: Context, items: Saved[Quote]) -> None:
    """Approve quotes, also of locked opportunities, because orders and invoices require an approved quote (VT-10)."""
    await refuse_other_versions(ctx, items)
    for item in items:
        item.record.approved_at = item.record.approved_at or ctx.now


@command(
    Quote,
    "unapprove",
    requires=Reads(Quote.approved_at),
    doc="Withdraw the approval of the quote.",
)
async def unapprove(ctx: Context, items: Saved[Quote]) -> None:
    """Remove the approval."""
    for item in items:
        item.record.approved_at = None


AREA = Area(
    "quotes",
    commands=(*quote_commands.COMMANDS, activate, deactivate, approve, unapprove),
    before_save={
        Quote: (
            refuse_locked,
            refuse_deleting_active,
            default_currency,
            activate_first,
            price_lines,
        )
    },
)
