"""What each persona sees of every opportunity, field by field, reckoned from the rows without the server."""

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
"""By the ids of the records, as clients see them."""


def _lists() -> Iterator[tuple[str, tuple[str, str]]]:
    for name, each in object_type(ENTITY).fields.items():
        kind, found, _ = get_named_type(each.type).name.partition("Connection")
        if found and name != "history":
            [link] = [way for way, target in REFERENCES[kind].items() if target == ENTITY]
            yield name, (kind, link)


LISTS = dict(_lists())
"""What an opportunity has many of: of which kind, and what these call their opportunity."""


def documents() -> dict[str, Document]:
    """A list for each field of an opportunity, that shows nothing else of it."""
    found = {name: Document(name, leaf(ENTITY, name)) for name in fields(ENTITY)}
    for key in attributes(ENTITY):
        selection = f'attributes(keys: ["{key}"]) {{ key text number date boolean }}'
        found[f"@{key}"] = Document(f"@{key}", selection)
    return found


def seen(truth: Truth, persona: str, name: str) -> Seen:
    """What is in his list of a field: records that he sees, with what may be read of each."""
    listed = _listed(truth, persona, name) if name in LISTS else None
    return {
        spelled_id(ENTITY, id): _value(truth, persona, name, row)
        if listed is None or not readable(persona, ENTITY, name, row)
        else listed[id]
        for id, row in truth.visible(persona, ENTITY).items()
    }


def _listed(truth: Truth, persona: str, name: str) -> Counter[UUID]:
    """How many he sees of what a list holds, by the opportunity that they are listed at."""
    kind, link = LISTS[name]
    return Counter(row[f"{snake(link)}_id"] for row in truth.visible(persona, kind).values())


def _value(truth: Truth, persona: str, name: str, row: Any) -> Any:
    if name.startswith("@"):
        return _attribute(truth, persona, name[1:], row)
    if not readable(persona, ENTITY, name, row):
        return None
    if name == "history":
        return len(truth.told(persona, row["id"]))
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
    """What has to be told of it: of each record that it concerns, how."""
    entered = {("ENTERED", id) for id in after.keys() - before.keys()}
    left = {("LEFT", id) for id in before.keys() - after.keys()}
    kept = after.keys() & before.keys()
    return entered | left | {("UPDATED", id) for id in kept if before[id] != after[id]}


def hexes(ids: set[UUID]) -> set[str]:
    """Ids as they stand in any text."""
    return {id.hex for id in ids}
