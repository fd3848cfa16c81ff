"""What activities have to say before they are kept: whose timeline they are in, which follows what they are on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias
from uuid import UUID

import resolvers.cases  # noqa: F401 - what activities follow is settled before they are
from auth.engine.viewer import Viewer
from db.activities import Activity
from db.cases import Case
from db.contracts import Contract
from db.engine.write import statements as store
from db.engine.write.row_json import Row
from db.engine.write.unit_of_work import UnitOfWork
from db.people import Affiliation
from db.sales import Opportunity
from domain.activities import CUSTOMERS, employers, subject
from domain.codes import UserErrorCode
from domain.violations import Violation
from resolvers.engine.changing import draft_changes
from resolvers.engine.drafts import Draft, Other
from resolvers.engine.settling import Deed, follows, prepares, settles

PERSON = "person_id"
SOURCES = {"Opportunity": "opportunity_id", "Contract": "contract_id", "Case": "case_id"}
"""What an activity can be on that can come to another account, by the activity's column."""
AT_ONCE = 5_000
"""Activities that follow one deed to another account."""
TOO_MANY = f"More than {AT_ONCE} activities would come to another account's timeline: change fewer at once."
Subject: TypeAlias = tuple[str, UUID]
Moved: TypeAlias = Mapping[Subject, tuple[Draft, UUID | None]]
"""What comes to another account: by which draft, and to which account."""


@prepares(Activity, "Complete")
async def completed(unit: UnitOfWork, viewer: Viewer, drafts: list[Draft]) -> None:
    """What was planned is done, at the latest now."""
    for draft in drafts:
        draft.leave("doneAt")
    await draft_changes(unit, viewer, drafts)


@settles(Activity)
async def activities(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """What is completed without a time is done now."""
    for draft in drafts:
        if draft.verb == "Complete":
            draft.after["done_at"] = draft.after["done_at"] or unit.now


@follows(Activity, Affiliation, Case, Contract, Opportunity)
async def timelines(unit: UnitOfWork, deed: Deed, drafts: list[Draft]) -> None:
    """Every activity is in the timeline of the account that it concerns by what it is on."""
    moved = {on: (draft, account) for draft in drafts for on, account in _moved(draft)}
    begun = [(each, row, on) for each in drafts for row in _begun(each) if (on := subject(row))]
    asked = {id for name, id in (*moved, *(on for _, _, on in begun)) if name == PERSON}
    working = await _employers(unit, asked, drafts)
    for draft, row, on in begun:
        row["customer_id"] = _customer(draft, on, working)
    await _follow(unit, drafts, moved, working)


def _moved(draft: Draft) -> Iterator[tuple[Subject, UUID | None]]:
    """What is there already and comes to another account; of persons, all of whom it could be said."""
    for entity, before, after in draft.changes():
        if entity.name == "Affiliation":
            yield (PERSON, after[PERSON]), None
        elif entity.name in SOURCES and before is not None:
            column = SOURCES[entity.name]
            way = CUSTOMERS[column]
            if before[way] != after[way]:
                yield (column, after["id"]), after[way]


def _begun(draft: Draft) -> Iterator[Row]:
    """Activities that are new with a draft, or come back with it."""
    for entity, before, after in draft.changes():
        back = before is not None and before["deleted_at"] and after["deleted_at"] is None
        if entity.name == "Activity" and (before is None or back):
            yield after


async def _employers(unit: UnitOfWork, persons: set[UUID], drafts: list[Draft]) -> dict[UUID, UUID]:
    """Where these persons work once the drafts are kept."""
    if not persons:
        return {}
    entity = unit.model.entities["Affiliation"]
    found = {r["id"]: r for r in await store.look(unit.connection, entity, PERSON, persons)}
    for draft in drafts:
        found |= {row["id"]: row for kind, _, row in draft.changes() if kind is entity}
    return dict(employers(found.values()))


def _customer(draft: Draft, on: Subject, working: dict[UUID, UUID]) -> UUID | None:
    """Whose timeline an activity is in that is drafted, or comes back with the draft of what it is on."""
    name, id = on
    if name == PERSON:
        return working.get(id)
    whole = draft.whole if draft.entity.name == "Activity" else draft.after
    found: UUID | None = (whole or {}).get(CUSTOMERS[name])
    return found


async def _follow(
    unit: UnitOfWork, drafts: list[Draft], moved: Moved, working: Mapping[UUID, UUID]
) -> None:
    """Let what is on records that come to another account follow them there."""
    entity = unit.model.entities["Activity"]
    drafted = {row["id"] for each in drafts for kind, _, row in each.changes() if kind is entity}
    count = 0
    for column in dict.fromkeys(name for name, _ in moved):
        ids = [id for name, id in moved if name == column]
        for row in await store.among(unit.connection, entity, column, ids):
            cause, account = moved[column, row[column]]
            account = working.get(row[column]) if column == PERSON else account
            if account != row["customer_id"] and row["id"] not in drafted:
                cause.then.append(Other(entity, row, {**row, "customer_id": account}))
                count += 1
    if count > AT_ONCE:
        for cause in {id(cause): cause for cause, _ in moved.values()}.values():
            cause.fault(Violation(UserErrorCode.INVALID, TOO_MANY))
