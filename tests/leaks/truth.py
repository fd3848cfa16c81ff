"""What the database really holds, read by the operator, and which of it a persona may see."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from tenancy.demo.seed import seed
from tenancy.engine.provision import create
from tests.leaks.computed import DIGITS, computed, shown
from tests.leaks.coverage import ENUMS
from tests.leaks.expectations import (
    COLUMN,
    HISTORY,
    TYPES,
    WON_ONLY,
    Level,
    attribute_level,
    attributes,
    fields,
    is_closed,
    level,
)
from tests.leaks.links import PREFIX, REFERENCES, WHOLES
from tests.support.history import noted
from tests.support.world import PERSONAS, TODAY, Answer, World

OWN = {
    "sales": frozenset({"Contract", "Case"}),
    "support": frozenset[str](),
    "junior": frozenset({"Contract", "Case"}),
}
"""Of what is somebody's, what a column sees its own of only; opportunities apart, which are shared, too."""
Row = Mapping[str, Any]


def table(type_name: str) -> str:
    """The table of a type."""
    return "history" if type_name == HISTORY else snake(type_name)


@cache
def snake(name: str) -> str:
    """The column of a field."""
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
    _seen: dict[tuple[str, str], dict[UUID, Row]] = field(default_factory=dict, compare=False)
    _stored: dict[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    _by_record: dict[str, dict[UUID, dict[UUID, Row]]] = field(default_factory=dict, compare=False)

    def live(self, type_name: str) -> dict[UUID, Row]:
        """Rows that are not deleted; what only the system writes never is."""
        return {id: row for id, row in self.rows[type_name].items() if not row.get("deleted_at")}

    @property
    def shares(self) -> set[tuple[UUID, UUID]]:
        """Opportunities with those who see them one by one."""
        rows = self.live("OpportunityShare").values()
        return {(row["opportunity_id"], row["employee_id"]) for row in rows}

    @property
    def rules(self) -> set[tuple[UUID, UUID]]:
        """Roles with the types of which they see all."""
        return {(row["role_id"], row["type_id"]) for row in self.live("ShareRule").values()}

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

    def user(self, persona: str) -> UUID:
        """The user who the persona is."""
        me = self.employee(persona)
        return next(id for id, row in self.live("User").items() if row["employee_id"] == me)

    def visible(self, persona: str, type_name: str) -> dict[UUID, Row]:
        """The live rows the persona sees, if the type is open to him (D-09, D-10, D-34)."""
        key = (persona, type_name)
        if key not in self._seen:
            self._seen[key] = self._visible(persona, type_name)
        return self._seen[key]

    def _visible(self, persona: str, type_name: str) -> dict[UUID, Row]:
        live = self.live(type_name)
        if type_name == "Attribute":  # who may not read one is not told that there is one
            return {
                id: row
                for id, row in live.items()
                if attribute_level(persona, row["entity"], row["key"]) is not Level.HIDDEN
            }
        if type_name == HISTORY:
            return {id: row for id, row in live.items() if self._is_told(persona, row)}
        if type_name == "Favourite":  # nobody's but one's own, whatever else is open
            live = {id: r for id, r in live.items() if r["user_id"] == self.user(persona)}
        if ways := WHOLES.get(type_name):
            return {id: r for id, r in live.items() if self._within(persona, type_name, ways, r)}
        if COLUMN[persona] == "full":
            return live
        if type_name == "Session":
            return {id: r for id, r in live.items() if r["user_id"] == self.user(persona)}
        return self._scoped(persona, type_name, live)

    def _within(self, persona: str, type_name: str, ways: tuple[str, ...], row: Row) -> bool:
        """Whether he sees all that a record is a part of."""
        links = {way: row[f"{snake(way)}_id"] for way in ways}
        return all(
            id in self.visible(persona, REFERENCES[type_name][way])
            and not is_closed(persona, REFERENCES[type_name][way])
            for way, id in links.items()
            if id is not None
        )

    def _scoped(self, persona: str, type_name: str, live: dict[UUID, Row]) -> dict[UUID, Row]:
        """Where a profile opens one's own only: his and his people's; persons, if they work somewhere."""
        if type_name == "Opportunity":
            return self._private(persona)
        if type_name == "Person" and COLUMN[persona] == "support":
            known = {row["person_id"] for row in self.live("Affiliation").values()}
            return {id: row for id, row in live.items() if id in known}
        if type_name in OWN[COLUMN[persona]]:
            owners = self.below(self.employee(persona))
            return {id: row for id, row in live.items() if row["owner_id"] in owners}
        return live

    def _private(self, persona: str) -> dict[UUID, Row]:
        """The opportunities that are his, or his people's, or were shown to him."""
        me, user = self.employee(persona), self.user(persona)
        mine = (row for row in self.live("RoleAssignment").values() if row["user_id"] == user)
        roles = {row["role_id"] for row in mine}
        owners = self.below(me)
        shared = {opportunity for opportunity, whom in self.shares if whom == me}
        types = {type_id for role, type_id in self.rules if role in roles}
        return {
            id: row
            for id, row in self.live("Opportunity").items()
            if row["owner_id"] in owners or id in shared or row["type_id"] in types
        }

    def _is_told(self, persona: str, change: Row) -> bool:
        """Whether he sees the record, and may read today what was changed of it (D-44)."""
        type_name, _, name = change["key"].partition(".")
        record = self.visible(persona, type_name).get(change["record_id"])
        if record is None or is_closed(persona, type_name):
            return False
        for key, id in self.keys.get(type_name, {}).items():
            if id == name:
                return attribute_level(persona, type_name, key) is Level.OPEN
        if not name or name not in fields(type_name):
            return not name
        target = REFERENCES.get(type_name, {}).get(name)
        if target and not self._sees_all(persona, target):
            return False
        return readable(persona, type_name, name, record)

    def _sees_all(self, persona: str, type_name: str) -> bool:
        """A link that was is told by its id: to those, therefore, who see all that it may lead to."""
        if is_closed(persona, type_name) or type_name == "Favourite":
            return False
        column = COLUMN[persona]
        if column != "full" and type_name in {"Opportunity", "Session", "Attribute", *OWN[column]}:
            return False
        if (column, type_name) == ("support", "Person"):
            return False
        ways = WHOLES.get(type_name, ())
        return all(self._sees_all(persona, REFERENCES[type_name][way]) for way in ways)

    def told(self, persona: str, record: UUID) -> dict[UUID, Row]:
        """What he is told of a record's history."""
        if persona not in self._by_record:
            found = self._by_record[persona] = defaultdict(dict)
            for id, row in self.visible(persona, HISTORY).items():
                found[row["record_id"]][id] = row
        return self._by_record[persona].get(record, {})

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
        if type_name not in self._stored:
            row = next(iter(self.rows[type_name].values()))
            found = (name for name in fields(type_name) if snake(name) in row and name != "id")
            self._stored[type_name] = tuple(found)
        return self._stored[type_name]


def readable(persona: str, type_name: str, field: str, row: Row) -> bool:
    """Whether the persona may read the field in a row that he sees."""
    found = level(persona, type_name, field)
    return found is Level.OPEN or (found is Level.RULED and row["status"] == WON_ONLY)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, datetime):
        moment = value.strftime("%Y-%m-%dT%H:%M:%S.%f")
        yield from (moment, f"{moment}Z")  # the second is how a history tells it
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
            for name in truth.stored(type_name):
                open_field = in_sight and readable(persona, type_name, name, row)
                (open_to_him if open_field else shut).update(_texts(row[snake(name)]))
            for name, how in computed(type_name).items():
                open_field = in_sight and readable(persona, type_name, name, row)
                (open_to_him if open_field else shut).update(_texts(how(row)))
            custom = json.loads(row.get("custom") or "{}")
            for key in attributes(type_name):
                may = in_sight and attribute_level(persona, type_name, key) is Level.OPEN
                value = custom.get(truth.keys[type_name][key])
                (open_to_him if may else shut).update(_texts(value))
    for row in truth.live("Attribute").values():  # who may read a value is told what it is called
        if attribute_level(persona, row["entity"], row["key"]) is Level.OPEN:
            open_to_him |= {row["key"], row["label"]}
    open_to_him |= {*TYPES, *(name for of in TYPES for name in fields(of))}  # words of the schema
    open_to_him |= {word for words in ENUMS.values() for word in words.split()}
    return frozenset(text for text in shut - open_to_him if len(text) >= 4)


