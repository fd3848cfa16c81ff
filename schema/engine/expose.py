"""Says which entities the API speaks of, and under which names they are asked for at the root."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from db.engine.base import Record, Trace


@dataclass(frozen=True)
class Exposed:
    """An entity of the API, with its two root fields."""

    entity: str
    doc: str
    one: str
    many: str


def exposes(
    record: type[Record] | type[Trace], *, one: str, many: str
) -> Callable[[type[Any]], type[Any]]:
    """Make `record` a type of the API: `one(id:)` finds one of them, `many` lists them.

    What the class says in its docstring is what a client reads; fields come from the declarations.
    """

    def mark(words: type[Any]) -> type[Any]:
        doc = (words.__doc__ or record.__doc__ or "").strip()
        words.__exposed__ = Exposed(record.__name__, doc, one, many)
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
