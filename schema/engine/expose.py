"""Says which entities the API speaks of, under which names they are asked for, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from types import ModuleType
from typing import Any

from db.engine.base import Record, Trace


class Verb(StrEnum):
    """What can be done with records of any kind; what is particular to one kind has a name of its own."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"
    RESTORE = "Restore"
    UPSERT = "Upsert"


@dataclass(frozen=True)
class Exposed:
    """An entity of the API, with its root fields."""

    entity: str
    doc: str
    one: str
    many: str
    deeds: tuple[Verb, ...] = ()
    """What can be done with its records, besides reading them."""
    live: bool = False
    """Whether its lists can be followed as they change."""
    along: bool = False
    """Whether its records can be created along with what they are a part of, though not by themselves."""


LINKED = (Verb.CREATE, Verb.DELETE)
"""For what only ties two records together: another tie is another record."""
EDITED = (Verb.CREATE, Verb.UPDATE, Verb.DELETE)
KEPT = (*EDITED, Verb.RESTORE)
KNOWN_ELSEWHERE = (*KEPT, Verb.UPSERT)
"""For records with an `externalId`."""


def exposes(
    record: type[Record] | type[Trace],
    *,
    one: str,
    many: str,
    deeds: tuple[Verb, ...] = (),
    live: bool = False,
    along: bool = False,
) -> Callable[[type[Any]], type[Any]]:
    """Make `record` a type of the API: `one(id:)` finds one of them, `many` lists them.

    For each of its `deeds` there are two mutations, such as `accountCreate` and `accountCreateMany`;
    if it is `live`, a subscription of the name `many` follows a list of them. Parts that are set by a
    deed of their whole are only created `along` with it.
    What the class says in its docstring is what a client reads; fields come from the declarations.
    """

    def mark(words: type[Any]) -> type[Any]:
        doc = (words.__doc__ or record.__doc__ or "").strip()
        words.__exposed__ = Exposed(record.__name__, doc, one, many, deeds, live, along)
        return words

    return mark


def exposed(rooms: Iterable[ModuleType]) -> list[Exposed]:
    """The entities that these rooms expose, in the order they do."""
    return [
        found.__exposed__
        for room in rooms
        for found in vars(room).values()
        if "__exposed__" in getattr(found, "__dict__", ())
    ]
