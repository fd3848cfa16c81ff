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
from domain.contracts import SAME
from domain.quotes import CONTENT
from domain.sales import LOCKED
from tests.graph.checks import attached, in_force
from tests.graph.place import Facts, Place, Row

STAMPS = {"version", "updated_at"}
SINCE = "SELECT * FROM change_log WHERE position > $1 ORDER BY position, number"
HISTORY = "SELECT record_id, field, kind, record_version FROM history WHERE record_id = ANY($1)"
DENSE = """
    SELECT h.position, count(DISTINCT l.position) AS known FROM log_head h
    LEFT JOIN change_log l ON l.position > $1 GROUP BY h.position
"""
Entry = Row


def plain(entity: str, image: str | None) -> dict[str, Any] | None:
    """A row of the log, with values that are equal if they mean the same."""
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


async def entries(place: Place, *, at_once: bool = True) -> list[Entry]:
    """What is in the log since the last look; its positions are dense, and the last is the head's (D-60)."""
    found: list[Entry] = [dict(row) for row in await place.operator.fetch(SINCE, place.position)]
    [head] = await place.operator.fetch(DENSE, place.base)
    assert head["position"] == place.base + head["known"], "the log has gaps"
    if at_once:
        expected = place.position + (1 if found else 0)
        assert head["position"] == expected, f"{head['position']} instead of {expected}"
        assert [row["number"] for row in found] == list(range(len(found)))
    place.position = head["position"]
    return found


def told(log: Sequence[Entry], before: Facts, after: Facts) -> Iterator[str]:
    """The log tells every change, one version after the other, and the last image is the row."""
    standing: dict[tuple[str, UUID], dict[str, Any] | None] = {}
    for each in log:
        entity, id = each["entity"], each["record_id"]
        was, then = plain(entity, each["before"]), plain(entity, each["after"])
        last = standing.get((entity, id))
        if then is None or (was or {}).get("version", 0) + 1 != then["version"]:
            yield f"{entity} {id}: version {was and was['version']} became {then and then['version']}"
        if last is not None and last != was:
            yield f"{entity} {id}: the images do not follow each other"
        differs = {n for n in then or {} if was and was[n] != (then or {})[n]} - STAMPS
        if each["kind"] == "UPDATED" and differs != set(each["changed"]):
            yield f"{entity} {id}: {differs} changed, the log tells {each['changed']}"
        standing[entity, id] = then
    for (entity, id), then in standing.items():
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
            if before.rows[entity].get(id) != row and (entity, id) not in standing:
                yield f"{entity} {id} changed, and the log does not tell"


async def in_history(place: Place, before: Facts, after: Facts, log: Sequence[Entry]) -> list[str]:
    """Every field that came to be another one has a row in the history of its record."""
    ids = sorted({each["record_id"] for each in log})
    known: dict[UUID, set[str | None]] = defaultdict(set)
    for row in await place.operator.fetch(HISTORY, ids) if ids else ():
        known[row["record_id"]].add(row["field"])
    wrong = []
    for entity, id in sorted({(each["entity"], each["record_id"]) for each in log}):
        known_as = MODEL.entities[entity].named
        old, new = before.rows[entity].get(id), after.rows[entity][id]
        if old is None or old["deleted_at"] != new["deleted_at"]:
            names: set[str | None] = {None}
        else:
            changed = {n for n in new if new[n] != old[n]} - STAMPS - {"deleted_at"}
            names = {known_as[column].name for column in changed if column in known_as}
        if not names <= known[id]:
            wrong.append(f"{entity} {id}: nothing in the history of {names - known[id]}")
    return wrong


def bound(before: Facts, after: Facts) -> Iterator[str]:
    """What was closed stays as it was closed; parts go and come at once with what they are parts of (D-15)."""
    for id, row in after.rows["Quote"].items():
        old = before.rows["Quote"].get(id)
        if old and old["accepted_at"] is not None and row["accepted_at"] is not None:
            changed = [name for name in CONTENT if old[name] != row[name]]
            if changed or (row["deleted_at"] and not _whole_went(after, row)):
                yield f"quote {id} was accepted, and {changed or 'it'} changed"
    for id, row in after.rows["Opportunity"].items():
        old = before.rows["Opportunity"].get(id)
        if old and old["locked"] and row["locked"]:
            changed = [n for n in LOCKED if old[n] != row[n] and n != "type_id"]
            if changed:
                yield f"opportunity {id} is locked, and {changed} changed"
    for entity in MODEL.entities.values():
        if entity.is_trace or not entity.parents:
            continue
        for id, row in after.rows[entity.name].items():
            old = before.rows[entity.name].get(id)
            gone = row["deleted_at"]
            if old is None or gone is None or old["deleted_at"] is not None:
                continue
            for way, above in zip(entity.parents, entity.parent_types, strict=True):
                whole = after.rows[above.name].get(row[way.column])
                was = before.rows[above.name].get(row[way.column])
                if (
                    whole
                    and was
                    and was["deleted_at"] is None
                    and whole["deleted_at"] not in (None, gone)
                ):
                    yield f"{entity.name} {id} went at another time than its {way.name}"


def _whole_went(facts: Facts, row: Row) -> bool:
    return facts.rows["Opportunity"][row["opportunity_id"]]["deleted_at"] is not None


def begun(before: Facts, after: Facts) -> Iterator[str]:
    """A new opportunity is in one stage from the first."""
    open_ = Counter(v["opportunity_id"] for v in after.live("StageHistory") if v["left_at"] is None)
    for row in after.live("Opportunity"):
        if row["id"] not in before.rows["Opportunity"] and open_[row["id"]] != 1:
            yield f"opportunity {row['id']} began in {open_[row['id']]} stages"


def sold(facts: Facts, opportunity: UUID) -> Iterator[str]:
    """Right after a sale, what is in force is what the accepted quote offers (D-04)."""
    row = facts.rows["Opportunity"][opportunity]
    if not (row["locked"] and row["status"] == "WON"):
        yield f"opportunity {opportunity} was sold, and is {row['status']}, locked: {row['locked']}"
    quotes = [q for q in facts.live("Quote") if q["opportunity_id"] == opportunity and q["active"]]
    ids = {quote["id"] for quote in quotes}
    items = [item for item in facts.live("QuoteItem") if item["quote_id"] in ids]
    lines = in_force(facts)
    held = [line for each in attached(facts)[opportunity] for line in lines[each["id"]]]
    said = [Counter(tuple(row[name] for name in SAME) for row in rows) for rows in (items, held)]
    if said[0] != said[1]:
        yield f"opportunity {opportunity}: offered {said[0] - said[1]}, sold {said[1] - said[0]}"
    if any(quote["accepted_at"] is None for quote in quotes):
        yield f"opportunity {opportunity} was sold on a quote that is not accepted"
