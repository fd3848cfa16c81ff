"""Dependencies of a statement: the parts of the caller's rights that determine its SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, order=True)
class RowsOf:
    """Whether records of an entity are visible, and by which condition."""

    entity: str


@dataclass(frozen=True, slots=True, order=True)
class FieldOf:
    """The right on a field, a computed field or a reference."""

    entity: str
    field: str


@dataclass(frozen=True, slots=True, order=True)
class AttributeOf:
    """The readable custom attribute with this key, if there is one."""

    entity: str
    key: str


@dataclass(frozen=True, slots=True, order=True)
class AttributesOf:
    """All readable custom attributes of an entity, in their order."""

    entity: str


@dataclass(frozen=True, slots=True, order=True)
class SearchOf:
    """The rights on the searched fields: one readable field is enough to search."""

    entity: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, order=True)
class TrashOf:
    """Whether deleted records of an entity may be listed."""

    entity: str


@dataclass(frozen=True, slots=True, order=True)
class PermissionsOf:
    """The scopes of changing and deleting records of an entity, and its writable fields."""

    entity: str


@dataclass(frozen=True, slots=True, order=True)
class TypePermissionsOf:
    """The caller's permissions on every entity, which records of `entity` expose."""

    entity: str


@dataclass(frozen=True, slots=True, order=True)
class ListPermissionsOf:
    """The caller's permissions on an entity, which its lists expose."""

    entity: str


Dependency: TypeAlias = (
    RowsOf
    | FieldOf
    | AttributeOf
    | AttributesOf
    | SearchOf
    | TrashOf
    | PermissionsOf
    | TypePermissionsOf
    | ListPermissionsOf
)
Dependencies: TypeAlias = frozenset[Dependency]


def entities_of(dependencies: Dependencies) -> frozenset[str]:
    """The entities that these dependencies name."""
    return frozenset(each.entity for each in dependencies)


def ordered(dependencies: Dependencies) -> list[Dependency]:
    """The dependencies in an order that is the same for equal sets."""
    return sorted(dependencies, key=lambda each: (type(each).__name__, each))
