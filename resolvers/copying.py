"""Makes opportunities from what is there: a copy of another one, and one to sell more on top of a contract."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from auth.engine.viewer import Viewer
from db.engine.model import Entity
from db.engine.plan.values import parse_id
from db.engine.write import statements as store
from db.engine.write.locking import Lock
from db.engine.write.row_json import Row
from db.engine.write.unit_of_work import UnitOfWork
from db.sales import Opportunity
from domain.codes import UserErrorCode
from domain.contracts import ONE_OFF
from resolvers.engine.allowed import reads
from resolvers.engine.creating import draft_new
from resolvers.engine.drafts import Draft, Told
from resolvers.engine.likeness import like, reached
from resolvers.engine.settling import prepares
from resolvers.engine.values import NO_ID

ITS_OWN = frozenset({"stage", "probability", "owner", "externalId"})
"""What a copy does not take over: it begins anew, with whoever makes it."""
PARTS = ("BusinessRole", "OpportunityAccount")
"""What a copy takes along."""
ALONE = "What it belongs to in `{field}` is deleted, or you may not see it: restore that, or make a new one."


@prepares(Opportunity, "Copy")
async def copies(unit: UnitOfWork, viewer: Viewer, drafts: list[Draft]) -> None:
    """A new opportunity with what the caller may read and write of another one (EP-088)."""
    entity = drafts[0].entity
    ids = {each.id or NO_ID for each in drafts}
    held = await unit.hold(entity, ids, Lock.NONE)
    leads = await reached(unit, entity, held.values())
    parts = {name: await _parts(unit, unit.model.entities[name], held) for name in PARTS}
    for draft in drafts:
        source = held.get(draft.id or NO_ID)
        if source is None:
            draft.missing("id")
            continue
        said = {name: value for name, value in draft.given.items() if value is not None}
        draft.given = _taken(viewer, draft, source, leads[source["id"]] | said.keys()) | said
        for name, rows in parts.items():
            if viewer.may_create(name):
                draft.nested += [
                    _part(viewer, draft, unit.model.entities[name], row)
                    for row in rows
                    if row["opportunity_id"] == source["id"]
                ]
    await draft_new(unit, viewer, [each for each in drafts if not each.failed])


def _taken(viewer: Viewer, draft: Draft, source: Row, leads: set[str]) -> dict[str, Any]:
    """What a copy takes over: links to what the caller does not see are none to him."""
    entity, taken = draft.entity, like(viewer, draft.entity, source, ITS_OWN)
    for name in entity.references.keys() & taken.keys() - leads:
        del taken[name]
        if not entity.references[name].nullable:
            told = Told(UserErrorCode.INVALID, ALONE.format(field=name), (*draft.path, "id"))
            draft.told.append(told)
    return taken


async def _parts(unit: UnitOfWork, entity: Entity, held: dict[UUID, Row]) -> list[Row]:
    """The parts of these that the caller sees."""
    rows = await store.look(unit.connection, entity, "opportunity_id", held) if held else []
    seen = await unit.seen(entity, [row["id"] for row in rows])
    return [row for row in rows if row["id"] in seen]


def _part(viewer: Viewer, draft: Draft, entity: Entity, row: Row) -> Draft:
    way = entity.references["opportunity"]
    given = {k: v for k, v in like(viewer, entity, row, ITS_OWN).items() if k != way.name}
    made = Draft(entity, draft.path, given)
    made.way, made.above = way, draft
    return made


@prepares(Opportunity, "Upsell")
async def upsells(unit: UnitOfWork, viewer: Viewer, drafts: list[Draft]) -> None:
    """A new opportunity for the account of a contract that lasts for a time (EP-150)."""
    contracts = unit.model.entities["Contract"]
    wanted = {
        each.path: parse_id(each.given["contract"], contracts.prefix) or NO_ID for each in drafts
    }
    held = await unit.hold(contracts, wanted.values(), Lock.LINK)
    leads = await reached(unit, contracts, held.values())
    accounts = unit.model.entities["Account"]
    for draft in drafts:
        contract = held.get(wanted[draft.path])
        if contract is None:
            draft.missing("contract")
            continue
        if not contract["time_based"]:
            told = Told(UserErrorCode.NOT_TIME_BASED, ONE_OFF, (*draft.path, "contract"))
            draft.told.append(told)
            continue
        if "account" not in leads[contract["id"]] or not reads(
            viewer, contracts, "account", contract
        ):
            told = Told(
                UserErrorCode.INVALID, ALONE.format(field="account"), (*draft.path, "contract")
            )
            draft.told.append(told)
            continue
        taken = {"account": f"{accounts.prefix}_{contract['account_id'].hex}"}
        for name in ("name", "currency"):
            if reads(viewer, contracts, name, contract):
                taken[name] = contract[name]
        said = {name: value for name, value in draft.given.items() if value is not None}
        draft.given = {**taken, **said}
    await draft_new(unit, viewer, [each for each in drafts if not each.failed])
