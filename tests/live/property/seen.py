"""What each persona can read of every opportunity, field by field, computed from the database rows without the server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from graphql import get_named_type

from tests.leaks.channels import leaf
from tests.leaks.truth import Truth, custom
from tests.live.property.documents import Document
from tests.proof.contract import MONEY, REFERENCES, fields, object_type, snake, spelled_id
from tests.proof.rights import Level, attribute_level, attributes, readable

ENTITY = "Opportunity"
Seen = dict[str, Any]
"""Readable values by the public ids of the records."""


def _lists() -> Iterator[tuple[str, tuple[str, str]]]:
    for name, each in object_type(ENTITY).fields.items():
        kind, is_list, _ = get_named_type(each.type).name.partition("Connection")
        if is_list and name != "history":
            [link] = [relation for relation, target in REFERENCES[kind].items() if target == ENTITY]
            yield name, (kind, link)


LISTS = dict(_lists())
"""List fields of an opportunity: the entity of their records, and its reference to the opportunity."""


def documents() -> dict[str, Document]:
    """A document for each field and each custom attribute of an opportunity, which selects only that."""
    listed = {name: Document(name, leaf(ENTITY, name)) for name in fields(ENTITY)}
    for key in attributes(ENTITY):
        selection = f'attributes(keys: ["{key}"]) {{ key text number date boolean }}'
        listed[f"@{key}"] = Document(f"@{key}", selection)
    return listed


def seen(truth: Truth, persona: str, name: str) -> Seen:
    """Contents of a persona's list of one field: the readable records with the readable value of each."""
    listed = _listed(truth, persona, name) if name in LISTS else None
    return {
        spelled_id(ENTITY, id): _value(truth, persona, name, row)
        if listed is None or not readable(persona, ENTITY, name, row)
        else listed[id]
        for id, row in truth.visible(persona, ENTITY).items()
    }


def _listed(truth: Truth, persona: str, name: str) -> Counter[UUID]:
    """How many records of a list field the persona can read, by opportunity."""
    kind, link = LISTS[name]
    return Counter(row[f"{snake(link)}_id"] for row in truth.visible(persona, kind).values())


def _value(truth: Truth, persona: str, name: str, row: Any) -> Any:
    if name.startswith("@"):
        return _attribute(truth, persona, name[1:], row)
    if not readable(persona, ENTITY, name, row):
        return None
    if name == "history":
        return len(truth.readable_history(persona, row["id"]))
    if name == "attributes":
        return [_attribute(truth, persona, key, row) for key in attributes(ENTITY)]
    value = truth.value(ENTITY, name, row)
    if name in MONEY[ENTITY]:
        return None if value is None else (value, row["currency"])
    return value


def _attribute(truth: Truth, persona: str, key: str, row: Any) -> Any:
    if attribute_level(persona, ENTITY, key) is not Level.OPEN:
        return None
    return custom(ENTITY, row).get(truth.keys[ENTITY][key])


def difference(before: Seen, after: Seen) -> set[tuple[str, str]]:
    """The changes a live list must send for the difference, as pairs of kind and id."""
    entered = {("ENTERED", id) for id in after.keys() - before.keys()}
    left = {("LEFT", id) for id in before.keys() - after.keys()}
    kept = after.keys() & before.keys()
    return entered | left | {("UPDATED", id) for id in kept if before[id] != after[id]}


def hexes(ids: set[UUID]) -> set[str]:
    """Ids as hexadecimal digits, as they occur in any text."""
    return {id.hex for id in ids}
