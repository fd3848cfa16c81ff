"""Checks the effects of a step: log position, row images, versions, history and untouched tables."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from db.api import MODEL
from domain.contracts import LINE_CONTENT_COLUMNS
from domain.quotes import QUOTE_CONTENT_COLUMNS
from domain.sales import LOCKED_COLUMNS
from tests.graph.checks import attached, in_force
from tests.graph.graph_tenant import GraphTenant, Records, Row

STAMPS = {"version", "updated_at"}
SINCE = "SELECT * FROM change_log WHERE position > $1 ORDER BY position, number"
HISTORY = "SELECT record_id, field, kind, record_version FROM history WHERE record_id = ANY($1)"
DENSE = """
    SELECT h.position, count(DISTINCT l.position) AS known FROM log_head h
    LEFT JOIN change_log l ON l.position > $1 GROUP BY h.position
"""
Entry = Row


def parsed_row(entity: str, image: str | None) -> dict[str, Any] | None:
    """A row image of the log, with values converted so that they can be compared."""
    if image is None:
        return None
    row: dict[str, Any] = json.loads(image, parse_float=Decimal)
    for column in MODEL.entities[entity].table.c:
        value = row.get(column.name)
        kind = column.type.python_type
        if value is not None and kind is Decimal:
            row[column.name] = Decimal(str(value))
        elif value is not None and kind is datetime:
            row[column.name] = datetime.fromisoformat(value)
        elif value is not None and kind is UUID:
            row[column.name] = UUID(value)
    return row


async def new_entries(tenant: GraphTenant, *, at_once: bool = True) -> list[Entry]:
    """The log entries since the last call. Positions must be dense and end at the head (D-60)."""
    rows: list[Entry] = [dict(row) for row in await tenant.operator.fetch(SINCE, tenant.position)]
    [head] = await tenant.operator.fetch(DENSE, tenant.base_position)
    assert head["position"] == tenant.base_position + head["known"], "the log has gaps"
    if at_once:
        expected = tenant.position + (1 if rows else 0)
        assert head["position"] == expected, f"{head['position']} instead of {expected}"
        assert [row["number"] for row in rows] == list(range(len(rows)))
    tenant.position = head["position"]
    return rows


def log_violations(log: Sequence[Entry], before: Records, after: Records) -> Iterator[str]:
    """The log must contain every change in order of versions, and its last image must equal the row."""
    images: dict[tuple[str, UUID], dict[str, Any] | None] = {}
    for each in log:
        entity, id = each["entity"], each["record_id"]
        was, then = parsed_row(entity, each["before"]), parsed_row(entity, each["after"])
        last = images.get((entity, id))
        if then is None or (was or {}).get("version", 0) + 1 != then["version"]:
            yield f"{entity} {id}: version {was and was['version']} became {then and then['version']}"
        if last is not None and last != was:
            yield f"{entity} {id}: the images do not follow each other"
        differs = {n for n in then or {} if was and was[n] != (then or {})[n]} - STAMPS
        if each["kind"] == "UPDATED" and differs != set(each["changed"]):
            yield f"{entity} {id}: {differs} changed, the log has {each['changed']}"
        images[entity, id] = then
    for (entity, id), then in images.items():
        kept = after.rows[entity][id]
        old = before.rows[entity].get(id)
        shown = {n: v for n, v in (then or {}).items() if isinstance(v, Decimal | UUID | datetime)}
        if any(kept[name] != value for name, value in shown.items()):
            yield f"{entity} {id}: the last image is not the row"
        if kept["version"] != (old["version"] if old else 0) + sum(
            (e["entity"], e["record_id"]) == (entity, id) for e in log
        ):
            yield f"{entity} {id} is at version {kept['version']}"
    for entity in {each["entity"] for each in log}:
        for id, row in after.rows[entity].items():
            if before.rows[entity].get(id) != row and (entity, id) not in images:
                yield f"{entity} {id} changed without a log entry"


async def history_violations(
    tenant: GraphTenant, before: Records, after: Records, log: Sequence[Entry]
) -> list[str]:
    """Every changed field must have an entry in the history of its record."""
    ids = sorted({each["record_id"] for each in log})
    known: dict[UUID, set[str | None]] = defaultdict(set)
    for row in await tenant.operator.fetch(HISTORY, ids) if ids else ():
        known[row["record_id"]].add(row["field"])
    violations = []
    for entity, id in sorted({(each["entity"], each["record_id"]) for each in log}):
        known_as = MODEL.entities[entity].named
        old, new = before.rows[entity].get(id), after.rows[entity][id]
        if old is None or old["deleted_at"] != new["deleted_at"]:
            names: set[str | None] = {None}
        else:
            changed = {n for n in new if new[n] != old[n]} - STAMPS - {"deleted_at"}
            names = {known_as[column].name for column in changed if column in known_as}
        if not names <= known[id]:
            violations.append(f"{entity} {id}: nothing in the history of {names - known[id]}")
    return violations


def frozen_violations(before: Records, after: Records) -> Iterator[str]:
    """Accepted quotes and locked opportunities must not change; children are deleted together with their parents (D-15)."""
    for id, row in after.rows["Quote"].items():
        old = before.rows["Quote"].get(id)
        if old and old["accepted_at"] is not None and row["accepted_at"] is not None:
            changed = [name for name in QUOTE_CONTENT_COLUMNS if old[name] != row[name]]
            if changed or (row["deleted_at"] and not _parent_is_deleted(after, row)):
                yield f"quote {id} was accepted, and {changed or 'it'} changed"
    for id, row in after.rows["Opportunity"].items():
        old = before.rows["Opportunity"].get(id)
        if old and old["locked"] and row["locked"]:
            changed = [n for n in LOCKED_COLUMNS if old[n] != row[n] and n != "type_id"]
            if changed:
                yield f"opportunity {id} is locked, and {changed} changed"
    for entity in MODEL.entities.values():
        if entity.is_trace or not entity.parents:
            continue
        for id, row in after.rows[entity.name].items():
            old = before.rows[entity.name].get(id)
            deleted_at = row["deleted_at"]
            if old is None or deleted_at is None or old["deleted_at"] is not None:
                continue
            for relation, kind in zip(entity.parents, entity.parent_types, strict=True):
                parent = after.rows[kind.name].get(row[relation.column])
                was = before.rows[kind.name].get(row[relation.column])
                if (
                    parent
                    and was
                    and was["deleted_at"] is None
                    and parent["deleted_at"] not in (None, deleted_at)
                ):
                    yield f"{entity.name} {id} was deleted at another time than its {relation.name}"


def _parent_is_deleted(records: Records, row: Row) -> bool:
    return records.rows["Opportunity"][row["opportunity_id"]]["deleted_at"] is not None


def stage_violations(before: Records, after: Records) -> Iterator[str]:
    """A new opportunity must have one open stay in the stage history."""
    open_ = Counter(v["opportunity_id"] for v in after.live("StageHistory") if v["left_at"] is None)
    for row in after.live("Opportunity"):
        if row["id"] not in before.rows["Opportunity"] and open_[row["id"]] != 1:
            yield f"opportunity {row['id']} has {open_[row['id']]} open stays"


def sale_violations(records: Records, opportunity: UUID) -> Iterator[str]:
    """Directly after a sale, the contract lines in force must equal the lines of the accepted quote (D-04)."""
    row = records.rows["Opportunity"][opportunity]
    if not (row["locked"] and row["status"] == "WON"):
        yield f"opportunity {opportunity} is sold, but {row['status']}, locked: {row['locked']}"
    quotes = [
        q for q in records.live("Quote") if q["opportunity_id"] == opportunity and q["active"]
    ]
    ids = {quote["id"] for quote in quotes}
    items = [item for item in records.live("QuoteItem") if item["quote_id"] in ids]
    lines = in_force(records)
    in_contracts = [line for each in attached(records)[opportunity] for line in lines[each["id"]]]
    counts = [
        Counter(tuple(row[name] for name in LINE_CONTENT_COLUMNS) for row in rows)
        for rows in (items, in_contracts)
    ]
    if counts[0] != counts[1]:
        yield f"opportunity {opportunity}: offered {counts[0] - counts[1]}, sold {counts[1] - counts[0]}"
    if any(quote["accepted_at"] is None for quote in quotes):
        yield f"opportunity {opportunity} was sold on a quote that is not accepted"