def stored_texts(truth: Truth) -> frozenset[str]:
    """Every value of a tenant as text, ids aside: those are the same in all demonstrations."""
    found: set[str] = set()
    for type_name in TYPES:
        for row in truth.rows[type_name].values():
            for name in truth.stored(type_name):
                found.update(_texts(row[snake(name)]))
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
        records = await world.admin.fetch(f'SELECT * FROM {schema}."{table(type_name)}"')  # noqa: S608
        rows[type_name] = {record["id"]: dict(record) for record in records}
    keys: dict[str, dict[str, str]] = {name: {} for name in TYPES if attributes(name)}
    for row in rows["Attribute"].values():
        if not row["deleted_at"]:
            keys[row["entity"]][row["key"]] = str(row["id"])
    return Truth(tenant, rows, keys)


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
        for persona in PERSONAS:  # signed in before anything is looked at: a session is a row, too
            await world.token(persona, slug)
        async with noted(world.admin, tenant.placement.schema):
            yield slug
    finally:
        del world.tenants[slug]
        for key in [key for key in world.tokens if key[1] == slug]:
            del world.tokens[key]
        schema = tenant.placement.schema
        await world.admin.execute("DELETE FROM catalog.tenant WHERE slug = $1", slug)
        await world.admin.execute(f"DROP SCHEMA {schema} CASCADE; DROP OWNED BY {schema}")
        await world.admin.execute(f"DROP ROLE {schema}")
