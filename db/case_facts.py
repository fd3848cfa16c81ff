"""Trusted reads for cases: all statuses, and whether work can be billed."""

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
    statement = select(status.id, status.state, status.position)
    return trusted(statement.where(status.deleted_at.is_(None)))


@cache
def _billable() -> Compiled:
    product = Product.__table__.c
    statement = select(IntLiteral(1)).where(
        product.service, product.price.is_not(None), product.deleted_at.is_(None)
    )
    return trusted(select(exists(statement).label("offered")))


async def statuses(connection: TenantConnection) -> Hidden[dict[UUID, Status]]:
    """All case statuses, by id."""
    rows = await fetch(connection, _statuses())
    return Hidden({row[0]: Status(row[0], CaseState(row[1]), row[2]) for row in rows})


async def is_work_offered(connection: TenantConnection) -> bool:
    """Whether a product exists that is a service with a price."""
    return bool((await fetch(connection, _billable()))[0]["offered"])
