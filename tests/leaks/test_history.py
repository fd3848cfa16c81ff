"""What is told of the past is what may be read today: of closed fields nothing, of ruled ones as the record stands (D-44)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from tests.leaks.channels import all_leaves, edges
from tests.leaks.probe import Probe, denied
from tests.leaks.truth import load, own_tenant
from tests.proof.contract import HISTORY, LIST_OF, LISTED, is_record, spelled_id
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
"""Of fewer records than this, none may have a past that may be told."""


def test_every_record_has_a_history() -> None:
    """Only what the system notes by itself has none."""
    assert set(LISTED) - set(WITH_HISTORY) == {n for n in LISTED if not is_record(n)} != set()


async def histories(probe: Probe, type_name: str) -> dict[str, dict[str, Any]]:
    """Everything that the persona is told of records of a type, by the record's id and the entry's."""
    inner = f"id history(first: 40) {{ totalCount nodes {{ {all_leaves(HISTORY)} }} }}"
    found: dict[str, dict[str, Any]] = {}
    after = ""
    while True:
        query = (
            f"{{ read: {LIST_OF[type_name]}(first: {PAGE}, {SOME}{after}) "
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
    """Which entries there are for him, by the record's id; where there is none, the record is not found by them."""
    return {
        spelled_id(type_name, id): {spelled_id(HISTORY, one) for one in told}
        for id in probe.truth.visible(probe.persona, type_name)
        if (told := probe.truth.told(probe.persona, id))
    }


@covers("D-32")
@pytest.mark.parametrize("type_name", WITH_HISTORY)
async def test_just_what_may_be_read_today_is_told(probe: Probe, type_name: str) -> None:
    """Of every record that has a history: those entries, and each as it was noted."""
    if is_closed(probe.persona, type_name):
        return
    found = await histories(probe, type_name)
    wanted = expected(probe, type_name)
    assert wanted or len(probe.truth.visible(probe.persona, type_name)) < FEW
    assert {record: set(entries) for record, entries in found.items()} == wanted
    for entries in found.values():
        for entry in entries.values():
            probe.judge(HISTORY, entry)
    probe.cells["history"] += sum(len(entries) for entries in found.values())


def test_the_history_tries_what_it_should(probe: Probe) -> None:
    """Were nothing withheld, the tests above would show nothing."""
    rows = probe.truth.rows[HISTORY].values()
    told = probe.truth.visible(probe.persona, HISTORY)
    seen = probe.truth.visible(probe.persona, "Opportunity")
    of_seen = [row for row in rows if row["record_id"] in seen]
    untold = {str(row["field"]) for row in of_seen if row["id"] not in told}
    assert {"vanished", "gone"} <= untold
    if probe.persona == "admin":
        return
    assert "commission" in untold
    assert [row for row in rows if row["entity"] == "Opportunity" and row["record_id"] not in seen]
    statuses = {
        seen[row["record_id"]]["status"]: row["id"] in told
        for row in of_seen
        if row["field"] == "commission"
    }
    if probe.persona == "support":
        assert set(statuses.values()) == {False}
        assert {"margin", "amount", "tier"} <= untold
    else:
        assert {status: told for status, told in statuses.items() if told} in ({"WON": True}, {})
    if probe.persona == "limited":
        assert {"margin", "tier"} <= untold


def _untold(probe: Probe) -> Iterator[Row]:
    """Of records that he sees and that he does not see, entries that are not for him, one of each kind."""
    told, kinds = probe.truth.visible(probe.persona, HISTORY), set()
    for id, row in sorted(probe.truth.rows[HISTORY].items()):
        entity = str(row["entity"])
        if entity not in LIST_OF:  # what is not listed is found by no filter
            continue
        seen = row["record_id"] in probe.truth.visible(probe.persona, entity)
        kind = (entity, row["field"], seen)
        if id not in told and kind not in kinds and not is_closed(probe.persona, entity):
            kinds.add(kind)
            yield row


