"""One caller's rights, ready for the gate: a permission shape that keys plans, and arrays that are bound (D-55)."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from sqlalchemy import ColumnElement

from auth.engine.policy import OWNERS, READABLE, is_restricted, reach
from db.engine.gate import Form, Right
from db.engine.model import Entity
from domain.access import Attribute, EntityRights, RowScope

NARROW_AT_MOST = 2000
"""Rows in reach up to which a root list asks for them by id (D-52)."""


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
    arrays: Mapping[str, tuple[UUID, ...]]
    """What standing rules open to the viewer's roles, by the parameter's name."""
    reach: Mapping[str, int]
    """Per entity with own rows, how many there were, counted up to a little over NARROW_AT_MOST."""

    def may_see(self, entity: str) -> bool:
        """Whether any row of the entity may be seen."""
        return entity in self.rights

    def rows(self, entity: Entity, form: Form) -> ColumnElement[bool] | None:
        """The condition on the entity's table, or None for all rows."""
        everything = self.rights[entity.name].rows is RowScope.ALL
        return None if everything and not is_restricted(entity.name) else reach(entity, form)

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

    def attribute(self, entity: str, key: str) -> Attribute | None:
        """The custom attribute with this key, if it exists and is readable."""
        granted = self.rights.get(entity)
        return None if granted is None else granted.attributes.get(key)

    def attributes(self, entity: str) -> Iterable[Attribute]:
        """All readable custom attributes, in a fixed order."""
        granted = self.rights.get(entity)
        return () if granted is None else granted.attributes.values()

    def form(self, entity: str) -> Form:
        """Narrow for a viewer with few rows, wide for everybody else."""
        return self._forms.get(entity, Form.WIDE)

    @cached_property
    def _forms(self) -> dict[str, Form]:
        few = (name for name, count in self.reach.items() if count <= NARROW_AT_MOST)
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

    def project(self, touched: Iterable[tuple[str, str]]) -> Hashable:
        """The part of the permission shape that a plan touching these fields depends on."""
        return tuple(self._part(entity, name) for entity, name in sorted(touched))

    def _part(self, entity: str, name: str) -> Hashable:
        if not name:
            granted = self.rights.get(entity)
            return None if granted is None else (granted.rows, self.form(entity))
        if name == "attributes":
            return tuple(self.attributes(entity))
        if name.startswith("attribute:"):
            return self.attribute(entity, name.removeprefix("attribute:"))
        return self.right(entity, name)
