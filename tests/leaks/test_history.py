"""Readable history follows current rights: none for closed fields; by the record's current status for ruled ones (D-44)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from tests.leaks.channels import all_leaves, edges
from tests.leaks.probe import Probe, denied
from tests.leaks.truth import load, scratch_tenant
from tests.proof.contract import HISTORY, LIST_ROOT, LISTED, is_record, spelled_id
from tests.proof.rights import PERSONAS, is_closed, readable
from tests.proof.rows import Row
from tests.support.covers import covers
from tests.support.world import World

WITH_HISTORY = tuple(
    type_name for type_name in LISTED if any(edge.target == HISTORY for edge in edges(type_name))
)
SOME = "filter: { history: { some: {} } }"
PAGE = 20
FEW = 20
"""With fewer visible records than this, it is possible that none has a readable history."""


def test_every_record_has_a_history() -> None:
    """Every listed type has a history, except types that only the system writes."""
    assert set(LISTED) - set(WITH_HISTORY) == {n for n in LISTED if not is_record(n)} != set()


async def histories(probe: Probe, type_name: str) -> dict[str, dict[str, Any]]:
    """All history entries of a type returned to the persona, by record ID and entry ID."""
    inner = f"id history(first: 40) {{ totalCount nodes {{ {all_leaves(HISTORY)} }} }}"
    found: dict[str, dict[str, Any]] = {}
    after = ""
    while True:
        query = (
            f"{{ read: {LIST_ROOT[type_name]}(first: {PAGE}, {SOME}{after}) "
            f"{{ nodes {{ {inner} }} pageInfo {{ hasNextPage endCursor }} }} }}"
        )
        answer = await probe.ask(query)
        assert denied(answer) == probe.denials(HISTORY), answer.body
        for node in answer.data["read"]["nodes"]:
            found[node["id"]] = {entry["id"]: entry for entry in node["history"]["nodes"]}
            assert node["history"]["totalCount"] == len(found[node["id"]])
        page = answer.data["read"]["pageInfo"]
        if not page["hasNextPage"]:
            return found
        after = f', after: "{page["endCursor"]}"'


def expected(probe: Probe, type_name: str) -> dict[str, set[str]]:
    """IDs of the readable entries by record ID, for records with at least one."""
    return {
        spelled_id(type_name, id): {spelled_id(HISTORY, one) for one in readable}
        for id in probe.truth.visible(probe.persona, type_name)
        if (readable := probe.truth.readable_history(probe.persona, id))
    }


@covers("D-32")
@pytest.mark.parametrize("type_name", WITH_HISTORY)
async def test_history_contains_exactly_the_readable_entries(probe: Probe, type_name: str) -> None:
    """Each record with history returns exactly the readable entries, with their stored values."""
    if is_closed(probe.persona, type_name):
        return
    found = await histories(probe, type_name)
    expected_entries = expected(probe, type_name)
    assert expected_entries or len(probe.truth.visible(probe.persona, type_name)) < FEW
    assert {record: set(entries) for record, entries in found.items()} == expected_entries
    for entries in found.values():
        for entry in entries.values():
            probe.assert_record(HISTORY, entry)
    probe.cells["history"] += sum(len(entries) for entries in found.values())


def test_data_contain_unreadable_history(probe: Probe) -> None:
    """The data contain readable and unreadable entries of every relevant kind."""
    rows = probe.truth.rows[HISTORY].values()
    readable = probe.truth.visible(probe.persona, HISTORY)
    seen = probe.truth.visible(probe.persona, "Opportunity")
    of_seen = [row for row in rows if row["record_id"] in seen]
    unreadable = {str(row["field"]) for row in of_seen if row["id"] not in readable}
    assert {"vanished", "gone"} <= unreadable
    if probe.persona == "admin":
        return
    assert "commission" in unreadable
    assert [row for row in rows if row["entity"] == "Opportunity" and row["record_id"] not in seen]
    statuses = {
        seen[row["record_id"]]["status"]: row["id"] in readable
        for row in of_seen
        if row["field"] == "commission"
    }
    if probe.persona == "support":
        assert set(statuses.values()) == {False}
        assert {"margin", "amount", "tier"} <= unreadable
    else:
        assert {status: readable for status, readable in statuses.items() if readable} in (
            {"WON": True},
            {},
        )
    if probe.persona == "limited":
        assert {"margin", "tier"} <= unreadable


def unreadable_entries(probe: Probe) -> Iterator[Row]:
    """Unreadable entries of visible and hidden records, one of each kind."""
    readable, kinds = probe.truth.visible(probe.persona, HISTORY), set()
    for id, row in sorted(probe.truth.rows[HISTORY].items()):
        entity = str(row["entity"])
        if entity not in LIST_ROOT:  # unlisted types have no filter
            continue
        seen = row["record_id"] in probe.truth.visible(probe.persona, entity)
        kind = (entity, row["field"], seen)
        if id not in readable and kind not in kinds and not is_closed(probe.persona, entity):
            kinds.add(kind)
            yield row


@covers("D-31", "D-32")
async def test_filters_do_not_match_unreadable_entries(probe_per_profile: Probe) -> None:
    """No filter by ID, field or version matches an unreadable entry, with any quantifier."""
    tried = 0
    for row in unreadable_entries(probe_per_profile):
        entity, id = row["entity"], spelled_id(HISTORY, row["id"])
        record = spelled_id(entity, row["record_id"])
        visible = probe_per_profile.truth.visible(probe_per_profile.persona, entity)
        mine, root = int(row["record_id"] in visible), LIST_ROOT[entity]
        only, one = f'id: {{ eq: "{record}" }}', f'id: {{ eq: "{id}" }}'
        field = (
            f'field: {{ eq: "{row["field"]}" }}, recordVersion: {{ eq: {row["record_version"]} }}'
        )
        cases = {
            "a": (f"history: {{ some: {{ {one} }} }}", 0),
            "b": (f"history: {{ none: {{ {one} }} }}", mine),
            "c": (f"not: {{ history: {{ some: {{ {one} }} }} }}", mine),
            "d": (f"history: {{ every: {{ not: {{ {one} }} }} }}", mine),
            "e": (f"history: {{ some: {{ kind: {{ eq: {row['kind']} }}, {field} }} }}", 0),
        }
        if row["field"] is None:
            del cases["e"]
        query = {
            alias: f"{root}(filter: {{ {only}, {condition} }}) {{ totalCount }}"
            for alias, (condition, _) in cases.items()
        }
        counts = await probe_per_profile.count(query)
        assert counts == {alias: count for alias, (_, count) in cases.items()}, row
        tried += len(cases)
    assert tried > 20
    probe_per_profile.cells["history filter"] += tried


@covers("D-32")
async def test_entry_id_reads_nothing(probe_per_profile: Probe) -> None:
    """No root field accepts the ID of an entry, readable or not, and no root field lists all entries."""
    readable = probe_per_profile.truth.visible(probe_per_profile.persona, HISTORY)
    ids = [
        spelled_id(HISTORY, id)
        for id in (*sorted(readable)[:3], *(r["id"] for r in unreadable_entries(probe_per_profile)))
    ]
    for id in (*ids[:8], f"chg_{UUID(int=5).hex}"):
        answer = await probe_per_profile.ask(
            f'{{ node(id: "{id}") {{ id ... on HistoryEntry {{ field after }} }} '
            f'nodes(ids: ["{id}"]) {{ id }} account(id: "{id}") {{ id }} }}'
        )
        assert answer.data == {"node": None, "nodes": [None], "account": None}
    for root in ("change", "changes", "changesAggregate"):
        answer = await probe_per_profile.ask(f"{{ {root} {{ __typename }} }}")
        assert answer.codes == ["GRAPHQL_VALIDATION_FAILED"]


COUNT_QUERY = (
    "{ opportunities(first: 60, filter: { history: { some: {} } }) { nodes { id history { totalCount "
    "aggregate { count countUnique { field recordVersion } percentEmpty { field } } } } } }"
)


@covers("D-31", "D-43")
async def test_unreadable_entries_are_not_counted(probe: Probe) -> None:
    answer = await probe.ask(COUNT_QUERY)
    for node in answer.data["opportunities"]["nodes"]:
        readable = probe.truth.readable_history(
            probe.persona, UUID(node["id"].rpartition("_")[2])
        ).values()
        fields = [row["field"] for row in readable]
        share = 100 * fields.count(None) / len(fields)
        read = node["history"]["aggregate"]
        assert node["history"]["totalCount"] == read["count"] == len(fields)
        assert read["countUnique"] == {
            "field": len(set(fields) - {None}),
            "recordVersion": len({row["record_version"] for row in readable}),
        }
        assert abs(float(read["percentEmpty"]["field"]) - share) < 0.01


# --- rights that change -------------------------------------------------------------------------

OF_FIELD = (
    "query ($id: ID!, $field: String!) { opportunity(id: $id) { status history(filter: "
    "{ field: { eq: $field } }) { totalCount nodes { before after } } } }"
)
REVOCATIONS = {
    "a field": ("note", "DELETE FROM {s}.field_permission WHERE field = 'note'"),
    "a field, softly": (
        "note",
        "UPDATE {s}.field_permission SET deleted_at = now() WHERE field = 'note'",
    ),
    "a status": (
        "note",
        "INSERT INTO {s}.status_rule (id, entity, field, status) "
        "VALUES (gen_random_uuid(), 'Opportunity', 'note', 'LOST')",
    ),
    "a link's target": (
        "account",
        "UPDATE {s}.object_permission SET rows = 'OWN' WHERE entity = 'Account'",
    ),
    "an attribute": ("seats", "UPDATE {s}.attribute SET deleted_at = now() WHERE key = 'seats'"),
}
"""A field with readable history, and the statement that revokes the right to it."""


@covers("D-34")
@pytest.mark.parametrize("what", REVOCATIONS)
async def test_history_of_revoked_field_is_hidden(world: World, what: str) -> None:
    """It is neither returned, counted nor matched by filters; administrators still read it if the field exists."""
    field, statement = REVOCATIONS[what]
    async with scratch_tenant(world, f"revoked-{list(REVOCATIONS).index(what)}") as tenant:
        truth = await load(world, tenant)
        with_history = {
            row["record_id"] for row in truth.rows[HISTORY].values() if row["field"] == field
        }
        seen = truth.visible("rep1", "Opportunity")
        id = next(
            one for one in sorted(with_history) if one in seen and seen[one]["status"] == "OPEN"
        )
        variables = {"id": spelled_id("Opportunity", id), "field": field}
        before = await world.ask("rep1", OF_FIELD, variables, tenant=tenant)
        assert before.data["opportunity"]["history"]["totalCount"] == 1
        await world.admin.execute(statement.format(s=world.schema(tenant)))
        await world.bump_access_version(tenant)
        after = await world.ask("rep1", OF_FIELD, variables, tenant=tenant)
        assert after.data["opportunity"]["history"] == {"totalCount": 0, "nodes": []}
        found = await world.ask(
            "rep1",
            "query ($field: String!) { opportunities(filter: { history: { some: { field: { eq: $field } } } }, "
            "first: 100) { nodes { id } } }",
            {"field": field},
            tenant=tenant,
        )
        assert variables["id"] not in {node["id"] for node in found.data["opportunities"]["nodes"]}
        full = await world.ask("admin", OF_FIELD, variables, tenant=tenant)
        assert full.data["opportunity"]["history"]["totalCount"] == int(what != "an attribute")


async def test_current_status_decides_about_history(world: World) -> None:
    """The whole commission history is readable while the opportunity is won, and none of it otherwise."""
    async with scratch_tenant(world, "past") as tenant:
        truth, place = await load(world, tenant), f"{world.schema(tenant)}.opportunity"
        stages = {row["kind"]: id for id, row in truth.live("Stage").items()}
        row = next(
            truth.rows["Opportunity"][change["record_id"]]
            for change in truth.rows[HISTORY].values()
            if change["field"] == "commission"
            and change["record_id"] in truth.visible("limited", "Opportunity")
        )
        variables = {"id": spelled_id("Opportunity", row["id"]), "field": "commission"}
        for status, readable in (("OPEN", 0), ("WON", 1), ("LOST", 0), ("WON", 1)):
            await world.admin.execute(
                f"UPDATE {place} SET stage_id = $2, status = $3 WHERE id = $1",  # noqa: S608
                row["id"], stages[status], status,
            )  # fmt: skip
            for persona in ("manager", "limited"):
                answer = await world.ask(persona, OF_FIELD, variables, tenant=tenant)
                assert answer.data["opportunity"]["status"] == status
                assert answer.data["opportunity"]["history"]["totalCount"] == readable


CLAUSES = (
    "accounts(filter: { history: { some: {} } })",
    "accounts(filter: { history: { none: { kind: { eq: DELETED } } } })",
    "employees(filter: { opportunities: { some: { history: { every: {} } } } })",
)


@covers("D-31", "D-34")
async def test_history_without_grant_is_null_and_refused_in_filters(world: World) -> None:
    """Selections of history are null and denied; filters on it are FIELD_FORBIDDEN."""
    async with scratch_tenant(world, "historyless") as tenant:
        await world.admin.execute(
            f"DELETE FROM {world.schema(tenant)}.object_permission WHERE entity = 'HistoryEntry'"  # noqa: S608
        )
        await world.bump_access_version(tenant)
        for persona in (one for one in PERSONAS if one != "admin"):
            query = "{ accounts { nodes { history { totalCount nodes { after user { id } } } } } }"
            answer = await world.ask(persona, query, tenant=tenant)
            assert denied(answer) == {(HISTORY, "", "object")}
            assert {node["history"] for node in answer.data["accounts"]["nodes"]} == {None}
            strict = await world.ask(persona, query, tenant=tenant, x_access="strict")
            assert strict.codes == ["FIELD_FORBIDDEN"]
            for clause in CLAUSES:
                refused = await world.ask(
                    persona, f"{{ {clause} {{ totalCount }} }}", tenant=tenant
                )
                assert refused.codes == ["FIELD_FORBIDDEN"], clause
        full = await world.ask("admin", f"{{ {CLAUSES[0]} {{ totalCount }} }}", tenant=tenant)
        assert full.data["accounts"]["totalCount"] > 0


async def test_history_of_trashed_record_is_hidden(world: World, probe: Probe) -> None:
    """A deleted record is null, with its history, whatever the persona's rights."""
    deleted = [r for r in probe.truth.rows["Opportunity"].values() if r["deleted_at"]]
    with_history = {row["record_id"] for row in probe.truth.rows[HISTORY].values()}
    assert {row["id"] for row in deleted} & with_history
    for row in deleted:
        id = spelled_id("Opportunity", row["id"])
        answer = await probe.ask(f'{{ opportunity(id: "{id}") {{ history {{ totalCount }} }} }}')
        assert answer.data == {"opportunity": None}
    assert not [row for row in deleted if not readable(probe.persona, "Opportunity", "id", row)]
