"""Reader of the lock file: the facts of each entity that the printed schema lacks. Generated, then reviewed."""

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
    """A reference to one record of `to`, stored in `column`; `back` is the reverse list."""

    name: str
    to: str
    column: str
    back: str | None = None
    part: bool = False
    """Whether the record is a child of the referenced record."""
    optional: bool = False
    holds: bool = True
    """Whether the reference prevents deletion of its target."""


@dataclass(frozen=True)
class Entity:
    """One entity."""

    name: str
    prefix: str
    table: str
    status: str | None = None
    """The column that status rules compare."""
    owner: str | None = None
    """The column with the id of the record's owner (an employee)."""
    attributes: str | None = None
    """The column with the values of custom attributes."""
    record: str | None = None
    """For history: the column with the id of the changed record."""
    alike: str | None = None
    """The column in which a replacement must have the same value."""
    rights: bool = False
    """Whether its rows define permissions."""
    search: tuple[str, ...] = ()
    digits: tuple[str, ...] = ()
    """Searched columns that contain telephone numbers; only their digits are compared."""
    computed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Computed fields with their inputs."""
    one: str | None = None
    many: str | None = None
    groups: str | None = None
    single: str | None = None
    """The root field of a singleton entity, read without an id."""
    live: str | None = None
    links: Mapping[str, Link] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict)
    """Mutations by the suffix after the entity's name, with their input fields."""

    @cached_property
    def parents(self) -> tuple[Link, ...]:
        """The links to the parents of a record, in order."""
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
"""Mutations without an entity prefix, and all entities by name."""
