"""A user's rights, as used by the gate: a permission shape, which is part of plan keys, and bound arrays (D-55)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, assert_never
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_

from auth.engine.policy import (
    OWNERS,
    READABLE_ATTRIBUTES,
    Policies,
    no_parent_condition,
    owner_condition,
    parent_condition,
)
from db.engine.base import Record
from db.engine.dependencies import (
    AttributeOf,
    AttributesOf,
    Dependencies,
    Dependency,
    FieldOf,
    ListPermissionsOf,
    PermissionsOf,
    RowsOf,
    SearchOf,
    TrashOf,
    TypePermissionsOf,
    ordered,
)
from db.engine.entity import Entity
from db.engine.gate import FieldAccess, VisibilityForm
from domain.access import AttributeRights, EntityRights, RowScope, WriteScope

ID_IN_LIMIT = 2000
"""Maximum reachable rows for which a root list selects them by id (D-52)."""
TYPICAL_PAGE_SIZE = 50
"""Records of a typical page."""


MAX_CACHED_PROJECTIONS = 100
"""Operations whose permission shape a viewer caches."""


class OwnRowCount(NamedTuple):
    """Own rows of an entity, counted up to slightly over ID_IN_LIMIT, and the estimated table size."""

    own: int
    table: int

    def is_few(self) -> bool:
        """Whether collecting the own rows costs less than scanning the table until a page of them is found.

        The scan reads `PAGE * table / own` rows on average, because `own` of `table` rows are the viewer's.
        """
        return self.own <= ID_IN_LIMIT and self.own * self.own <= TYPICAL_PAGE_SIZE * self.table


@dataclass(frozen=True, slots=True)
class Projection:
    """A viewer's rights with regard to `depends_on`; it caches its hash, since every request looks it up."""

    depends_on: Dependencies
    answers: tuple[Hashable, ...]
    """The viewer's rights for each dependency, in order."""
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        """Compute the hash once."""
        object.__setattr__(self, "_hash", hash((self.depends_on, self.answers)))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True)
