"""Reads without the caller's rights, for business rules. All results are typed as hidden."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar, cast
from uuid import UUID

from db.engine.base import Record
from db.engine.entity import Entity
from db.engine.gate import Compiled
from db.engine.hidden import Hidden, HiddenRow
from db.engine.model import Model
from db.engine.row import ColumnOf
from db.engine.write import statements
from db.engine.write.connection import TenantConnection

if TYPE_CHECKING:
    import asyncpg

R = TypeVar("R", bound=Record)
T = TypeVar("T")


class Trusted(Generic[R]):
    """The live records of one entity, regardless of the caller's rights."""

    def __init__(self, connection: TenantConnection, entity: Entity) -> None:
        self._connection = connection
        self._entity = entity

    async def select(self, column: ColumnOf[T], values: Iterable[T]) -> list[HiddenRow[R]]:
        """Records with one of these values in a column, not locked, sorted by id."""
        unique_values = list(values)
        if not unique_values:
            return []
        rows = await statements.select_rows(
            self._connection, self._entity, column.key, unique_values
        )
        return self._hidden(rows)

    async def select_for_update(
        self, column: ColumnOf[T], values: Iterable[T]
    ) -> list[HiddenRow[R]]:
        """Records with one of these values in a column, locked, sorted by id."""
        unique_values = list(values)
        if not unique_values:
            return []
        rows = await statements.select_for_update(
            self._connection, self._entity, column.key, unique_values
        )
        return self._hidden(rows)

    async def by_id(self, ids: Iterable[UUID | None]) -> dict[UUID, HiddenRow[R]]:
        """Records with these ids, by id; None is ignored."""
        unique_ids = {id for id in ids if id is not None}
        return {row.id: row for row in await self.select(self._entity.type_.id, unique_ids)}

    async def by(self, column: ColumnOf[T], values: Iterable[T]) -> dict[T, list[HiddenRow[R]]]:
        """Records with one of these values in a column, grouped by the value."""
        values = list(values)
        return _grouped(column, values, await self.select(column, values))

    async def by_for_update(
        self, column: ColumnOf[T], values: Iterable[T]
    ) -> dict[T, list[HiddenRow[R]]]:
        """Records with one of these values in a column, locked, grouped by the value."""
        values = list(values)
        return _grouped(column, values, await self.select_for_update(column, values))

    async def get_one(self) -> HiddenRow[R]:
        """The record of a singleton entity."""
        row = await statements.get_one(self._connection, self._entity)
        return HiddenRow(cast("R", row), self._entity)

    def _hidden(self, rows: Iterable[Record]) -> list[HiddenRow[R]]:
        return [HiddenRow(cast("R", row), self._entity) for row in rows]


def _grouped(
    column: ColumnOf[T], values: Iterable[T], rows: Iterable[HiddenRow[R]]
) -> dict[T, list[HiddenRow[R]]]:
    groups: dict[T, list[HiddenRow[R]]] = {value: [] for value in values}
    for row in rows:
        groups[row.decide(lambda each: getattr(each, column.key))].append(row)
    return groups


class TrustedReader:
    """Reads without the caller's rights in one unit of work."""

    def __init__(self, connection: TenantConnection, model: Model) -> None:
        self._connection = connection
        self._model = model

    def __call__(self, record: type[R]) -> Trusted[R]:
        """The records of an entity."""
        return Trusted(self._connection, self._model.of(record))

    async def fetch(
        self, statement: Compiled, **values: object
    ) -> Hidden[Sequence[asyncpg.Record]]:
        """The rows of a statement compiled with `trusted()`."""
        return Hidden(await statements.fetch(self._connection, statement, **values))
