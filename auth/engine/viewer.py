"""One caller's rights, ready for the gate: a permission shape that keys plans, and arrays that are bound (D-55)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_

from auth.engine.policy import (
    OWNERS,
    READABLE,
    is_restricted,
    looked_at,
    responsible,
    within,
    without,
)
from auth.engine.policy import reach as in_reach
from db.engine.base import Record
from db.engine.gate import Form, Right
from db.engine.model import Entity
from db.engine.plan.ask import ACCESS, BIN, TYPE_ACCESS, searched_by
from domain.access import Attribute, EntityRights, RowScope, WriteScope

NARROW_AT_MOST = 2000
"""Rows in reach up to which a root list may ask for them by id (D-52)."""
PAGE = 50
"""Records of a usual page."""


PROJECTIONS = 100
"""Operations whose part of the permission shape a viewer remembers."""


class Reach(NamedTuple):
    """How many rows of an entity a viewer has, counted up to a little over NARROW_AT_MOST, of about how many."""

    own: int
    table: int

    def is_few(self) -> bool:
        """Whether gathering the own rows costs less than walking the table until a page of them is found.

        One in `table / own` rows is the viewer's, so a page is found after `PAGE * table / own` rows.
        """
        return self.own <= NARROW_AT_MOST and self.own * self.own <= PAGE * self.table


class Projection:
    """A part of the permission shape; it is looked up with every request, so it knows its hash."""

    __slots__ = ("_hash", "_parts")

    def __init__(self, parts: tuple[Hashable, ...]) -> None:
        self._parts = parts
        self._hash = hash(parts)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Projection) and self._parts == other._parts


@dataclass(frozen=True)
class Viewer:
    """What a user may read, as of one version of the tenant's rights."""

    user: UUID
    employee: UUID
    version: int
    """The tenant's access version that this was loaded under."""
    rights: Mapping[str, EntityRights]
    owners: Mapping[str, tuple[UUID, ...]]
    """Per entity, the employees whose records count as the viewer's own."""
    arrays: Mapping[str, tuple[UUID, ...] | tuple[str, ...]]
    """What standing rules open to the viewer's roles, and what of the history he is told, by the parameter's name."""
    reach: Mapping[str, Reach]
    """Per entity with own rows, how many there were when the rights were loaded."""
    full: bool = False
    """Whether one of his profiles opens everything: he alone says what profiles open."""
    roles: frozenset[UUID] = frozenset()
    off: Mapping[str, str] = field(default_factory=dict)
    """Entities that are switched off for everybody, each with the feature that it belongs to."""
    carried: Mapping[str, frozenset[UUID]] = field(default_factory=dict)
    """Of attributes that not every type carries: those that do, by the attribute's id."""

    def may_see(self, entity: str) -> bool:
        """Whether any row of the entity may be seen."""
        return entity in self.rights

    def is_off(self, entity: str) -> bool:
        """Whether nobody sees any of it, because it is switched off."""
        return entity in self.off

    def rows(self, entity: Entity, form: Form) -> ColumnElement[bool] | None:
        """The condition on the entity's table, or None for all rows."""
        if entity.wholes:
            return self._with_wholes(entity, form)
        everything = self.rights[entity.name].rows is RowScope.ALL
        return (
            None
            if everything and not is_restricted(entity.name, full=self.full)
            else in_reach(entity, form)
        )

    def looks_at(self, entity: Entity) -> set[Table]:
        """The tables besides the entity's own that decide which of its rows he sees."""
        if entity.wholes:
            return {t for a in entity.above if self.may_see(a.name) for t in self.looks_at(a)}
        everything = self.rights[entity.name].rows is RowScope.ALL
        return (
            set()
            if everything and not is_restricted(entity.name, full=self.full)
            else looked_at(entity)
        )

    def _with_wholes(self, entity: Entity, form: Form) -> ColumnElement[bool]:
        """What is a part of something is seen with all that it is a part of, and otherwise not at all."""
        found = [
            within(entity, way, above, self.rows(above, Form.WIDE))
            if self.may_see(above.name)
            else without(entity, way)
            for way, above in zip(entity.wholes, entity.above, strict=True)
        ]
        mine = [in_reach(entity, form)] if is_restricted(entity.name, full=self.full) else []
        return and_(*mine, *found)

    def right(self, entity: str, name: str) -> Right:
        """What may be done with a field or a reference."""
        granted = self.rights.get(entity)
        if granted is None:
            return Right.CLOSED
        if name == "id":
            return Right.OPEN
        if name not in granted.fields:
            return Right.CLOSED
        return Right.RULED if name in granted.ruled else Right.OPEN

    def may_create(self, entity: str) -> bool:
        """Whether records of the entity may be created at all."""
        return entity in self.rights and self.rights[entity].writes.creates

    def may_write(self, entity: str, name: str) -> bool:
        """Whether a field, or an attribute by its id, may be written, where its record may be."""
        return entity in self.rights and name in self.rights[entity].writable

    def edits(self, entity: str) -> WriteScope | None:
        """Which of the rows he sees may be changed."""
        return self.rights[entity].writes.edits if entity in self.rights else None

    def deletes(self, entity: str) -> WriteScope | None:
        """Which of the rows he sees may be deleted."""
        return self.rights[entity].writes.deletes if entity in self.rights else None

    def scope(self, entity: Entity, *, deletes: bool) -> ColumnElement[bool] | bool:
        """Which of the rows he sees may be changed, or deleted, as `within` says of one."""
        scope = self.deletes(entity.name) if deletes else self.edits(entity.name)
        if scope is None or scope is WriteScope.ALL:
            return scope is WriteScope.ALL
        return responsible(entity, below=scope is WriteScope.BELOW)

    def type_access(self, entity: Entity) -> Mapping[str, Any]:
        """What may be done with the records of an entity, as `TypeAccess` of the API tells it."""
        granted = self.rights[entity.name]
        keys = (f"attributes.{each.key}" for each in self.attributes(entity.name))
        return {
            "type": entity.name,
            "rows": granted.rows.value,
            "create": granted.writes.creates,
            "update": granted.writes.edits,
            "delete": granted.writes.deletes,
            "readable": sorted({"id", *granted.fields, *keys}),
            "writable": list(self.writable(entity)),
        }

    def writable(self, entity: Entity) -> Iterable[str]:
        """The fields that may be written, in a fixed order, and attributes as `attributes.key`."""
        granted = self.rights.get(entity.name)
        if granted is None:
            return ()
        known = {a.id: f"attributes.{a.key}" for a in granted.attributes.values()}
        known |= {name: name for name in entity.written}
        return sorted(known[name] for name in granted.writable if name in known)

    def may_restore(self, entity: str) -> bool:
        """Whether what lies in the bin may be looked at."""
        return self.deletes(entity) is not None

    def within(self, scope: WriteScope | None, entity: Entity, row: Record) -> bool:
        """Whether a record is within a scope; of what is a part of something, its whole is looked at."""
        if scope is None or scope is WriteScope.ALL:
            return scope is WriteScope.ALL
        owner = getattr(row, entity.owner) if entity.owner else None
        if scope is WriteScope.OWN:
            return bool(owner == self.employee)
        return owner in self.owners.get(entity.name, ())

    def has(self, entity: str, owner: UUID | None) -> bool:
        """Whether he sees records of the entity that are an employee's, as far as ownership goes."""
        everything = self.rights[entity].rows is RowScope.ALL
        return everything or owner in self.owners.get(entity, ())

    def attribute(self, entity: str, key: str) -> Attribute | None:
        """The custom attribute with this key, if it exists and is readable."""
        granted = self.rights.get(entity)
        return None if granted is None else granted.attributes.get(key)

    def attributes(self, entity: str) -> Iterable[Attribute]:
        """All readable custom attributes, in a fixed order."""
        granted = self.rights.get(entity)
        return () if granted is None else granted.attributes.values()

    def form(self, entity: str) -> Form:
        """Narrow for a viewer with few rows of a large table, wide for everybody else."""
        return self._forms.get(entity, Form.WIDE)

    @cached_property
    def _forms(self) -> dict[str, Form]:
        few = (name for name, reach in self.reach.items() if reach.is_few())
        return dict.fromkeys(few, Form.NARROW)

    def value(self, name: str) -> object:
        """The value of a parameter that a policy or a mask uses."""
        return self._values[name]

    @cached_property
    def _values(self) -> dict[str, object]:
        values: dict[str, object] = {
            "viewer:user": self.user,
            "viewer:employee": self.employee,
        }
        readable = (a.id for granted in self.rights.values() for a in granted.attributes.values())
        values[READABLE] = [UUID(id) for id in readable]
        values.update((name, list(array)) for name, array in self.arrays.items())
        for entity, granted in self.rights.items():
            values[OWNERS.format(entity=entity)] = list(self.owners.get(entity, ()))
            for name, statuses in granted.ruled.items():
                values[f"statuses:{entity}.{name}"] = list(statuses)
        return values

    def project(self, touched: frozenset[tuple[str, str]]) -> Hashable:
        """The part of the permission shape that a plan touching these fields depends on."""
        known = self._projections.get(touched)
        if known is None:
            if len(self._projections) >= PROJECTIONS:
                self._projections.clear()
            parts = tuple(self._part(entity, name) for entity, name in sorted(touched))
            known = self._projections[touched] = Projection(parts)
        return known

    @cached_property
    def _projections(self) -> dict[frozenset[tuple[str, str]], Projection]:
        return {}

    def _told_of(self, entity: str) -> Hashable:
        granted = self.rights[entity]
        fields = (granted.fields, granted.writable, *self.attributes(entity))
        return (entity, granted.rows, granted.writes, *fields)

    def _part(self, entity: str, name: str) -> Hashable:
        if not name:
            granted = self.rights.get(entity)
            closed = self.off.get(entity)
            held = is_restricted(entity, full=self.full)
            return closed if granted is None else (granted.rows, self.form(entity), held)
        if name == BIN:
            return self.may_restore(entity)
        if name == TYPE_ACCESS:
            return tuple(self._told_of(each) for each in sorted(self.rights))
        if name == ACCESS:
            granted = self.rights.get(entity)
            return granted and (granted.writes, granted.writable, *self.attributes(entity))
        if name == "attributes":
            return tuple(self.attributes(entity))
        if name.startswith("attribute:"):
            return self.attribute(entity, name.removeprefix("attribute:"))
        if several := searched_by(name):
            return tuple(self.right(entity, each) for each in several)
        return self.right(entity, name)
