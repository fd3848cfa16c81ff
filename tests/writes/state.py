"""The model's state: the rows of a tenant as dictionaries, and the changes of the current step."""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from tests.writes.entity_types import ENTITY_TYPES, Row, blank_row
from tests.writes.tenant import Tenant

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
Change = tuple[Any, Any]


@dataclass(frozen=True)
class RecordChange:
    """One record that was created, changed, deleted or restored."""

    entity: str
    id: UUID
    kind: str
    version: int
    fields: dict[str, Change]
    """Old and new value by column."""
    root: int


@dataclass
class State:
    """All records, with their rows at each earlier version."""

    tables: dict[str, dict[UUID, Row]]
    versions: dict[UUID, dict[int, Row]]
    changes: list[RecordChange] = field(default_factory=list)
    unspecified: set[UUID] = field(default_factory=set)
    """Records whose row after this step is unspecified; the stored row is adopted."""
    root: int = 0
    now: datetime = LONG_AGO
    """Timestamp of the step's changes."""
    stage_entries: Counter[tuple[int, bool]] = field(default_factory=Counter)
    """Number of opportunities that entered a stage in this step, by root field and by whether they are new."""

    def copy(self) -> State:
        """A copy for one mutation. Rows are never changed in place, so both states share them."""
        return State(
            {entity: dict(rows) for entity, rows in self.tables.items()},
            {identity: dict(rows) for identity, rows in self.versions.items()},
            list(self.changes),
            set(self.unspecified),
            self.root,
        )

    def live(self, entity: str) -> list[Row]:
        """Records that are not in the trash."""
        return [row for row in self.tables[entity].values() if row["deleted_at"] is None]

    def children(self, entity: str, parent: UUID) -> list[Row]:
        """The live children of a parent, of one entity, oldest first."""
        link = f"{ENTITY_TYPES[entity].parent}_id"
        mine = [row for row in self.live(entity) if row[link] == parent]
        return sorted(mine, key=lambda row: row["order"])

    def add(self, entity: str, values: Row) -> UUID:
        """Add a record under a provisional id, which the real id replaces later."""
        identity = uuid4()
        row = {
            **blank_row(entity),
            "id": identity,
            "version": 1,
            "trashed_with": None,
            # New records sort after existing ones, in order of creation.
            "order": (1, len(self.tables[entity]), ""),
            **values,
        }
        self.tables[entity][identity] = row
        self.changes.append(RecordChange(entity, identity, "CREATED", 1, {}, self.root))
        self.versions[identity] = {1: row}
        return identity

    def change(
        self,
        entity: str,
        identity: UUID,
        kind: str = "UPDATED",
        *,
        new_version: bool = False,
        **values: Any,
    ) -> bool:
        """Change a record; return whether anything changed. `new_version` forces a second version in one root field."""
        before = self.tables[entity][identity]
        changed = {
            name: (before[name], value)
            for name, value in values.items()
            if name != "trashed_with" and not same(before[name], value)
        }
        if not changed:
            return False
        # Several changes of a record by one root field count as one version.
        again = any(change.id == identity and change.root == self.root for change in self.changes)
        after = {**before, **values, "version": before["version"] + (new_version or not again)}
        self.tables[entity][identity] = after
        self.versions.setdefault(identity, {before["version"]: before})[after["version"]] = after
        self.changes.append(
            RecordChange(entity, identity, kind, after["version"], changed, self.root)
        )
        return True


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal; a boolean never equals a number."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


async def load(tenant: Tenant) -> State:
    """Load the state from the tables."""
    tables: dict[str, dict[UUID, Row]] = {}
    for entity, kind in ENTITY_TYPES.items():
        tables[entity] = {i: model_row(row) for i, row in (await tenant.rows(kind.table)).items()}
    for name in ("stage", "opportunity_type", "role", "lost_reason"):
        tables["".join(word.capitalize() for word in name.split("_"))] = await tenant.rows(name)
    for entity, kind in ENTITY_TYPES.items():
        if kind.parent is None:
            continue
        parents = tables[kind.links[kind.parent]]
        for identity, row in tables[entity].items():
            parent = parents[row[f"{kind.parent}_id"]]
            if row["deleted_at"] is not None and row["deleted_at"] == parent["deleted_at"]:
                tables[entity][identity] = {**row, "trashed_with": parent["id"]}
    versions = {
        i: {row["version"]: row} for entity in ENTITY_TYPES for i, row in tables[entity].items()
    }
    return State(tables, versions)


def model_row(row: Row) -> Row:
    """A table row in the model's form: without null custom values, with the model's own columns."""
    values = copy.copy(row)
    if "custom" in values:
        values["custom"] = {
            key: value for key, value in values["custom"].items() if value is not None
        }
    return {**values, "trashed_with": None, "order": (0, row["created_at"], str(row["id"]))}
