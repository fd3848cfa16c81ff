"""Compares the tables, the change log, the history and visible data with the model."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.writes import input_rules
from tests.writes.entity_types import CHILDREN, ENTITY_TYPES, HIERARCHY_LINKS, UNIQUE_PAIRS, Row
from tests.writes.model import Outcome
from tests.writes.state import RecordChange, State, model_row
from tests.writes.tenant import Tenant

UNSPECIFIED_IN_TRASH = ("head_office", "default_invoicing")
"""Role flags of a trashed address, which are unspecified."""
SKIPPED = ("id", "created_at", "updated_at", "trashed_with", "order")


async def reconcile(
    tenant: Tenant, before: State, outcome: Outcome, ids: dict[UUID, UUID]
) -> State:
    """The state with real ids and timestamps, after checking every row against the model."""
    after = State(
        {**outcome.state.tables},
        outcome.state.versions,
        outcome.state.changes,
        outcome.state.unspecified,
    )
    actual = {entity: await tenant.rows(kind.table) for entity, kind in ENTITY_TYPES.items()}
    for entity in ENTITY_TYPES:
        ids |= _new_ids(entity, before, outcome.state, actual[entity], ids)
    for entity in ENTITY_TYPES:
        rows = outcome.state.tables[entity]
        expected = {ids.get(identity, identity): row for identity, row in rows.items()}
        assert set(expected) == set(actual[entity]), f"other rows of {entity}"
        reconciled = {}
        for identity, row in expected.items():
            real = actual[entity][identity]
            unspecified = row["id"] in outcome.state.unspecified
            if not unspecified:
                _check_row(entity, _with_ids(row, ids), real)
            _check_timestamps(before.tables[entity].get(identity), real)
            reconciled[identity] = {
                **model_row(real),
                "trashed_with": ids.get(row["trashed_with"], row["trashed_with"]),
            }
        after.tables[entity] = reconciled
    after.versions = {
        ids.get(identity, identity): {v: _with_ids(row, ids) for v, row in versions.items()}
        for identity, versions in outcome.state.versions.items()
    }
    for rows in after.tables.values():
        for identity, row in rows.items():
            if "version" in row:
                after.versions.setdefault(identity, {})[row["version"]] = row
    after.changes = [
        RecordChange(t.entity, ids.get(t.id, t.id), t.kind, t.version, t.fields, t.root)
        for t in outcome.state.changes
    ]
    after.unspecified = {ids.get(identity, identity) for identity in outcome.state.unspecified}
    return after


def _with_ids(row: Row, ids: dict[UUID, UUID]) -> Row:
    """The row with provisional ids replaced by real ones, also in links."""
    return {
        name: ids.get(value, value) if isinstance(value, UUID) else value
        for name, value in row.items()
    }


def _new_ids(
    entity: str, before: State, state: State, actual: dict[UUID, Row], ids: dict[UUID, UUID]
) -> dict[UUID, UUID]:
    """Real ids of new records that no payload names: children, matched by their distinguishing values."""
    known = {*before.tables[entity], *ids.values()}
    new_rows = [row for identity, row in actual.items() if identity not in known]
    new_ids: dict[UUID, UUID] = {}
    for identity, row in state.tables[entity].items():
        if identity in before.tables[entity] or identity in ids:
            continue
        expected = _distinguishing_values(entity, _with_ids(row, ids))
        matches = [
            each["id"] for each in new_rows if _distinguishing_values(entity, each) == expected
        ]
        assert len(matches) == 1, f"{len(matches)} new rows of {entity} instead of one: {expected}"
        new_ids[identity] = matches[0]
    return new_ids


def _distinguishing_values(entity: str, row: Row) -> tuple[Any, ...]:
    if entity == "Address":
        return row["account_id"], row["house_number"]
    if entity == "StageHistory":
        return row["opportunity_id"], row["stage_id"], row["entered_at"], row["left_at"]
    if entity in UNIQUE_PAIRS:
        return *(row[column] for column in UNIQUE_PAIRS[entity]), row["deleted_at"] is not None
    return row["name"], row["external_id"], row["owner_id"], row.get("note")


def _check_row(entity: str, expected: Row, real: Row) -> None:
    real = model_row(real)
    for name, value in real.items():
        if name in SKIPPED or expected[name] is input_rules.ANY:
            continue
        if name == "deleted_at":
            assert (value is None) == (expected[name] is None), f"{entity} {real['id']}: {name}"
        elif name in UNSPECIFIED_IN_TRASH and real["deleted_at"] is not None:
            continue
        else:
            assert value == expected[name], (
                f"{entity} {real['id']}: {name} is {value!r}, expected {expected[name]!r}"
            )


def _check_timestamps(before: Row | None, real: Row) -> None:
    """A changed row has a later timestamp; an unchanged row keeps its timestamps."""
    if before is None:
        if real["version"] == 1:
            assert real["created_at"] == real["updated_at"], real
        return
    assert real["created_at"] == before["created_at"], real
    if real["version"] == before["version"]:
        assert real["updated_at"] == before["updated_at"], real
        assert real["deleted_at"] == before["deleted_at"], real
    else:
        assert real["version"] > before["version"], real
        assert real["updated_at"] > before["updated_at"], real


async def check_invariants(tenant: Tenant, state: State) -> None:
    """Invariants that hold after every step."""
    for account in state.tables["Account"].values():
        if account["deleted_at"] is None:
            addresses = state.children("Address", account["id"])
            heads = [row["head_office"] for row in addresses]
            assert heads.count(True) == (1 if heads else 0), f"head offices of {account['id']}"
            default_invoicing = [row["default_invoicing"] for row in addresses if row["invoicing"]]
            assert default_invoicing.count(True) == (1 if default_invoicing else 0), (
                f"invoices of {account['id']}"
            )
    _opportunities(state)
    for entity, link in HIERARCHY_LINKS.items():
        for row in state.live(entity):
            parent = row[f"{link}_id"]
            cycle = input_rules.makes_cycle(state, entity, row["id"], parent, live_only=True)
            assert not cycle, f"{entity} {row['id']} is its own ancestor"
    for parent, children in CHILDREN.items():
        for child, row in ((each, row) for each in children for row in state.live(each)):
            parent_row = state.tables[parent][row[f"{ENTITY_TYPES[child].parent}_id"]]
            assert parent_row["deleted_at"] is None, "a live child of a trashed parent"
    for entity in ("Account", "Opportunity"):
        external = [row["external_id"] for row in state.live(entity) if row["external_id"]]
        assert len(external) == len(set(external)), f"external ids of {entity}"
    for entity, columns in UNIQUE_PAIRS.items():
        pairs = [tuple(row[column] for column in columns) for row in state.live(entity)]
        assert len(pairs) == len(set(pairs)), entity
    numbers = [row["number"] for row in state.tables["Account"].values()]
    assert all(numbers), "every account has a number"
    log = await tenant.fetch("SELECT DISTINCT position FROM @.change_log ORDER BY position")
    positions = [row["position"] for row in log]
    if positions:
        assert positions == list(range(positions[0], positions[0] + len(positions))), positions
        assert positions[-1] == (await tenant.head())[0], "log_head is not the last position"


def _opportunities(state: State) -> None:
    """Each opportunity has one open stage history row, and its outcome fields match its status (X-23)."""
    entered = {
        change.id
        for change in state.changes
        if change.entity == "Opportunity"
        and (change.kind == "CREATED" or "stage_id" in change.fields)
    }
    for row in state.live("Opportunity"):
        open_rows = [
            each for each in state.children("StageHistory", row["id"]) if each["left_at"] is None
        ]
        assert [each["stage_id"] for each in open_rows] == [row["stage_id"]], (
            f"open stage history of {row['id']}"
        )
        assert (row["closed_on"] is None) == (row["status"] == "OPEN"), row
        assert row["status"] == "LOST" or not (row["lost_reason_id"] or row["lost_note"]), row
        if row["id"] in entered:
            others = [o for o in state.live("Opportunity") if o["stage_id"] == row["stage_id"]]
            earlier_keys = [
                o["rank_key"] for o in others if o["id"] not in entered and o["rank_key"]
            ]
            assert all(key < row["rank_key"] for key in earlier_keys), (
                "an opportunity that enters a stage ranks last"
            )
