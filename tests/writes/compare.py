"""Compares the tables, the change log, the history and visible data with the model."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.writes import judge
from tests.writes.kinds import ABOVE, ALONG, KINDS, PAIRS, Row
from tests.writes.model import Done
from tests.writes.state import State, Touch, kept
from tests.writes.tenant import Tenant

ROLES = ("head_office", "default_invoicing")
"""Role flags of a trashed address, which are unspecified."""
SKIPPED = ("id", "created_at", "updated_at", "along", "order")


async def settle(tenant: Tenant, before: State, done: Done, ids: dict[UUID, UUID]) -> State:
    """The state with real ids and timestamps, after checking every row against the model."""
    after = State({**done.state.tables}, done.state.past, done.state.touches, done.state.loose)
    found = {entity: await tenant.rows(kind.table) for entity, kind in KINDS.items()}
    for entity in KINDS:
        ids |= _made(entity, before, done.state, found[entity], ids)
    for entity in KINDS:
        rows = done.state.tables[entity]
        expected = {ids.get(identity, identity): row for identity, row in rows.items()}
        assert set(expected) == set(found[entity]), f"other rows of {entity}"
        settled = {}
        for identity, row in expected.items():
            real = found[entity][identity]
            loose = row["id"] in done.state.loose
            if not loose:
                _same_row(entity, _with_ids(row, ids), real)
            _times(before.tables[entity].get(identity), real)
            settled[identity] = {**kept(real), "along": ids.get(row["along"], row["along"])}
        after.tables[entity] = settled
    after.past = {
        ids.get(identity, identity): {v: _with_ids(row, ids) for v, row in versions.items()}
        for identity, versions in done.state.past.items()
    }
    for rows in after.tables.values():
        for identity, row in rows.items():
            if "version" in row:
                after.past.setdefault(identity, {})[row["version"]] = row
    after.touches = [
        Touch(t.entity, ids.get(t.id, t.id), t.kind, t.version, t.fields, t.root)
        for t in done.state.touches
    ]
    after.loose = {ids.get(identity, identity) for identity in done.state.loose}
    return after


def _with_ids(row: Row, ids: dict[UUID, UUID]) -> Row:
    """The row with provisional ids replaced by real ones, also in links."""
    return {
        name: ids.get(value, value) if isinstance(value, UUID) else value
        for name, value in row.items()
    }


def _made(
    entity: str, before: State, state: State, found: dict[UUID, Row], ids: dict[UUID, UUID]
) -> dict[UUID, UUID]:
    """Real ids of new records that no payload names: children, matched by their distinguishing values."""
    known = {*before.tables[entity], *ids.values()}
    fresh = [row for identity, row in found.items() if identity not in known]
    made: dict[UUID, UUID] = {}
    for identity, row in state.tables[entity].items():
        if identity in before.tables[entity] or identity in ids:
            continue
        wanted = _mark(entity, _with_ids(row, ids))
        here = [each["id"] for each in fresh if _mark(entity, each) == wanted]
        assert len(here) == 1, f"{len(here)} new rows of {entity} instead of one: {wanted}"
        made[identity] = here[0]
    return made


def _mark(entity: str, row: Row) -> tuple[Any, ...]:
    if entity == "Address":
        return row["account_id"], row["house_number"]
    if entity == "StageHistory":
        return row["opportunity_id"], row["stage_id"], row["entered_at"], row["left_at"]
    if entity in PAIRS:
        return *(row[column] for column in PAIRS[entity]), row["deleted_at"] is not None
    return row["name"], row["external_id"], row["owner_id"], row.get("note")


def _same_row(entity: str, expected: Row, real: Row) -> None:
    real = kept(real)
    for name, value in real.items():
        if name in SKIPPED or expected[name] is judge.ANY:
            continue
        if name == "deleted_at":
            assert (value is None) == (expected[name] is None), f"{entity} {real['id']}: {name}"
        elif name in ROLES and real["deleted_at"] is not None:
            continue
        else:
            assert value == expected[name], (
                f"{entity} {real['id']}: {name} is {value!r}, expected {expected[name]!r}"
            )


def _times(before: Row | None, real: Row) -> None:
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


async def invariants(tenant: Tenant, state: State) -> None:
    """Invariants that hold after every step."""
    for account in state.tables["Account"].values():
        if account["deleted_at"] is None:
            places = state.parts("Address", account["id"])
            heads = [row["head_office"] for row in places]
            assert heads.count(True) == (1 if heads else 0), f"head offices of {account['id']}"
            paying = [row["default_invoicing"] for row in places if row["invoicing"]]
            assert paying.count(True) == (1 if paying else 0), f"invoices of {account['id']}"
    _opportunities(state)
    for entity, link in ABOVE.items():
        for row in state.live(entity):
            above = row[f"{link}_id"]
            found = judge.above_itself(state, entity, row["id"], above, live_only=True)
            assert not found, f"{entity} {row['id']} is above itself"
    for whole, parts in ALONG.items():
        for part, row in ((each, row) for each in parts for row in state.live(each)):
            above = state.tables[whole][row[f"{KINDS[part].whole}_id"]]
            assert above["deleted_at"] is None, "a part without its whole"
    for entity in ("Account", "Opportunity"):
        external = [row["external_id"] for row in state.live(entity) if row["external_id"]]
        assert len(external) == len(set(external)), f"external ids of {entity}"
    for entity, columns in PAIRS.items():
        pairs = [tuple(row[column] for column in columns) for row in state.live(entity)]
        assert len(pairs) == len(set(pairs)), entity
    numbers = [row["number"] for row in state.tables["Account"].values()]
    assert all(numbers), "every account has a number"
    log = await tenant.fetch("SELECT DISTINCT position FROM @.change_log ORDER BY position")
    positions = [row["position"] for row in log]
    if positions:
        assert positions == list(range(positions[0], positions[0] + len(positions))), positions
        assert positions[-1] == (await tenant.head())[0], "the head is where the log ends"


def _opportunities(state: State) -> None:
    """Each opportunity has one open stage history row, and its outcome fields match its status (X-23)."""
    came = {
        touch.id
        for touch in state.touches
        if touch.entity == "Opportunity" and (touch.kind == "CREATED" or "stage_id" in touch.fields)
    }
    for row in state.live("Opportunity"):
        stays = [each for each in state.parts("StageHistory", row["id"]) if each["left_at"] is None]
        assert [each["stage_id"] for each in stays] == [row["stage_id"]], f"stays of {row['id']}"
        assert (row["closed_on"] is None) == (row["status"] == "OPEN"), row
        assert row["status"] == "LOST" or not (row["lost_reason_id"] or row["lost_note"]), row
        if row["id"] in came:
            others = [o for o in state.live("Opportunity") if o["stage_id"] == row["stage_id"]]
            there = [o["rank_key"] for o in others if o["id"] not in came and o["rank_key"]]
            assert all(key < row["rank_key"] for key in there), "what comes to a stage stands last"
