"""Changes the data of a tenant that one persona may not see, and leaves what they see unchanged."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from asyncpg.exceptions import (
    ForeignKeyViolationError,
    RestrictViolationError,
    UniqueViolationError,
)

from tests.leaks.truth import Truth, custom
from tests.proof.contract import HISTORY, REFERENCES, TYPES, enums, fields, is_record, snake, stored
from tests.proof.lock import ENTITIES
from tests.proof.rights import COLUMN, FULL, Level, attribute_level, attributes, is_closed, readable
from tests.proof.rows import Row, stored_json
from tests.support.world import World

FIXED_COLUMNS = {
    *("entity", "kind", "status", "currency", "deleted_at", "key", "full"),
    *("rows", "edits", "deletes", "field", "head_office", "expires_at", "revoked_at"),
    *("default_invoicing", "enabled", "state"),
}
"""Columns that rights, other tables or check constraints depend on; separate methods change some of them."""
EXCLUDED_WORDS = frozenset({"E_INVOICE"})
"""Enum values that require other columns to be set."""
ENUM_WORDS = {
    snake(name): [word for word in enums()[each.type] if word not in EXCLUDED_WORDS]
    for type_name in TYPES
    for name, each in fields(type_name).items()
    if each.kind == "ENUM"
}
"""Values by enum column."""
UNIQUE_FLAGS = {("Quote", "active"), ("CaseAccount", "primary")}
"""Flags that at most one of several records has; they are only ever cleared."""
WITHOUT_INSERTS = frozenset(
    name
    for name, each in ENTITIES.items()
    if each.rights
    or not is_record(name)
    or ("Update" in each.commands and "Create" not in each.commands)
)
"""Entities without inserted rows, as these would change rights or sessions or break a fixed set of rows."""
DELETE_SHARE = 0.2
"""Share of hidden opportunities for which a permanent delete is attempted."""
INSERTED_SEPARATELY = frozenset({"Opportunity"})
"""Entities whose rows `_insert` adds instead of `_insert_unseen`."""


def _column_values(row: Mapping[str, Any]) -> list[Any]:
    """The values of a row as stored in its columns."""
    return [stored_json(value) if isinstance(value, dict) else value for value in row.values()]


def visible_data(truth: Truth, persona: str) -> dict[str, Any]:
    """All fields readable by the persona, by field and ID; equal before and after a correct change."""
    known: dict[str, Any] = {}
    for type_name in TYPES:
        if is_closed(persona, type_name):
            continue
        for id, row in truth.visible(persona, type_name).items():
            for name in fields(type_name):
                if name not in (*stored(type_name), *REFERENCES[type_name], "id"):
                    continue
                if readable(persona, type_name, name, row):
                    value = truth.value(type_name, name, row)
                    target = REFERENCES[type_name].get(name)
                    if target is not None and value not in truth.visible(persona, target):
                        value = None  # a link to a hidden record reads as null (D-32)
                    known[f"{type_name}.{name} {id}"] = value
            values = custom(type_name, row)
            for key in attributes(type_name):
                if attribute_level(persona, type_name, key) is Level.OPEN:
                    value = truth.keys[type_name][key]
                    label = truth.rows["Attribute"][UUID(value)]["label"]
                    known[f"{type_name}@{key} {id}"] = (values.get(value), label)
    return known


@dataclass
class HiddenChange:
    """A random change to data that the persona may not see, written by the operator."""

    world: World
    truth: Truth
    persona: str
    rng: random.Random
    changed_values: int = 0
    added: Counter[str] = field(default_factory=Counter)
    """Number of inserted hidden rows by entity."""

    async def apply(self) -> None:
        """Write the change in one transaction, then update the statistics."""
        async with self.world.admin.transaction():
            for type_name in TYPES:
                await self._change_values(type_name)
            await self._share_with_others()
            await self._change_history()
            await self._move_opportunities()
            await self._move_others()
            for type_name in ("Opportunity", "Account", "Employee"):
                await self._insert(type_name)
            for type_name in TYPES:
                if type_name not in WITHOUT_INSERTS | INSERTED_SEPARATELY:
                    await self._insert_unseen(type_name)
        for type_name in TYPES:
            await self.world.admin.execute(f"ANALYZE {self._table(type_name)}")

    def _table(self, type_name: str) -> str:
        return f'{self.world.schema(self.truth.tenant)}."{ENTITIES[type_name].table}"'

    async def _set(self, type_name: str, id: UUID, values: Mapping[str, Any]) -> None:
        if not values:
            return
        columns = ", ".join(f'"{name}" = ${at}' for at, name in enumerate(values, 2))
        await self.world.admin.execute(
            f"UPDATE {self._table(type_name)} SET {columns} WHERE id = $1",  # noqa: S608
            id, *values.values(),
        )  # fmt: skip
        self.changed_values += len(values)

    async def _change_values(self, type_name: str) -> None:
        seen = self.truth.visible(self.persona, type_name)
        for id, row in self.truth.rows[type_name].items():
            visible = id in seen and not is_closed(self.persona, type_name)
            values: dict[str, Any] = {}
            for name in stored(type_name):
                column = snake(name)
                if column in FIXED_COLUMNS or (
                    visible and readable(self.persona, type_name, name, row)
                ):
                    continue
                if column in ENUM_WORDS:
                    values[column] = self.rng.choice(ENUM_WORDS[column]) if row[column] else None
                elif column == "quantity":  # must stay positive
                    values[column] = row[column] + self.rng.randint(1, 90)
                elif (type_name, column) in UNIQUE_FLAGS:
                    values[column] = row[column] and self.rng.random() < 0.5
                else:
                    values[column] = self._other(row[column])
            if type_name == "Attribute" and self._label_is_readable(row):
                values.pop("label", None)
            if type_name == "User" and row["employee_id"] == self.truth.employee(self.persona):
                values.pop("active", None)  # deactivation would end the persona's session
            if "custom" in row:
                values["custom"] = stored_json(self._custom(type_name, row, visible=visible))
            await self._set(type_name, id, values)

    def _label_is_readable(self, row: Row) -> bool:
        """Whether the persona reads the attribute's values and therefore its label."""
        return (
            not row["deleted_at"]
            and attribute_level(self.persona, row["entity"], row["key"]) is Level.OPEN
        )

    def _other(self, old: Any) -> Any:
        """Another value of the same type that no check constraint refuses; null stays null."""
        rng = self.rng
        match old:
            case bool():
                return not old
            case Decimal():  # sometimes null or a shared value, which groups count
                return rng.choice(
                    (old + rng.randint(1, 500), old + rng.randint(1, 500), Decimal(7), None)
                )
            case int():
                return (old + rng.randint(1, 90)) % 101
            case datetime():
                return old - timedelta(days=rng.randint(1, 300), microseconds=rng.randint(1, 9999))
            case date():
                return old + timedelta(days=rng.randint(-90, 90) or 1)
            case str():
                return f"{rng.choice(('Aaa', 'Mmm', 'Zzz'))} CNRY {rng.randrange(10**6)}"
            case _:
                return None

    def _custom(self, type_name: str, row: Row, *, visible: bool) -> dict[str, Any]:
        values: dict[str, Any] = dict(row["custom"])
        others: dict[str, Any] = {
            "tier": self.rng.choice(("Gold", "CNRY")),
            "seats": self.rng.randint(1, 99),
            "kickoff": "2026-01-01",
            "strategic": self.rng.random() < 0.5,
            "segment": "CNRY",
            "letters": self.rng.random() < 0.5,
            "channel": "CNRY",
        }
        for key in attributes(type_name):
            if not visible or attribute_level(self.persona, type_name, key) is not Level.OPEN:
                values[self.truth.keys[type_name][key]] = others[key]
        values[str(UUID(int=self.rng.getrandbits(128)))] = "CNRY of a deleted attribute"
        return values

    def _other_owners(self) -> list[UUID]:
        """Employees outside the persona's tree; empty for the full profile."""
        if COLUMN[self.persona] == FULL:
            return []
        mine = self.truth.viewer(self.persona).tree
        return [id for id in self.truth.rows["Employee"] if id not in mine]

    async def _move_opportunities(self) -> None:
        """Give hidden opportunities other owners, accounts and stages; delete, restore or purge some."""
        seen = self.truth.visible(self.persona, "Opportunity")
        stages = sorted(self.truth.live("Stage"))
        accounts = sorted(self.truth.rows["Account"])
        owners = sorted(self._other_owners())
        for id, row in sorted(self.truth.rows["Opportunity"].items()):
            if id in seen:
                continue
            stage = self.rng.choice(stages)
            values: dict[str, Any] = {
                "account_id": self.rng.choice(accounts),
                "stage_id": stage,
                "status": self.truth.rows["Stage"][stage]["kind"],
            }
            if owners and row["owner_id"] in owners:
                values["owner_id"] = self.rng.choice(owners)
                if not self._shared_otherwise(row):
                    deleted_at = row["created_at"] if self.rng.random() < 0.2 else None
                    values["deleted_at"] = deleted_at
            await self._set("Opportunity", id, values)
            if self.rng.random() < DELETE_SHARE:
                await self._remove("Opportunity", id)

    async def _remove(self, type_name: str, id: UUID) -> None:
        """Delete a row permanently unless a reference restricts it."""
        with suppress(ForeignKeyViolationError, RestrictViolationError):
            async with self.world.admin.transaction():
                table = self._table(type_name)
                await self.world.admin.execute(f"DELETE FROM {table} WHERE id = $1", id)  # noqa: S608

    async def _move_others(self) -> None:
        """Give hidden contracts another account and hidden cases another status."""
        accounts, rows = sorted(self.truth.rows["Account"]), self.truth.rows
        for type_name in ("Contract", "Case"):
            seen = self.truth.visible(self.persona, type_name)
            for id in sorted(rows[type_name].keys() - seen.keys()):
                status = self.rng.choice(sorted(rows["CaseStatus"]))
                other = (
                    {"account_id": self.rng.choice(accounts)}
                    if type_name == "Contract"
                    else {"status_id": status, "state": rows["CaseStatus"][status]["state"]}
                )
                await self._set(type_name, id, other)

    def _shared_otherwise(self, row: Row) -> bool:
        """Whether a restored opportunity would be visible: it is shared, or its type is."""
        return bool(
            self.truth.loaded.pointing("OpportunityShare", "opportunity_id", row["id"])
            or self.truth.loaded.pointing("ShareRule", "type_id", row["type_id"])
        )

    async def _insert(self, type_name: str) -> None:
        """Insert rows: deleted ones of any owner, and live opportunities of other owners."""
        rows = sorted(self.truth.rows[type_name].values(), key=lambda row: row["id"].int)
        owners = sorted(self._other_owners())
        for number, row in enumerate(self.rng.sample(rows, 8)):
            new = dict(row) | {"id": UUID(int=row["id"].int + 1)}
            new["name"] = f"CNRY new {number}"
            if "external_id" in new:
                new["external_id"] = f"CNRY {number}"
            alive = type_name == "Opportunity" and owners and not self._shared_otherwise(row)
            if alive and number % 2:
                new |= {"owner_id": self.rng.choice(owners), "deleted_at": None}
            else:
                new["deleted_at"] = row["created_at"]
            columns = ", ".join(f'"{name}"' for name in new)
            places = ", ".join(f"${at}" for at in range(1, len(new) + 1))
            await self.world.admin.execute(
                f"INSERT INTO {self._table(type_name)} ({columns}) VALUES ({places})",  # noqa: S608
                *_column_values(new),
            )
            self.changed_values += 1

    async def _insert_unseen(self, type_name: str) -> None:
        """Insert copies of rows that the persona does not see, which are equally hidden."""
        seen = self.truth.visible(self.persona, type_name)
        closed = is_closed(self.persona, type_name)
        all_rows = self.truth.rows[type_name]
        rows = [row for id, row in sorted(all_rows.items()) if closed or id not in seen]
        for number, row in enumerate(self.rng.sample(rows, min(len(rows), 12))):
            new = dict(row) | {"id": UUID(int=row["id"].int + 2)}
            new |= {
                name: f"CNRY {number}"
                for name in ("name", "number")
                if isinstance(new.get(name), str)
            }
            new |= {name: None for name in ("external_id", "code") if name in new}
            new |= {column: False for kind, column in UNIQUE_FLAGS if kind == type_name}
            if await self._add(type_name, new):
                self.changed_values += 1
                self.added[type_name] += 1

    async def _add(self, type_name: str, new: Mapping[str, Any]) -> bool:
        """Insert a row; return false if a unique constraint or a foreign key refuses it."""
        columns = ", ".join(f'"{name}"' for name in new)
        places = ", ".join(f"${at}" for at in range(1, len(new) + 1))
        try:
            async with self.world.admin.transaction():
                await self.world.admin.execute(
                    f"INSERT INTO {self._table(type_name)} ({columns}) VALUES ({places})",  # noqa: S608
                    *_column_values(new),
                )
        except (UniqueViolationError, ForeignKeyViolationError):
            return False
        return True

    async def _share_with_others(self) -> None:
        """Insert hidden shares: of visible opportunities if the persona may not read shares, else of hidden ones."""
        others, seen = sorted(self._other_owners()), self.truth.visible(self.persona, "Opportunity")
        if not is_closed(self.persona, "OpportunityShare"):
            seen = {id: row for id, row in self.truth.live("Opportunity").items() if id not in seen}
        for id in sorted(seen)[:5] if others else ():
            await self.world.admin.execute(
                f"INSERT INTO {self._table('OpportunityShare')} (id, opportunity_id, employee_id) "  # noqa: S608
                "VALUES (gen_random_uuid(), $1, $2) ON CONFLICT DO NOTHING",
                id, self.rng.choice(others),
            )  # fmt: skip

    def _unreadable_history(self) -> list[Row]:
        """History entries that the persona may not read."""
        readable_entries = self.truth.visible(self.persona, HISTORY)
        return [
            row
            for id, row in sorted(self.truth.rows[HISTORY].items())
            if id not in readable_entries
        ]

    async def _change_history(self) -> None:
        """Insert and delete history entries that the persona may not read, also of visible records."""
        table = self._table(HISTORY)
        for number, row in enumerate(self.rng.sample(self._unreadable_history(), 60)):
            new = dict(row) | {"id": UUID(int=row["id"].int + 1), "after": f"CNRY new {number}"}
            columns = ", ".join(new)
            places = ", ".join(f"${at}" for at in range(1, len(new) + 1))
            await self.world.admin.execute(
                f"INSERT INTO {table} ({columns}) VALUES ({places})",  # noqa: S608
                *_column_values(new),
            )
            if number % 3 == 0:
                await self.world.admin.execute(f"DELETE FROM {table} WHERE id = $1", row["id"])  # noqa: S608
            self.changed_values += 1
