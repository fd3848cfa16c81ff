"""The writes of one transaction: what was locked, what was changed, and the history and change log of it."""

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
from db.engine.gate import Authorizer, Form
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

MOMENT = timedelta(microseconds=1)
NOTE = "SELECT write_history($1, $2)"
R = TypeVar("R", bound=Record)


class ChangeLogRow(TypedDict):
    """A record that was written, as the change log keeps it for listeners."""

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
    """A field that was written, or a whole record, as the history keeps it for people."""

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
    """A row was about to be written that its own rule refuses: a bug of the command, never a user's error."""


@dataclass(frozen=True)
class WrittenRecord:
    """A record as it was before and as it is now."""

    entity: Entity
    kind: HistoryEventKind
    before: Record | None
    after: Record
    before_json: bytes | None
    after_json: bytes
    columns: tuple[str, ...]


@dataclass
class UnitOfWork:
    """The writes of one transaction, for one caller. Nothing else changes a record."""

    connection: TenantConnection
    authorizer: Authorizer
    model: Model
    user: UUID | None
    """The user recorded in the history; None for the operator, who is not a user of the tenant."""
    access: int
    """The version of rights that the transaction began under."""
    session: UUID
    """The caller's session, which must not have ended when the transaction does."""
    now: datetime
    new_id: Callable[[], UUID]
    attribute_keys: Mapping[str, str] = field(default_factory=dict)
    """The keys of the custom attributes, by their ids."""
    written: list[WrittenRecord] = field(default_factory=list)

    @property
    def trusted(self) -> TrustedReader:
        """Reads past the caller's rights."""
        return TrustedReader(self.connection, self.model)

    async def lock_visible(
        self, entity: Entity, ids: Iterable[UUID], lock: Lock, *, bin: bool = False
    ) -> dict[UUID, Record]:
        """Those of the records that the caller sees, locked, by id."""
        return await locking.lock_visible(
            self.connection, self.authorizer, entity, ids, lock, bin=bin
        )

    async def find_by_text(
        self, entity: Entity, column: str, values: Iterable[str]
    ) -> dict[str, UUID]:
        """The ids of the records that the caller sees with one of these texts in a column, by text."""
        return await locking.find_by_text(self.connection, self.authorizer, entity, column, values)

    async def lock_referenced(
        self, wanted: Mapping[Entity, Iterable[UUID]]
    ) -> dict[Entity, set[UUID]]:
        """Which of the records the caller sees; locked, so that they can be referred to."""
        return await locking.lock_referenced(self.connection, self.authorizer, wanted)

    async def visible(self, entity: Entity, ids: Iterable[UUID]) -> set[UUID]:
        """Which of the records the caller sees as they are now."""
        return await locking.visible(self.connection, self.authorizer, entity, ids)

    async def nearest_visible(
        self, series: Series, group: UUID, key: str, *, before: bool, without: Iterable[UUID]
    ) -> Hidden[str | None]:
        """The nearest key on one side of another, of the records that the caller sees."""
        return await locking.nearest_visible(
            self.connection, self.authorizer, series, group, key, before=before, without=without
        )

    async def still_visible(self, entity: Entity, ids: Iterable[UUID]) -> set[UUID]:
        """Which of the records that were written just now the caller sees."""
        if (
            self.authorizer.may_see(entity.name)
            and self.authorizer.rows(entity, Form.PREDICATE) is None
        ):
            return set(ids)  # the caller sees all there are
        return await self.visible(entity, ids)

    def blank(self, record: type[R], id: UUID | None = None) -> R:
        """A new row with the defaults of its columns."""
        return cast("R", blank(self.model.of(record), id or self.new_id(), self.now))

    def violations(
        self, entity: Entity, before: Record | None, after: Record
    ) -> Sequence[Violation]:
        """What the record's own rule refuses."""
        return entity.rule(before, after) if entity.rule else ()

    async def add(self, entity: Entity, rows: Sequence[Record]) -> None:
        """Write new records. Raises UniqueViolationError, or InvariantViolation."""
        made = [self._written(entity, HistoryEventKind.CREATED, None, row) for row in rows]
        if made:
            await statements.insert(self.connection, entity, (each.after_json for each in made))
            self.written += made

    async def change(
        self,
        entity: Entity,
        pairs: Iterable[tuple[Record, Record]],
        kind: HistoryEventKind = HistoryEventKind.UPDATED,
    ) -> None:
        """Write locked records as they are now; each gets its next version. Raises as `add` does."""
        made = []
        for before, after in pairs:
            # A transaction that waited for another one began before it, but is written after it.
            after.updated_at = max(self.now, before.updated_at + MOMENT)
            after.version = before.version + 1
            made.append(self._written(entity, kind, before, after))
        if made:
            await statements.update(self.connection, entity, (each.after_json for each in made))
            self.written += made

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
        """A mark to roll back to, to be given to `roll_back`."""
        await self.connection.mark()
        return len(self.written)

    async def roll_back(self, mark: int) -> None:
        """Undo what was written since the last savepoint."""
        await self.connection.take_back()
        del self.written[mark:]

    async def write_history(
        self, key: IdempotentRequest | None = None, outcome: JsonObject | None = None
    ) -> bool:
        """Write history and change log, and the outcome of a request with a key; False if nothing was written."""
        if not self.written and key is None:
            return False
        noted: JsonObject = {
            "history": [row for each in self.written for row in self._history(each)]
        }
        if key is not None:
            noted["key"] = key.kept(outcome or {}, self.now)
        log = {
            "access": self.access,
            "session": self.session,
            "bump": int(any(each.entity.is_rights for each in self.written)),
            "log": self._change_log(),
        }
        texts = (orjson.dumps(each, default=json_text).decode() for each in (noted, log))
        await self.connection.last(NOTE, *texts)
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
        """An entry for every field that changed, or one for the whole record."""
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
