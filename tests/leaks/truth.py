"""What the database really holds, read by the operator, and which of it a persona may see."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.setup import AttributeKind
from tenancy.demo.seed import seed
from tenancy.engine.provision import create
from tests.leaks.computed import DIGITS, computed, shown
from tests.leaks.expectations import (
    COLUMN,
    TYPES,
    WON_ONLY,
    Level,
    attribute_level,
    attributes,
    fields,
    level,
)
from tests.support.world import TODAY, Answer, World

PREFIX = {
    "Stage": "stg",
    "OpportunityType": "opt",
    "PipelineStage": "pst",
    "Attribute": "att",
    "Employee": "emp",
    "User": "usr",
    "Role": "rol",
    "RoleAssignment": "ras",
    "Profile": "prf",
    "Account": "acc",
    "Opportunity": "opp",
}
REFERENCES = {
    "PipelineStage": {"type": "OpportunityType", "stage": "Stage"},
    "Employee": {"manager": "Employee"},
    "User": {"employee": "Employee"},
    "RoleAssignment": {"user": "User", "role": "Role"},
    "Account": {"parent": "Account", "owner": "Employee"},
    "Opportunity": {
        "account": "Account",
        "owner": "Employee",
        "type": "OpportunityType",
        "stage": "Stage",
    },
}
MONEY = {"Opportunity": frozenset({"amount", "margin", "commission", "weighted", "netMargin"})}
Row = Mapping[str, Any]


def snake(name: str) -> str:
    """The column of a field; of a type, its table."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def api_id(type_name: str, id: UUID) -> str:
    """An id as clients see it."""
    return f"{PREFIX[type_name]}_{id.hex}"


@dataclass(frozen=True)
class Truth:
    """All rows of a tenant, deleted ones too, by type and id."""

    tenant: str
    rows: Mapping[str, Mapping[UUID, Row]]
    keys: Mapping[str, Mapping[str, str]]
    """Ids of the custom attributes, by type and key."""
    shares: frozenset[tuple[UUID, UUID]]
    rules: frozenset[tuple[UUID, UUID]]

    def live(self, type_name: str) -> dict[UUID, Row]:
        """Rows that are not deleted."""
        return {id: row for id, row in self.rows[type_name].items() if not row["deleted_at"]}

    def employee(self, persona: str) -> UUID:
        """The employee who the persona is."""
        address = f"{persona}@{self.tenant}.example"
        return next(id for id, row in self.rows["Employee"].items() if row["email"] == address)

    def below(self, top: UUID) -> set[UUID]:
        """An employee and all below, at any depth, through vacant posts (D-09)."""
        found, fresh = {top}, [top]
        while fresh:
            boss = fresh.pop()
            for id, row in self.live("Employee").items():
                if row["manager_id"] == boss and id not in found:
                    found.add(id)
                    fresh.append(id)
        return found

    def visible(self, persona: str, type_name: str) -> dict[UUID, Row]:
        """The live rows the persona sees, if the type is open to him (D-09, D-10, D-34)."""
        if type_name == "Attribute":  # who may not read one is not told that there is one
            return {
                id: row
                for id, row in self.live(type_name).items()
                if attribute_level(persona, row["entity"], row["key"]) is not Level.HIDDEN
            }
        if type_name != "Opportunity" or COLUMN[persona] == "full":
            return self.live(type_name)
        me = self.employee(persona)
        users = {id for id, row in self.live("User").items() if row["employee_id"] == me}
        roles = {
            row["role_id"]
            for row in self.live("RoleAssignment").values()
            if row["user_id"] in users
        }
        owners = self.below(me)
        shared = {opportunity for opportunity, whom in self.shares if whom == me}
        types = {type_id for role, type_id in self.rules if role in roles}
        return {
            id: row
            for id, row in self.live("Opportunity").items()
            if row["owner_id"] in owners or id in shared or row["type_id"] in types
        }

    def value(self, type_name: str, field: str, row: Row) -> Any:
        """What a field of a row holds, whoever asks; a link, its id if the target is there."""
        if target := REFERENCES.get(type_name, {}).get(field):
            id = row[f"{snake(field)}_id"]
            return id if id in self.live(target) else None
        if how := computed(type_name).get(field):
            return how(row)
        return api_id(type_name, row["id"]) if field == "id" else row[snake(field)]

    def stored(self, type_name: str) -> tuple[str, ...]:
        """Fields that are columns, links aside."""
        row = next(iter(self.rows[type_name].values()))
        return tuple(name for name in fields(type_name) if snake(name) in row and name != "id")


def readable(persona: str, type_name: str, field: str, row: Row) -> bool:
    """Whether the persona may read the field in a row that he sees."""
    found = level(persona, type_name, field)
    return found is Level.OPEN or (found is Level.RULED and row["status"] == WON_ONLY)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, datetime):
        yield value.strftime("%Y-%m-%dT%H:%M:%S.%f")
    elif isinstance(value, Decimal):  # as a currency of none, two or three digits shows it
        yield from (shown(value, currency) for currency in ("EUR", *DIGITS))
    elif isinstance(value, date | int | float):
        yield str(value)
    else:
        yield json.dumps(value, ensure_ascii=False)[1:-1]