class Viewer:
    """The rights of a user, as of one access version of the tenant."""

    user: UUID
    employee: UUID
    version: int
    """The tenant's access version under which this was loaded."""
    rights: Mapping[str, EntityRights]
    owners: Mapping[str, tuple[UUID, ...]]
    """Per entity, the employees whose records count as the viewer's own."""
    arrays: Mapping[str, tuple[UUID, ...] | tuple[str, ...]]
    """Per parameter: the values that sharing rules share with the viewer's roles, and the readable history keys."""
    own_row_counts: Mapping[str, OwnRowCount]
    """Per entity with own rows, how many there were when the rights were loaded."""
    policies: Policies = field(repr=False)
    full: bool = False
    """Whether a profile of the viewer grants full access, which is required to see grants."""
    roles: frozenset[UUID] = frozenset()
    off: Mapping[str, str] = field(default_factory=dict)
    """Entities that are switched off for everyone, each with its feature."""
    attribute_types: Mapping[str, frozenset[UUID]] = field(default_factory=dict)
    """Per attribute id, for attributes assigned to some types only: these types."""

    def may_see(self, entity: str) -> bool:
        """Whether any row of the entity may be seen."""
        return entity in self.rights

    def is_off(self, entity: str) -> bool:
        """Whether the entity is switched off."""
        return entity in self.off

    def rows(self, entity: Entity, form: VisibilityForm) -> ColumnElement[bool] | None:
        """The condition on the entity's table, or None for all rows."""
        if entity.parents:
            return self._with_parents(entity, form)
        return (
            None
            if self._sees_all_rows(entity.name)
            else self.policies.own_rows_condition(entity, form)
        )

    def visibility_tables(self, entity: Entity) -> set[Table]:
        """The other tables that decide which rows of the entity the viewer sees."""
        if entity.parents:
            return {
                t
                for a in entity.parent_types
                if self.may_see(a.name)
                for t in self.visibility_tables(a)
            }
        return (
            set() if self._sees_all_rows(entity.name) else self.policies.visibility_tables(entity)
        )

    def _sees_all_rows(self, entity: str) -> bool:
        """Whether no policy applies: the profile makes all rows visible, and nothing restricts them."""
        return self.rights[entity].rows is RowScope.ALL and not self._is_restricted(entity)

    def _is_restricted(self, entity: str) -> bool:
        return self.policies.is_restricted(entity, full=self.full)

    def _with_parents(self, entity: Entity, form: VisibilityForm) -> ColumnElement[bool]:
        """Conditions for children: a child record is visible only with all its parents."""
        found = [
            parent_condition(entity, relation, parent, self.rows(parent, VisibilityForm.PREDICATE))
            if self.may_see(parent.name)
            else no_parent_condition(entity, relation)
            for relation, parent in zip(entity.parents, entity.parent_types, strict=True)
        ]
        own_rows = (
            [self.policies.own_rows_condition(entity, form)]
            if self._is_restricted(entity.name)
            else []
        )
        return and_(*own_rows, *found)

    def right(self, entity: str, name: str) -> FieldAccess:
        """The permitted uses of a field or reference."""
        granted = self.rights.get(entity)
        if granted is None:
            return FieldAccess.HIDDEN
        if name == "id":
            return FieldAccess.READABLE
        if name not in granted.fields:
            return FieldAccess.HIDDEN
        return FieldAccess.CONDITIONAL if name in granted.status_rules else FieldAccess.READABLE

    def may_create(self, entity: str) -> bool:
        """Whether records of the entity may be created."""
        return entity in self.rights and self.rights[entity].writes.creates

    def may_write(self, entity: str, name: str) -> bool:
        """Whether a field, or an attribute by its id, may be written on writable records."""
        return entity in self.rights and name in self.rights[entity].writable

    def edits(self, entity: str) -> WriteScope | None:
        """Scope of the visible rows that may be changed."""
        return self.rights[entity].writes.edits if entity in self.rights else None

    def deletes(self, entity: str) -> WriteScope | None:
        """Scope of the visible rows that may be deleted."""
        return self.rights[entity].writes.deletes if entity in self.rights else None

    def write_condition(self, entity: Entity, *, deletes: bool) -> ColumnElement[bool] | bool:
        """Condition for the visible rows that may be changed or deleted; `is_within` checks one record."""
        scope = self.deletes(entity.name) if deletes else self.edits(entity.name)
        if scope is None or scope is WriteScope.ALL:
            return scope is WriteScope.ALL
        return owner_condition(entity, below=scope is WriteScope.BELOW)

    def type_access(self, entity: Entity) -> Mapping[str, object]:
        """The permissions on an entity's records, as in `TypePermissions` of the API."""
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
        """The writable fields in a fixed order; attributes as `attributes.key`."""
        granted = self.rights.get(entity.name)
        if granted is None:
            return ()
        names = {a.id: f"attributes.{a.key}" for a in granted.attributes.values()}
        names |= {name: name for name in entity.written}
        return sorted(names[name] for name in granted.writable if name in names)

    def may_restore(self, entity: str) -> bool:
        """Whether the trash may be read."""
        return self.deletes(entity) is not None

    def is_within(self, scope: WriteScope | None, entity: Entity, row: Record) -> bool:
        """Whether a record is within a scope; children are checked by their parent."""
        if scope is None or scope is WriteScope.ALL:
            return scope is WriteScope.ALL
        owner = getattr(row, entity.owner) if entity.owner else None
        if scope is WriteScope.OWN:
            return bool(owner == self.employee)
        return owner in self.owners.get(entity.name, ())

    def has(self, entity: str, owner: UUID | None) -> bool:
        """Whether the viewer sees records owned by an employee, with regard to ownership only."""
        everything = self.rights[entity].rows is RowScope.ALL
        return everything or owner in self.owners.get(entity, ())

    def attribute(self, entity: str, key: str) -> AttributeRights | None:
        """The custom attribute with this key, if it exists and is readable."""
        granted = self.rights.get(entity)
        return None if granted is None else granted.attributes.get(key)

    def attributes(self, entity: str) -> Iterable[AttributeRights]:
        """All readable custom attributes, in a fixed order."""
        granted = self.rights.get(entity)
        return () if granted is None else granted.attributes.values()

    def form(self, entity: str) -> VisibilityForm:
        """ID_IN for a viewer with few rows of a large table, PREDICATE for all others."""
        return self._forms.get(entity, VisibilityForm.PREDICATE)

    @cached_property
    def _forms(self) -> dict[str, VisibilityForm]:
        few = (name for name, count in self.own_row_counts.items() if count.is_few())
        return dict.fromkeys(few, VisibilityForm.ID_IN)

    def value(self, name: str) -> object:
        """The value of a parameter of a policy or mask."""
        return self._values[name]

    @cached_property
    def _values(self) -> dict[str, object]:
        values: dict[str, object] = {
            "viewer:user": self.user,
            "viewer:employee": self.employee,
        }
        readable = (a.id for granted in self.rights.values() for a in granted.attributes.values())
        values[READABLE_ATTRIBUTES] = [UUID(id) for id in readable]
        values.update((name, list(array)) for name, array in self.arrays.items())
        for entity, granted in self.rights.items():
            values[OWNERS.format(entity=entity)] = list(self.owners.get(entity, ()))
            for name, statuses in granted.status_rules.items():
                values[f"statuses:{entity}.{name}"] = list(statuses)
        return values

    def rights_key(self, depends_on: Dependencies) -> Projection:
        """The part of the permission shape that a statement with these dependencies depends on."""
        projection = self._projections.get(depends_on)
        if projection is None:
            if len(self._projections) >= MAX_CACHED_PROJECTIONS:
                self._projections.clear()
            answers = tuple(self._answer(each) for each in ordered(depends_on))
            projection = self._projections[depends_on] = Projection(depends_on, answers)
        return projection

    @cached_property
    def _projections(self) -> dict[Dependencies, Projection]:
        return {}

    def _answer(self, dependency: Dependency) -> Hashable:
        """The value of one dependency for this viewer, as used in compiling a statement."""
        match dependency:
            case RowsOf(entity):
                return self._rows_of(entity)
            case FieldOf(entity, name):
                return self.right(entity, name)
            case AttributeOf(entity, key):
                return self.attribute(entity, key)
            case AttributesOf(entity):
                return tuple(self.attributes(entity))
            case SearchOf(entity, fields):
                return tuple(self.right(entity, each) for each in fields)
            case TrashOf(entity):
                return self.may_restore(entity)
            case PermissionsOf(entity):
                return self._permissions_of(entity)
            case ListPermissionsOf(entity):
                return self._type_permissions(entity) if entity in self.rights else None
            case TypePermissionsOf():
                return tuple(self._type_permissions(each) for each in sorted(self.rights))
            case _:
                assert_never(dependency)

    def _rows_of(self, entity: str) -> Hashable:
        granted = self.rights.get(entity)
        if granted is None:
            return self.off.get(entity), None
        policy, restricts = self.policies.of(entity), self._is_restricted(entity)
        return self.off.get(entity), (granted.rows, self.form(entity), policy, restricts)

    def _permissions_of(self, entity: str) -> Hashable:
        granted = self.rights.get(entity)
        return granted and (granted.writes, granted.writable, tuple(self.attributes(entity)))

    def _type_permissions(self, entity: str) -> Hashable:
        granted = self.rights[entity]
        attributes = tuple(self.attributes(entity))
        return entity, granted.rows, granted.writes, granted.fields, granted.writable, attributes
