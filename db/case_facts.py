"""What cases are decided by that is not asked of single records: the statuses there are, and whether work can be billed."""

from __future__ import annotations

from uuid import UUID

from db.engine.write.connection import TenantConnection
from domain.cases import CaseState, Status

STATUSES = "SELECT id, state, position FROM case_status WHERE deleted_at IS NULL"
SERVICE = (
    "SELECT EXISTS (SELECT FROM product WHERE service AND price IS NOT NULL "
    "AND deleted_at IS NULL) AS offered"
)


async def statuses(connection: TenantConnection) -> dict[UUID, Status]:
    """Every status that a case can be in, by its id."""
    rows = await connection.fetch(STATUSES)
    return {row["id"]: Status(row["id"], CaseState(row["state"]), row["position"]) for row in rows}


async def is_work_offered(connection: TenantConnection) -> bool:
    """Whether there is any service with a price."""
    return bool((await connection.fetch(SERVICE))[0]["offered"])
