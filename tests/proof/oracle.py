"""Independent visibility model: the expected results of reads, writes, search, history and live lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from tests.proof.contract import HISTORY, is_computed, lists
from tests.proof.contract import grantable as granted_one_by_one
from tests.proof.grants import Grants, RightsSource, rights_from_file, rights_from_rows, roles_of
from tests.proof.lock import ENTITIES, Link
from tests.proof.rights import LINES, Level, Own
from tests.proof.rows import Row, Rows

NOTHING = Own(())
Denial = tuple[str, str, str]
"""A denial in a response: entity, field and reason (`object`, `hidden` or `status`)."""


@dataclass
class Viewer:
    """A user of a tenant, with the records and fields that are visible to them."""

    ground: Rows
    user: Row
    rule: RightsSource = rights_from_rows
    grants: Grants | None = None
    """The user's rights if known; otherwise derived from the roles."""
    _seen: dict[str, dict[UUID, Row]] = field(default_factory=dict)
    _owners: dict[str, set[UUID]] = field(default_factory=dict)
    _below: dict[tuple[str, str], dict[Any, list[Row]]] = field(default_factory=dict)

    # --- rights ---------------------------------------------------------------------------------

    @property
    def employee(self) -> UUID:
        """The user's employee."""
        employee: UUID = self.user["employee_id"]
        return employee

    @cached_property
    def roles(self) -> frozenset[UUID]:
        """IDs of the user's roles."""
        return roles_of(self.ground, [self.user["id"]])

    @cached_property
    def modules(self) -> Grants:
        """The user's rights by entity."""
        return self.rule(self.ground, self.roles) if self.grants is None else self.grants

    @cached_property
    def full(self) -> bool:
        """Whether the user has full rights."""
        return any(granted.full for granted in self.modules.values())

    def level(self, entity: str, name: str) -> Level:
        """Expected outcome of selecting a field."""
        match self.closed(entity, name):
            case (_, "", _):
                return Level.CLOSED
            case (_, _, _):
                return Level.HIDDEN
        link = ENTITIES[entity].links.get(name)
        if link and link.to not in self.modules:
            return Level.CLOSED
        return Level.RULED if name in self.modules[entity].ruled else Level.OPEN

    def closed(self, entity: str, name: str) -> Denial | None:
        """Reason why a field is denied on every record; None if it is not."""
        if (entity, name) in lists():
            owner, back = lists()[entity, name]
            return self.closed(owner.name, back.name)
        if entity not in self.modules:
            return entity, "", "object"
        known = name in granted_one_by_one(entity) or is_computed(entity, name)
        if known and name not in self.modules[entity].fields:
            return entity, name, "hidden"
        return None

    def readable(self, entity: str, name: str, row: Row) -> bool:
        """Whether a field of a visible record is readable."""
        if self.level(entity, name) not in (Level.OPEN, Level.RULED):
            return False
        statuses = self.modules[entity].ruled.get(name)
        return statuses is None or row[ENTITIES[entity].status or ""] in statuses

    def reads_attribute(self, entity: str, key: str) -> bool:
        """Whether a custom attribute is readable."""
        granted = self.modules.get(entity)
        return granted is not None and any(each["key"] == key for each in granted.attributes)

    # --- records --------------------------------------------------------------------------------

    @cached_property
    def rows(self) -> Mapping[str, Mapping[UUID, Row]]:
        """All visible records by entity, without entities that are closed to the user."""
        return {entity: self.visible(entity) for entity in self.modules}

    def visible(self, entity: str) -> Mapping[UUID, Row]:
        """The visible records of an entity."""
        if entity not in self._seen:
            rows = self.ground.live(entity).items()
            self._seen[entity] = {id: row for id, row in rows if self.sees(entity, row)}
        return self._seen[entity]

    def record(self, entity: str, id: UUID | None) -> Row | None:
        """A visible record."""
        return self.visible(entity).get(id) if id and entity in self.modules else None

    def below(self, entity: str, name: str, row: Row) -> list[Row]:
        """The visible records in a list field of a record."""
        owner, back = lists()[entity, name]
        seen = self.visible(owner.name) if owner.name in self.modules else {}
        found = self.ground.pointing(owner.name, back.column, row["id"])
        return [each for each in found if each["id"] in seen]

    def sees(self, entity: str, row: Row, *, deleted: bool = False) -> bool:
        """Whether a record is visible; with `deleted`, also while it is in the trash."""
        if entity not in self.modules or not (deleted or row.get("deleted_at") is None):
            return False
        if entity in self._seen and row.get("deleted_at") is None:
            return row["id"] in self._seen[entity]
        own, granted = LINES.own.get(entity, NOTHING), self.modules[entity]
        if own.always and not (own.exempts_full and granted.full) and not self._is_own(entity, row):
            return False
        if ENTITIES[entity].parents:
            return all(
                self._sees_parent(parent, row, deleted=deleted)
                for parent in ENTITIES[entity].parents
            )
        return granted.everything or self._is_own(entity, row)

    def _sees_parent(self, link: Link, row: Row, *, deleted: bool) -> bool:
        """Whether a parent of a record is visible; also if both were deleted together."""
        if row[link.column] is None:
            return True
        parent = self.ground.tables[link.to].get(row[link.column])
        if parent is None or (parent["deleted_at"] is not None and row["deleted_at"] is None):
            return False
        return self.sees(link.to, parent, deleted=deleted)

    def _is_own(self, entity: str, row: Row) -> bool:
        """Whether a record is the user's own by any documented rule."""
        own = LINES.own.get(entity, NOTHING)
        return any(SOURCES[source[0]](self, entity, row, source[1:]) for source in own.sources)

    def _owned(self, entity: str, row: Row, _: tuple[str, ...]) -> bool:
        return row[ENTITIES[entity].owner or ""] in self.owners(entity)

    def _myself(self, entity: str, row: Row, _: tuple[str, ...]) -> bool:
        links = ENTITIES[entity].links.values()
        column = next((link.column for link in links if link.to == USER), "id")
        return bool(row[column] == self.user["id"])

    def _listed(self, entity: str, row: Row, by: tuple[str, ...]) -> bool:
        """Whether the record is listed for the user by a record of another entity."""
        links = ENTITIES[by[0]].links
        back = next(link.column for link in links.values() if link.to == entity)
        listing = self.ground.pointing(by[0], links[by[1]].column, self.employee)
        return any(each[back] == row["id"] for each in listing)

    def _by_role(self, entity: str, row: Row, by: tuple[str, ...]) -> bool:
        """Whether a rule grants one of the user's roles all records with the record's value."""
        links = ENTITIES[by[0]].links
        role = next(link.column for link in links.values() if link.to == ROLE)
        column = ENTITIES[entity].links[by[1]].column
        rules = self.ground.pointing(by[0], links[by[1]].column, row[column])
        return any(each[role] in self.roles for each in rules)

    def _linked(self, entity: str, row: Row, by: tuple[str, ...]) -> bool:
        """Whether a record of another entity refers to it."""
        column = ENTITIES[by[0]].links[by[1]].column
        return bool(self.ground.pointing(by[0], column, row["id"]))

    def _readable(self, entity: str, row: Row, _: tuple[str, ...]) -> bool:
        if entity == HISTORY:
            return self._reads_change(row)
        granted = self.modules.get(row["entity"])
        return granted is not None and any(each["id"] == row["id"] for each in granted.attributes)

    @cached_property
    def tree(self) -> frozenset[UUID]:
        """The user and all their direct and indirect reports."""
        return tree(self.ground, self.employee)

    def owners(self, entity: str) -> set[UUID]:
        """The user and those reports whose own rights include the entity; positions without a user count."""
        if entity not in self._owners:
            below = self.tree - {self.employee}
            mine = {one for one in below if self._opens(entity, one)}
            self._owners[entity] = mine | {self.employee}
        return self._owners[entity]

    def _opens(self, entity: str, employee: UUID) -> bool:
        users = self.ground.pointing(USER, "employee_id", employee)
        if not users:
            return True
        return entity in self.rule(
            self.ground, roles_of(self.ground, [each["id"] for each in users])
        )

    # --- history --------------------------------------------------------------------------------

    def _reads_change(self, change: Row) -> bool:
        """Whether the changed record is visible and the changed field is currently readable.

        A former reference is readable only if all records of its entity are visible, because the ID reveals that one exists.
        """
        entity, _, name = change["key"].partition(".")
        record = self.visible(entity).get(change["record_id"]) if entity in self.modules else None
        if record is None:
            return False
        granted = self.modules[entity]
        if not name or name in {str(each["id"]) for each in granted.attributes}:
            return True
        if name not in granted.fields:
            return False
        link = ENTITIES[entity].links.get(name)
        if link and not self.sees_all(link.to):
            return False
        return name not in granted.ruled or self.readable(entity, name, record)

    def sees_all(self, entity: str) -> bool:
        """Whether every present and future record of an entity is visible."""
        granted, own = self.modules.get(entity), LINES.own.get(entity, NOTHING)
        if granted is None or not granted.everything:
            return False
        if own.always and not (own.exempts_full and granted.full):
            return False
        return all(self.sees_all(parent.to) for parent in ENTITIES[entity].parents)

    def history(self, record: UUID) -> dict[UUID, Row]:
        """The readable history of a visible record."""
        changes = self.ground.pointing(HISTORY, ENTITIES[HISTORY].record or "", record)
        return {each["id"]: each for each in changes if self.sees(HISTORY, each)}

    # --- writes ---------------------------------------------------------------------------------

    def responsible(self, entity: str, row: Row) -> tuple[str, UUID | None]:
        """The entity and the owner that decide about a record: its own, or those of its first parent."""
        if column := ENTITIES[entity].owner:
            return entity, row[column]
        for parent in ENTITIES[entity].parents:
            if row[parent.column] is not None:
                return self.responsible(
                    parent.to, self.ground.tables[parent.to][row[parent.column]]
                )
        return entity, None

    def within(self, entity: str, row: Row, scope: str | None) -> bool:
        """Whether a visible record is in a scope: `OWN`, `BELOW`, `ALL` or None."""
        if scope in (None, "ALL"):
            return scope == "ALL"
        owned, owner = self.responsible(entity, row)
        return owner in ({self.employee} if scope == "OWN" else self.owners(owned))


