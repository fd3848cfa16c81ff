"""Makes records be as another system says: changes the one it means, or creates it (X-11)."""

from __future__ import annotations

from auth.engine.viewer import Viewer
from db.engine.transaction import Collided
from db.engine.write.unit import Unit
from domain.codes import Problem
from resolvers.engine.allowed import check_fields
from resolvers.engine.changing import draft_changes
from resolvers.engine.creating import draft_new
from resolvers.engine.drafts import Draft, Told

NEEDED = "This cannot be empty: write what the other system calls the record."
NAME, COLUMN = "externalId", "external_id"


async def draft_upserts(unit: Unit, viewer: Viewer, drafts: list[Draft]) -> None:
    """Prepare each as a change of the record with its `externalId`, or as a new one."""
    met: set[str] = set()
    for draft in drafts:
        check_fields(draft, viewer)
        known = draft.given[NAME]
        if not known.strip():
            draft.told.append(Told(Problem.REQUIRED, NEEDED, (*draft.path, NAME)))
        if known in met:
            message = "Two of the list have the same external id: put them together."
            draft.told.append(Told(Problem.DUPLICATE, message, (*draft.path, NAME)))
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
        for draft in known_ones:
            _keep_once(draft)
        await draft_changes(unit, viewer, known_ones)
        _check_still_known(known_ones)
    if new_ones := [each for each in live if each.id is None]:
        await draft_new(unit, viewer, new_ones)
        await _check_still_new(unit, new_ones)


def _check_still_known(drafts: list[Draft]) -> None:
    """What was looked up before it was held may have become another, or gone. Raises Collided."""
    for draft in drafts:
        if draft.before is None or draft.before[COLUMN] != draft.given[NAME]:
            raise Collided


async def _check_still_new(unit: Unit, drafts: list[Draft]) -> None:
    """What was not there may have come meanwhile. Raises Collided."""
    twice = [d.given[NAME] for d in drafts if any(t.problem is Problem.DUPLICATE for t in d.told)]
    if twice and await unit.found(drafts[0].entity, COLUMN, twice):
        raise Collided


def _keep_once(draft: Draft) -> None:
    """What is only set as a record is created stays as it is."""
    written = draft.entity.written
    once = [name for name in draft.given if name in written and written[name].exposed.once]
    for name in once:
        del draft.given[name]
