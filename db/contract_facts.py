"""Trusted reads for sales: contract kinds of products, original quote lines, and previous stages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from uuid import UUID

from sqlalchemy import Uuid, select

from db.engine.gate import Compiled
from db.engine.hidden import Hidden
from db.engine.sql import IntLiteral, one_of
from db.engine.transaction import Row
from db.engine.write.connection import TenantConnection
from db.engine.write.statements import fetch, trusted
from db.products import ContractKind, Product, ProductCategory
from db.quotes import QuoteItem
from db.sales import StageHistory
from domain.contracts import KindTerms

IDS = "ids"


@cache
def _kinds() -> Compiled:
    product, category, kind = (each.__table__ for each in (Product, ProductCategory, ContractKind))
    joined = product.join(category, category.c.id == product.c.category_id).join(
        kind, kind.c.id == category.c.contract_kind_id
    )
    statement = select(
        product.c.id.label("product_id"), kind.c.id, kind.c.time_based, kind.c.months, kind.c.renews
    )
    return trusted(statement.select_from(joined).where(one_of(product.c.id, IDS, Uuid())))


@cache
def _default_kind() -> Compiled:
    kind = ContractKind.__table__.c
    statement = select(kind.id, kind.time_based, kind.months, kind.renews)
    statement = statement.where(kind.deleted_at.is_(None))
    return trusted(
        statement.order_by(kind.time_based, kind.created_at, kind.id).limit(IntLiteral(1))
    )


@cache
def _roots() -> Compiled:
    """Follows `source_id` from each line to the original, whose `source_id` is null."""
    item = QuoteItem.__table__
    begin = select(item.c.id.label("item"), item.c.id.label("root"), item.c.source_id)
    up = begin.where(one_of(item.c.id, IDS, Uuid())).cte("up", recursive=True)
    source = item.alias("source")
    step = select(up.c.item, source.c.id, source.c.source_id)
    up = up.union_all(step.join_from(up, source, source.c.id == up.c.source_id))
    return trusted(select(up.c.item, up.c.root).where(up.c.source_id.is_(None)))


@cache
def _visited() -> Compiled:
    visit = StageHistory.__table__.c
    statement = select(visit.opportunity_id, visit.stage_id).where(
        one_of(visit.opportunity_id, IDS, Uuid()), visit.deleted_at.is_(None)
    )
    return trusted(statement.order_by(visit.entered_at.desc(), visit.id.desc()))


async def kinds(
    connection: TenantConnection, products: Iterable[UUID]
) -> Hidden[dict[UUID, KindTerms]]:
    """Contract kind by product; products without a category are omitted."""
    ids = sorted(set(products))
    rows = await fetch(connection, _kinds(), ids=ids) if ids else []
    return Hidden({row["product_id"]: _terms(row) for row in rows})


async def default_kind(connection: TenantConnection) -> Hidden[KindTerms | None]:
    """The contract kind of products without a category: the oldest one that is not time-based, else the oldest."""
    rows = await fetch(connection, _default_kind())
    return Hidden(_terms(rows[0]) if rows else None)


def _terms(row: Row) -> KindTerms:
    return KindTerms(row["id"], row["time_based"], row["months"], row["renews"])


async def roots(connection: TenantConnection, items: Iterable[UUID]) -> Hidden[dict[UUID, UUID]]:
    """Original quote line by line; a line that is no copy is its own original."""
    ids = sorted(set(items))
    rows = await fetch(connection, _roots(), ids=ids) if ids else []
    return Hidden({row["item"]: row["root"] for row in rows})


async def visited(
    connection: TenantConnection, opportunities: Iterable[UUID]
) -> dict[UUID, Hidden[list[UUID]]]:
    """Previous stages by opportunity, the latest first."""
    stages: dict[UUID, list[UUID]] = defaultdict(list)
    ids = sorted(set(opportunities))
    for row in await fetch(connection, _visited(), ids=ids) if ids else []:
        stages[row["opportunity_id"]].append(row["stage_id"])
    return {id: Hidden(stages[id]) for id in ids}
