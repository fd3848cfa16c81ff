"""Search by substrings of names, numbers, email addresses and telephone numbers, in readable fields only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.support.covers import covers
from tests.support.world import Answer, World

FOUND = """
query ($text: String!) {
  accounts(filter: { search: $text }, orderBy: [{ number: ASC }]) { nodes { name phone externalId } }
}
"""
HITS = """
query ($text: String!, $first: Int, $types: [SearchType!]) {
  search(text: $text, first: $first, types: $types) {
    matched
    node { __typename id ... on Account { name } ... on Employee { name } ... on Opportunity { name } }
  }
}
"""


THREE = ["ACCOUNT", "EMPLOYEE", "OPPORTUNITY"]


async def names(world: World, text: str, persona: str = "admin") -> set[str | None]:
    """Names of the accounts that match a text."""
    answer = await world.ask(persona, FOUND, {"text": text})
    return {node["name"] for node in answer.data["accounts"]["nodes"]}


async def hits(world: World, text: str, persona: str = "admin", **more: Any) -> list[Any]:
    """Search hits: type, name and matched fields."""
    more.setdefault("types", THREE)
    answer = await world.ask(persona, HITS, {"text": text, **more})
    return [
        (hit["node"]["__typename"], hit["node"].get("name"), hit["matched"])
        for hit in answer.data["search"]
    ]


@asynccontextmanager
async def changed_record(
    world: World, table: str, name: str, to: str | None, **columns: str | None
) -> AsyncIterator[None]:
    """Change the first record with this name, and restore it at the end."""
    place = f"{world.schema()}.{table}"
    columns = {"name": to, **columns}
    listed = ", ".join(columns)
    row = await world.admin.fetchrow(
        f"SELECT id, {listed} FROM {place} WHERE name = $1 ORDER BY id LIMIT 1",  # noqa: S608
        name,
    )
    assert row is not None
    assignments = ", ".join(f"{column} = ${n}" for n, column in enumerate(columns, 2))
    update = f"UPDATE {place} SET {assignments} WHERE id = $1"  # noqa: S608
    await world.admin.execute(update, row["id"], *columns.values())
    try:
        yield
    finally:
        await world.admin.execute(update, *row)


@covers("SMP-02", "X-35")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("castell swim", {"Castellmoor Swimming Baths"}),
        ("WEST shift varn", {"Varnholt Print West, Night Shift"}),
        ("angstrom", {"Ångström Optik", "Angstrom Optik", "ÅNGSTRÖM OPTIK"}),
        ("Zitná", {"Žitná Mill"}),
        ("京 stat", {"東京 Stationers"}),
        ("100%", {"100% Linen House"}),
        ("r_s", {"under_score Systems"}),
        (":\\", {"Drive D:\\ Recovery", *()}),
        ("nothing of the kind", set()),
    ],
)
async def test_every_word_must_be_a_substring_of_a_field(
    world: World, text: str, found: set[str | None]
) -> None:
    assert await names(world, text) == found


@covers("SMP-02", "X-35")
async def test_words_may_match_different_fields(world: World) -> None:
    async with changed_record(
        world, "account", "Orrinsdale Dairy", "Orrinsdale Zuivel", website="https://melk.example",
        number="QX-778", external_id="erp:55",
    ):  # fmt: skip
        for text in ("zuivel melk", "MELK.example qx-77", "erp:55 zuiv qx"):
            assert await names(world, text) == {"Orrinsdale Zuivel"}
        assert await names(world, "zuivel quillmere") == set(), "each word must be somewhere"


@covers("X-35")
@pytest.mark.parametrize(
    "text",
    ["020-5551234", "+31 20 555 12 34", "0031(0)205551234", "5551234", "(020) 555 1234", "2055512"],
)
async def test_telephone_number_matches_in_every_format(world: World, text: str) -> None:
    for kept in ("+31205551234", "+31 (0)20 - 555 12 34"):
        async with changed_record(
            world, "account", "Orrinsdale Dairy", "Orrinsdale Dairy", phone=kept
        ):
            assert await names(world, text) == {"Orrinsdale Dairy"}


@covers("X-35")
@pytest.mark.parametrize("text", ["e.jánsen", "poststad", "jansen@post", "dairy STAD.example"])
async def test_email_address_matches_by_its_local_part_and_domain(world: World, text: str) -> None:
    async with changed_record(
        world, "account", "Orrinsdale Dairy", "Orrinsdale Dairy", email="E.Jansen@Poststad.example"
    ):
        assert await names(world, text) == {"Orrinsdale Dairy"}


@covers("SMP-25")
async def test_person_matches_by_substrings_of_names_and_work_email(world: World) -> None:
    place, read = world.schema(), world.admin.fetchval
    person = await read("SELECT gen_random_uuid()")
    owner = await read(f"SELECT id FROM {place}.employee WHERE email LIKE 'admin@%'")  # noqa: S608
    accounts = f"SELECT id FROM {place}.account WHERE deleted_at IS NULL ORDER BY id"  # noqa: S608
    await world.admin.execute(
        f"INSERT INTO {place}.person (id, first_name, name_infix, last_name, owner_id, phone)"  # noqa: S608
        " VALUES ($1, 'Noémie', 'van der', 'Haarlemmermeer', $2, '+31612345678')",
        person,
        owner,
    )
    await world.admin.execute(
        f"INSERT INTO {place}.affiliation (id, person_id, account_id, email)"  # noqa: S608
        " VALUES (gen_random_uuid(), $1, $2, 'haar@werk.example')",
        person,
        await read(accounts),
    )
    try:
        query = "query ($f: PersonFilter) { persons(filter: $f) { nodes { lastName } } }"
        for text in ("noemie", "van meer", "06-12345678"):
            answer = await world.ask("admin", query, {"f": {"search": text}})
            assert answer.data == {"persons": {"nodes": [{"lastName": "Haarlemmermeer"}]}}, text
        at_work = {"affiliations": {"some": {"search": "@werk"}}}
        answer = await world.ask("admin", query, {"f": at_work})
        assert answer.data == {"persons": {"nodes": [{"lastName": "Haarlemmermeer"}]}}
        assert [kind for kind, _, _ in await hits(world, "haarlemermeer", types=["PERSON"])] == [
            "Person"
        ]
    finally:
        await world.admin.execute(f"DELETE FROM {place}.affiliation WHERE person_id = $1", person)  # noqa: S608
        await world.admin.execute(f"DELETE FROM {place}.person WHERE id = $1", person)  # noqa: S608


@covers("X-35", "D-41")
async def test_search_can_be_combined_in_every_filter(world: World) -> None:
    query = """
    query ($t: String) {
      all: accounts { totalCount }
      met: accounts(filter: { search: $t }) { totalCount aggregate { count } }
      unmet: accounts(filter: { not: { search: $t } }) { totalCount }
      far: opportunities(filter: { account: { search: $t } }) { totalCount }
      some: accounts(filter: { subAccounts: { some: { search: $t } } }) { nodes { name } }
      none: accounts(filter: { subAccounts: { none: { search: $t } } }) { totalCount }
      every: accounts(filter: { subAccounts: { every: { search: $t } } }) { totalCount }
      either: accounts(filter: { or: [{ search: $t }, { search: "bellweather" }] }) { totalCount }
      both: accounts(filter: { search: $t, and: [{ search: "night" }] }) { nodes { name } }
      groups: accountsAggregate(groupBy: [{ keyAccount: true }], filter: { search: $t }) { groups { count } }
      nothing: accounts(filter: { search: null }) { totalCount }
    }
    """
    found = (await world.ask("admin", query, {"t": "varnholt PRINT"})).data
    met = found["met"]["totalCount"]
    assert met == found["met"]["aggregate"]["count"] == 3
    assert found["unmet"]["totalCount"] == found["all"]["totalCount"] - met
    assert found["far"]["totalCount"] > 0
    parents = {node["name"] for node in found["some"]["nodes"]}
    assert parents == {"Varnholt Holding", "Varnholt Print", "Varnholt Print West"}
    assert found["none"]["totalCount"] == found["all"]["totalCount"] - len(parents)
    assert found["every"]["totalCount"] >= len(parents) - 1
    assert found["either"]["totalCount"] == met + 1
    assert [node["name"] for node in found["both"]["nodes"]] == ["Varnholt Print West, Night Shift"]
    assert sum(group["count"] for group in found["groups"]["groups"]) == met
    assert found["nothing"]["totalCount"] == found["all"]["totalCount"]


@covers("X-35", "D-31")
async def test_unreadable_field_does_not_match(world: World) -> None:
    async with changed_record(
        world, "account", "Orrinsdale Dairy", "Orrinsdale Dairy", phone="+31205551234"
    ):
        assert await names(world, "5551234", "rep1") == {"Orrinsdale Dairy"}
        answer = await world.ask("limited", FOUND, {"text": "5551234"})
        assert answer.data == {"accounts": {"nodes": []}}
        assert await names(world, "orrinsdale", "limited") == {"Orrinsdale Dairy"}
        assert await hits(world, "5551234", "limited") == []
        ((_, _, matched),) = await hits(world, "5551234", "rep1")
        assert matched == ["phone"]
        ((_, _, matched),) = await hits(world, "orrinsdale", "limited")
        assert matched == ["name"]


@covers("X-35", "D-31")
async def test_unreadable_field_does_not_affect_ranking(world: World) -> None:
    async with (
        changed_record(world, "account", "Orrinsdale Dairy", "Zz 5551234", phone="5551234"),
        changed_record(world, "account", "Xylander Acoustics", "Aa 5551234", phone=None),
        changed_record(world, "account", "Bellweather Kites", "Mm 5551234", phone="555123499"),
    ):
        found = {
            who: [n for _, n, _ in await hits(world, "5551234", who)] for who in ("rep1", "limited")
        }
        assert found["rep1"] == ["Zz 5551234", "Mm 5551234", "Aa 5551234"]
        assert found["limited"] == ["Aa 5551234", "Mm 5551234", "Zz 5551234"]


@covers("X-35")
async def test_denials_list_only_fields_named_in_the_query(world: World) -> None:
    answer = await world.ask("limited", '{ accounts(filter: { search: "x" }) { totalCount } }')
    assert "access" not in answer.json["extensions"]
    answer = await world.ask("limited", '{ search(text: "xx") { matched } }')
    assert "access" not in answer.json["extensions"]
    answer = await world.ask(
        "limited", '{ search(text: "varnholt") { node { ... on Account { phone } } } }'
    )
    denied = answer.json["extensions"]["access"]["denied"]
    assert denied == [{"type": "Account", "field": "phone", "reason": "hidden"}]


PROFILE = "(SELECT id FROM {s}.profile WHERE name = 'Junior sales')"


@asynccontextmanager
async def without_grants(
    world: World, table: str, condition: str, *params: Any
) -> AsyncIterator[None]:
    """Remove grants of the junior profile, and restore them at the end."""
    space = world.schema()
    mine = f"profile_id = {PROFILE.format(s=space)} AND deleted_at IS NULL AND {condition}"
    ids = await world.admin.fetch(f"SELECT id FROM {space}.{table} WHERE {mine}", *params)  # noqa: S608
    assert ids
    update = f"UPDATE {space}.{table} SET deleted_at = {{}} WHERE id = ANY($1)"  # noqa: S608
    await world.admin.execute(update.format("now()"), [row["id"] for row in ids])
    await world.bump_access_version()
    try:
        yield
    finally:
        await world.admin.execute(update.format("NULL"), [row["id"] for row in ids])
        await world.bump_access_version()


@covers("D-31")
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ('{ quotes(filter: { search: "xx" }) { totalCount } }', ""),
        ('{ opportunities(filter: { quotes: { some: { search: "xx" } } }) { totalCount } }', ""),
        ('{ search(text: "xx", types: [ACCOUNT, QUOTE]) { matched } }', ""),
    ],
)
async def test_search_with_a_closed_named_field_is_refused(
    world: World, query: str, field: str
) -> None:
    async with without_grants(world, "object_permission", "entity = $1", "Quote"):
        answer = await world.ask("limited", query)
    assert answer.codes == ["FIELD_FORBIDDEN"], answer.body
    fields = answer.json["errors"][0]["extensions"]["fields"]
    assert {"type": "Quote", "field": field} in fields


@covers("D-31", "X-35")
async def test_search_without_a_readable_field_is_refused(world: World) -> None:
    async with without_grants(
        world, "field_permission", "entity = $1 AND field <> 'city'", "Account"
    ):
        for query in (
            '{ accounts(filter: { search: "varnholt" }) { totalCount } }',
            '{ opportunities(filter: { account: { search: "varnholt" } }) { totalCount } }',
            '{ search(text: "varnholt", types: [ACCOUNT]) { matched } }',
        ):
            answer = await world.ask("limited", query)
            assert answer.codes == ["FIELD_FORBIDDEN"], answer.body
            error = answer.json["errors"][0]
            assert {"type": "Account", "field": "search"} in error["extensions"]["fields"] or (
                "opportunities" in query
            )
            assert "Account" in error["message"]
        found = await hits(world, "an", "limited", types=None)
        assert "Account" not in {kind for kind, _, _ in found}, "others are searched"


@covers("X-35", "D-51")
async def test_field_with_a_status_rule_matches_in_open_statuses_only(world: World) -> None:
    rules = f"{world.schema()}.status_rule"
    query = "query ($t: String) { opportunities(filter: { search: $t }, first: 100) { nodes { status } } }"
    before = (await world.ask("rep1", query, {"t": "paper"})).data["opportunities"]["nodes"]
    assert {node["status"] for node in before} == {"OPEN", "WON", "LOST"}
    await world.admin.execute(
        f"INSERT INTO {rules} (id, entity, field, status) VALUES (gen_random_uuid(), 'Opportunity', 'name', 'WON')"  # noqa: S608
    )
    await world.bump_access_version()
    try:
        found = (await world.ask("rep1", query, {"t": "paper"})).data["opportunities"]["nodes"]
        won = [node for node in before if node["status"] == "WON"]
        assert found == won
        every = await hits(world, "paper", "rep1", types=["OPPORTUNITY"], first=50)
        assert len(every) == len(won)
        assert all(name and matched == ["name"] for _, name, matched in every)
        assert await hits(world, "papper", "rep1", types=["OPPORTUNITY"], first=50), "spelt alike"
        assert all(
            name for _, name, _ in await hits(world, "papper", "rep1", types=["OPPORTUNITY"])
        )
    finally:
        await world.admin.execute(f"DELETE FROM {rules} WHERE field = 'name'")  # noqa: S608
        await world.bump_access_version()


# --- everywhere ---------------------------------------------------------------------------------


@covers("X-35", "SMP-02")
async def test_ranking_is_equal_values_then_prefixes_then_substrings(world: World) -> None:
    async with (
        changed_record(world, "account", "Wexcombe Observatory", "Zz Qorum"),
        changed_record(world, "account", "Xylander Acoustics", "Qorum Zz"),
        changed_record(world, "account", "Yarrowfield Farm Shop", "QÓRUM"),
        changed_record(world, "account", "Zephyrine Ballooning", "Qorum Aa"),
        changed_record(world, "account", "Bellweather Kites", "Anything", number="qorum"),
        changed_record(world, "account", "Velloso Cerâmica", "Aqorum"),
    ):
        found = [name for _, name, _ in await hits(world, "Qorum")]
        assert found == ["Anything", "QÓRUM", "Qorum Aa", "Qorum Zz", "Aqorum", "Zz Qorum"]
        assert [n for _, n, _ in await hits(world, "Qorum", first=2)] == found[:2]


@covers("X-35")
async def test_text_of_two_characters_matches_prefixes_only(world: World) -> None:
    async with (
        changed_record(world, "account", "Wexcombe Observatory", "Xq"),
        changed_record(world, "account", "Xylander Acoustics", "Xq Holding"),
        changed_record(world, "account", "Yarrowfield Farm Shop", "Holding Xq"),
    ):
        assert [name for _, name, _ in await hits(world, "xq")] == ["Xq", "Xq Holding"]
        assert await names(world, "xq") == {"Xq", "Xq Holding", "Holding Xq"}


@covers("X-35")
async def test_very_many_matches_are_ranked_among_the_newest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.engine.plan.hits.MAX_CANDIDATES", 2)
    query = '{ search(text: "llmere", types: [ACCOUNT]) { node { id } } }'
    found = [hit["node"]["id"] for hit in (await world.ask("admin", query)).data["search"]]
    listed = '{ accounts(filter: { search: "llmere" }) { nodes { id } } }'
    every = [each["id"] for each in (await world.ask("admin", listed)).data["accounts"]["nodes"]]
    assert len(every) == 4
    assert set(found) == set(every[2:])


@covers("X-35")
async def test_all_types_are_searched_and_matched_fields_returned(world: World) -> None:
    async with (
        changed_record(
            world, "account", "Wexcombe Observatory", "Brontal", website="brontal.example"
        ),
        changed_record(world, "employee", "Bruno Castellani", "Ada Brontal"),
        changed_record(world, "opportunity", "Copy paper, frame agreement", "Deal with Brontal"),
    ):
        assert await hits(world, "bröntal") == [
            ("Account", "Brontal", ["name", "website"]),
            ("Employee", "Ada Brontal", ["name"]),
            ("Opportunity", "Deal with Brontal", ["name"]),
        ]
        assert [k for k, _, _ in await hits(world, "brontal", types=["EMPLOYEE"])] == ["Employee"]
        assert await hits(world, "brontal", types=[]) == []


@covers("X-35")
async def test_similar_spellings_follow_exact_matches(world: World) -> None:
    async with (
        changed_record(
            world, "account", "Wexcombe Observatory", "Wessling Bouw", number="WS-00017"
        ),
        changed_record(world, "account", "Xylander Acoustics", "Wesling Transport"),
    ):
        found = await hits(world, "wesling")
        assert found == [
            ("Account", "Wesling Transport", ["name"]),
            ("Account", "Wessling Bouw", ["name"]),
        ]
        assert await hits(world, "wesling bouw") == [("Account", "Wessling Bouw", ["name"])]
        assert [n for _, n, _ in await hits(world, "wesling", first=1)] == ["Wesling Transport"]
        assert await hits(world, "WS-00018") == [], "numbers have no similar matches"


@covers("X-35", "D-34")
async def test_hits_are_the_records_of_searched_lists(world: World) -> None:
    """For every persona, the hits of a type are the records of its list filtered by the same text."""
    lists = """query ($t: String) {
      accounts(filter: { search: $t }, first: 100) { nodes { id } }
      opportunities(filter: { search: $t }, first: 100) { nodes { id } }
      employees(filter: { search: $t }, first: 100) { nodes { id } }
    }"""
    for persona in ("admin", "manager", "rep1", "support", "limited"):
        for text in ("desk", "holding print", "tess", "ada", "0555", "frame paper"):
            found = (await world.ask(persona, lists, {"t": text})).data.values()
            listed = {node["id"] for each in found for node in each["nodes"]}
            answer = await world.ask(persona, HITS, {"text": text, "first": 50, "types": THREE})
            hit = [each["node"]["id"] for each in answer.data["search"]]
            literal = [each["node"]["id"] for each in answer.data["search"] if each["matched"]]
            assert len(hit) == len(set(hit))
            assert listed <= set(hit) or (len(hit) == 50 and set(hit) <= listed), (persona, text)
            assert literal == hit


async def assert_refused(
    world: World, query: str, variables: dict[str, Any] | None = None
) -> Answer:
    answer = await world.ask("rep1", query, variables)
    assert answer.codes == ["BAD_USER_INPUT"], answer.body
    return answer


@covers("D-35")
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ('{ search(text: " x ") { matched } }', "at least 2 characters"),
        ('{ search(text: "") { matched } }', "no word"),
        ('{ search(text: "xx", first: 51) { matched } }', "from 1 to 50"),
        ('{ search(text: "xx", first: 0) { matched } }', "from 1 to 100"),
        ('{ accounts(filter: { search: "  " }) { totalCount } }', "no word"),
        ('{ accounts(filter: { search: "a b c d e f g h i j k" }) { totalCount } }', "11 words"),
    ],
)
async def test_invalid_text_or_size_is_refused_with_the_limit(
    world: World, query: str, message: str
) -> None:
    answer = await assert_refused(world, query)
    assert message in answer.json["errors"][0]["message"]


@covers("D-38")
async def test_cursor_is_accepted_in_the_same_search_only(world: World) -> None:
    query = """query ($t: String, $a: String) {
      accounts(filter: { search: $t }, first: 2, after: $a) { nodes { id } pageInfo { endCursor } totalCount }
    }"""
    first = (await world.ask("admin", query, {"t": "quillmere"})).data["accounts"]
    cursor = first["pageInfo"]["endCursor"]
    second = (await world.ask("admin", query, {"t": "quillmere", "a": cursor})).data["accounts"]
    ids = [node["id"] for each in (first, second) for node in each["nodes"]]
    assert len(set(ids)) == first["totalCount"] == 4
    other = await world.ask("admin", query, {"t": "legal", "a": cursor})
    assert other.codes == ["BAD_CURSOR"]


@covers("D-57")
async def test_hits_can_select_derived_fields(world: World) -> None:
    query = """query ($t: String!) {
      search(text: $t) { __typename matched node { id ... on Account { websiteDomain name } ... on Employee { initials } } }
    }"""
    plain = query.replace("websiteDomain", "").replace("... on Employee { initials }", "")
    computed = (await world.ask("admin", query, {"t": "optik"})).data["search"]
    for hit in computed:
        assert hit["node"].pop("websiteDomain", "") != ""
    assert computed == (await world.ask("admin", plain, {"t": "optik"})).data["search"]
    employees = (await world.ask("admin", query, {"t": "bruno castellani"})).data["search"]
    assert [hit["node"].get("initials") for hit in employees] == ["BC"]


@covers("D-55")
async def test_different_texts_share_a_plan(world: World) -> None:
    query = "query ($t: String!) { accounts(filter: { search: $t }) { totalCount } search(text: $t) { matched } }"
    await world.ask("rep1", query, {"t": "aa"})
    reads = world.endpoint.reads
    drawn, plans = reads.parsed.made, reads.plans.made
    for text in ("bb", "many more words than before", "+31 20 555 1234"):
        await world.ask("rep1", query, {"t": text})
    assert (reads.parsed.made, reads.plans.made) == (drawn, plans)
    typed = (
        'query ($k: [SearchType!]) { search(text: "example", types: $k) { node { __typename } } }'
    )
    for kind, other in (("ACCOUNT", "Account"), ("EMPLOYEE", "Employee"), ("ACCOUNT", "Account")):
        found = (await world.ask("admin", typed, {"k": [kind]})).data["search"]
        assert {hit["node"]["__typename"] for hit in found} == {other}