@covers("D-31", "D-32")
async def test_nothing_finds_what_is_not_told(one_each: Probe) -> None:
    """By its id, its field, its moment: no record is found by it, with any quantifier, and none is missed."""
    tried = 0
    for row in _untold(one_each):
        entity, id = row["entity"], spelled_id(HISTORY, row["id"])
        record = spelled_id(entity, row["record_id"])
        visible = one_each.truth.visible(one_each.persona, entity)
        mine, root = int(row["record_id"] in visible), LIST_OF[entity]
        only, one = f'id: {{ eq: "{record}" }}', f'id: {{ eq: "{id}" }}'
        field = (
            f'field: {{ eq: "{row["field"]}" }}, recordVersion: {{ eq: {row["record_version"]} }}'
        )
        asked = {
            "a": (f"history: {{ some: {{ {one} }} }}", 0),
            "b": (f"history: {{ none: {{ {one} }} }}", mine),
            "c": (f"not: {{ history: {{ some: {{ {one} }} }} }}", mine),
            "d": (f"history: {{ every: {{ not: {{ {one} }} }} }}", mine),
            "e": (f"history: {{ some: {{ kind: {{ eq: {row['kind']} }}, {field} }} }}", 0),
        }
        if row["field"] is None:
            del asked["e"]
        query = {
            alias: f"{root}(filter: {{ {only}, {condition} }}) {{ totalCount }}"
            for alias, (condition, _) in asked.items()
        }
        counts = await one_each.count(query)
        assert counts == {alias: count for alias, (_, count) in asked.items()}, row
        tried += len(asked)
    assert tried > 20
    one_each.cells["history filter"] += tried


@covers("D-32")
async def test_an_entry_is_no_way_to_anything(one_each: Probe) -> None:
    """As an id it is one of nothing, told or not; and there is no list of all that happened."""
    told = one_each.truth.visible(one_each.persona, HISTORY)
    ids = [
        spelled_id(HISTORY, id) for id in (*sorted(told)[:3], *(r["id"] for r in _untold(one_each)))
    ]
    for id in (*ids[:8], f"chg_{UUID(int=5).hex}"):
        answer = await one_each.ask(
            f'{{ node(id: "{id}") {{ id ... on HistoryEntry {{ field after }} }} '
            f'nodes(ids: ["{id}"]) {{ id }} account(id: "{id}") {{ id }} }}'
        )
        assert answer.data == {"node": None, "nodes": [None], "account": None}
    for root in ("change", "changes", "changesAggregate"):
        answer = await one_each.ask(f"{{ {root} {{ __typename }} }}")
        assert answer.codes == ["GRAPHQL_VALIDATION_FAILED"]


COUNTED = (
    "{ opportunities(first: 60, filter: { history: { some: {} } }) { nodes { id history { totalCount "
    "aggregate { count countUnique { field recordVersion } percentEmpty { field } } } } } }"
)


@covers("D-31", "D-43")
async def test_what_is_not_told_is_not_counted(probe: Probe) -> None:
    answer = await probe.ask(COUNTED)
    for node in answer.data["opportunities"]["nodes"]:
        told = probe.truth.told(probe.persona, UUID(node["id"].rpartition("_")[2])).values()
        fields = [row["field"] for row in told]
        share = 100 * fields.count(None) / len(fields)
        read = node["history"]["aggregate"]
        assert node["history"]["totalCount"] == read["count"] == len(fields)
        assert read["countUnique"] == {
            "field": len(set(fields) - {None}),
            "recordVersion": len({row["record_version"] for row in told}),
        }
        assert abs(float(read["percentEmpty"]["field"]) - share) < 0.01


# --- rights that change -------------------------------------------------------------------------

OF_FIELD = (
    "query ($id: ID!, $field: String!) { opportunity(id: $id) { status history(filter: "
    "{ field: { eq: $field } }) { totalCount nodes { before after } } } }"
)
TAKEN = {
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
    "what a link leads to": (
        "account",
        "UPDATE {s}.object_permission SET rows = 'OWN' WHERE entity = 'Account'",
    ),
    "an attribute": ("seats", "UPDATE {s}.attribute SET deleted_at = now() WHERE key = 'seats'"),
}
"""A field whose history was told, and what then is changed."""


