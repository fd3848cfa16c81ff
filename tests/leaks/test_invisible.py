"""Invisible records answer as nonexistent ones: no request reveals why a record is missing."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from tests.leaks.probe import Probe, denied
from tests.leaks.test_noninterference import observed
from tests.leaks.truth import Truth, load, scratch_tenant
from tests.proof.contract import LIST_ROOT, LISTED, PREFIX, spelled_id
from tests.proof.daily import DAILY, is_redundant
from tests.proof.rights import PERSONAS, is_closed
from tests.support.covers import covers
from tests.support.world import World

MALFORMED = (
    "",
    "_",
    "opp",
    "opp_",
    "opp_1",
    "OPP_01941F606A807A32A48EF3AD366FF0B9",
    "opp_01941f606a807a32a48ef3ad366ff0b",
    "opp_01941f606a807a32a48ef3ad366ff0b99",
    "opp_01941f60-6a80-7a32-a48e-f3ad366ff0b9",
    "opp_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
    "opp_" + "\u0660" * 32,
    " opp_01941f606a807a32a48ef3ad366ff0b9",
    "' OR true --",
    "x" * 5000,
)
"""Malformed IDs."""


def malformed_ids(type_name: str, id: str) -> list[str]:
    """Malformed IDs with the prefix of the type, and misspellings of a real ID."""
    prefix = PREFIX[type_name]
    made = [word.replace("opp", prefix).replace("OPP", prefix.upper()) for word in MALFORMED]
    return [*made, id.upper(), f"{id} ", f"{id}\n", id.replace("_", ""), id.replace("_", "-")]


def missing_ids(truth: Truth, persona: str, type_name: str) -> dict[str, str]:
    """An ID for each reason why a record is missing, by reason."""
    seen_ids = truth.visible(persona, type_name)
    rows = truth.rows[type_name]
    found = {"never existed": f"{PREFIX[type_name]}_{UUID(int=7 << 76 | 2 << 62 | 5).hex}"}
    deleted = sorted(set(rows) - set(truth.live(type_name)))
    found |= {f"deleted {n}": spelled_id(type_name, id) for n, id in enumerate(deleted)}
    unseen = [id for id in sorted(truth.live(type_name)) if id not in seen_ids]
    found |= {f"invisible {id}": spelled_id(type_name, id) for id in unseen[:3]}
    another = next(one for one in LISTED if one not in {type_name, "Profile"})
    wrong = sorted(truth.live(another))[0]
    found["wrong type"] = spelled_id(another, wrong)
    found["wrong type, right prefix"] = f"{PREFIX[type_name]}_{wrong.hex}"
    return found


@covers("D-32", "D-42")
@pytest.mark.parametrize("type_name", DAILY)
async def test_all_missing_ids_give_the_same_response(
    world: World, truth: Truth, probe: Probe, type_name: str
) -> None:
    """Identical bodies and headers through each root field and as filter operands."""
    if is_redundant(probe.persona, type_name):
        return
    reasons = missing_ids(truth, probe.persona, type_name)
    single = type_name[0].lower() + type_name[1:]
    root = LIST_ROOT[type_name]
    queries = {
        "single": f"query ($id: ID!) {{ {single}(id: $id) {{ id __typename }} }}",
        "node": f"query ($id: ID!) {{ node(id: $id) {{ id ... on {type_name} {{ createdAt }} }} }}",
        "nodes": f"query ($id: ID!) {{ nodes(ids: [$id, $id]) {{ id ... on {type_name} {{ id }} }} }}",
        "eq": f"query ($id: ID!) {{ {root}(filter: {{ id: {{ eq: $id }} }}) {{ totalCount nodes {{ id }} }} }}",
        "in": f"query ($id: ID!) {{ {root}(filter: {{ id: {{ in: [$id] }} }}) {{ totalCount nodes {{ id }} }} }}",
        "ne": f"query ($id: ID!) {{ {root}(first: 1, filter: {{ id: {{ ne: $id }} }}) {{ totalCount }} }}",
        "notIn": f"query ($id: ID!) {{ {root}(first: 1, filter: {{ id: {{ notIn: [$id] }} }}) {{ totalCount }} }}",
    }
    for channel, query in queries.items():
        answers = {}
        for reason, id in reasons.items():
            by_id = channel in {"node", "nodes"}
            if by_id and (reason == "wrong type" or not id.startswith(f"{PREFIX[type_name]}_")):
                continue  # `node` accepts any type, and a prefix reveals only whether its type is open
            answer = await world.ask(probe.persona, query, {"id": id})
            answers[reason] = observed(answer)
            if channel in {"single", "node"}:
                assert set(answer.data.values()) == {None}, reason
        assert len(set(answers.values())) == 1, (channel, answers)
        probe.cells["causes"] += len(answers)


@covers("D-32", "D-55")
async def test_unknown_prefix_answers_as_missing_record(probe: Probe) -> None:
    """`node` gives the same response to unknown prefixes and missing records."""
    query = "query ($id: ID!) { node(id: $id) { id } }"
    missing = ["zzz_01941f606a807a32a48ef3ad366ff0b9", "acc_" + "0" * 32]
    answers = {observed(await probe.world.ask(probe.persona, query, {"id": id})) for id in missing}
    assert len(answers) == 1


@covers("D-42")
async def test_malformed_ids_are_refused_independently_of_data(world: World, truth: Truth) -> None:
    """The refusal names the place; a misspelled ID of a record is refused like any other text."""
    real = spelled_id("Opportunity", sorted(truth.rows["Opportunity"])[0])
    query = "query ($id: ID!) { opportunity(id: $id) { id } }"
    for id in malformed_ids("Opportunity", real):
        answers = [await world.ask(persona, query, {"id": id}) for persona in PERSONAS]
        assert len({observed(each) for each in answers}) == 1
        ((error,),) = {tuple(map(str, each.json["errors"])) for each in answers}
        assert "$id` must be an ID" in error
        assert "'input': ['id']" in error


@covers("D-32")
async def test_id_of_another_tenant_answers_as_nonexistent(world: World, truth: Truth) -> None:
    """The response is the same as for an ID that never existed."""
    async with scratch_tenant(world, "elsewhere") as tenant:
        there = await load(world, tenant)
        moved = UUID(int=sorted(there.live("Account"))[0].int + 3)
        table = f"{world.schema(tenant)}.account"
        await world.admin.execute(
            f"INSERT INTO {table} SELECT (a.r).* FROM (SELECT jsonb_populate_record(t, "  # noqa: S608
            f"jsonb_build_object('id', $1::text)) AS r FROM {table} AS t LIMIT 1) AS a",
            str(moved),
        )
        id, never = spelled_id("Account", moved), spelled_id("Account", UUID(int=moved.int + 1))
        query = (
            "query ($id: ID!) { account(id: $id) { id } node(id: $id) { id } "
            "accounts(filter: { id: { eq: $id } }) { totalCount } }"
        )
        assert (await world.ask("rep1", query, {"id": id}, tenant=tenant)).data["account"]
        for persona in PERSONAS:
            one = await world.ask(persona, query, {"id": id})
            other = await world.ask(persona, query, {"id": never})
            assert observed(one) == observed(other)
            assert one.data["account"] is None


@covers("D-32")
async def test_links_to_deleted_records_are_null(probe: Probe) -> None:
    """Neither selections nor filters reveal the deleted record or its ID."""
    truth = probe.truth
    deleted = {id for id, row in truth.rows["Account"].items() if row["deleted_at"]}
    orphans = [
        row
        for row in truth.visible(probe.persona, "Opportunity").values()
        if row["account_id"] in deleted
    ]
    assert orphans or probe.persona == "limited"
    for row in orphans[:5]:
        id, account = spelled_id("Opportunity", row["id"]), spelled_id("Account", row["account_id"])
        mine = f'id: {{ eq: "{id}" }}'
        answer = await probe.world.ask(
            probe.persona,
            f'{{ opportunity(id: "{id}") {{ account {{ id name }} }} '
            f'a: opportunities(filter: {{ {mine}, account: {{ id: {{ eq: "{account}" }} }} }}) {{ totalCount }} '
            f'b: opportunities(filter: {{ {mine}, account: {{ id: {{ ne: "{account}" }} }} }}) {{ totalCount }} '
            f'c: opportunities(filter: {{ {mine}, not: {{ account: {{ id: {{ eq: "{account}" }} }} }} }}) {{ totalCount }} '
            f'd: account(id: "{account}") {{ opportunities {{ totalCount }} }} }}',
        )
        counts = {key: answer.data[key]["totalCount"] for key in "abc"}
        assert answer.data["opportunity"] == {"account": None}
        assert counts["a"] == 0
        assert counts["c"] == 1
        assert counts["b"] == await _ne_of_nothing(probe, mine)
        assert answer.data["d"] is None


async def _ne_of_nothing(probe: Probe, mine: str) -> int:
    """The count of a `ne` filter with a nonexistent ID, to which that of a deleted account must be equal."""
    nothing = f'account: {{ id: {{ ne: "acc_{"0" * 32}" }} }}'
    found = await probe.count(
        {"a": f"opportunities(filter: {{ {mine}, {nothing} }}) {{ totalCount }}"}
    )
    return found["a"]


@covers("D-32", "D-34")
async def test_links_to_records_out_of_scope_are_null(world: World) -> None:
    """With accounts visible only to their owners: no response contains a hidden name or ID."""
    async with scratch_tenant(world, "narrow") as tenant:
        schema = world.schema(tenant)
        await world.admin.execute(
            f"UPDATE {schema}.object_permission SET rows = 'OWN' WHERE entity = 'Account'"  # noqa: S608
        )
        await world.bump_access_version(tenant)
        truth = await load(world, tenant)
        for persona in ("manager", "rep1", "support", "limited"):
            mine = truth.viewer(persona).tree
            may = {id for id, row in truth.live("Account").items() if row["owner_id"] in mine}
            answer = await world.ask(
                persona,
                "{ accounts(first: 100) { totalCount nodes { id parent { id } subAccounts { nodes { id } } } } "
                "employees { nodes { accounts { totalCount nodes { id } } } } "
                "opportunities(first: 100) { nodes { id account { id name parent { id } } } } }",
                tenant=tenant,
            )
            assert answer.data["accounts"]["totalCount"] == len(may)
            for node in answer.data["opportunities"]["nodes"]:
                row = truth.rows["Opportunity"][UUID(node["id"].rpartition("_")[2])]
                assert (node["account"] is not None) == (row["account_id"] in may)
            for id in set(truth.rows["Account"]) - may:
                assert id.hex.encode() not in answer.body
            hidden = next(id for id in truth.live("Account") if id not in may)
            filtered = await world.ask(
                persona,
                "query ($id: ID!) { opportunities(filter: { account: { id: { eq: $id } } }) { totalCount } "
                "every: employees(filter: { accounts: { some: { id: { eq: $id } } } }) { totalCount } }",
                {"id": spelled_id("Account", hidden)},
                tenant=tenant,
            )
            assert filtered.data == {"opportunities": {"totalCount": 0}, "every": {"totalCount": 0}}


EMPTY = {
    "id: { in: [] }": False,
    "or: []": False,
    "not: { or: [] }": True,
    "not: { id: { in: [] } }": True,
    "and: [{ or: [] }]": False,
    "or: [{ or: [] }, { id: { in: [] } }]": False,
    "and: []": True,
    "id: { notIn: [] }": True,
    "or: [{}]": True,
    "not: {}": False,
}
"""Filters with empty lists or objects, with whether they match all records (else none)."""


@covers("D-41")
@pytest.mark.parametrize("type_name", DAILY)
async def test_empty_lists_match_nothing(probe: Probe, type_name: str) -> None:
    """An empty `in` or `or` matches no record, also in variables."""
    if is_closed(probe.persona, type_name):
        return
    root, total = LIST_ROOT[type_name], len(probe.truth.visible(probe.persona, type_name))
    for condition, matches_all in EMPTY.items():
        found = await probe.count({"a": f"{root}(filter: {{ {condition} }}) {{ totalCount }}"})
        assert found["a"] == (total if matches_all else 0), condition
    variables = {"f": {"id": {"in": []}}, "g": {"or": []}}
    answer = await probe.world.ask(
        probe.persona,
        f"query ($f: {type_name}Filter, $g: {type_name}Filter) "
        f"{{ a: {root}(filter: $f) {{ totalCount }} b: {root}(filter: $g) {{ totalCount }} }}",
        variables,
    )
    assert answer.data == {"a": {"totalCount": 0}, "b": {"totalCount": 0}}


@covers("D-34")
async def test_user_without_role_sees_nothing(world: World) -> None:
    """Every type is closed, except the user's own user and sessions."""
    async with scratch_tenant(world, "roleless") as tenant:
        await world.ask(
            "rep1", "{ viewer { id } }", tenant=tenant
        )  # caches the rights before they change
        await world.admin.execute(
            f"UPDATE {world.schema(tenant)}.role_assignment SET deleted_at = now()"  # noqa: S608
        )
        await world.bump_access_version(tenant)
        truth = await load(world, tenant)
        for persona in PERSONAS:
            for type_name, root in LIST_ROOT.items():
                id = spelled_id(type_name, sorted(truth.rows[type_name])[0])
                query = f"{{ {root} {{ totalCount nodes {{ id }} }} node(id: {json.dumps(id)}) {{ id }} }}"
                queries = f'{{ {root}(filter: {{ id: {{ ne: "xyz_00000000000000000000000000000000" }} }}) {{ totalCount }} }}'
                answer = await world.ask(persona, query, tenant=tenant)
                refused = await world.ask(persona, queries, tenant=tenant)
                if type_name in OWN_RECORDS:
                    own = {spelled_id(type_name, one) for one in _own(truth, persona, type_name)}
                    assert {node["id"] for node in answer.data[root]["nodes"]} == own
                    assert refused.data[root] == {"totalCount": len(own)}
                    assert answer.data["node"] == ({"id": id} if id in own else None)
                    continue
                assert set(answer.data.values()) == {None}
                assert (type_name, "", "object") in denied(answer)
                assert refused.codes == ["FIELD_FORBIDDEN"]


