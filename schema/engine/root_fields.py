"""The fields of Query that the database answers, and how each finds its records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from db.engine.declare import SEARCH
from db.engine.entity import Entity


@dataclass(frozen=True)
class RootField:
    """What a field of Query stands for."""

    entity: str | None
    find: str
    """`ID`, `VIEWER`, `SINGLETON`, `LIST`, `GROUPS`, `NODE`, `NODES` or `SEARCH`."""


def root_fields(exposed: Iterable[Entity], viewer: str) -> dict[str, RootField]:
    """Every field of Query that is answered from the database; `viewer` is an entity's name."""
    found = {
        "viewer": RootField(viewer, "VIEWER"),
        "node": RootField(None, "NODE"),
        "nodes": RootField(None, "NODES"),
        SEARCH: RootField(None, "SEARCH"),
    }
    for each in exposed:
        if each.is_singleton:
            found[each.singular] = RootField(each.name, "SINGLETON")
            continue
        found[each.singular] = RootField(each.name, "ID")
        found[each.plural] = RootField(each.name, "LIST")
        if each.has_groups:
            found[f"{each.plural}Aggregate"] = RootField(each.name, "GROUPS")
    return found
