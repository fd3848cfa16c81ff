"""Contents of the database, read by the operator, and the rows and fields that each persona may see."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from tenancy.demo.seed import seed
from tenancy.engine.provision import create
from tests.proof.computed import field_value
from tests.proof.contract import REFERENCES, TYPES, enums, fields, spelled_id, stored
from tests.proof.lock import ENTITIES
from tests.proof.oracle import Viewer, rights_from_file, viewer
from tests.proof.rights import Level, attribute_level, attributes, readable
from tests.proof.rows import Row, Rows, Tables
from tests.proof.rows import load as read
from tests.proof.values import DIGITS, shown
from tests.support.history import with_history_entries
from tests.support.world import PERSONAS, TODAY, Answer, World


@dataclass(frozen=True)
class Truth:
    """All rows of a tenant, and the part of them each persona may see by rights.txt."""

    tenant: str
    loaded: Rows
    _viewers: dict[str, Viewer] = field(default_factory=dict, compare=False)

    @property
    def rows(self) -> Tables:
        """All rows, deleted ones too, by entity and id."""
        return self.loaded.tables

    @cached_property
    def keys(self) -> Mapping[str, Mapping[str, str]]:
        """Ids of the custom attributes, by entity and key."""
        found: dict[str, dict[str, str]] = {name: {} for name in TYPES if attributes(name)}
        for row in self.live("Attribute").values():
            found[row["entity"]][row["key"]] = str(row["id"])
        return found

    @cached_property
    def texts(self) -> Mapping[str, Mapping[UUID, list[tuple[str, tuple[str, ...]]]]]:
        """The API values of each row's fields, before rights apply."""
        return {
            type_name: {
                id: [
                    (name, tuple(_texts(field_value(type_name, name, row))))
                    for name in _valued_fields(type_name)
                ]
                for id, row in self.rows[type_name].items()
            }
            for type_name in TYPES
        }

    def live(self, type_name: str) -> Mapping[UUID, Row]:
        """Rows that are not deleted; system-written rows never are."""
        return self.loaded.live(type_name)

    def viewer(self, persona: str) -> Viewer:
        """The persona's visibility."""
        if persona not in self._viewers:
            self._viewers[persona] = viewer(self.loaded, persona, self.tenant, rights_from_file)
        return self._viewers[persona]

    def visible(self, persona: str, type_name: str) -> Mapping[UUID, Row]:
        """The live rows that the persona sees."""
        return self.viewer(persona).visible(type_name)

    def readable_history(self, persona: str, record: UUID) -> dict[UUID, Row]:
        """The persona's readable history of a record."""
        return self.viewer(persona).history(record)

    def employee(self, persona: str) -> UUID:
        """The persona's employee."""
        return self.viewer(persona).employee

    def user(self, persona: str) -> UUID:
        """The persona's user."""
        id: UUID = self.viewer(persona).user["id"]
        return id

    def value(self, type_name: str, name: str, row: Row) -> Any:
        """Value of a field before rights apply; for a link, its id if the target exists."""
        found = field_value(type_name, name, row)
        if target := REFERENCES[type_name].get(name):
            return found if found in self.live(target) else None
        return spelled_id(type_name, found) if name == "id" else found


def _valued_fields(type_name: str) -> tuple[str, ...]:
    """The stored and computed fields of an entity."""
    return (*stored(type_name), *ENTITIES[type_name].computed)


def custom(type_name: str, row: Row) -> dict[str, Any]:
    """Custom attribute values of a row by attribute id; numbers in their API format."""
    column = ENTITIES[type_name].attributes
    values = row[column] if column else {}
    return {id: f"{v:f}" if isinstance(v, Decimal) else v for id, v in values.items()}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, datetime):
        moment = value.strftime("%Y-%m-%dT%H:%M:%S.%f")
        yield from (moment, f"{moment}Z")  # the second is the format of history
    elif isinstance(value, Decimal):  # the formats of currencies with zero, two or three decimals
        yield from (shown(value, currency) for currency in ("EUR", *DIGITS))
    elif isinstance(value, date | int | float):
        yield str(value)
    else:
        yield json.dumps(value, ensure_ascii=False)[1:-1]


def canaries(truth: Truth, persona: str) -> frozenset[str]:
    """Texts that must not appear in the persona's responses: hidden values that no readable field contains."""
    readable_texts: set[str] = set()
    hidden: set[str] = set()
    for type_name in TYPES:
        seen = truth.visible(persona, type_name)
        for id, row in truth.rows[type_name].items():
            visible = id in seen
            (readable_texts if visible else hidden).add(id.hex)
            for name, texts in truth.texts[type_name][id]:
                open_field = visible and readable(persona, type_name, name, row)
                (readable_texts if open_field else hidden).update(texts)
            values = custom(type_name, row)
            for key in attributes(type_name):
                readable_value = visible and attribute_level(persona, type_name, key) is Level.OPEN
                value = values.get(truth.keys[type_name][key])
                (readable_texts if readable_value else hidden).update(_texts(value))
    for row in truth.live("Attribute").values():  # readers of a value also see its name
        if attribute_level(persona, row["entity"], row["key"]) is Level.OPEN:
            readable_texts |= {row["key"], row["label"]}
    readable_texts |= {
        *TYPES,
        *(name for of in TYPES for name in fields(of)),
    }  # names in the schema
    readable_texts |= {word for words in enums().values() for word in words}
    return frozenset(text for text in hidden - readable_texts if len(text) >= 4)


def stored_texts(truth: Truth) -> frozenset[str]:
    """Every value of a tenant as text, except ids, which are the same in all demo tenants."""
    found: set[str] = set()
    for type_name in TYPES:
        for row in truth.rows[type_name].values():
            for name in stored(type_name):
                found.update(_texts(field_value(type_name, name, row)))
            for value in custom(type_name, row).values():
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
    """The forbidden texts in a response: as a value, or anywhere in an error message."""
    read = answer.json
    read.get("extensions", {}).pop("cost", None)
    found = set(_leaves(read)) & forbidden
    for error in read.get("errors", ()):
        found |= _within(error["message"], forbidden)
    return found


@lru_cache(128)
def _within(message: str, forbidden: frozenset[str]) -> frozenset[str]:
    """The forbidden texts in a message; cached, as most errors have the same message."""
    return frozenset(text for text in forbidden if text in message)


async def load(world: World, tenant: str = "acme") -> Truth:
    """Read a tenant's rows."""
    return Truth(tenant, await read(world.admin, world.schema(tenant)))


@asynccontextmanager
async def scratch_tenant(world: World, slug: str) -> AsyncIterator[str]:
    """A separate tenant with demo data, dropped after the test."""
    hashed = await world.admin.fetchval(
        f"SELECT password FROM {world.schema()}.credential LIMIT 1"  # noqa: S608
    )
    tenant = await create(world.admin, slug, "A tenant to change rows in", demo=True)
    await seed(world.admin, tenant, password_hash=hashed, now=TODAY)
    world.tenants[slug] = tenant
    try:
        for persona in PERSONAS:  # sign in before rows are read: a session is a row, too
            await world.token(persona, slug)
        async with with_history_entries(world.admin, tenant.placement.schema):
            yield slug
    finally:
        del world.tenants[slug]
        for key in [key for key in world.tokens if key[1] == slug]:
            del world.tokens[key]
        schema = tenant.placement.schema
        await world.admin.execute("DELETE FROM catalog.tenant WHERE slug = $1", slug)
        await world.admin.execute(f"DROP SCHEMA {schema} CASCADE; DROP OWNED BY {schema}")
        await world.admin.execute(f"DROP ROLE {schema}")
