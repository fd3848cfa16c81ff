"""Visibility by example: the employee tree, shares, profiles, status rules and the form of denials."""

import pytest

from tests.oracle.comparison import comparison_for
from tests.oracle.inputs import MISSING_ID
from tests.oracle.scrambled import ALLOWED_QUERY, Table, other_rights
from tests.proof.contract import spelled_id
from tests.proof.rows import Rows
from tests.support.covers import covers
from tests.support.world import PERSONAS, World

OWNERS = "{ opportunities(first: 100) { nodes { owner { email } } } }"


async def owners(world: World, persona: str) -> set[str]:
    """Names of the owners of the first hundred opportunities that a persona sees."""
    comparison = await comparison_for(world, persona)
    data = await comparison.assert_matches(OWNERS)
    return {node["owner"]["email"].partition("@")[0] for node in data["opportunities"]["nodes"]}


@covers("D-09")
async def test_manager_sees_all_levels_below_including_vacant_positions(world: World) -> None:
    below = {"manager", "rep1", "rep2", "limited", "Renee.Dubois", "on-leave"}
    assert await owners(world, "manager") == below
    assert await owners(world, "director") >= {"director", "region-north", "former"}
    assert await owners(world, "limited") == {"limited"}


@covers("D-09")
async def test_manager_sees_no_entity_that_the_role_of_a_report_may_not(world: World) -> None:
    """The manager does not see opportunities of juniors whose profile has no access to opportunities."""

    def close(all_rows: Rows) -> dict[str, Table]:
        junior = next(r["id"] for r in all_rows.all("Profile") if r["name"] == "Junior sales")
        opened = [
            dict(row)
            for row in all_rows.all("ObjectPermission")
            if not (row["profile_id"] == junior and row["entity"] == "Opportunity")
        ]
        return {"ObjectPermission": opened}

    async with other_rights(world, "acme", close):
        seen = await owners(world, "manager")
        assert "limited" not in seen
        assert "rep1" in seen


async def test_shares_and_share_rules_add_visible_records(world: World) -> None:
    comparison = await comparison_for(world, "support")
    data = await comparison.assert_matches(
        "{ opportunities(first: 100) { nodes { type { name } } } }"
    )
    types = [node["type"]["name"] for node in data["opportunities"]["nodes"]]
    assert types.count("Renewal") > len(types) // 2
    assert "New business" in types or "Expansion" in types
    assert "rep1" in await owners(world, "rep2")


async def test_profiles_are_united_before_status_rules_apply(world: World) -> None:
    def both_profiles(all_rows: Rows) -> dict[str, Table]:
        names = {row["name"]: row["id"] for row in all_rows.all("Profile")}
        roles = {row["name"]: row["id"] for row in all_rows.all("Role")}
        assigned = [dict(row) for row in all_rows.all("RoleProfile")]
        extra = {"role_id": roles["Junior sales"], "profile_id": names["Standard sales"]}
        return {"RoleProfile": [*assigned, extra]}

    async with other_rights(world, "acme", both_profiles):
        comparison = await comparison_for(world, "limited")
        await comparison.answer(ALLOWED_QUERY)  # see test_new_grant_applies_to_the_next_request
        data = await comparison.assert_matches(
            "{ accounts(filter: {phone: {isNull: false}}, first: 1) { nodes { phone } } "
            "opportunities(filter: {commission: {isNull: false}}, first: 100) "
            "{ nodes { status margin { amount } } } }"
        )
        assert data["accounts"]["nodes"][0]["phone"]
        assert {node["status"] for node in data["opportunities"]["nodes"]} == {"WON"}


@covers("D-31")
async def test_status_rule_masks_the_field_in_every_clause(world: World) -> None:
    comparison = await comparison_for(world, "manager")
    counts = {}
    for test in ('{gte: "0"}', "{isNull: false}", "{isNull: true}", '{ne: "0"}', '{notIn: ["0"]}'):
        data = await comparison.assert_matches(
            f"{{ opportunities(filter: {{commission: {test}}}, orderBy: [{{commission: DESC}}], "
            "first: 100) { totalCount nodes { id status commission { amount currency } } "
            "aggregate { count sum { commission { amount currency } } } } }"
        )
        counts[test] = data["opportunities"]["totalCount"]
        seen = [n["status"] for n in data["opportunities"]["nodes"] if n["commission"]]
        assert set(seen) <= {"WON"}
    assert 0 < counts["{isNull: false}"] < counts["{isNull: true}"]
    assert counts["{isNull: false}"] == counts['{gte: "0"}']
    full = await comparison_for(world, "admin")
    data = await full.assert_matches(
        "{ opportunities(filter: {commission: {isNull: false}, status: {ne: WON}}) { totalCount } }"
    )
    assert data["opportunities"]["totalCount"] > 0


