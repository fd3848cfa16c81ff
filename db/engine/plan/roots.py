"""An operation as plain values: its root fields, their dependencies, and the lists in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from db.engine.dependencies import Dependencies
from db.engine.entity import Entity
from db.engine.plan.group_selection import Groups
from db.engine.plan.selection import (
    BindParam,
    ConnectionSelection,
    EdgesSelection,
    NodesSelection,
    ObjectSelection,
    ToOneSelection,
)


class Find(StrEnum):
    """How a root finds its one record."""

    ID = "ID"
    VIEWER = "VIEWER"
    SINGLETON = "SINGLETON"


@dataclass(frozen=True)
class RootOne:
    """One record by its id, the viewer's own user, or the only record of its type."""

    find: Find
    object: ObjectSelection
    id: BindParam | None = None

    @property
    def objects(self) -> tuple[ObjectSelection, ...]:
        """The selections of records."""
        return (self.object,)


@dataclass(frozen=True)
class RootNode:
    """A record of the type that its id determines; no record for an unknown type."""

    id: BindParam
    object: ObjectSelection | None

    @property
    def objects(self) -> tuple[ObjectSelection, ...]:
        """The selections of records."""
        return () if self.object is None else (self.object,)


@dataclass(frozen=True)
class RootNodes:
    """Records of several types, in the order of their ids."""

    ids: BindParam
    objects: tuple[ObjectSelection, ...]


@dataclass(frozen=True)
class SearchedEntity:
    """An entity in a search, and the selected fields of its hits: the record, or a constant."""

    entity: Entity
    parts: tuple[tuple[str, ObjectSelection | str], ...]


@dataclass(frozen=True)
class RootSearch:
    """Records of several object types that match a text."""

    number: int
    text: BindParam
    size: BindParam
    kinds: tuple[SearchedEntity, ...]

    @property
    def objects(self) -> tuple[ObjectSelection, ...]:
        """The selections of records."""
        parts = (part for kind in self.kinds for _, part in kind.parts)
        return tuple(part for part in parts if isinstance(part, ObjectSelection))

    def of(self, change: Callable[[ObjectSelection], ObjectSelection]) -> RootSearch:
        """A copy with changed selections of the records."""
        kinds = tuple(
            SearchedEntity(
                kind.entity,
                tuple(
                    (k, change(p) if isinstance(p, ObjectSelection) else p) for k, p in kind.parts
                ),
            )
            for kind in self.kinds
        )
        return replace(self, kinds=kinds)


Root: TypeAlias = RootOne | RootNode | RootNodes | RootSearch | ConnectionSelection | Groups


@dataclass(frozen=True)
class Selection:
    """An operation, independent of the caller's rights."""

    roots: tuple[tuple[str, Root], ...]
    depends_on: Dependencies
    """Everything its statement depends on."""
    filter_depends_on: Dependencies
    """The dependencies of filters, orders and aggregates; a closed one refuses the operation (D-31)."""
    connections: tuple[ConnectionSelection, ...] = field(default=())
    sizes: tuple[tuple[int, BindParam], ...] = ()
    """Page size of each connection and each list of groups, by its number."""
    executed: frozenset[str] = frozenset()
    """Response keys of the roots that are executed in Python over the statement's rows."""


def connections(roots: tuple[tuple[str, Root], ...]) -> Iterator[ConnectionSelection]:
    """Every connection in the roots, depth first."""
    for _, root in roots:
        yield from _in_root(root)


def _in_root(root: Root) -> Iterator[ConnectionSelection]:
    if isinstance(root, ConnectionSelection):
        yield from _in_connection(root)
        return
    for each in root.objects:
        yield from _in_object(each)


def _in_object(selection: ObjectSelection) -> Iterator[ConnectionSelection]:
    for _, part in selection.parts:
        if isinstance(part, ToOneSelection):
            yield from _in_object(part.object)
        elif isinstance(part, ConnectionSelection):
            yield from _in_connection(part)


def _in_connection(selection: ConnectionSelection) -> Iterator[ConnectionSelection]:
    yield selection
    for _, part in selection.parts:
        if isinstance(part, NodesSelection):
            yield from _in_object(part.object)
        elif isinstance(part, EdgesSelection):
            for _, inner in part.parts:
                if isinstance(inner, ObjectSelection):
                    yield from _in_object(inner)
