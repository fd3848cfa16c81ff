"""Compares the change log and history rows of a step with its effect."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from tests.writes.entity_types import ENTITY_TYPES, RIGHTS_ENTITIES, Row
from tests.writes.json_rows import JsonRows, parse_row
from tests.writes.rights import SetUp
from tests.writes.state import RecordChange, State
from tests.writes.tenant import Tenant
from tests.writes.value_text import field_name, field_text, text_of


async def check_log(
    tenant: Tenant, user: UUID, since: int, before: JsonRows, after: JsonRows
) -> None:
    """Check that a step has one log position with consecutive entries that cover every changed row."""
    entries = await tenant.fetch(
        "SELECT * FROM @.change_log WHERE position > $1 ORDER BY position, number", since
    )
    changed = {
        (entity, identity)
        for entity in ENTITY_TYPES
        for identity, row in after[entity].items()
        if before[entity].get(identity) != row
    }
    position, _ = await tenant.head()
    logged = {(each["entity"], each["record_id"]) for each in entries}
    assert changed <= logged, f"not in the log: {changed - logged}"
    assert position == since + (1 if entries else 0), f"{since} became {position}"
    assert {each["position"] for each in entries} <= {since + 1}
    numbers = [each["number"] for each in entries]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
    assert not numbers or numbers[0] in (0, 1), numbers
    assert {each["user_id"] for each in entries} <= {user}
    assert len({(each["request_id"], each["at"]) for each in entries}) <= 1
    assert all(each["access"] == (each["entity"] in RIGHTS_ENTITIES) for each in entries)
    current: dict[tuple[str, UUID], Row | None] = {}
    for each in entries:
        key = (each["entity"], each["record_id"])
        was = current.get(key, before[key[0]].get(key[1]))
        before_row, after_row = parse_row(each["before"]), parse_row(each["after"])
        assert before_row == was, f"{key}: before is {before_row}, expected {was}"
        assert after_row is not None
        differs = {
            name for name in after_row if before_row is None or before_row[name] != after_row[name]
        }
        counted = differs - {"version", "updated_at"}
        if each["kind"] == "UPDATED":
            assert counted == set(each["changed"]), (key, each["changed"], differs)
        assert set(each["changed"]) <= differs, (key, each["changed"], differs)
        assert (each["kind"] == "CREATED") == (before_row is None), key
        current[key] = after_row
    for key, after_row in current.items():
        assert after_row == after[key[0]][key[1]], f"{key}: the last entry differs from the row"


async def check_history(
    tenant: Tenant, setup: SetUp, user: UUID, known: set[UUID], state: State
) -> set[UUID]:
    """Check one history row per changed field and per created, deleted or restored record; return the new ids."""
    rows_found = await tenant.fetch(
        "SELECT * FROM @.history WHERE NOT id = ANY($1::uuid[])", list(known)
    )
    assert {row["user_id"] for row in rows_found} <= {user}
    change_counts = Counter((change.entity, change.id) for change in state.changes)
    for change in state.changes:
        rows = [row for row in rows_found if row["record_id"] == change.id]
        assert rows, f"no history of {change}"
        assert {row["entity"] for row in rows} == {change.entity}
        if change.id in state.unspecified or change_counts[change.entity, change.id] > 1:
            continue
        got = {
            (row["kind"], row["field"], row["before"], row["after"], row["record_version"])
            for row in rows
            if not (change.kind != "UPDATED" and row["field"] == "headOffice")
        }
        expected = _expected_rows(setup, state, change)
        assert got == expected, f"history of {change.entity}: {got} instead of {expected}"
    changed_ids = {change.id for change in state.changes} | state.unspecified
    assert {row["record_id"] for row in rows_found} <= changed_ids, (
        "history rows of an unchanged record"
    )
    return {row["id"] for row in rows_found}


def _expected_rows(setup: SetUp, state: State, change: RecordChange) -> set[tuple[Any, ...]]:
    if change.kind != "UPDATED":
        return {(change.kind, None, None, None, change.version)}
    rows = set()
    after = state.tables[change.entity][change.id]
    before = {**after, **{name: was for name, (was, _) in change.fields.items()}}
    for column, (was, became) in change.fields.items():
        if column == "custom":
            rows |= _attribute_rows(setup, change, was, became)
            continue
        name = field_name(change.entity, column)
        texts = (
            field_text(change.entity, name, was, before),
            field_text(change.entity, name, became, after),
        )
        rows.add(("UPDATED", name, *texts, change.version))
    return rows


def _attribute_rows(
    setup: SetUp, change: RecordChange, was: Row, became: Row
) -> set[tuple[Any, ...]]:
    keys = {
        str(row["id"]): key
        for (entity, key), row in setup.attributes.items()
        if entity == change.entity
    }
    return {
        ("UPDATED", keys[i], text_of(was.get(i)), text_of(became.get(i)), change.version)
        for i in {*was, *became}
        if was.get(i) != became.get(i)
    }