async def test_denied_field_is_null_and_listed(world: World) -> None:
    comparison = await comparison_for(world, "limited")
    query = (
        "{ roles { totalCount } account(id: $) { phone name } "
        "opportunities(first: 2, filter: {name: {eq: $}}) { nodes { margin { amount } commission "
        "{ amount } } } viewer { active updatedAt roles { nodes { role { name } } } } }"
    ).replace("$", f'"acc_{MISSING_ID.hex}"')
    data = await comparison.assert_matches(query)
    assert data["roles"] is None
    answer = await comparison.answer(query)
    assert answer.json["extensions"]["access"]["denied"] == [
        {"type": "Account", "field": "phone", "reason": "hidden"},
        {"type": "Opportunity", "field": "commission", "reason": "status"},
        {"type": "Opportunity", "field": "margin", "reason": "hidden"},
        {"type": "Role", "field": "", "reason": "object"},
        {"type": "RoleAssignment", "field": "", "reason": "object"},
        {"type": "User", "field": "updatedAt", "reason": "hidden"},
    ]
    strict = await world.ask("limited", query, x_access="strict")
    assert set(strict.codes) == {"FIELD_FORBIDDEN"}


@covers("D-31")
async def test_skipped_field_is_neither_listed_nor_refused(world: World) -> None:
    comparison = await comparison_for(world, "limited")
    await comparison.assert_matches(
        "query ($no: Boolean!) { accounts(first: 1) { nodes { phone @include(if: $no) name } } "
        'opportunities(filter: {margin: {gt: "1"}}) @include(if: $no) { totalCount } }',
        {"no": False},
    )


DENIED = (
    '{ opportunities(filter: {margin: {gt: "1"}}) { totalCount } }',
    "{ opportunities(filter: {or: [{}, {not: {margin: {}}}]}) { totalCount } }",
    "{ opportunities(orderBy: [{margin: ASC}]) { totalCount } }",
    "{ opportunities { aggregate { count sum { margin { amount } } } } }",
    '{ accounts(filter: {opportunities: {some: {margin: {lt: "1"}}}}) { totalCount } }',
    "{ opportunities(orderBy: [{account: {id: ASC}}]) { nodes { account { subAccounts"
    '(filter: {phone: {startsWith: "+"}}) { totalCount } } } } }',
    "{ employees(filter: {users: {some: {roles: {some: {}}}}}) { totalCount } }",
    '{ opportunities(filter: {attribute: {key: "tier", text: {eq: "Gold"}}}) { totalCount } }',
    '{ opportunities(filter: {attribute: {key: "nothing"}}) { totalCount } }',
    '{ opportunities(orderBy: [{attribute: {key: "tier", direction: ASC}}]) { totalCount } }',
    "{ users(orderBy: [{createdAt: ASC}]) { totalCount } }",
    '{ roles(filter: {name: {eq: "x"}}) { totalCount } }',
)


@covers("D-31")
@pytest.mark.parametrize("query", DENIED)
async def test_denied_field_in_a_clause_refuses_the_operation(world: World, query: str) -> None:
    comparison = await comparison_for(world, "limited")
    assert await comparison.error_codes(query) == ["FIELD_FORBIDDEN"]
    await (await comparison_for(world, "admin")).ask(query)


@covers("D-31", "D-34")
async def test_new_grant_applies_to_the_next_request(world: World) -> None:
    """Also if the same operation was refused before without access to the database."""
    query = "{ opportunities(orderBy: [{margin: ASC}]) { totalCount } }"

    def grant(all_rows: Rows) -> dict[str, Table]:
        junior = next(r["id"] for r in all_rows.all("Profile") if r["name"] == "Junior sales")
        granted = [dict(row) for row in all_rows.all("FieldPermission")]
        return {
            "FieldPermission": [
                *granted,
                {"profile_id": junior, "entity": "Opportunity", "field": "margin"},
            ]
        }

    assert await (await comparison_for(world, "limited")).error_codes(query) == ["FIELD_FORBIDDEN"]
    async with other_rights(world, "acme", grant):
        await (await comparison_for(world, "limited")).assert_matches(query)
    assert await (await comparison_for(world, "limited")).error_codes(query) == ["FIELD_FORBIDDEN"]


