"""Makes records be as another system says: changes the one it means, or creates it (X-11)."""

from __future__ import annotations

from auth.engine.viewer import Viewer
from db.engine.transaction import Collided
from db.engine.write.row_json import changed
from db.engine.write.unit_of_work import UnitOfWork
from domain.codes import UserErrorCode
from domain.violations import Violation
from resolvers.engine.allowed import check_fields
from resolvers.engine.changing import draft_changes
from resolvers.engine.creating import draft_new
from resolvers.engine.drafts import Draft, Told

NEEDED = "This cannot be empty: write what the other system calls the record."
LASTS = "This stays what it was when the record was created: leave it out."
NAME, COLUMN = "externalId", "external_id"


async def draft_upserts(unit: UnitOfWork, viewer: Viewer, drafts: list[Draft]) -> None:
    """Prepare each as a change of the record with its `externalId`, or as a new one."""
    met: set[str] = set()
    for draft in drafts:
        check_fields(draft, viewer)
        known = draft.given[NAME]
        if not known.strip():
            draft.told.append(Told(UserErrorCode.REQUIRED, NEEDED, (*draft.path, NAME)))
        if known in met:
            message = "Two of the list have the same external id: put them together."
            draft.told.append(Told(UserErrorCode.DUPLICATE, message, (*draft.path, NAME)))
        met.add(known)
    live = [each for each in drafts if not each.failed]
    if not live:
        return
    asked = [each.given[NAME] for each in live]
    # A text that cannot be stored is nobody's; it is told where it would be kept.
    found = await unit.found(live[0].entity, COLUMN, [a for a in asked if a and "\x00" not in a])
    for draft in live:
        draft.id = found.get(draft.given[NAME])
    if known_ones := [each for each in live if each.id is not None]:
        await draft_changes(unit, viewer, known_ones)
        _check_set_once(known_ones)
        _check_still_known(known_ones)
    if new_ones := [each for each in live if each.id is None]:
        await draft_new(unit, viewer, new_ones)
        await _check_still_new(unit, new_ones)


def _check_still_known(drafts: list[Draft]) -> None:
    """What was looked up before it was held may have become another, or gone. Raises Collided."""
    for draft in drafts:
        if draft.before is None or draft.before[COLUMN] != draft.given[NAME]:
            raise Collided


async def _check_still_new(unit: UnitOfWork, drafts: list[Draft]) -> None:
    """What was not there may have come meanwhile. Raises Collided."""
    twice = [
        d.given[NAME] for d in drafts if any(t.problem is UserErrorCode.DUPLICATE for t in d.told)
    ]
    if twice and await unit.found(drafts[0].entity, COLUMN, twice):
        raise Collided


def _check_set_once(drafts: list[Draft]) -> None:
    """Note what cannot be set again; what the area chooses at first, it also knows how to move (D-33)."""
    for draft in drafts:
        if not (draft.before and draft.after):
            continue
        differs = changed(draft.entity, draft.before, draft.after)
        for what in (each for name, each in draft.entity.written.items() if name in draft.given):
            if what.exposed.once and not what.exposed.chosen and what.column in differs:
                draft.fault(Violation(UserErrorCode.INVALID, LASTS, what.column))
