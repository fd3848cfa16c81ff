"""What contracts have to say before they are kept: how long their kind lasts, and how they end, renew and come off a sale."""

from __future__ import annotations

from auth.engine.viewer import Viewer
from db.contracts import Contract
from db.engine.write import statements as store
from db.engine.write.row_json import Row
from db.engine.write.unit_of_work import UnitOfWork
from domain.codes import UserErrorCode
from domain.contracts import (
    ENDED,
    NOT_SOLD,
    SOLD_ANEW,
    ContractStatus,
    Kind,
    renewed,
    status_on,
    term,
)
from domain.numbering import number
from domain.violations import Violation
from resolvers.engine.allowed import check_said
from resolvers.engine.changing import draft_changes
from resolvers.engine.drafts import Draft
from resolvers.engine.settling import Deed, prepares, settles

OWN = frozenset({"End", "Renew", "Detach"})
"""What is done with contracts only."""
LASTS = ("ends_on", "renewal_months")
"""What says whether a contract is in force."""


@prepares(Contract, "End")
@prepares(Contract, "Renew")
@prepares(Contract, "Detach")
async def turned(unit: UnitOfWork, viewer: Viewer, drafts: list[Draft]) -> None:
    """Whoever may say when a contract ends may end and renew it; who sees what it was sold with may take it off."""
    for draft in drafts:
        if draft.verb == "Detach":
            check_said(draft, viewer, "opportunity")
        else:
            draft.leave("endsOn")
    await draft_changes(unit, viewer, drafts)


@settles(Contract)
async def contracts(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """A number, and the term of the kind where nothing else was said."""
    if deed is Deed.RESTORE:
        await _check_sold_once(unit, drafts)
    if deed is not Deed.SAVE:
        return
    asked = {each.after["kind_id"] for each in drafts if _is_of_new_kind(each)} - {None}
    entity = unit.model.entities["ContractKind"]
    found = await store.look(unit.connection, entity, "id", asked) if asked else []
    kinds = {row["id"]: row for row in found}
    for draft in drafts:
        if _is_of_new_kind(draft) and draft.after["kind_id"] in kinds:
            _of_kind(unit, draft, kinds[draft.after["kind_id"]])
        if draft.before is None:
            draft.after["number"] = draft.after["number"] or number("K", draft.after["id"])
        if draft.verb in OWN:
            _turn(unit, draft, draft.before or {})
        elif draft.before is None or any(draft.before[c] != draft.after[c] for c in LASTS):
            draft.after["status"] = status_on(draft.after, unit.now.date()).value


async def _check_sold_once(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """What was sold anew while a contract was in the bin is in another one now (D-04)."""
    sold = {each.after["opportunity_id"] for each in drafts} - {None}
    if not sold:
        return
    await store.among(unit.connection, unit.model.entities["Opportunity"], "id", sold)
    entity = unit.model.entities["Contract"]
    rows = await store.among(unit.connection, entity, "opportunity_id", sold)
    columns = ("opportunity_id", "kind_id", "currency")
    taken = {tuple(row[column] for column in columns) for row in rows}
    for draft in drafts:
        key = tuple(draft.after[column] for column in columns)
        if key in taken:
            draft.fault(Violation(UserErrorCode.DUPLICATE, SOLD_ANEW))
        if draft.after["opportunity_id"] is not None:
            taken.add(key)


def _is_of_new_kind(draft: Draft) -> bool:
    return draft.before is None or draft.before["kind_id"] != draft.after["kind_id"]


def _of_kind(unit: UnitOfWork, draft: Draft, row: Row) -> None:
    draft.after["time_based"] = row["time_based"]
    if draft.before is not None:
        return
    kind = Kind(row["id"], row["time_based"], row["months"], row["renews"])
    begin = draft.after["starts_on"] or unit.now.date()
    said = {each: value for each, value in draft.after.items() if value is not None}
    draft.after |= {column: said.get(column, value) for column, value in term(kind, begin).items()}


def _turn(unit: UnitOfWork, draft: Draft, before: Row) -> None:
    """What the deeds of a contract's own make of it."""
    row = draft.after
    if draft.verb == "End":
        if before["status"] == ContractStatus.ENDED:
            draft.fault(Violation(UserErrorCode.INVALID_TRANSITION, ENDED))
        today = unit.now.date()
        day = row["ends_on"] if "endsOn" in draft.given else today
        row |= {"ends_on": day, "renewal_months": None, "remind_on": None}
        row["status"] = ContractStatus.ENDED.value if day <= today else before["status"]
    elif draft.verb == "Renew":
        longer = renewed(before)
        if isinstance(longer, Violation):
            draft.fault(longer)
        else:
            row |= longer
    else:
        if before["opportunity_id"] is None:
            draft.fault(Violation(UserErrorCode.INVALID_TRANSITION, NOT_SOLD))
        row["opportunity_id"] = None