OWN_RECORDS = {"User": "id", "Session": "user_id"}
"""Types of which users always see their own records, with the column of the user."""


def _own(truth: Truth, persona: str, type_name: str) -> list[UUID]:
    me, column = truth.user(persona), OWN_RECORDS[type_name]
    return [id for id, row in truth.rows[type_name].items() if row[column] == me]


@covers("D-34")
async def test_own_user_and_sessions_reveal_no_others(world: World) -> None:
    """Without grants, users read only their own user and sessions, and closed fields and types below are denied."""
    async with scratch_tenant(world, "own-user") as tenant:
        await world.admin.execute(
            f"UPDATE {world.schema(tenant)}.role_assignment SET deleted_at = now()"  # noqa: S608
        )
        await world.bump_access_version(tenant)
        truth = await load(world, tenant)
        for persona in PERSONAS:
            me = spelled_id("User", truth.user(persona))
            query = (
                "{ viewer { id active version createdAt employee { id } roles { totalCount } history { totalCount } "
                "sessions { nodes { user { id } createdAt } } } "
                "sessions(filter: { user: { active: { eq: true } } }) { nodes { user { id } } } }"
            )
            answer = await world.ask(persona, query, tenant=tenant)
            viewer = answer.data["viewer"]
            assert (viewer["id"], viewer["active"]) == (me, True)
            closed_values = {
                viewer[name] for name in ("createdAt", "version", "employee", "roles", "history")
            }
            assert closed_values == {None}
            nodes = viewer["sessions"]["nodes"] + answer.data["sessions"]["nodes"]
            assert {node["user"]["id"] for node in nodes} == {me}
            assert denied(answer) == {
                ("User", "createdAt", "hidden"), ("User", "version", "hidden"), ("Employee", "", "object"),
                ("RoleAssignment", "", "object"), ("HistoryEntry", "", "object"),
            }  # fmt: skip
