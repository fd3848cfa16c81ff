"""One request's writes: what it holds, what it changed, and what is noted of that when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import orjson

from db.engine.gate import Form, Guard
from db.engine.model import Entity, Model
from db.engine.write import locking, statements
from db.engine.write.connection import TenantConnection
from db.engine.write.idempotency import Key
from db.engine.write.locking import Lock
from db.engine.write.row_json import Row, changed, image, named, plain, spelled, told
from domain.setup import ChangeKind
from domain.violations import Violation

MOMENT = timedelta(microseconds=1)
NOTE = "SELECT note($1, $2)"


class InvariantViolation(Exception):
    """A row was about to be kept that its own rule refuses: a bug of the deed, never a user's error."""


@dataclass(frozen=True)
class Written:
    """A record as it was before and as it is now."""

    entity: Entity
    kind: ChangeKind
    before: Row | None
    after: Row
    before_image: bytes | None
    after_image: bytes
    columns: tuple[str, ...]


@dataclass
class UnitOfWork:
    """The writes of one transaction, for one caller. Nothing else changes a record."""

    connection: TenantConnection
    guard: Guard
    model: Model
    user: UUID | None
    """Whom the history names; None for the operator, who is nobody of the tenant."""
    access: int
    """The version of rights the transaction was begun under."""
    session: UUID
    """The caller's session, which must not have ended when the transaction does."""
    now: datetime
    new_id: Callable[[], UUID]
    words: Mapping[str, str] = field(default_factory=dict)
    """What the custom attributes are called, by their ids."""
    written: list[Written] = field(default_factory=list)

    async def hold(
        self, entity: Entity, ids: Iterable[UUID], lock: Lock, *, bin: bool = False
    ) -> dict[UUID, Row]:
        """Those of the records that the caller sees, locked, as they are kept."""
        return await locking.hold(self.connection, self.guard, entity, ids, lock, bin=bin)

    async def found(self, entity: Entity, column: str, values: Iterable[str]) -> dict[str, UUID]:
        """The records that the caller sees with one of these texts in a column, by it."""
        return await locking.found(self.connection, self.guard, entity, column, values)

    async def linked(self, wanted: Mapping[Entity, Iterable[UUID]]) -> dict[Entity, set[UUID]]:
        """Which of the records the caller sees; locked, so that they can be linked to."""
        return await locking.linked(self.connection, self.guard, wanted)

    async def seen(self, entity: Entity, ids: Iterable[UUID]) -> set[UUID]:
        """Which of the records the caller sees as they are now."""
        return await locking.seen(self.connection, self.guard, entity, ids, Lock.NONE)

    async def in_sight(self, entity: Entity, ids: Iterable[UUID]) -> set[UUID]:
        """Which of the records that were kept just now the caller sees."""
        if self.guard.may_see(entity.name) and self.guard.rows(entity, Form.WIDE) is None:
            return set(ids)  # he sees all there are
        return await locking.seen(self.connection, self.guard, entity, ids, Lock.NONE)

    def faults(self, entity: Entity, before: Row | None, after: Row) -> list[Violation]:
        """What the record's own rule says against keeping it so."""
        return list(entity.rule(before, after)) if entity.rule else []

    async def add(self, entity: Entity, rows: list[Row]) -> None:
        """Keep new records. Raises UniqueViolationError, or InvariantViolation."""
        made = [self._written(entity, ChangeKind.CREATED, None, row) for row in rows]
        if made:
            await statements.insert(self.connection, entity, (each.after_image for each in made))
            self.written += made

    async def change(
        self,
        entity: Entity,
        pairs: list[tuple[Row, Row]],
        kind: ChangeKind = ChangeKind.UPDATED,
    ) -> None:
        """Keep held records as they are now; each gets its next version. Raises as `add` does."""
        made = []
        for before, after in pairs:
            # Who waited for another one began before him, but comes after.
            now = max(self.now, before["updated_at"] + MOMENT)
            after |= {"version": before["version"] + 1, "updated_at": now}
            made.append(self._written(entity, kind, before, after))
        if made:
            await statements.update(self.connection, entity, (each.after_image for each in made))
            self.written += made

    def _written(self, entity: Entity, kind: ChangeKind, before: Row | None, after: Row) -> Written:
        if kind in (ChangeKind.CREATED, ChangeKind.UPDATED):
            faults = self.faults(entity, before, after)
            if faults:
                raise InvariantViolation(f"{entity.name}: {faults[0].message}")
        return Written(
            entity,
            kind,
            before,
            after,
            None if before is None else image(entity, before),
            image(entity, after),
            tuple(changed(entity, before, after)) if before else (),
        )

    async def mark(self) -> int:
        """Remember how things stand, to be given to `take_back`."""
        await self.connection.mark()
        return len(self.written)

    async def take_back(self, mark: int) -> None:
        """Take back what was written since the last mark."""
        await self.connection.take_back()
        del self.written[mark:]

    async def note(self, key: Key | None = None, outcome: dict[str, Any] | None = None) -> bool:
        """Note what was done, and what came of a request with a key; False if nothing was written."""
        if not self.written and key is None:
            return False
        told: dict[str, Any] = {
            "history": [row for each in self.written for row in self._history(each)]
        }
        if key is not None:
            told["key"] = key.kept(outcome or {}, self.now)
        log = {
            "access": self.access,
            "session": self.session,
            "bump": int(any(each.entity.is_rights for each in self.written)),
            "log": self._log(),
        }
        texts = (orjson.dumps(each, default=spelled).decode() for each in (told, log))
        await self.connection.last(NOTE, *texts)
        return bool(self.written)

    def _log(self) -> list[dict[str, Any]]:
        request = self.new_id()
        return [
            {
                "number": number,
                "kind": each.kind,
                "entity": each.entity.name,
                "record_id": each.after["id"],
                "changed": each.columns,
                "before": each.before_image and orjson.Fragment(each.before_image),
                "after": orjson.Fragment(each.after_image),
                "access": each.entity.is_rights,
                "user_id": self.user,
                "request_id": request,
                "at": self.now,
            }
            for number, each in enumerate(self.written)
        ]

    def _history(self, each: Written) -> Iterable[dict[str, Any]]:
        """A row for every field that changed, or one for the whole record."""
        row = partial(self._history_row, each)
        if each.kind is not ChangeKind.UPDATED:
            yield row("", None, None, None)
            return
        before: Row = each.before or {}
        known = named(each.entity)
        for column in each.columns:
            if column == each.entity.attributes:
                yield from self._attributes(row, before[column], each.after[column])
            elif column in known:
                old, new = (told(each.entity, column, kept) for kept in (before, each.after))
                name = known[column].name
                yield row(name, name, old, new)

    def _attributes(
        self, row: Callable[..., dict[str, Any]], old: Row, new: Row
    ) -> Iterable[dict[str, Any]]:
        for id in sorted({*old, *new}):
            if old.get(id) != new.get(id):
                texts = (None if v is None else plain(v) for v in (old.get(id), new.get(id)))
                yield row(id, self.words.get(id, id), *texts)

    def _history_row(
        self, each: Written, key: str, name: str | None, before: str | None, after: str | None
    ) -> dict[str, Any]:
        return {
            "id": self.new_id(),
            "record_id": each.after["id"],
            "key": f"{each.entity.name}.{key}",
            "kind": each.kind,
            "entity": each.entity.name,
            "field": name,
            "before": before,
            "after": after,
            "record_version": each.after["version"],
            "at": each.after["updated_at"],
            "user_id": self.user,
        }