SOURCES: Mapping[str, Callable[[Viewer, str, Row, tuple[str, ...]], bool]] = {
    "owner": Viewer._owned,
    "myself": Viewer._myself,
    "listed": Viewer._listed,
    "role": Viewer._by_role,
    "linked": Viewer._linked,
    "readable": Viewer._readable,
}
"""What the words after `own` and `always` in rights.txt mean."""
EMPLOYEE, USER, ROLE = "Employee", "User", "Role"


def tree(ground: Rows, top: UUID) -> frozenset[UUID]:
    """An employee and their direct and indirect reports, including those below positions without a user.

    Excludes deleted employees and everyone below them.
    """
    found, waiting = {top}, [top]
    while waiting:
        for report in ground.pointing(EMPLOYEE, "manager_id", waiting.pop()):
            if report["id"] not in found:
                found.add(report["id"])
                waiting.append(report["id"])
    return frozenset(found)


def viewer(
    ground: Rows, persona: str, tenant: str, rule: RightsSource = rights_from_rows
) -> Viewer:
    """A persona of the demonstration; `rights_from_file` takes the rights from rights.txt instead of the rows."""
    user = ground.tables[USER][ground.emails[f"{persona}@{tenant}.example"]]
    return Viewer(ground, user, rule)


__all__ = ["Viewer", "rights_from_file", "rights_from_rows", "viewer"]