@covers("D-34")
async def test_entity_without_a_grant_is_closed(world: World) -> None:
    lists = ["stages", "accounts", "opportunities", "employees", "users", "profiles", "attributes"]
    query = "{ " + " ".join(f"{name} {{ totalCount }}" for name in lists) + " viewer { id } }"
    async with other_rights(
        world, "acme", lambda _: {"ObjectPermission": [], "FieldPermission": []}
    ):
        comparison = await comparison_for(world, "rep1")
        data = await comparison.assert_matches(query)
        assert data.pop("viewer") == {"id": spelled_id("User", comparison.viewer.user["id"])}
        assert data.pop("users") == {"totalCount": 1}, "the caller"
        assert set(data.values()) == {None}
        admin = await (await comparison_for(world, "admin")).assert_matches(query)
        assert None not in admin.values()


@covers("D-34")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_every_user_sees_own_sessions(world: World, persona: str) -> None:
    comparison = await comparison_for(world, persona)
    data = await comparison.assert_matches(
        "{ viewer { id sessions(first: 100) { totalCount nodes { id createdAt revokedAt user { id } } } } "
        "sessions(first: 100) { totalCount nodes { user { id } } } }"
    )
    own = data["viewer"]["sessions"]
    assert own["totalCount"] > 0
    assert {node["user"]["id"] for node in own["nodes"]} == {data["viewer"]["id"]}
    if persona != "admin":
        assert data["sessions"]["totalCount"] == own["totalCount"]


PARTS = (
    "{ addresses { totalCount } opportunityShares { totalCount } pipelineStages { totalCount } "
    "employees(first: 3) { nodes { shares { totalCount } } } "
    "accounts(first: 60) { nodes { addresses { totalCount } } } }"
)


@covers("D-32")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_child_is_visible_with_its_parent_only(world: World, persona: str) -> None:
    """Children of a parent in the trash are not visible, also for users who see all parents."""
    parents = ("account", "opportunity", "opportunity_type")
    before = await (await comparison_for(world, persona)).ask(PARTS)
    attempt = [
        f"UPDATE {world.schema()}.{table} SET deleted_at = '2026-03-01Z' WHERE deleted_at IS NULL "  # noqa: S608
        "AND get_byte(uuid_send(id), 15) % 2 = 0"
        for table in parents
    ]
    try:
        for statement in attempt:
            await world.admin.execute(statement)
        comparison = await comparison_for(world, persona)
        assert (await comparison.ask(PARTS))[0] != before[0]
        comparison.check()
    finally:
        for table in parents:
            await world.admin.execute(
                f"UPDATE {world.schema()}.{table} SET deleted_at = NULL WHERE deleted_at = '2026-03-01Z'"  # noqa: S608
            )


@covers("D-32", "D-42")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_invisible_record_is_as_if_it_did_not_exist(world: World, persona: str) -> None:
    comparison = await comparison_for(world, persona)
    all_rows = comparison.viewer.all_rows
    deleted = next(r for r in all_rows.all("Opportunity") if r["deleted_at"] is not None)
    ids = [
        spelled_id("Opportunity", deleted["id"]),
        spelled_id("Opportunity", MISSING_ID),
        spelled_id("Account", next(iter(all_rows.live("Opportunity").values()))["id"]),
        spelled_id("Opportunity", next(iter(all_rows.live("Account").values()))["id"]),
        f"xyz_{MISSING_ID.hex}",
    ]
    hidden = [
        r
        for r in all_rows.live("Opportunity").values()
        if r["id"] not in comparison.viewer.rows["Opportunity"]
    ]
    ids += [spelled_id("Opportunity", row["id"]) for row in hidden[:2]]
    for one in ids:
        query = "query ($id: ID!) { opportunity(id: $id) { id } node(id: $id) { id } }"
        assert await comparison.assert_matches(query, {"id": one}) == {
            "opportunity": None,
            "node": None,
        }
        query = "query ($id: ID!) { opportunities(filter: {id: {eq: $id}}) { totalCount } }"
        assert (await comparison.assert_matches(query, {"id": one}))["opportunities"][
            "totalCount"
        ] == 0


@covers("D-32")
async def test_reference_to_a_deleted_record_is_null(world: World) -> None:
    comparison = await comparison_for(world, "admin")
    parts = "{ nodes { parent { name } } }"
    name = '{name: {startsWith: "Castellmoor"}}'
    data = await comparison.assert_matches(
        f"{{ accounts(filter: {name}, orderBy: [{{parent: {{name: ASC}}}}]) {parts} }}"
    )
    assert data["accounts"]["nodes"] == [{"parent": None}, {"parent": None}]
