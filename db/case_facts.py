"""What cases are decided by that is not asked of single records: the statuses there are, and whether work can be billed."""

from __future__ import annotations

from functools import cache
from uuid import UUID

from sqlalchemy import exists, select

from db.cases import CaseStatus
from db.engine.gate import Compiled
from db.engine.hidden import Hidden
from db.engine.sql import IntLiteral
from db.engine.write.connection import TenantConnection
from db.engine.write.statements import fetch, trusted
from db.products import Product
from domain.cases import CaseState, Status


@cache
def _statuses() -> Compiled:
    status = CaseStatus.__table__.c
    found = select(status.id, status.state, status.position)
    return trusted(found.where(status.deleted_at.is_(None)))


@cache
def _billable() -> Compiled:
    product = Product.__table__.c
    found = select(IntLiteral(1)).where(
        product.service, product.price.is_not(None), product.deleted_at.is_(None)
    )
    return trusted(select(exists(found).label("offered")))


async def statuses(connection: TenantConnection) -> Hidden[dict[UUID, Status]]:
    """Every status that a case can be in, by its id."""
    rows = await fetch(connection, _statuses())
    return Hidden({row[0]: Status(row[0], CaseState(row[1]), row[2]) for row in rows})


async def is_work_offered(connection: TenantConnection) -> bool:
    """Whether there is any service with a price."""
    return bool((await fetch(connection, _billable()))[0]["offered"])
