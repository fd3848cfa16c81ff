"""What is told of the past: of what may be read today, with the record, and of nothing else (D-44)."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.oracle.held import Held, held
from tests.oracle.scrambled import ANYTHING, Table, other_rights
from tests.proof.contract import SINGLE_OF, is_record, roots, spelled_id
from tests.proof.lock import ENTITIES
from tests.proof.rows import Rows
from tests.support.covers import covers
from tests.support.world import PERSONAS, World

PARTS = "{ id __typename kind entity field before after recordVersion at user { id active } }"
SOME = "filter: { history: { some: {} } }"
WITH_HISTORY = sorted(filter(is_record, ENTITIES))
LISTS = {entity: name for name, (kind, entity) in roots().items() if kind in ("MANY", "SINGLE")}


async def entries(both: Held, entity: str) -> Counter[str]:
    """How many entries of each field the persona is told, of the first records with a history."""
    inner = f"history(first: 60) {{ totalCount nodes {PARTS} }}"
    root = LISTS[entity]
    if entity in SINGLE_OF:
        found = (await both.agree(f"{{ {root} {{ {inner} }} }}"))[root]
        nodes = [found]
    else:
        found = (await both.agree(f"{{ {root}(first: 40, {SOME}) {{ nodes {{ {inner} }} }} }}"))[
            root
        ]
        nodes = [] if found is None else found["nodes"]
    told: Counter[str] = Counter()
    for node in nodes:
        if node["history"] is not None:
            assert node["history"]["totalCount"] == len(node["history"]["nodes"])
            told.update(str(one["field"]) for one in node["history"]["nodes"])
    return told


@pytest.mark.parametrize("entity", WITH_HISTORY)
async def test_every_record_has_a_history(world: World, entity: str) -> None:
    told = await entries(await held(world, "admin"), entity)
    assert told["None"] > 0
    assert len(told) > 1, "of the record, and of its fields"
    assert not told.keys() & {"vanished", "gone"}, "of what there is no more, nobody is told"


@pytest.mark.parametrize("persona", PERSONAS)
async def test_of_each_field_as_of_the_record(world: World, persona: str) -> None:
    both = await held(world, persona)
    told = await entries(both, "Opportunity")
    assert told["None"]
    assert told["note"]
    seller = persona not in ("admin", "support")
    assert bool(told["margin"]) is (persona not in ("support", "limited"))
    assert bool(told["amount"]) is (persona != "support")
    assert bool(told["tier"]) is (persona not in ("support", "limited"))
    if seller:
        assert told["commission"] < told["amount"], "of won ones only"
    assert (await entries(both, "Account"))["phone"] == 0 or persona != "limited"


async def test_a_status_of_today_opens_what_was_noted_before(world: World) -> None:
    """Neither the status of then nor the one that is noted counts, but the record's own."""
    query = (
        "query ($id: ID!) { opportunity(id: $id) { status commission { amount } "
        'history(filter: { field: { eq: "commission" } }) { totalCount nodes { before after } } } }'
    )
    place = f"{world.schema()}.opportunity"
    both = await held(world, "rep1")
    noted = {
        c["record_id"] for c in both.sight.ground.all("HistoryEntry") if "commission" in c["key"]
    }
    mine = [row for id, row in both.sight.rows["Opportunity"].items() if id in noted]
    row = next(one for one in mine if one["status"] == "OPEN")
    stage = next(s["id"] for s in both.sight.ground.live("Stage").values() if s["kind"] == "WON")
    given = {"id": spelled_id("Opportunity", row["id"])}
    before = await both.agree(query, given)
    change = f"UPDATE {place} SET stage_id = $2, status = $3 WHERE id = $1"  # noqa: S608
    try:
        await world.admin.execute(change, row["id"], stage, "WON")
        during = await (await held(world, "rep1")).agree(query, given)
    finally:
        await world.admin.execute(change, row["id"], row["stage_id"], row["status"])
    after = await (await held(world, "rep1")).agree(query, given)
    assert before == after
    assert before["opportunity"]["history"]["totalCount"] == 0
    assert during["opportunity"]["history"]["totalCount"] == 1


async def test_a_reference_is_told_to_who_sees_all_it_may_have_led_to(world: World) -> None:
    def owned(ground: Rows) -> dict[str, Table]:
        opened = [dict(row) for row in ground.all("ObjectPermission")]
        own = [row | {"rows": "OWN"} if row["entity"] == "Account" else row for row in opened]
        return {"ObjectPermission": own}

    told = await entries(await held(world, "rep1"), "Opportunity")
    assert told["account"] > 0
    async with other_rights(world, "acme", owned):
        both = await held(world, "rep1")
        await both.answer(ANYTHING)
        told = await entries(both, "Opportunity")
        assert told["account"] == 0
        assert told["owner"] > 0
        admin = await entries(await held(world, "admin"), "Opportunity")
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
async def test_what_is_not_told_plays_no_part_in_any_clause(world: World, persona: str) -> None:
    both = await held(world, persona)
    for query in CLAUSES:
        await both.ask(query)
    both.check()


@covers("D-31")
async def test_who_did_it_is_a_field_as_any_other(world: World) -> None:
    support = await held(world, "support")
    for clause in (
        "accounts(filter: {history: {some: {user: {active: {eq: true}}}}}) { totalCount }",
        "accounts(first: 2) { nodes { history(orderBy: [{user: {id: ASC}}]) { totalCount } } }",
        "accounts(first: 2) { nodes { history { aggregate { countUnique { user } } } } }",
    ):
        assert await support.refused(f"{{ {clause} }}") == ["FIELD_FORBIDDEN"]


@covers("D-32")
@pytest.mark.parametrize("persona", ["admin", "rep1"])
async def test_an_entry_alone_leads_nowhere(world: World, persona: str) -> None:
    """A change is found with its record only: as an id it is one of nothing."""
    both = await held(world, persona)
    change = spelled_id("HistoryEntry", next(iter(both.sight.rows["HistoryEntry"])))
    query = "query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id ... on HistoryEntry { field } } }"
    assert await both.agree(query, {"id": change}) == {"node": None, "nodes": [None]}
