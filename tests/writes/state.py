"""The rows of a tenant as a model keeps them: plain dictionaries, and what each step did to which."""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from tests.writes.kinds import KINDS, Row, blank
from tests.writes.tenant import Tenant

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
Change = tuple[Any, Any]


@dataclass(frozen=True)
class Touch:
    """One record that was created, changed, deleted or restored."""

    entity: str
    id: UUID
    kind: str
    version: int
    fields: dict[str, Change]
    """What changed, by column, as it was and as it became."""
    root: int


@dataclass
class State:
    """All records, with what they were at each version since the beginning."""

    tables: dict[str, dict[UUID, Row]]
    past: dict[UUID, dict[int, Row]]
    touches: list[Touch] = field(default_factory=list)
    loose: set[UUID] = field(default_factory=set)
    """Records of which no rule says what became of them in this step: taken as they are found."""
    root: int = 0
    now: datetime = LONG_AGO
    """The moment of the step, by which everything in it is dated."""
    arrived: Counter[tuple[int, bool]] = field(default_factory=Counter)
    """By root field, how many have come to a stage in this step, those that were there before and new ones."""

    def copy(self) -> State:
        """A state to try things in. Rows are never changed in place, so they are shared."""
        return State(
            {entity: dict(rows) for entity, rows in self.tables.items()},
            {identity: dict(rows) for identity, rows in self.past.items()},
            list(self.touches),
            set(self.loose),
            self.root,
        )

    def live(self, entity: str) -> list[Row]:
        """Records that are not in the bin."""
        return [row for row in self.tables[entity].values() if row["deleted_at"] is None]

    def parts(self, entity: str, whole: UUID) -> list[Row]:
        """The live parts of a record, of one kind, the oldest first."""
        link = f"{KINDS[entity].whole}_id"
        mine = [row for row in self.live(entity) if row[link] == whole]
        return sorted(mine, key=lambda row: row["order"])

    def add(self, entity: str, values: Row) -> UUID:
        """A new record, under an id that will be replaced by the one it really got."""
        identity = uuid4()
        row = {
            **blank(entity),
            "id": identity,
            "version": 1,
            "along": None,
            # After all that are there, in the order in which they are made.
            "order": (1, len(self.tables[entity]), ""),
            **values,
        }
        self.tables[entity][identity] = row
        self.touches.append(Touch(entity, identity, "CREATED", 1, {}, self.root))
        self.past[identity] = {1: row}
        return identity

    def change(
        self,
        entity: str,
        identity: UUID,
        kind: str = "UPDATED",
        *,
        anew: bool = False,
        **values: Any,
    ) -> bool:
        """Change a record, once more if that is done `anew`; whether that changed anything."""
        before = self.tables[entity][identity]
        changed = {
            name: (before[name], value)
            for name, value in values.items()
            if name != "along" and not same(before[name], value)
        }
        if not changed:
            return False
        # A record that one root field changes in several ways was changed once.
        again = any(touch.id == identity and touch.root == self.root for touch in self.touches)
        after = {**before, **values, "version": before["version"] + (anew or not again)}
        self.tables[entity][identity] = after
        self.past.setdefault(identity, {before["version"]: before})[after["version"]] = after
        self.touches.append(Touch(entity, identity, kind, after["version"], changed, self.root))
        return True


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same kind: a number is no truth value."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


async def load(tenant: Tenant) -> State:
    """The state that the tables hold."""
    tables: dict[str, dict[UUID, Row]] = {}
    for entity, kind in KINDS.items():
        tables[entity] = {i: kept(row) for i, row in (await tenant.rows(kind.table)).items()}
    for name in ("stage", "opportunity_type", "role", "lost_reason"):
        tables["".join(part.capitalize() for part in name.split("_"))] = await tenant.rows(name)
    for entity, kind in KINDS.items():
        if kind.whole is None:
            continue
        parents = tables[kind.links[kind.whole]]
        for identity, row in tables[entity].items():
            whole = parents[row[f"{kind.whole}_id"]]
            if row["deleted_at"] is not None and row["deleted_at"] == whole["deleted_at"]:
                tables[entity][identity] = {**row, "along": whole["id"]}
    past = {i: {row["version"]: row} for entity in KINDS for i, row in tables[entity].items()}
    return State(tables, past)


def kept(row: Row) -> Row:
    """A row of a table as the model keeps it."""
    found = copy.copy(row)
    if "custom" in found:
        found["custom"] = {
            key: value for key, value in found["custom"].items() if value is not None
        }
    return {**found, "along": None, "order": (0, row["created_at"], str(row["id"]))}
