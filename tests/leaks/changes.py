"""Changes everything in a tenant that one persona may not see, and nothing that he may."""

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
from tests.proof.rows import Row, as_kept
from tests.support.world import World

KEPT = {
    *("entity", "kind", "status", "currency", "deleted_at", "key", "full"),
    *("rows", "edits", "deletes", "field", "head_office", "expires_at", "revoked_at"),
    *("default_invoicing", "enabled", "state"),
}
"""Columns that rights, other tables or checks depend on; some are changed on purpose elsewhere."""
RULED_OUT = frozenset({"E_INVOICE"})
"""Words that need other columns, too."""
WORDS = {
    snake(name): [word for word in enums()[each.type] if word not in RULED_OUT]
    for type_name in TYPES
    for name, each in fields(type_name).items()
    if each.kind == "ENUM"
}
"""What may stand in columns that hold one of a few words."""
ONE_OF = {("Quote", "active"), ("CaseAccount", "primary")}
"""Of what is so for one of several records only, it may be so for none."""
FIXED = frozenset(
    name
    for name, each in ENTITIES.items()
    if each.rights
    or not is_record(name)
    or ("Update" in each.commands and "Create" not in each.commands)
)
"""Kinds of which there are no further rows: rights would change, or somebody's session, or there is one of each."""
GONE = 0.2
"""How many of the opportunities that are out of sight are tried to be deleted for good."""
OWN_WAY = frozenset({"Opportunity"})
"""Kinds of which further rows are made in a way of their own."""


def _kept(row: Mapping[str, Any]) -> list[Any]:
    """The values of a row as they are put into its table."""
    return [as_kept(value) if isinstance(value, dict) else value for value in row.values()]


def knowledge(truth: Truth, persona: str) -> dict[str, Any]:
    """All that the persona may know, as one value: equal before and after, or the test is wrong."""
    known: dict[str, Any] = {}
    for type_name in TYPES:
        if is_closed(persona, type_name):
            continue
        for id, row in truth.visible(persona, type_name).items():
            for name in fields(type_name):
                if name not in (*stored(type_name), *REFERENCES[type_name], "id"):
                    continue
                if readable(persona, type_name, name, row):
                    held = truth.value(type_name, name, row)
                    target = REFERENCES[type_name].get(name)
                    if target is not None and held not in truth.visible(persona, target):
                        held = None  # a link to what is out of sight leads nowhere (D-32)
                    known[f"{type_name}.{name} {id}"] = held
            values = custom(type_name, row)
            for key in attributes(type_name):
                if attribute_level(persona, type_name, key) is Level.OPEN:
                    held = truth.keys[type_name][key]
                    label = truth.rows["Attribute"][UUID(held)]["label"]
                    known[f"{type_name}@{key} {id}"] = (values.get(held), label)
    return known


