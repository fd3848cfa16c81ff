"""The unit of work: locks and writes of one transaction, with their history and change log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypedDict, TypeVar, cast
from uuid import UUID

import orjson

from db.engine.base import Record
from db.engine.entity import Entity
from db.engine.gate import Authorizer, VisibilityForm
from db.engine.hidden import Hidden
from db.engine.model import Model
from db.engine.write import locking, statements
from db.engine.write.connection import TenantConnection
from db.engine.write.idempotency import IdempotentRequest
from db.engine.write.locking import Lock, Series
from db.engine.write.row_json import (
    blank,
    changed_columns,
    column_text,
    json_text,
    row_json,
    value_text,
)
from db.engine.write.trusted import TrustedReader
from domain.setup import HistoryEventKind
from domain.values import JsonObject
from domain.violations import Violation

CLOCK_TICK = timedelta(microseconds=1)
WRITE_HISTORY = "SELECT write_history($1, $2)"
R = TypeVar("R", bound=Record)


class ChangeLogRow(TypedDict):
    """A change log row: one written record."""

    number: int
    kind: HistoryEventKind
    entity: str
    record_id: UUID
    changed: tuple[str, ...]
    before: orjson.Fragment | None
    after: orjson.Fragment
    access: bool
    user_id: UUID | None
    request_id: UUID
    at: datetime


class HistoryRow(TypedDict):
    """A history row: one changed field, or a created, deleted or restored record."""

    id: UUID
    record_id: UUID
    key: str
    kind: HistoryEventKind
    entity: str
    field: str | None
    before: str | None
    after: str | None
    record_version: int
    at: datetime
    user_id: UUID | None


class InvariantViolation(Exception):
    """A command tried to write a row that violates its entity's rule: a bug, never a user error."""


@dataclass(frozen=True)
class WrittenRecord:
    """A written record: its row before and after the write."""

    entity: Entity
    kind: HistoryEventKind
    before: Record | None
    after: Record
    before_json: bytes | None
    after_json: bytes
    columns: tuple[str, ...]


