"""What selling is decided by that is not asked of single records: kinds of contracts, and where lines of quotes came from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from db.engine.write.connection import TenantConnection
from domain.contracts import Kind

KINDS = (
    "SELECT p.id AS product_id, k.id, k.time_based, k.months, k.renews FROM product p "
    "JOIN product_category c ON c.id = p.category_id JOIN contract_kind k ON k.id = c.contract_kind_id "
    "WHERE p.id = ANY($1)"
)
USUAL = (
    "SELECT id, time_based, months, renews FROM contract_kind WHERE deleted_at IS NULL "
    "ORDER BY time_based, created_at, id LIMIT 1"
)
# A copy names the line it was made from; the first of them names none.
ROOTS = (
    "WITH RECURSIVE up AS ("
    "SELECT id AS item, id AS root, source_id FROM quote_item WHERE id = ANY($1) "
    "UNION ALL SELECT up.item, q.id, q.source_id FROM up JOIN quote_item q ON q.id = up.source_id"
    ") SELECT item, root FROM up WHERE source_id IS NULL"
)
VISITED = (
    "SELECT opportunity_id, stage_id FROM stage_visit "
    "WHERE opportunity_id = ANY($1) AND deleted_at IS NULL ORDER BY entered_at DESC, id DESC"
)


async def kinds(connection: TenantConnection, products: Iterable[UUID]) -> dict[UUID, Kind]:
    """The kind of contract that each product is sold under; those without a category are not among them."""
    rows = await connection.fetch(KINDS, sorted(set(products)))
    return {row["product_id"]: _kind(row) for row in rows}


async def usual_kind(connection: TenantConnection) -> Kind | None:
    """The kind of contract for what no product category speaks of: the first that is delivered once."""
    rows = await connection.fetch(USUAL)
    return _kind(rows[0]) if rows else None


def _kind(row: Any) -> Kind:
    return Kind(row["id"], row["time_based"], row["months"], row["renews"])


async def roots(connection: TenantConnection, items: Iterable[UUID]) -> dict[UUID, UUID]:
    """Of lines of quotes: the lines that they were first copied from, or themselves."""
    rows = await connection.fetch(ROOTS, sorted(set(items)))
    return {row["item"]: row["root"] for row in rows}


async def visited(
    connection: TenantConnection, opportunities: Iterable[UUID]
) -> dict[UUID, list[UUID]]:
    """The stages that these opportunities were in, the latest first."""
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for row in await connection.fetch(VISITED, sorted(set(opportunities))):
        found[row["opportunity_id"]].append(row["stage_id"])
    return found
