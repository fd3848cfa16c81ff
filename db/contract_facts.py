"""What selling is decided by that is not asked of single records: kinds of contracts, and where lines of quotes came from."""

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
from domain.contracts import ContractTerms

IDS = "ids"


@cache
def _kinds() -> Compiled:
    product, category, kind = (each.__table__ for each in (Product, ProductCategory, ContractKind))
    joined = product.join(category, category.c.id == product.c.category_id).join(
        kind, kind.c.id == category.c.contract_kind_id
    )
    found = select(
        product.c.id.label("product_id"), kind.c.id, kind.c.time_based, kind.c.months, kind.c.renews
    )
    return trusted(found.select_from(joined).where(one_of(product.c.id, IDS, Uuid())))


@cache
def _usual() -> Compiled:
    kind = ContractKind.__table__.c
    found = select(kind.id, kind.time_based, kind.months, kind.renews)
    found = found.where(kind.deleted_at.is_(None))
    return trusted(found.order_by(kind.time_based, kind.created_at, kind.id).limit(IntLiteral(1)))


@cache
def _roots() -> Compiled:
    """A copy names the line it was made from; the first of them names none."""
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
    found = select(visit.opportunity_id, visit.stage_id).where(
        one_of(visit.opportunity_id, IDS, Uuid()), visit.deleted_at.is_(None)
    )
    return trusted(found.order_by(visit.entered_at.desc(), visit.id.desc()))


async def kinds(
    connection: TenantConnection, products: Iterable[UUID]
) -> Hidden[dict[UUID, ContractTerms]]:
    """The kind of contract that each product is sold under; those without a category are left out."""
    wanted = sorted(set(products))
    rows = await fetch(connection, _kinds(), ids=wanted) if wanted else []
    return Hidden({row["product_id"]: _kind(row) for row in rows})


async def default_kind(connection: TenantConnection) -> Hidden[ContractTerms | None]:
    """The kind of contract of products without a category: the first that is delivered once."""
    rows = await fetch(connection, _usual())
    return Hidden(_kind(rows[0]) if rows else None)


def _kind(row: Row) -> ContractTerms:
    return ContractTerms(row["id"], row["time_based"], row["months"], row["renews"])


async def roots(connection: TenantConnection, items: Iterable[UUID]) -> Hidden[dict[UUID, UUID]]:
    """The lines of quotes that these were first copied from, or themselves."""
    wanted = sorted(set(items))
    rows = await fetch(connection, _roots(), ids=wanted) if wanted else []
    return Hidden({row["item"]: row["root"] for row in rows})


async def visited(
    connection: TenantConnection, opportunities: Iterable[UUID]
) -> dict[UUID, Hidden[list[UUID]]]:
    """The stages that these opportunities were in, the latest first."""
    found: dict[UUID, list[UUID]] = defaultdict(list)
    wanted = sorted(set(opportunities))
    for row in await fetch(connection, _visited(), ids=wanted) if wanted else []:
        found[row["opportunity_id"]].append(row["stage_id"])
    return {id: Hidden(found[id]) for id in wanted}
