"""Types as they are read to preset new records: those that were named, and the one for records without one."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from db.engine.model import Entity
from db.engine.write.image import Row
from db.engine.write.tagged import Tagged

KINDS = {
    "AccountType": "default_account_type_id",
    "PersonType": "default_person_type_id",
}
"""Where the preferences say which type is meant if none is named (VN-40)."""


async def types(
    connection: Tagged, entity: Entity, named: Iterable[UUID | None]
) -> dict[UUID | None, Row]:
    """The types by their ids, and under None the one for records without one, if there is one.

    They are not deleted until the transaction ends.
    """
    preset = f"(SELECT {KINDS[entity.name]} FROM preferences WHERE deleted_at IS NULL)"  # noqa: S608 - declared names
    text = (
        f"SELECT t.*, t.id IS NOT DISTINCT FROM {preset} AS preset "  # noqa: S608 - likewise
        f"FROM {entity.table.name} t WHERE t.deleted_at IS NULL "
        f"AND (t.id = ANY($1) OR t.id = {preset}) ORDER BY t.id FOR KEY SHARE OF t"
    )
    found: dict[UUID | None, Row] = {}
    for row in await connection.fetch(text, sorted({id for id in named if id is not None})):
        found[row["id"]] = dict(row)
        if row["preset"]:
            found[None] = found[row["id"]]
    return found
