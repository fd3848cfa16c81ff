"""What quotes have to say before they are kept: one of an opportunity's counts, and what was agreed on stays as it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.gate import Right
from db.engine.write import statements as store
from db.engine.write.row_json import Row
from db.engine.write.unit_of_work import UnitOfWork
from db.quotes import Quote
from domain.codes import Code, UserErrorCode
from domain.numbering import number
from domain.quotes import SOLD, TWO_ACTIVE, deleted
from domain.violations import Violation
from resolvers.engine.allowed import HIDDEN, check_said, in_sight
from resolvers.engine.changing import QUICKER, draft_changes
from resolvers.engine.drafts import Draft, Other
from resolvers.engine.settling import Deed, prepares, settles
from resolvers.quote_lines import fill_lines, reckon

AFTER_SALE = frozenset({"Approve"})
"""What may be done to the quotes of an opportunity that was sold: orders and invoices need an approved one (VT-10)."""


@settles(Quote)
async def quotes(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """Nothing of what was sold is changed; a new quote begins as its opportunity is, and adds up."""
    for draft in drafts:
        check_unlocked(unit, draft)
    live = [each for each in drafts if not each.failed]
    if deed is Deed.DELETE:
        for draft in live:
            tell(unit, draft, deleted(draft.before or {}))
    if deed is not Deed.SAVE:
        return
    for draft in live:
        if draft.before is None:
            _begin(draft)
        elif draft.verb in SAYS:
            _say(unit, draft)
    await _choose_active(unit, live)
    await fill_lines(unit, live)
    await reckon(unit, live)


def check_unlocked(unit: UnitOfWork, draft: Draft) -> None:
    """The quotes of an opportunity that was sold stay as they are until it is unlocked (EP-141)."""
    if draft.whole is None or not draft.whole["locked"] or draft.verb in AFTER_SALE:
        return
    told = unit.guard.right("Opportunity", "locked") is Right.OPEN
    draft.fault(Violation(UserErrorCode.LOCKED, SOLD if told else HIDDEN))


def _begin(draft: Draft) -> None:
    """A number of its own, and its opportunity's currency, where the caller said nothing."""
    row = draft.after
    row["number"] = row["number"] or number("Q", row["id"])
    if draft.whole is not None:
        row["currency"] = row["currency"] or draft.whole["currency"]


SAYS = {
    "Activate": "active",
    "Deactivate": "active",
    "Approve": "approvedAt",
    "Unapprove": "approvedAt",
}
"""The deeds that say one thing of a quote anew, and the field in which they say it: who may not read that may not do so."""


def _say(unit: UnitOfWork, draft: Draft) -> None:
    if SAYS[draft.verb] == "active":
        draft.after["active"] = draft.verb == "Activate"
    elif draft.verb == "Unapprove":
        draft.after["approved_at"] = None
    else:
        check_version(draft)
        draft.after["approved_at"] = draft.after["approved_at"] or unit.now


def check_version(draft: Draft) -> None:
    """Whoever approves a quote, or sets its lines as a whole, must have seen it as it is, if he says what he saw."""
    now = (draft.before or {})["version"]
    if draft.version is not None and draft.version != now:
        conflict = {"version": now, "fields": []}
        draft.refuse(Code.CONFLICT, QUICKER, "version", conflict=conflict)


async def _say_anew(name: str, unit: UnitOfWork, viewer: Viewer, drafts: list[Draft]) -> None:
    for draft in drafts:
        check_said(draft, viewer, name)
    await draft_changes(unit, viewer, drafts)


for _verb, _name in SAYS.items():
    prepares(Quote, _verb)(partial(_say_anew, _name))


async def _choose_active(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """Of an opportunity's quotes one is active at most: its first one, until another one is chosen (D-03)."""
    by_whole: dict[UUID, list[Draft]] = defaultdict(list)
    for draft in drafts:
        if draft.before is None or draft.verb == "Activate":
            by_whole[draft.after["opportunity_id"]].append(draft)
    if not by_whole:
        return
    entity = drafts[0].entity
    kept: dict[UUID, list[Row]] = defaultdict(list)
    for row in await store.among(unit.connection, entity, "opportunity_id", by_whole):
        kept[row["opportunity_id"]].append(row)
    for opportunity, mine in by_whole.items():
        if mine[0].before is None:
            mine[0].after["active"] = not kept[opportunity]
            continue
        for draft in mine[1:]:
            draft.fault(Violation(UserErrorCode.INVALID, TWO_ACTIVE))
        mine[0].first += [
            Other(entity, row, {**row, "active": False})
            for row in kept[opportunity]
            if row["active"] and row["id"] != mine[0].after["id"]
        ]


def tell(unit: UnitOfWork, draft: Draft, faults: Iterable[Violation]) -> None:
    """Note faults, in words that say nothing of what the caller may not see."""
    draft.faults(in_sight(unit.guard, draft.entity, fault) for fault in faults)
