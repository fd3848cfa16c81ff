"""What the roles of an imported sales team open: everybody sees all accounts, and opportunities as the tree of employees says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from db.staff import FieldPermission, ObjectPermission, Profile, Role, RoleProfile
from domain.access import RowScope, WriteScope
from resolvers.engine.changeset import Params
from resolvers.engine.context import Context
from resolvers.imports.work import Work, batches, create, global_id
from tenancy.demo.rights import PROFILES, DemoGrant

DIRECTOR, MANAGER, SELLER = "Sales director", "Sales manager", "Sales representative"
STANDARD = PROFILES["Standard sales"]
SCOPES: Mapping[str, WriteScope] = {
    DIRECTOR: WriteScope.ALL,
    MANAGER: WriteScope.BELOW,
    SELLER: WriteScope.OWN,
}
"""Whose opportunities, and what belongs to them, a role may change."""
BOUND = (
    "Opportunity",
    "OpportunityContact",
    "OpportunityAccount",
    "Quote",
    "QuoteItem",
    "Contract",
)


def opened(role: str, attributes: Mapping[str, str]) -> dict[str, DemoGrant]:
    """What the profile of a role opens; `attributes` are the ids of those of accounts."""
    # The attributes of the demonstration are its own.
    found = {name: replace(each, attributes=frozenset()) for name, each in STANDARD.items()}
    for name in BOUND:
        found[name] = replace(found[name], edits=SCOPES[role])
    if role == DIRECTOR:
        found = {name: replace(each, rows=RowScope.ALL) for name, each in found.items()}
    found["Account"] = replace(found["Account"], attributes=frozenset(attributes.values()))
    return found


async def give_roles(work: Work, ctx: Context, attributes: Mapping[str, str]) -> dict[str, str]:
    """The three roles, each with a profile of its own where it is new."""
    known = await work.known(ctx, Role, Role.name, SCOPES)
    roles = await work.ensure(ctx, Role, Role.name, {name: {"name": name} for name in SCOPES})
    new = [name for name in SCOPES if name not in known]
    made = await work.all(ctx, create(Profile), [{"name": name} for name in new])
    for name, id in zip(new, made, strict=True):
        profile, opens = global_id(Profile, id), opened(name, attributes)
        entities = [_entity(profile, entity, each) for entity, each in opens.items()]
        await work.all(ctx, create(ObjectPermission), entities)
        for several in batches(_fields(profile, opens)):
            await work.all(ctx, create(FieldPermission), several)
        given = {"role": roles[name], "profile": profile}
        await work.all(ctx, create(RoleProfile), [given])
    return roles


def _entity(profile: str, entity: str, opens: DemoGrant) -> Params:
    return {
        "profile": profile,
        "entity": entity,
        "rows": opens.rows,
        "creates": opens.creates,
        "edits": opens.edits,
        "deletes": opens.deletes,
    }


def _fields(profile: str, opened: Mapping[str, DemoGrant]) -> Iterator[Params]:
    for entity, opens in opened.items():
        written = opens.written(entity)
        for field in (*opens.fields(entity), *sorted(opens.attributes)):
            given = {"profile": profile, "entity": entity, "field": field}
            yield {**given, "writes": field in written}
