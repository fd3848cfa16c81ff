"""The one door past the caller's rights: what rules must know is read here, as values that are typed as hidden."""

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
    """The live records of one type, whatever the caller may see of them."""

    def __init__(self, connection: TenantConnection, entity: Entity) -> None:
        self._connection = connection
        self._entity = entity

    async def select(self, column: ColumnOf[T], values: Iterable[T]) -> list[HiddenRow[R]]:
        """Those with one of these values in a column, not locked, by id."""
        wanted = list(values)
        if not wanted:
            return []
        found = await statements.select_rows(self._connection, self._entity, column.key, wanted)
        return self._hidden(found)

    async def select_for_update(
        self, column: ColumnOf[T], values: Iterable[T]
    ) -> list[HiddenRow[R]]:
        """Those with one of these values in a column, locked, by id."""
        wanted = list(values)
        if not wanted:
            return []
        found = await statements.select_for_update(
            self._connection, self._entity, column.key, wanted
        )
        return self._hidden(found)

    async def by_id(self, ids: Iterable[UUID | None]) -> dict[UUID, HiddenRow[R]]:
        """Those with these ids, by id; None is passed over."""
        wanted = {id for id in ids if id is not None}
        return {row.id: row for row in await self.select(self._entity.type_.id, wanted)}

    async def by(self, column: ColumnOf[T], values: Iterable[T]) -> dict[T, list[HiddenRow[R]]]:
        """Those with one of these values in a column, grouped by the value they were asked for by."""
        values = list(values)
        return _grouped(column, values, await self.select(column, values))

    async def by_for_update(
        self, column: ColumnOf[T], values: Iterable[T]
    ) -> dict[T, list[HiddenRow[R]]]:
        """Likewise, locked."""
        values = list(values)
        return _grouped(column, values, await self.select_for_update(column, values))

    async def get_one(self) -> HiddenRow[R]:
        """The record of a type of which there is exactly one."""
        row = await statements.get_one(self._connection, self._entity)
        return HiddenRow(cast("R", row), self._entity)

    def _hidden(self, rows: Iterable[Record]) -> list[HiddenRow[R]]:
        return [HiddenRow(cast("R", row), self._entity) for row in rows]


def _grouped(
    column: ColumnOf[T], values: Iterable[T], rows: Iterable[HiddenRow[R]]
) -> dict[T, list[HiddenRow[R]]]:
    found: dict[T, list[HiddenRow[R]]] = {value: [] for value in values}
    for row in rows:
        found[row.decide(lambda each: getattr(each, column.key))].append(row)
    return found


class TrustedReader:
    """Reads past the caller's rights, for the rules of one unit of work."""

    def __init__(self, connection: TenantConnection, model: Model) -> None:
        self._connection = connection
        self._model = model

    def __call__(self, record: type[R]) -> Trusted[R]:
        """The records of a type."""
        return Trusted(self._connection, self._model.of(record))

    async def fetch(
        self, statement: Compiled, **values: object
    ) -> Hidden[Sequence[asyncpg.Record]]:
        """The rows of a statement that an area compiled with `trusted()`."""
        return Hidden(await statements.fetch(self._connection, statement, **values))