@dataclass
class Change:
    """What somebody else did, out of the persona's sight."""

    world: World
    truth: Truth
    persona: str
    rng: random.Random
    touched: int = 0
    added: Counter[str] = field(default_factory=Counter)
    """How many rows there are more of each kind that stay out of sight."""

    async def apply(self) -> None:
        """Write it, in one transaction."""
        async with self.world.admin.transaction():
            for type_name in TYPES:
                await self._change_values(type_name)
            await self._share_with_others()
            await self._note()
            await self._move_opportunities()
            await self._move_others()
            for type_name in ("Opportunity", "Account", "Employee"):
                await self._insert(type_name)
            for type_name in TYPES:
                if type_name not in FIXED | OWN_WAY:
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
        self.touched += len(values)

    async def _change_values(self, type_name: str) -> None:
        seen = self.truth.visible(self.persona, type_name)
        for id, row in self.truth.rows[type_name].items():
            in_sight = id in seen and not is_closed(self.persona, type_name)
            values: dict[str, Any] = {}
            for name in stored(type_name):
                column = snake(name)
                if column in KEPT or (in_sight and readable(self.persona, type_name, name, row)):
                    continue
                if column in WORDS:
                    values[column] = self.rng.choice(WORDS[column]) if row[column] else None
                elif column == "quantity":  # there is always some
                    values[column] = row[column] + self.rng.randint(1, 90)
                elif (type_name, column) in ONE_OF:
                    values[column] = row[column] and self.rng.random() < 0.5
                else:
                    values[column] = self._other(row[column])
            if type_name == "Attribute" and self._told_by_values(row):
                values.pop("label", None)
            if type_name == "User" and row["employee_id"] == self.truth.employee(self.persona):
                values.pop("active", None)  # or it would end his session
            if "custom" in row:
                values["custom"] = as_kept(self._custom(type_name, row, in_sight=in_sight))
            await self._set(type_name, id, values)

    def _told_by_values(self, row: Row) -> bool:
        """Who may read an attribute's values is told its label."""
        return (
            not row["deleted_at"]
            and attribute_level(self.persona, row["entity"], row["key"]) is Level.OPEN
        )

    def _other(self, old: Any) -> Any:
        """Another value of the kind, or none where there was one; nothing that a check refuses."""
        rng = self.rng
        match old:
            case bool():
                return not old
            case Decimal():  # now and then none or the same as others: groups count both
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

    def _custom(self, type_name: str, row: Row, *, in_sight: bool) -> dict[str, Any]:
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
            if not in_sight or attribute_level(self.persona, type_name, key) is not Level.OPEN:
                values[self.truth.keys[type_name][key]] = others[key]
        values[str(UUID(int=self.rng.getrandbits(128)))] = "CNRY of a deleted attribute"
        return values

    def _strangers(self) -> list[UUID]:
        """Employees whose records stay out of sight; only the full profile has none."""
        if COLUMN[self.persona] == FULL:
            return []
        mine = self.truth.viewer(self.persona).tree
        return [id for id in self.truth.rows["Employee"] if id not in mine]

    async def _move_opportunities(self) -> None:
        """Other owners, accounts, stages; some deleted, some brought back, some gone for good."""
        seen = self.truth.visible(self.persona, "Opportunity")
        stages = sorted(self.truth.live("Stage"))
        accounts = sorted(self.truth.rows["Account"])
        owners = sorted(self._strangers())
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
                if not self._reached_otherwise(row):
                    gone = row["created_at"] if self.rng.random() < 0.2 else None
                    values["deleted_at"] = gone
            await self._set("Opportunity", id, values)
            if self.rng.random() < GONE:
                await self._remove("Opportunity", id)

    async def _remove(self, type_name: str, id: UUID) -> None:
        """Delete a row for good, if nothing points to it that does not go with it."""
        with suppress(ForeignKeyViolationError, RestrictViolationError):
            async with self.world.admin.transaction():
                place = self._table(type_name)
                await self.world.admin.execute(f"DELETE FROM {place} WHERE id = $1", id)  # noqa: S608

    async def _move_others(self) -> None:
        """Contracts with another account, and cases in another status."""
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

    def _reached_otherwise(self, row: Row) -> bool:
        """Whether bringing it back would show it: shared, or of a type that is shared."""
        return bool(
            self.truth.ground.pointing("OpportunityShare", "opportunity_id", row["id"])
            or self.truth.ground.pointing("ShareRule", "type_id", row["type_id"])
        )

    async def _insert(self, type_name: str) -> None:
        """New rows: deleted ones of anybody, and living ones of strangers where rows have a scope."""
        rows = sorted(self.truth.rows[type_name].values(), key=lambda row: row["id"].int)
        owners = sorted(self._strangers())
        for number, row in enumerate(self.rng.sample(rows, 8)):
            new = dict(row) | {"id": UUID(int=row["id"].int + 1)}
            new["name"] = f"CNRY new {number}"
            if "external_id" in new:
                new["external_id"] = f"CNRY {number}"
            alive = type_name == "Opportunity" and owners and not self._reached_otherwise(row)
            if alive and number % 2:
                new |= {"owner_id": self.rng.choice(owners), "deleted_at": None}
            else:
                new["deleted_at"] = row["created_at"]
            columns = ", ".join(f'"{name}"' for name in new)
            places = ", ".join(f"${at}" for at in range(1, len(new) + 1))
            await self.world.admin.execute(
                f"INSERT INTO {self._table(type_name)} ({columns}) VALUES ({places})",  # noqa: S608
                *_kept(new),
            )
            self.touched += 1

    async def _insert_unseen(self, type_name: str) -> None:
        """More rows like those that he does not see: where they are, these are out of his sight, too."""
        seen = self.truth.visible(self.persona, type_name)
        closed = is_closed(self.persona, type_name)
        kept = self.truth.rows[type_name]
        rows = [row for id, row in sorted(kept.items()) if closed or id not in seen]
        for number, row in enumerate(self.rng.sample(rows, min(len(rows), 12))):
            new = dict(row) | {"id": UUID(int=row["id"].int + 2)}
            new |= {
                name: f"CNRY {number}"
                for name in ("name", "number")
                if isinstance(new.get(name), str)
            }
            new |= {name: None for name in ("external_id", "code") if name in new}
            new |= {column: False for kind, column in ONE_OF if kind == type_name}
            if await self._add(type_name, new):
                self.touched += 1
                self.added[type_name] += 1

    async def _add(self, type_name: str, new: Mapping[str, Any]) -> bool:
        """Insert a row, if there is none that it cannot stand beside, and what it belongs to is still there."""
        columns = ", ".join(f'"{name}"' for name in new)
        places = ", ".join(f"${at}" for at in range(1, len(new) + 1))
        try:
            async with self.world.admin.transaction():
                await self.world.admin.execute(
                    f"INSERT INTO {self._table(type_name)} ({columns}) VALUES ({places})",  # noqa: S608
                    *_kept(new),
                )
        except (UniqueViolationError, ForeignKeyViolationError):
            return False
        return True

    async def _share_with_others(self) -> None:
        """Shares with somebody whom they do not concern: of what he sees, if he may not see shares; else of others."""
        others, seen = sorted(self._strangers()), self.truth.visible(self.persona, "Opportunity")
        if not is_closed(self.persona, "OpportunityShare"):
            seen = {id: row for id, row in self.truth.live("Opportunity").items() if id not in seen}
        for id in sorted(seen)[:5] if others else ():
            await self.world.admin.execute(
                f"INSERT INTO {self._table('OpportunityShare')} (id, opportunity_id, employee_id) "  # noqa: S608
                "VALUES (gen_random_uuid(), $1, $2) ON CONFLICT DO NOTHING",
                id, self.rng.choice(others),
            )  # fmt: skip

    def _untold(self) -> list[Row]:
        """What of the history he is not told."""
        told = self.truth.visible(self.persona, HISTORY)
        return [row for id, row in sorted(self.truth.rows[HISTORY].items()) if id not in told]

    async def _note(self) -> None:
        """More history of what he is not told of, and less; of his records, too."""
        place = self._table(HISTORY)
        for number, row in enumerate(self.rng.sample(self._untold(), 60)):
            new = dict(row) | {"id": UUID(int=row["id"].int + 1), "after": f"CNRY new {number}"}
            columns = ", ".join(new)
            places = ", ".join(f"${at}" for at in range(1, len(new) + 1))
            await self.world.admin.execute(
                f"INSERT INTO {place} ({columns}) VALUES ({places})",  # noqa: S608
                *_kept(new),
            )
            if number % 3 == 0:
                await self.world.admin.execute(f"DELETE FROM {place} WHERE id = $1", row["id"])  # noqa: S608
            self.touched += 1
