"""Independent visibility model: the expected results of reads, writes, search, history and live lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from tests.proof.contract import HISTORY, is_computed, lists
from tests.proof.contract import grantable as individually_granted
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

    all_rows: Rows
    user: Row
    rights_source: RightsSource = rights_from_rows
    grants: Grants | None = None
    """The user's rights if known; otherwise derived from the roles."""
    _visible: dict[str, dict[UUID, Row]] = field(default_factory=dict)
    _owners: dict[str, set[UUID]] = field(default_factory=dict)

    # --- rights ---------------------------------------------------------------------------------

    @property
    def employee(self) -> UUID:
        """The user's employee."""
        employee: UUID = self.user["employee_id"]
        return employee

    @cached_property
    def roles(self) -> frozenset[UUID]:
        """IDs of the user's roles."""
        return roles_of(self.all_rows, [self.user["id"]])

    @cached_property
    def grants_by_entity(self) -> Grants:
        """The user's rights by entity."""
        return self.rights_source(self.all_rows, self.roles) if self.grants is None else self.grants

    @cached_property
    def full(self) -> bool:
        """Whether the user has full rights."""
        return any(granted.full for granted in self.grants_by_entity.values())

    def level(self, entity: str, name: str) -> Level:
        """Expected outcome of selecting a field."""
        match self.closed(entity, name):
            case (_, "", _):
                return Level.CLOSED
            case (_, _, _):
                return Level.HIDDEN
        link = ENTITIES[entity].links.get(name)
        if link and link.to not in self.grants_by_entity:
            return Level.CLOSED
        return Level.RULED if name in self.grants_by_entity[entity].ruled else Level.OPEN

    def closed(self, entity: str, name: str) -> Denial | None:
        """Reason why a field is denied on every record; None if it is not."""
        if (entity, name) in lists():
            owner, back = lists()[entity, name]
            return self.closed(owner.name, back.name)
        if entity not in self.grants_by_entity:
            return entity, "", "object"
        known = name in individually_granted(entity) or is_computed(entity, name)
        if known and name not in self.grants_by_entity[entity].fields:
            return entity, name, "hidden"
        return None

    def readable(self, entity: str, name: str, row: Row) -> bool:
        """Whether a field of a visible record is readable."""
        if self.level(entity, name) not in (Level.OPEN, Level.RULED):
            return False
        statuses = self.grants_by_entity[entity].ruled.get(name)
        return statuses is None or row[ENTITIES[entity].status or ""] in statuses

    def reads_attribute(self, entity: str, key: str) -> bool:
        """Whether a custom attribute is readable."""
        granted = self.grants_by_entity.get(entity)
        return granted is not None and any(each["key"] == key for each in granted.attributes)

    # --- records --------------------------------------------------------------------------------

    @cached_property
    def rows(self) -> Mapping[str, Mapping[UUID, Row]]:
        """All visible records by entity, without entities that are closed to the user."""
        return {entity: self.visible(entity) for entity in self.grants_by_entity}

    def visible(self, entity: str) -> Mapping[UUID, Row]:
        """The visible records of an entity."""
        if entity not in self._visible:
            rows = self.all_rows.live(entity).items()
            self._visible[entity] = {id: row for id, row in rows if self.sees(entity, row)}
        return self._visible[entity]

    def record(self, entity: str, id: UUID | None) -> Row | None:
        """A visible record."""
        return self.visible(entity).get(id) if id and entity in self.grants_by_entity else None

    def below(self, entity: str, name: str, row: Row) -> list[Row]:
        """The visible records in a list field of a record."""
        owner, back = lists()[entity, name]
        seen = self.visible(owner.name) if owner.name in self.grants_by_entity else {}
        found = self.all_rows.pointing(owner.name, back.column, row["id"])
        return [each for each in found if each["id"] in seen]

    def sees(self, entity: str, row: Row, *, deleted: bool = False) -> bool:
        """Whether a record is visible; with `deleted`, also while it is in the trash."""
        if entity not in self.grants_by_entity or not (deleted or row.get("deleted_at") is None):
            return False
        if entity in self._visible and row.get("deleted_at") is None:
            return row["id"] in self._visible[entity]
        own, granted = LINES.own.get(entity, NOTHING), self.grants_by_entity[entity]
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
        parent = self.all_rows.tables[link.to].get(row[link.column])
        if parent is None or (parent["deleted_at"] is not None and row["deleted_at"] is None):
            return False
        return self.sees(link.to, parent, deleted=deleted)

    def _is_own(self, entity: str, row: Row) -> bool:
        """Whether a record is the user's own by any documented rule."""
        own = LINES.own.get(entity, NOTHING)
        return any(SOURCES[source[0]](self, entity, row, source[1:]) for source in own.sources)

    def _is_owned(self, entity: str, row: Row, _: tuple[str, ...]) -> bool:
        return row[ENTITIES[entity].owner or ""] in self.owners(entity)

    def _is_self(self, entity: str, row: Row, _: tuple[str, ...]) -> bool:
        links = ENTITIES[entity].links.values()
        column = next((link.column for link in links if link.to == USER), "id")
        return bool(row[column] == self.user["id"])

    def _is_listed(self, entity: str, row: Row, by: tuple[str, ...]) -> bool:
        """Whether the record is listed for the user by a record of another entity."""
        links = ENTITIES[by[0]].links
        back = next(link.column for link in links.values() if link.to == entity)
        listing = self.all_rows.pointing(by[0], links[by[1]].column, self.employee)
        return any(each[back] == row["id"] for each in listing)

    def _has_role_rule(self, entity: str, row: Row, by: tuple[str, ...]) -> bool:
        """Whether a rule grants one of the user's roles all records with the record's value."""
        links = ENTITIES[by[0]].links
        role = next(link.column for link in links.values() if link.to == ROLE)
        column = ENTITIES[entity].links[by[1]].column
        rules = self.all_rows.pointing(by[0], links[by[1]].column, row[column])
        return any(each[role] in self.roles for each in rules)

    def _is_referenced(self, entity: str, row: Row, by: tuple[str, ...]) -> bool:
        """Whether a record of another entity refers to it."""
        column = ENTITIES[by[0]].links[by[1]].column
        return bool(self.all_rows.pointing(by[0], column, row["id"]))

    def _is_readable(self, entity: str, row: Row, _: tuple[str, ...]) -> bool:
        if entity == HISTORY:
            return self._reads_history_entry(row)
        granted = self.grants_by_entity.get(row["entity"])
        return granted is not None and any(each["id"] == row["id"] for each in granted.attributes)

    @cached_property
    def tree(self) -> frozenset[UUID]:
        """The user and all their direct and indirect reports."""
        return tree(self.all_rows, self.employee)

    def owners(self, entity: str) -> set[UUID]:
        """The user and those reports whose own rights include the entity; positions without a user count."""
        if entity not in self._owners:
            below = self.tree - {self.employee}
            reports_with_access = {one for one in below if self._has_access(entity, one)}
            self._owners[entity] = reports_with_access | {self.employee}
        return self._owners[entity]

    def _has_access(self, entity: str, employee: UUID) -> bool:
        users = self.all_rows.pointing(USER, "employee_id", employee)
        if not users:
            return True
        return entity in self.rights_source(
            self.all_rows, roles_of(self.all_rows, [each["id"] for each in users])
        )

    # --- history --------------------------------------------------------------------------------

    def _reads_history_entry(self, change: Row) -> bool:
        """Whether the changed record is visible and the changed field is currently readable.

        A former reference is readable only if all records of its entity are visible, because the ID reveals that one exists.
        """
        entity, _, name = change["key"].partition(".")
        record = (
            self.visible(entity).get(change["record_id"])
            if entity in self.grants_by_entity
            else None
        )
        if record is None:
            return False
        granted = self.grants_by_entity[entity]
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
        granted, own = self.grants_by_entity.get(entity), LINES.own.get(entity, NOTHING)
        if granted is None or not granted.everything:
            return False
        if own.always and not (own.exempts_full and granted.full):
            return False
        return all(self.sees_all(parent.to) for parent in ENTITIES[entity].parents)

    def history(self, record: UUID) -> dict[UUID, Row]:
        """The readable history of a visible record."""
        changes = self.all_rows.pointing(HISTORY, ENTITIES[HISTORY].record or "", record)
        return {each["id"]: each for each in changes if self.sees(HISTORY, each)}

    # --- writes ---------------------------------------------------------------------------------

    def responsible(self, entity: str, row: Row) -> tuple[str, UUID | None]:
        """The entity and the owner that decide about a record: its own, or those of its first parent."""
        if column := ENTITIES[entity].owner:
            return entity, row[column]
        for parent in ENTITIES[entity].parents:
            if row[parent.column] is not None:
                return self.responsible(
                    parent.to, self.all_rows.tables[parent.to][row[parent.column]]
                )
        return entity, None

    def within(self, entity: str, row: Row, scope: str | None) -> bool:
        """Whether a visible record is in a scope: `OWN`, `BELOW`, `ALL` or None."""
        if scope in (None, "ALL"):
            return scope == "ALL"
        owned, owner = self.responsible(entity, row)
        return owner in ({self.employee} if scope == "OWN" else self.owners(owned))


