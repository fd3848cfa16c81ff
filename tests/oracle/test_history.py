"""History entries are readable with their record, as far as the field is readable at present (D-44)."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.oracle.comparison import Comparison, comparison_for
from tests.oracle.scrambled import ALLOWED_QUERY, Table, other_rights
from tests.proof.contract import SINGLETON_ROOT, is_record, roots, spelled_id
from tests.proof.lock import ENTITIES
from tests.proof.rows import Rows
from tests.support.covers import covers
from tests.support.world import PERSONAS, World

PARTS = "{ id __typename kind entity field before after recordVersion at user { id active } }"
SOME = "filter: { history: { some: {} } }"
WITH_HISTORY = sorted(filter(is_record, ENTITIES))
LISTS = {entity: name for name, (kind, entity) in roots().items() if kind in ("MANY", "SINGLE")}


async def entries(comparison: Comparison, entity: str) -> Counter[str]:
    """Number of readable history entries by field, over the first records with a history."""
    inner = f"history(first: 60) {{ totalCount nodes {PARTS} }}"
    root = LISTS[entity]
    if entity in SINGLETON_ROOT:
        nodes = [(await comparison.assert_matches(f"{{ {root} {{ {inner} }} }}"))[root]]
    else:
        page = (
            await comparison.assert_matches(
                f"{{ {root}(first: 40, {SOME}) {{ nodes {{ {inner} }} }} }}"
            )
        )[root]
        nodes = [] if page is None else page["nodes"]
    counts: Counter[str] = Counter()
    for node in nodes:
        if node["history"] is not None:
            assert node["history"]["totalCount"] == len(node["history"]["nodes"])
            counts.update(str(one["field"]) for one in node["history"]["nodes"])
    return counts


@pytest.mark.parametrize("entity", WITH_HISTORY)
async def test_every_record_type_has_a_history(world: World, entity: str) -> None:
    counts = await entries(await comparison_for(world, "admin"), entity)
    assert counts["None"] > 0
    assert len(counts) > 1, "entries of the record and of its fields"
    assert not counts.keys() & {"vanished", "gone"}, "entries of removed fields are not readable"


@pytest.mark.parametrize("persona", PERSONAS)
async def test_history_of_a_field_is_readable_like_the_field(world: World, persona: str) -> None:
    comparison = await comparison_for(world, persona)
    counts = await entries(comparison, "Opportunity")
    assert counts["None"]
    assert counts["note"]
    seller = persona not in ("admin", "support")
    assert bool(counts["margin"]) is (persona not in ("support", "limited"))
    assert bool(counts["amount"]) is (persona != "support")
    assert bool(counts["tier"]) is (persona not in ("support", "limited"))
    if seller:
        assert counts["commission"] < counts["amount"], "of won opportunities only"
    assert (await entries(comparison, "Account"))["phone"] == 0 or persona != "limited"


async def test_current_status_decides_about_earlier_entries(world: World) -> None:
    """A status rule applies the current status of the record, not the one at the time of the change."""
    query = (
        "query ($id: ID!) { opportunity(id: $id) { status commission { amount } "
        'history(filter: { field: { eq: "commission" } }) { totalCount nodes { before after } } } }'
    )
    place = f"{world.schema()}.opportunity"
    comparison = await comparison_for(world, "rep1")
    recorded = {
        c["record_id"]
        for c in comparison.viewer.all_rows.all("HistoryEntry")
        if "commission" in c["key"]
    }
    visible = [row for id, row in comparison.viewer.rows["Opportunity"].items() if id in recorded]
    row = next(one for one in visible if one["status"] == "OPEN")
    stage = next(
        s["id"] for s in comparison.viewer.all_rows.live("Stage").values() if s["kind"] == "WON"
    )
    params = {"id": spelled_id("Opportunity", row["id"])}
    before = await comparison.assert_matches(query, params)
    change = f"UPDATE {place} SET stage_id = $2, status = $3 WHERE id = $1"  # noqa: S608
    try:
        await world.admin.execute(change, row["id"], stage, "WON")
        during = await (await comparison_for(world, "rep1")).assert_matches(query, params)
    finally:
        await world.admin.execute(change, row["id"], row["stage_id"], row["status"])
    after = await (await comparison_for(world, "rep1")).assert_matches(query, params)
    assert before == after
    assert before["opportunity"]["history"]["totalCount"] == 0
    assert during["opportunity"]["history"]["totalCount"] == 1


async def test_history_of_a_reference_requires_sight_of_all_targets(world: World) -> None:
    def own_accounts_only(all_rows: Rows) -> dict[str, Table]:
        opened = [dict(row) for row in all_rows.all("ObjectPermission")]
        own = [row | {"rows": "OWN"} if row["entity"] == "Account" else row for row in opened]
        return {"ObjectPermission": own}

    counts = await entries(await comparison_for(world, "rep1"), "Opportunity")
    assert counts["account"] > 0
    async with other_rights(world, "acme", own_accounts_only):
        comparison = await comparison_for(world, "rep1")
        await comparison.answer(ALLOWED_QUERY)
        counts = await entries(comparison, "Opportunity")
        assert counts["account"] == 0
        assert counts["owner"] > 0
        admin = await entries(await comparison_for(world, "admin"), "Opportunity")
        assert admin["account"] > 0


CLAUSES = (
    '{ accounts(filter: {history: {some: {field: {eq: "phone"}}}}) { totalCount } }',
    '{ opportunities(filter: {history: {some: {field: {eq: "commission"}}}}) { totalCount nodes { status } } }',
    '{ opportunities(filter: {history: {none: {field: {eq: "margin"}}}}) { totalCount } }',
    "{ opportunities(filter: {history: {every: {kind: {eq: CREATED}}}}) { totalCount } }",
    "{ accounts(first: 30) { nodes { history(first: 2, orderBy: [{at: DESC}]) { totalCount nodes { at field } "
    "aggregate { count countUnique { field at } percentEmpty { field user } } pageInfo { hasNextPage } } } } }",
    "{ accounts(first: 30) { nodes { history(last: 3, orderBy: [{recordVersion: ASC_NULLS_FIRST}]) "
    "{ edges { node { id after } } } } } }",
    "{ opportunityShares { totalCount nodes { opportunity { id } history { totalCount } } } }",
    "{ viewer { sessions { totalCount } history { totalCount nodes { field } } } }",
)


@covers("D-31")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_unreadable_entries_have_no_effect_in_any_clause(world: World, persona: str) -> None:
    comparison = await comparison_for(world, persona)
    for query in CLAUSES:
        await comparison.ask(query)
    comparison.check()


@covers("D-31")
async def test_user_of_an_entry_follows_field_permissions(world: World) -> None:
    support = await comparison_for(world, "support")
    for clause in (
        "accounts(filter: {history: {some: {user: {active: {eq: true}}}}}) { totalCount }",
        "accounts(first: 2) { nodes { history(orderBy: [{user: {id: ASC}}]) { totalCount } } }",
        "accounts(first: 2) { nodes { history { aggregate { countUnique { user } } } } }",
    ):
        assert await support.error_codes(f"{{ {clause} }}") == ["FIELD_FORBIDDEN"]


@covers("D-32")
@pytest.mark.parametrize("persona", ["admin", "rep1"])
async def test_entry_is_not_readable_by_its_id(world: World, persona: str) -> None:
    """An entry is readable through its record only; its id resolves to null."""
    comparison = await comparison_for(world, persona)
    change = spelled_id("HistoryEntry", next(iter(comparison.viewer.rows["HistoryEntry"])))
    query = "query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id ... on HistoryEntry { field } } }"
    assert await comparison.assert_matches(query, {"id": change}) == {"node": None, "nodes": [None]}
