"""Roles of an imported sales team: all accounts are visible, and opportunities by the employee hierarchy."""

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
"""Write scope of opportunities and their children, by role."""
BOUND = (
    "Opportunity",
    "OpportunityContact",
    "OpportunityAccount",
    "Quote",
    "QuoteItem",
    "Contract",
)


def permissions_of(role: str, attributes: Mapping[str, str]) -> dict[str, DemoGrant]:
    """The permissions of a role's profile; `attributes` contains the attribute ids of accounts."""
    # The attributes of the demonstration do not exist in other tenants.
    permissions = {name: replace(each, attributes=frozenset()) for name, each in STANDARD.items()}
    for name in BOUND:
        permissions[name] = replace(permissions[name], edits=SCOPES[role])
    if role == DIRECTOR:
        permissions = {name: replace(each, rows=RowScope.ALL) for name, each in permissions.items()}
    permissions["Account"] = replace(
        permissions["Account"], attributes=frozenset(attributes.values())
    )
    return permissions


async def create_roles(work: Work, ctx: Context, attributes: Mapping[str, str]) -> dict[str, str]:
    """Create the three roles, each with its profile, unless they exist; ids by name."""
    existing = await work.known(ctx, Role, Role.name, SCOPES)
    roles = await work.ensure(ctx, Role, Role.name, {name: {"name": name} for name in SCOPES})
    new_names = [name for name in SCOPES if name not in existing]
    profiles = await work.all(ctx, create(Profile), [{"name": name} for name in new_names])
    for name, id in zip(new_names, profiles, strict=True):
        profile, permissions = global_id(Profile, id), permissions_of(name, attributes)
        entities = [_entity(profile, entity, each) for entity, each in permissions.items()]
        await work.all(ctx, create(ObjectPermission), entities)
        for group in batches(_fields(profile, permissions)):
            await work.all(ctx, create(FieldPermission), group)
        params = {"role": roles[name], "profile": profile}
        await work.all(ctx, create(RoleProfile), [params])
    return roles


def _entity(profile: str, entity: str, permissions: DemoGrant) -> Params:
    return {
        "profile": profile,
        "entity": entity,
        "rows": permissions.rows,
        "creates": permissions.creates,
        "edits": permissions.edits,
        "deletes": permissions.deletes,
    }


def _fields(profile: str, grants: Mapping[str, DemoGrant]) -> Iterator[Params]:
    for entity, permissions in grants.items():
        written = permissions.written(entity)
        for field in (*permissions.fields(entity), *sorted(permissions.attributes)):
            params = {"profile": profile, "entity": entity, "field": field}
            yield {**params, "writes": field in written}
