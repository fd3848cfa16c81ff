"""Quotes: one quote of an opportunity is active, and what was approved or sold stays as it is."""

from __future__ import annotations

from db.quotes import Quote
from domain.codes import UserErrorCode
from domain.quotes import TWO_ACTIVE, deleted
from domain.violations import Violation
from resolvers import quote_commands
from resolvers.engine.changeset import Action, Changeset, Saved, live, to
from resolvers.engine.command import Reads, command
from resolvers.engine.command_registry import Area
from resolvers.engine.context import Context
from resolvers.engine.hooks import before_save
from resolvers.quote_lines import add_up, add_up_discounted, fill_lines, lines_of
from resolvers.quote_locks import check_unlocked, opportunity_of, refuse_older_version


@before_save(Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE, Action.RESTORE)
async def refuse_of_sold(ctx: Context, items: Saved[Quote]) -> None:
    """The quotes of an opportunity that was sold stay as they are until it is unlocked (EP-141)."""
    for item in items:
        check_unlocked(item)


@before_save(Action.DELETE)
async def keep_chosen(ctx: Context, items: Saved[Quote]) -> None:
    """An active or accepted quote is not deleted (EP-120)."""
    for item in items:
        item.violations(deleted(item.existing))


@before_save(Action.CREATE)
async def begin_quote(ctx: Context, items: Saved[Quote]) -> None:
    """The opportunity's currency where the caller names none."""
    for item in items:
        quote, opportunity = item.record, opportunity_of(item)
        if opportunity is not None:
            quote.currency = quote.currency or opportunity.currency


@before_save(Action.CREATE)
async def activate_first(ctx: Context, items: Saved[Quote]) -> None:
    """The first quote of an opportunity is its active one (D-03)."""
    first = {each.record.opportunity_id: each for each in reversed(items)}
    kept = await ctx.trusted(Quote).by_for_update(Quote.opportunity_id, first)
    for opportunity, item in first.items():
        item.record.active = not kept[opportunity]


@before_save()
async def price_lines(ctx: Context, items: Saved[Quote]) -> None:
    """Lines take over what their products say, and all of it adds up."""
    await fill_lines(ctx, items)
    for item in live(items):
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
    """Of an opportunity's quotes one is active at most (D-03)."""
    by_opportunity: dict[object, list[Changeset[Quote, object]]] = {}
    for item in items:
        by_opportunity.setdefault(item.record.opportunity_id, []).append(item)
    ids = [each.record.opportunity_id for each in items]
    kept = await ctx.trusted(Quote).by_for_update(Quote.opportunity_id, dict.fromkeys(ids))
    for mine in by_opportunity.values():
        for item in mine[1:]:
            item.violation(
                Violation(UserErrorCode.INVALID, TWO_ACTIVE, because=("opportunity_id",))
            )
        mine[0].record.active = True
        for row in kept[mine[0].record.opportunity_id]:
            if row.id != mine[0].record.id:
                mine[0].also_change(row, to(Quote.active, False), first=True)


@command(
    Quote,
    "deactivate",
    requires=Reads(Quote.active),
    doc="Deactivate the quote.",
)
async def deactivate(ctx: Context, items: Saved[Quote]) -> None:
    """No quote of the opportunity is active until another one is activated."""
    for item in items:
        item.record.active = False


@command(
    Quote,
    "approve",
    requires=Reads(Quote.approved_at),
    skips=(refuse_of_sold,),
    doc="Approve the quote, which locks its content.",
)
async def approve(ctx: Context, items: Saved[Quote]) -> None:
    """Also of an opportunity that was sold: orders and invoices need an approved quote (VT-10)."""
    for item in items:
        refuse_older_version(item)
        item.record.approved_at = item.record.approved_at or ctx.now


@command(
    Quote,
    "unapprove",
    requires=Reads(Quote.approved_at),
    doc="Withdraw the approval of the quote.",
)
async def unapprove(ctx: Context, items: Saved[Quote]) -> None:
    """Not approved."""
    for item in items:
        item.record.approved_at = None


AREA = Area(
    "quotes",
    commands=(*quote_commands.COMMANDS, activate, deactivate, approve, unapprove),
    before_save={Quote: (refuse_of_sold, keep_chosen, begin_quote, activate_first, price_lines)},
)