@covers("D-34")
@pytest.mark.parametrize("what", TAKEN)
async def test_what_is_taken_away_is_not_told_any_more(world: World, what: str) -> None:
    """Nor is it counted, or found by; to administrators it is told all the while, if it still exists."""
    field, statement = TAKEN[what]
    async with own_tenant(world, f"untold-{list(TAKEN).index(what)}") as tenant:
        truth = await load(world, tenant)
        noted = {row["record_id"] for row in truth.rows[HISTORY].values() if row["field"] == field}
        seen = truth.visible("rep1", "Opportunity")
        id = next(one for one in sorted(noted) if one in seen and seen[one]["status"] == "OPEN")
        given = {"id": spelled_id("Opportunity", id), "field": field}
        before = await world.ask("rep1", OF_FIELD, given, tenant=tenant)
        assert before.data["opportunity"]["history"]["totalCount"] == 1
        await world.admin.execute(statement.format(s=world.schema(tenant)))
        await world.rights_changed(tenant)
        after = await world.ask("rep1", OF_FIELD, given, tenant=tenant)
        assert after.data["opportunity"]["history"] == {"totalCount": 0, "nodes": []}
        found = await world.ask(
            "rep1",
            "query ($field: String!) { opportunities(filter: { history: { some: { field: { eq: $field } } } }, "
            "first: 100) { nodes { id } } }",
            {"field": field},
            tenant=tenant,
        )
        assert given["id"] not in {node["id"] for node in found.data["opportunities"]["nodes"]}
        full = await world.ask("admin", OF_FIELD, given, tenant=tenant)
        assert full.data["opportunity"]["history"]["totalCount"] == int(what != "an attribute")


async def test_the_status_of_today_decides(world: World) -> None:
    """Won, and all that was ever noted of the commission is told; opened again, and nothing of it is."""
    async with own_tenant(world, "past") as tenant:
        truth, place = await load(world, tenant), f"{world.schema(tenant)}.opportunity"
        stages = {row["kind"]: id for id, row in truth.live("Stage").items()}
        row = next(
            truth.rows["Opportunity"][change["record_id"]]
            for change in truth.rows[HISTORY].values()
            if change["field"] == "commission"
            and change["record_id"] in truth.visible("limited", "Opportunity")
        )
        given = {"id": spelled_id("Opportunity", row["id"]), "field": "commission"}
        for status, told in (("OPEN", 0), ("WON", 1), ("LOST", 0), ("WON", 1)):
            await world.admin.execute(
                f"UPDATE {place} SET stage_id = $2, status = $3 WHERE id = $1",  # noqa: S608
                row["id"], stages[status], status,
            )  # fmt: skip
            for persona in ("manager", "limited"):
                answer = await world.ask(persona, OF_FIELD, given, tenant=tenant)
                assert answer.data["opportunity"]["status"] == status
                assert answer.data["opportunity"]["history"]["totalCount"] == told


CLAUSES = (
    "accounts(filter: { history: { some: {} } })",
    "accounts(filter: { history: { none: { kind: { eq: DELETED } } } })",
    "employees(filter: { opportunities: { some: { history: { every: {} } } } })",
)


@covers("D-31", "D-34")
async def test_without_a_grant_there_is_no_history(world: World) -> None:
    """Null and named wherever it is selected, and refused wherever it is asked by."""
    async with own_tenant(world, "historyless") as tenant:
        await world.admin.execute(
            f"DELETE FROM {world.schema(tenant)}.object_permission WHERE entity = 'HistoryEntry'"  # noqa: S608
        )
        await world.rights_changed(tenant)
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


async def test_the_past_of_what_is_in_the_bin_is_not_told(world: World, probe: Probe) -> None:
    """A record that was deleted takes its history with it, whatever right there is to it."""
    gone = [r for r in probe.truth.rows["Opportunity"].values() if r["deleted_at"]]
    noted = {row["record_id"] for row in probe.truth.rows[HISTORY].values()}
    assert {row["id"] for row in gone} & noted
    for row in gone:
        id = spelled_id("Opportunity", row["id"])
        answer = await probe.ask(f'{{ opportunity(id: "{id}") {{ history {{ totalCount }} }} }}')
        assert answer.data == {"opportunity": None}
    assert not [row for row in gone if not readable(probe.persona, "Opportunity", "id", row)]
