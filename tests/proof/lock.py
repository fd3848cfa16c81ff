"""The lock file read: of each entity, what the printed schema does not say. A command writes it, people review it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

LOCK = Path(__file__).with_name("lock.toml")


@dataclass(frozen=True)
class Link:
    """A reference to one record of `to`, kept in `column`; `back` is the list in the other direction."""

    name: str
    to: str
    column: str
    back: str | None = None
    part: bool = False
    """Whether the record is a part of the one it refers to."""
    optional: bool = False
    holds: bool = True
    """Whether the record referred to cannot be deleted meanwhile."""


@dataclass(frozen=True)
class Entity:
    """One kind of record."""

    name: str
    prefix: str
    table: str
    status: str | None = None
    """The column that status rules look at."""
    owner: str | None = None
    """The column with the employee who is responsible for the record."""
    attributes: str | None = None
    """The column with the values of custom attributes."""
    record: str | None = None
    """Of history: the column with the id of the record that was changed."""
    alike: str | None = None
    """The column that a replacement must have the same value in."""
    rights: bool = False
    """Whether it says who may do what."""
    search: tuple[str, ...] = ()
    digits: tuple[str, ...] = ()
    """Of what it is searched by: telephone numbers, of which the digits count."""
    computed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Fields that are computed, with the fields they are made of."""
    one: str | None = None
    many: str | None = None
    groups: str | None = None
    single: str | None = None
    """The root field of an entity with one record, which is read without an id."""
    live: str | None = None
    links: Mapping[str, Link] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict)
    """Mutations by what follows the entity's name, with the fields of their inputs."""

    @cached_property
    def parents(self) -> tuple[Link, ...]:
        """The links to what a record is a part of, in their order."""
        return tuple(link for link in self.links.values() if link.part)


def _entity(name: str, read: Mapping[str, Any]) -> Entity:
    known: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in read.items()
    }
    known["computed"] = {n: tuple(v) for n, v in read.get("computed", {}).items()}
    known["links"] = {n: Link(n, **v) for n, v in read.get("links", {}).items()}
    return Entity(name, **known)


def _read(text: str) -> tuple[Mapping[str, str], Mapping[str, Entity]]:
    found = tomllib.loads(text)
    commands: Mapping[str, str] = found.pop("commands", {})
    return commands, {name: _entity(name, read) for name, read in found.items()}


COMMANDS, ENTITIES = _read(LOCK.read_text(encoding="utf-8"))
"""Mutations that are called after no entity, and all entities by name."""