@dataclass
class UnitOfWork:
    """The writes of one transaction for one caller; the only code that writes records."""

    connection: TenantConnection
    authorizer: Authorizer
    model: Model
    user: UUID | None
    """The user recorded in the history; None for the operator, who is not a user of the tenant."""
    access: int
    """The access version at the start of the transaction."""
    session: UUID
    """The caller's session, which must still be active at commit."""
    now: datetime
    new_id: Callable[[], UUID]
    attribute_keys: Mapping[str, str] = field(default_factory=dict)
    """Keys of the custom attributes, by id."""
    written: list[WrittenRecord] = field(default_factory=list)

    @property
    def trusted(self) -> TrustedReader:
        """Reads without the caller's rights."""
        return TrustedReader(self.connection, self.model)

    async def lock_visible(
        self, entity: Entity, ids: Iterable[UUID], lock: Lock, *, trashed: bool = False
    ) -> dict[UUID, Record]:
        """Lock the records that the caller sees, and return them by id."""
        return await locking.lock_visible(
            self.connection, self.authorizer, entity, ids, lock, trashed=trashed
        )

    async def find_by_text(
        self, entity: Entity, column: str, values: Iterable[str]
    ) -> dict[str, UUID]:
        """Ids of the visible records with one of these texts in a column, by text."""
        return await locking.find_by_text(self.connection, self.authorizer, entity, column, values)

    async def lock_referenced(
        self, targets: Mapping[Entity, Iterable[UUID]]
    ) -> dict[Entity, set[UUID]]:
        """Lock the visible ones of these records as targets of references, and return their ids."""
        return await locking.lock_referenced(self.connection, self.authorizer, targets)

    async def visible(self, entity: Entity, ids: Iterable[UUID]) -> set[UUID]:
        """The ids of those records that the caller sees now."""
        return await locking.visible(self.connection, self.authorizer, entity, ids)

    async def nearest_visible(
        self, series: Series, group: UUID, key: str, *, before: bool, without: Iterable[UUID]
    ) -> Hidden[str | None]:
        """The next smaller or larger key of the visible records in a series."""
        return await locking.nearest_visible(
            self.connection, self.authorizer, series, group, key, before=before, without=without
        )

    async def still_visible(self, entity: Entity, ids: Iterable[UUID]) -> set[UUID]:
        """The ids of those just written records that the caller still sees."""
        if (
            self.authorizer.may_see(entity.name)
            and self.authorizer.rows(entity, VisibilityForm.PREDICATE) is None
        ):
            return set(ids)  # the caller sees all records
        return await self.visible(entity, ids)

    def blank(self, record: type[R], id: UUID | None = None) -> R:
        """A new row with the defaults of its columns."""
        return cast("R", blank(self.model.of(record), id or self.new_id(), self.now))

    def violations(
        self, entity: Entity, before: Record | None, after: Record
    ) -> Sequence[Violation]:
        """Violations of the entity's rule."""
        return entity.rule(before, after) if entity.rule else ()

    async def add(self, entity: Entity, rows: Sequence[Record]) -> None:
        """Insert new records. Raises UniqueViolationError or InvariantViolation."""
        written = [self._written(entity, HistoryEventKind.CREATED, None, row) for row in rows]
        if written:
            await statements.insert(self.connection, entity, (each.after_json for each in written))
            self.written += written

    async def change(
        self,
        entity: Entity,
        pairs: Iterable[tuple[Record, Record]],
        kind: HistoryEventKind = HistoryEventKind.UPDATED,
    ) -> None:
        """Update locked records and increment their versions. Raises the same errors as `add`."""
        written = []
        for before, after in pairs:
            # After waiting for another transaction, `now` may be earlier than that transaction's change.
            after.updated_at = max(self.now, before.updated_at + CLOCK_TICK)
            after.version = before.version + 1
            written.append(self._written(entity, kind, before, after))
        if written:
            await statements.update(self.connection, entity, (each.after_json for each in written))
            self.written += written

    def _written(
        self, entity: Entity, kind: HistoryEventKind, before: Record | None, after: Record
    ) -> WrittenRecord:
        if kind in (HistoryEventKind.CREATED, HistoryEventKind.UPDATED):
            violations = self.violations(entity, before, after)
            if violations:
                raise InvariantViolation(f"{entity.name}: {violations[0].message}")
        return WrittenRecord(
            entity,
            kind,
            before,
            after,
            None if before is None else row_json(entity, before),
            row_json(entity, after),
            changed_columns(entity, before, after) if before else (),
        )

    async def savepoint(self) -> int:
        """Set a savepoint. Returns a mark to pass to `roll_back`."""
        await self.connection.savepoint()
        return len(self.written)

    async def roll_back(self, mark: int) -> None:
        """Undo everything written since the last savepoint."""
        await self.connection.roll_back()
        del self.written[mark:]

    async def write_history(
        self, key: IdempotentRequest | None = None, outcome: JsonObject | None = None
    ) -> bool:
        """Write history and change log, and the outcome of an idempotent request. False if no record was written."""
        if not self.written and key is None:
            return False
        history: JsonObject = {
            "history": [row for each in self.written for row in self._history(each)]
        }
        if key is not None:
            history["key"] = key.row(outcome or {}, self.now)
        log = {
            "access": self.access,
            "session": self.session,
            "bump": int(any(each.entity.is_rights for each in self.written)),
            "log": self._change_log(),
        }
        texts = (orjson.dumps(each, default=json_text).decode() for each in (history, log))
        await self.connection.fetch_with_deferred(WRITE_HISTORY, *texts)
        return bool(self.written)

    def _change_log(self) -> list[ChangeLogRow]:
        request = self.new_id()
        return [
            {
                "number": number,
                "kind": each.kind,
                "entity": each.entity.name,
                "record_id": each.after.id,
                "changed": each.columns,
                "before": orjson.Fragment(each.before_json) if each.before_json else None,
                "after": orjson.Fragment(each.after_json),
                "access": each.entity.is_rights,
                "user_id": self.user,
                "request_id": request,
                "at": self.now,
            }
            for number, each in enumerate(self.written)
        ]

    def _history(self, each: WrittenRecord) -> Iterable[HistoryRow]:
        """One entry per changed field, or one for the record as created, deleted or restored."""
        entry = partial(self._history_entry, each)
        if each.kind is not HistoryEventKind.UPDATED or each.before is None:
            yield entry("", None, None, None)
            return
        named = each.entity.named
        for column in each.columns:
            if column == each.entity.attributes:
                values = (getattr(row, column) for row in (each.before, each.after))
                yield from self._attribute_entries(entry, *values)
            elif column in named:
                old, new = (
                    column_text(each.entity, column, row) for row in (each.before, each.after)
                )
                yield entry(named[column].name, named[column].name, old, new)

    def _attribute_entries(
        self,
        entry: Callable[[str, str | None, str | None, str | None], HistoryRow],
        old: Mapping[str, object],
        new: Mapping[str, object],
    ) -> Iterable[HistoryRow]:
        for id in sorted({*old, *new}):
            if old.get(id) != new.get(id):
                texts = (None if v is None else value_text(v) for v in (old.get(id), new.get(id)))
                yield entry(id, self.attribute_keys.get(id, id), *texts)

    def _history_entry(
        self, each: WrittenRecord, key: str, name: str | None, before: str | None, after: str | None
    ) -> HistoryRow:
        return {
            "id": self.new_id(),
            "record_id": each.after.id,
            "key": f"{each.entity.name}.{key}",
            "kind": each.kind,
            "entity": each.entity.name,
            "field": name,
            "before": before,
            "after": after,
            "record_version": each.after.version,
            "at": each.after.updated_at,
            "user_id": self.user,
        }
