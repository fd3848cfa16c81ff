"""From the declarations to the GraphQL types of live lists: what a message holds, and what is told of each record."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, StrEnum
from typing import Any

import strawberry
from strawberry.types.arguments import StrawberryArgument

from db.engine.entity import Entity
from domain.live import LiveChangeKind, LiveKind
from schema.engine.generate import Spec, argument, make, put

LIVE, CHANGE = "Live", "LiveChange"
"""What the names of these types end with."""
WORDS: dict[type[StrEnum], tuple[str, dict[str, str]]] = {
    LiveKind: (
        "What a message of a live list tells.",
        {
            "SNAPSHOT": "All records of the list: the first message, unless `after` was given.",
            "RESUMED": "The list goes on after the cursor given as `after`; what was missed follows.",
            "DELTA": "What changed since the message before: by one transaction, or several whole ones.",
            "RESYNC": "Full snapshot: discard local state.",
        },
    ),
    LiveChangeKind: (
        "What became of a record, as the list's filter and your rights have it.",
        {
            "ENTERED": "It is in the list from now on.",
            "UPDATED": "Something that you selected differs.",
            "LEFT": "It is in the list no more: changed, deleted, or out of your sight.",
        },
    ),
}


def shared_live_types() -> None:
    """The words that all live lists use."""
    for kind, (doc, told) in WORDS.items():
        body = {word: strawberry.enum_value(word, description=says) for word, says in told.items()}
        spoken: Any = Enum
        made = strawberry.enum(spoken(kind.__name__, body), name=kind.__name__, description=doc)
        put(kind.__name__, made)


def live_types(entity: str) -> None:
    """The types of one entity's live list."""
    change: list[Spec] = [
        ("kind", "LiveChangeKind", "What became of it."),
        ("id", "ID", "ID of the record."),
        ("node", f"{entity} | None", "The record as it is now; null for one that left."),
    ]
    make(f"{entity}{CHANGE}", change, "What became of one record of a live list.")
    message: list[Spec] = [
        ("kind", "LiveKind", "What this message tells."),
        (
            "cursor",
            "str",
            "Up to where it tells: pass the last one as `after` to go on from there.",
        ),
        (
            "changes",
            f"list[{entity}{CHANGE}]",
            "What became of each record, in the order of the ids.",
        ),
    ]
    make(f"{entity}{LIVE}", message, "A message of a live list.")


def live_arguments(entity: str) -> list[StrawberryArgument]:
    """What a live list takes."""
    return [
        argument("filter", f"{entity}Filter", "Filter conditions; default: all visible records."),
        argument("after", "str", "The cursor of the last message you had, to go on from there."),
        argument(
            "atMost",
            "int",
            "How many records the list may hold, 1 to 1000; 250 if not given. More refuse it.",
        ),
    ]


def subscription(exposed: Iterable[Entity]) -> type:
    """The root of all live lists."""
    shared_live_types()
    specs: list[Spec] = []
    arguments = {}
    for each in exposed:
        if each.is_live:
            live_types(each.name)
            doc = f"{each.name} records you may see: all of them now, then every change of them."
            specs.append((each.plural, f"{each.name}{LIVE} | None", doc))
            arguments[each.plural] = live_arguments(each.name)
    return make("Subscription", specs, "Root subscription type.", arguments=arguments)