def canaries(truth: Truth, persona: str) -> frozenset[str]:
    """Texts that may appear nowhere in his answers: hidden values that no open field holds, too."""
    open_to_him: set[str] = set()
    shut: set[str] = set()
    for type_name in TYPES:
        seen = truth.visible(persona, type_name)
        for id, row in truth.rows[type_name].items():
            in_sight = id in seen and level(persona, type_name, "id") is not Level.CLOSED
            (open_to_him if in_sight else shut).add(id.hex)
            for field in truth.stored(type_name):
                open_field = in_sight and readable(persona, type_name, field, row)
                (open_to_him if open_field else shut).update(_texts(row[snake(field)]))
            for field, how in computed(type_name).items():
                open_field = in_sight and readable(persona, type_name, field, row)
                (open_to_him if open_field else shut).update(_texts(how(row)))
            custom = json.loads(row.get("custom") or "{}")
            for key in attributes(type_name):
                may = in_sight and attribute_level(persona, type_name, key) is Level.OPEN
                value = custom.get(truth.keys[type_name][key])
                (open_to_him if may else shut).update(_texts(value))
    for row in truth.live("Attribute").values():  # who may read a value is told what it is called
        if attribute_level(persona, row["entity"], row["key"]) is Level.OPEN:
            open_to_him |= {row["key"], row["label"]}
    open_to_him |= {*TYPES, *(kind.value for kind in AttributeKind)}  # words of the schema
    return frozenset(text for text in shut - open_to_him if len(text) >= 4)


def stored_texts(truth: Truth) -> frozenset[str]:
    """Every value of a tenant as text, ids aside: those are the same in all demonstrations."""
    found: set[str] = set()
    for type_name in TYPES:
        for row in truth.rows[type_name].values():
            for field in truth.stored(type_name):
                found.update(_texts(row[snake(field)]))
            for value in json.loads(row.get("custom") or "{}").values():
                found.update(_texts(value))
    return frozenset(found)


def _leaves(read: Any) -> Iterator[str]:
    if isinstance(read, dict):
        for value in read.values():
            yield from _leaves(value)
    elif isinstance(read, list):
        for value in read:
            yield from _leaves(value)
    elif isinstance(read, str):
        yield json.dumps(read, ensure_ascii=False)[1:-1]
        yield read.rpartition("_")[2]  # the id without its prefix
        yield read.removesuffix("Z")
    elif not isinstance(read, bool) and read is not None:
        yield str(read)


def leaks(answer: Answer, forbidden: frozenset[str]) -> set[str]:
    """The forbidden texts in an answer: as a value, or anywhere in the message of an error."""
    read = answer.json
    read.get("extensions", {}).pop("cost", None)
    found = set(_leaves(read)) & forbidden
    for error in read.get("errors", ()):
        found |= {text for text in forbidden if text in error["message"]}
    return found


async def load(world: World, tenant: str = "acme") -> Truth:
    """Read a tenant's rows."""
    schema = world.schema(tenant)
    rows: dict[str, dict[UUID, Row]] = {}
    for type_name in TYPES:
        records = await world.admin.fetch(f'SELECT * FROM {schema}."{snake(type_name)}"')  # noqa: S608
        rows[type_name] = {record["id"]: dict(record) for record in records}
    keys: dict[str, dict[str, str]] = {"Account": {}, "Opportunity": {}}
    for row in rows["Attribute"].values():
        if not row["deleted_at"]:
            keys[row["entity"]][row["key"]] = str(row["id"])
    shares = await world.admin.fetch(f"SELECT * FROM {schema}.opportunity_share")  # noqa: S608
    rules = await world.admin.fetch(f"SELECT role_id, type_id FROM {schema}.share_rule")  # noqa: S608
    return Truth(
        tenant,
        rows,
        keys,
        frozenset((share["opportunity_id"], share["employee_id"]) for share in shares),
        frozenset((rule["role_id"], rule["type_id"]) for rule in rules),
    )


@asynccontextmanager
async def own_tenant(world: World, slug: str) -> AsyncIterator[str]:
    """A tenant of the test's own, filled with the demonstration and dropped afterwards."""
    hashed = await world.admin.fetchval(
        f"SELECT password FROM {world.schema()}.credential LIMIT 1"  # noqa: S608
    )
    tenant = await create(world.admin, slug, "A tenant to change rows in", demo=True)
    await seed(world.admin, tenant, password_hash=hashed, now=TODAY)
    world.tenants[slug] = tenant
    try:
        yield slug
    finally:
        del world.tenants[slug]
        for key in [key for key in world.tokens if key[1] == slug]:
            del world.tokens[key]
        schema = tenant.placement.schema
        await world.admin.execute("DELETE FROM catalog.tenant WHERE slug = $1", slug)
        await world.admin.execute(f"DROP SCHEMA {schema} CASCADE; DROP OWNED BY {schema}")
        await world.admin.execute(f"DROP ROLE {schema}")