SOURCES: Mapping[str, Callable[[Viewer, str, Row, tuple[str, ...]], bool]] = {
    "owner": Viewer._is_owned,
    "myself": Viewer._is_self,
    "listed": Viewer._is_listed,
    "role": Viewer._has_role_rule,
    "linked": Viewer._is_referenced,
    "readable": Viewer._is_readable,
}
"""What the words after `own` and `always` in rights.txt mean."""
EMPLOYEE, USER, ROLE = "Employee", "User", "Role"


def tree(all_rows: Rows, top: UUID) -> frozenset[UUID]:
    """An employee and their direct and indirect reports, including those below positions without a user.

    Excludes deleted employees and everyone below them.
    """
    found, unvisited = {top}, [top]
    while unvisited:
        for report in all_rows.pointing(EMPLOYEE, "manager_id", unvisited.pop()):
            if report["id"] not in found:
                found.add(report["id"])
                unvisited.append(report["id"])
    return frozenset(found)


def viewer(
    all_rows: Rows, persona: str, tenant: str, rights_source: RightsSource = rights_from_rows
) -> Viewer:
    """A persona of the demonstration; `rights_from_file` takes the rights from rights.txt instead of the rows."""
    user = all_rows.tables[USER][all_rows.emails[f"{persona}@{tenant}.example"]]
    return Viewer(all_rows, user, rights_source)


__all__ = ["Viewer", "rights_from_file", "rights_from_rows", "viewer"]
