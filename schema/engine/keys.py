"""The keys of caches and of live lists: equal only if the cached value serves both."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

import orjson

from db.engine.plan.source import Pages


@dataclass(frozen=True, slots=True)
class OperationKey:
    """A parsed operation: its document, its name and the shape of its variables."""

    text: str
    name: str | None
    shape: Hashable
    executes: bool = False
    """Whether all of its root fields are executed in Python."""
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        """Compute the hash once, since a request looks up several caches."""
        object.__setattr__(self, "_hash", hash((self.text, self.name, self.shape, self.executes)))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class PlanKey:
    """A plan: the operation, the relevant rights of the caller, and its pages."""

    operation: OperationKey
    rights: Hashable
    pages: Pages


@dataclass(frozen=True, slots=True)
class LivePlanKey:
    """The plan of a live list; `size` is the number of records in its window."""

    operation: OperationKey
    rights: Hashable
    pages: Pages
    size: int


@dataclass(frozen=True, slots=True)
class DocumentKey:
    """One operation of a document, independent of its variables."""

    text: str
    name: str | None


@dataclass(frozen=True, slots=True)
class IntrospectionKey:
    """An introspection query; `variables` are the values as JSON with sorted keys."""

    text: str
    name: str | None
    variables: bytes


def encoded(value: object) -> bytes:
    """A value as JSON, to derive a key from.

    Different values of one type have different texts, which are the same in every process. Raises
    TypeError for values that neither JSON nor this function supports.
    """
    return orjson.dumps(value, default=_text)


def _text(value: object) -> str:
    if isinstance(value, Decimal | UUID):  # asyncpg has its own UUID class
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a key: give it a text of its own.")
