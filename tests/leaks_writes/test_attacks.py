"""Attacks on writes, each with its number in the registry of attacks, sent as a client would send them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from tests.leaks_writes.mutations import create_input, document, rendered
from tests.leaks_writes.sandbox import Sandbox, observed, public_id
from tests.support.covers import covers


@pytest.fixture
async def fresh(sandbox: Sandbox) -> AsyncIterator[Sandbox]:
    await sandbox.reload()
    yield sandbox
    await sandbox.restore()


def owned_ids(
    sandbox: Sandbox, persona: str, entity: str = "Opportunity", **like: Any
) -> list[str]:
    """Public IDs of live records that the persona owns and whose columns have the given values."""
    rows = sorted(sandbox.facts.live(entity).items())
    return [
        public_id(entity, id)
        for id, row in rows
        if row["owner_id"] == sandbox.facts.employee_id(persona)
        and all(row[n] == v for n, v in like.items())
    ]


def invisible_ids(sandbox: Sandbox, persona: str, entity: str = "Opportunity") -> list[str]:
    """Public IDs of live records that the persona does not see."""
    rows = sorted(sandbox.facts.live(entity).items())
    return [
        public_id(entity, id) for id, row in rows if not sandbox.facts.sees(persona, entity, row)
    ]


@covers("D-11")
async def test_in_use_reveals_no_count(fresh: Sandbox) -> None:
    """The response is the same if one or three invisible opportunities use the account."""
    answers = set()
    (account,) = (
        (await fresh.ask("rep1", document("Account", "Create"), {"name": "Used"})).data["result"][
            "id"
        ],
    )
    for _ in range(3):
        params = create_input(fresh.facts, "admin", "Opportunity") | {"account": account}
        assert (await fresh.ask("admin", document("Opportunity", "Create"), params)).data["result"][
            "id"
        ]
        await fresh.changed()
        answer = await fresh.ask("rep1", document("Account", "Delete"), {"id": account})
        assert [e["code"] for e in answer.data["result"]["userErrors"]] == ["IN_USE"]
        assert await fresh.changed() == set()
        answers.add(observed(answer))
    assert len(answers) == 1


@covers("D-33", "X-10")
@pytest.mark.parametrize("command", ["Update", "Delete"])
async def test_list_with_invisible_records(fresh: Sandbox, command: str) -> None:
    """Invisible records in a list refuse all of it; with `allOrNone: false` only their own entries."""
    others = invisible_ids(fresh, "rep1")[:2]
    own = owned_ids(fresh, "rep1", status="OPEN")[:4]
    shared = [
        public_id("Opportunity", id)
        for id, row in sorted(fresh.facts.live("Opportunity").items())
        if fresh.facts.sees("rep2", "Opportunity", row)
        and row["owner_id"] == fresh.facts.employee_id("rep1")
    ][:1]
    assert shared
    ids = [own[0], others[0], own[1], others[1]]
    inputs = [{"id": id, "note": "bulk"} if command == "Update" else {"id": id} for id in ids]
    query = document("Opportunity", command, many=True)
    await fresh.changed()
    answer = await fresh.ask("rep1", query, inputs)
    assert answer.codes == ["NOT_FOUND", "NOT_FOUND"], rendered(answer)
    assert [e["extensions"]["input"] for e in answer.json["errors"]] == [
        ["inputs", "1", "id"],
        ["inputs", "3", "id"],
    ]
    assert await fresh.changed() == set()
    answer = await fresh.world.ask(
        "rep1", query, {"input": inputs, "all": False}, tenant=fresh.tenant
    )
    results = answer.json["data"]["result"]["results"]
    assert [r and r["id"] for r in results] == [own[0], None, own[1], None]
    logged = await fresh.fetch(
        "SELECT count(*) AS n FROM {s}.change_log WHERE entity = 'Opportunity' AND record_id = ANY($1)",
        [uuid_of(each) for each in others],
    )
    assert logged[0]["n"] == 0
    answer = await fresh.ask(
        "rep2",
        document("Opportunity", command),
        {"id": shared[0]} | ({"note": "x"} if command == "Update" else {}),
    )
    assert answer.codes == ["FORBIDDEN"]


def uuid_of(public_id: str) -> UUID:
    """The UUID of a public ID."""
    return UUID(public_id.partition("_")[2])


@covers("D-32")
async def test_all_unusable_ids_give_the_same_response(fresh: Sandbox) -> None:
    """IDs of no type, IDs of another type, invisible records and IDs that never existed."""
    pairs = [
        ("xyz_0194203c248070008000000000000000", "abc_0194203c248070008000000000000000"),
        tuple(public_id("Stage", id) for id in sorted(fresh.facts.live("Stage"))[:2]),
        tuple(invisible_ids(fresh, "rep1")[:2]),
        tuple("opp_0194203c24807000800000000000000" + d for d in "12"),
    ]
    for command in ("Delete", "Restore", "Update"):
        more = {"note": "x"} if command == "Update" else {}
        answers = {
            observed(
                await fresh.ask(
                    "rep1",
                    document("Opportunity", command, many=True),
                    [{"id": id, **more} for id in pair],
                )
            )
            for pair in pairs
        }
        assert len(answers) == 1, answers


@covers("D-33")
async def test_failing_root_field_rolls_back_all(fresh: Sandbox) -> None:
    """A failing root field rolls back the others, for every error code and in either order; nothing is written."""
    own, other = owned_ids(fresh, "rep1", status="OPEN")[0], invisible_ids(fresh, "rep1")[0]
    bad = {
        "NOT_FOUND": f'opportunityUpdate(input: {{ id: "{other}", note: "x" }}) {{ id }}',
        "FIELD_READ_ONLY": f'opportunityUpdate(input: {{ id: "{own}", commission: "1" }}) {{ id }}',
        "FORBIDDEN": 'roleCreate(input: { name: "x" }) { id }',
        "": 'accountCreate(input: { name: "x", country: "Nowhere" }) { id userErrors { code } }',
    }
    for code, failing in bad.items():
        for order in (0, 1):
            good = 'good: accountCreate(input: { name: "all or nothing" }) { id account { name } }'
            roots = [good, f"bad: {failing}"]
            answer = await fresh.ask(
                "rep1", f"mutation {{ {' '.join(roots[::-1] if order else roots)} }}"
            )
            assert answer.json["data"]["good"] is None, rendered(answer)
            by_path = {tuple(e["path"]): e["extensions"]["code"] for e in answer.json["errors"]}
            assert by_path[("good",)] == "NOT_APPLIED", rendered(answer)
            if code:
                assert code in {
                    e["extensions"]["code"] for e in answer.json["errors"] if e["path"] == ["bad"]
                }
            assert await fresh.changed() == set()


@covers("D-36")
async def test_directives_fragments_and_absent_variables(fresh: Sandbox) -> None:
    """Skipped mutations do not run, merged fields run once, and an absent variable is not null."""
    own = owned_ids(fresh, "rep1", status="OPEN")[0]
    query = """mutation ($input: AccountCreateInput!, $no: Boolean!, $note: String, $id: ID!) {
      skipped: accountCreate(input: $input) @skip(if: $no) { id }
      ...More @include(if: $no)
      once: accountCreate(input: $input) { id }
      ... on Mutation { once: accountCreate(input: $input) { account { name } } }
      kept: opportunityUpdate(input: { id: $id, note: $note, name: "Renamed" }) { opportunity { note name } }
    }
    fragment More on Mutation { once: accountCreate(input: $input) { userErrors { code } } }"""
    before = (await fresh.fetch("SELECT note FROM {s}.opportunity WHERE id = $1", uuid_of(own)))[0][
        "note"
    ]
    answer = await fresh.world.ask(
        "rep1", query, {"input": {"name": "once only"}, "no": True, "id": own}, tenant=fresh.tenant
    )
    assert set(answer.data) == {"once", "kept"}, rendered(answer)
    assert answer.data["once"]["userErrors"] == []
    assert answer.data["kept"]["opportunity"] == {"note": before, "name": "Renamed"}
    assert (await fresh.fetch("SELECT count(*) AS n FROM {s}.account WHERE name = 'once only'"))[0][
        "n"
    ] == 1


@covers("D-32")
async def test_tenant_headers_are_ignored(fresh: Sandbox) -> None:
    """No request header writes the record with the same ID in another tenant."""
    own = owned_ids(fresh, "rep1", status="OPEN")[0]
    for header in ("x-tenant", "x-tenant-id", "x-schema"):
        await fresh.ask(
            "rep1",
            document("Opportunity", "Update"),
            {"id": own, "note": "CNRY"},
            **{header: fresh.neighbor},
        )
        changed = await fresh.changed()
        assert not any(name.startswith("theirs") for name in changed)


@covers("D-33", "D-36")
async def test_write_that_hides_record_from_author_is_refused(fresh: Sandbox) -> None:
    """A write that would hide the record from its author is refused: single, in a list, and on create."""
    own = owned_ids(fresh, "rep1", status="OPEN")[0]
    director = public_id("Employee", fresh.facts.employee_id("director"))
    for persona, query, body in (
        ("rep1", document("Opportunity", "Update"), {"id": own, "owner": director}),
        ("rep1", document("Opportunity", "Update", many=True), [{"id": own, "owner": director}]),
        (
            "rep1",
            document("Opportunity", "Create"),
            create_input(fresh.facts, "rep1", "Opportunity") | {"owner": director},
        ),
    ):
        answer = await fresh.ask(persona, query, body)
        assert answer.codes == ["FORBIDDEN"], rendered(answer)
        assert await fresh.changed() == set()
    answer = await fresh.ask("rep1", document("Opportunity", "Update"), {"id": own, "owner": None})
    assert [e["code"] for e in answer.data["result"]["userErrors"]] == ["REQUIRED"]


async def test_child_of_trashed_parent_is_not_found(fresh: Sandbox) -> None:
    """The child cannot be restored separately; restoring the parent restores it."""
    params = {"name": "Parent", "addresses": [{"city": "A"}, {"city": "B"}]}
    query = document("Account", "Create", inner="addresses { nodes { id } }")
    created = (await fresh.ask("rep1", query, params)).data["result"]
    child = created["account"]["addresses"]["nodes"][0]["id"]
    assert (await fresh.ask("rep1", document("Account", "Delete"), {"id": created["id"]})).data[
        "result"
    ]["userErrors"] == []
    answer = await fresh.ask("rep1", document("Address", "Restore"), {"id": child})
    assert answer.codes == ["NOT_FOUND"], rendered(answer)
    back = await fresh.ask(
        "rep1",
        document("Account", "Restore", inner="addresses { nodes { id } }"),
        {"id": created["id"]},
    )
    assert child in [e["id"] for e in back.data["result"]["account"]["addresses"]["nodes"]]


async def test_restored_role_without_its_deleted_profile(fresh: Sandbox) -> None:
    """Children whose link target is deleted are not restored, and the rights still load."""

    async def run(entity: str, command: str, params: dict[str, Any]) -> str:
        answer = await fresh.ask("admin", document(entity, command), params)
        assert answer.data["result"]["userErrors"] == [], rendered(answer)
        return str(answer.data["result"]["id"])

    profile = await run("Profile", "Create", {"name": "Short-lived"})
    role = await run("Role", "Create", {"name": "Short-lived", "profiles": [{"profile": profile}]})
    await run("Role", "Delete", {"id": role})
    await run("Profile", "Delete", {"id": profile})
    await fresh.ask("admin", document("Role", "Restore"), {"id": role})
    for persona in ("admin", "rep1"):
        answer = await fresh.ask(persona, "{ viewer { id } }")
        assert not answer.codes, (persona, rendered(answer))


@covers("D-33")
async def test_nested_creates_are_limited(fresh: Sandbox) -> None:
    """250 inputs with 250 nested creates each exceed the limit of a request."""
    inputs = [{"name": "bomb", "addresses": [{}] * 250} for _ in range(250)]
    answer = await fresh.ask("rep1", document("Account", "Create", many=True), inputs)
    assert answer.codes, "62,750 records in one request"
    assert await fresh.changed() == set()


@covers("D-39")
async def test_payload_cost_is_multiplied_by_inputs(fresh: Sandbox) -> None:
    """The cost of the payload selection counts once for each input."""
    inner = "owner { opportunities(first: 100) { nodes { account { opportunities(first: 50) { nodes { id } } } } } }"
    query = document("Account", "Create", many=True, inner=inner)
    answer = await fresh.ask("rep1", query, [{"name": "b"} for _ in range(250)])
    assert answer.codes == ["QUERY_TOO_COMPLEX"], answer.body[-300:]
    assert await fresh.changed() == set()


@covers("D-18")
async def test_writes_to_suspended_tenant_are_refused(fresh: Sandbox) -> None:
    """Every input gives the same TENANT_SUSPENDED response, as the state is checked first."""
    world = fresh.world

    async def set_state(state: str) -> None:
        await world.admin.execute(
            "UPDATE catalog.tenant SET state = $2 WHERE slug = $1", fresh.tenant, state
        )
        world.endpoint.app_context.directory.forget(world.tenants[fresh.tenant].id)

    own = owned_ids(fresh, "rep1", status="OPEN")[0]
    await set_state("suspended")
    try:
        update = document("Opportunity", "Update")
        inputs = (
            {"id": own, "note": "x"},
            {"id": f"opp_{'0' * 32}", "note": "x"},
            {"id": own, "commission": "1"},
        )
        answers = {observed(await fresh.ask("rep1", update, params)) for params in inputs}
        assert len(answers) == 1
        assert b"TENANT_SUSPENDED" in next(iter(answers))[2]
        assert await fresh.changed() == set()
    finally:
        await set_state("active")


@covers("D-60")
async def test_each_changing_transaction_gets_one_log_position(fresh: Sandbox) -> None:
    """Other transactions get none, and the tenant role cannot change history or the change log."""

    async def position() -> int:
        return int((await fresh.fetch("SELECT position FROM {s}.log_head"))[0]["position"])

    own = owned_ids(fresh, "rep1", status="OPEN")[0]
    start = await position()
    assert (
        await fresh.ask("rep1", document("Opportunity", "Update"), {"id": own, "note": "logged"})
    ).data
    assert (
        await fresh.ask("rep1", document("Opportunity", "Update"), {"id": own, "note": "logged"})
    ).data
    assert (
        await fresh.ask("rep1", document("Opportunity", "Update"), {"id": own, "commission": "1"})
    ).codes
    assert await position() == start + 1
    rows = await fresh.fetch(
        "SELECT before, after, changed FROM {s}.change_log ORDER BY position DESC LIMIT 1"
    )
    assert rows[0]["changed"] == ["note"]
    assert json.loads(rows[0]["after"])["note"] == "logged"
    for table in ("history", "change_log"):
        for statement in ("UPDATE {t} SET kind = 'DELETED'", "DELETE FROM {t}", "TRUNCATE {t}"):
            async with fresh.world.admin.transaction():
                await fresh.world.admin.execute(f"SET LOCAL ROLE {fresh.schema}")
                with pytest.raises(Exception, match="permission denied"):
                    async with fresh.world.admin.transaction():
                        await fresh.world.admin.execute(
                            statement.format(t=f"{fresh.schema}.{table}")
                        )


@covers("D-36")
async def test_concurrent_updates_of_one_version_conflict(fresh: Sandbox) -> None:
    """Of ten concurrent changes to the same field and version, one succeeds."""
    own = owned_ids(fresh, "rep1", status="OPEN")[0]
    version = (
        await fresh.fetch("SELECT version FROM {s}.opportunity WHERE id = $1", uuid_of(own))
    )[0]["version"]
    answers = await asyncio.gather(
        *(
            fresh.ask(
                "rep1",
                document("Opportunity", "Update"),
                {"id": own, "version": version, "note": f"n{n}"},
            )
            for n in range(10)
        )
    )
    errors = [answer.data["result"]["userErrors"] for answer in answers]
    codes = sorted(each[0]["code"] if each else "" for each in errors)
    assert codes == ["", *["CONFLICT"] * 9], codes


@covers("D-33")
async def test_stage_of_another_pipeline_and_closed_amounts_are_refused(fresh: Sandbox) -> None:
    """Also, the amounts and the currency of a won opportunity are immutable."""
    rows = await fresh.fetch(
        "SELECT o.id, (SELECT s.id FROM {s}.stage s WHERE s.deleted_at IS NULL "
        "AND NOT EXISTS (SELECT FROM {s}.pipeline_stage p "
        "WHERE p.type_id = o.type_id AND p.stage_id = s.id) ORDER BY s.id LIMIT 1) AS stage "
        "FROM {s}.opportunity o WHERE o.deleted_at IS NULL AND o.owner_id = $1", fresh.facts.employee_id("rep1"),
    )  # fmt: skip
    row = next(row for row in rows if row["stage"])
    answer = await fresh.ask(
        "rep1",
        document("Opportunity", "Move"),
        {"id": public_id("Opportunity", row["id"]), "stage": public_id("Stage", row["stage"])},
    )
    assert [e["code"] for e in answer.data["result"]["userErrors"]] == ["INVALID_TRANSITION"]
    assert answer.data["result"]["userErrors"][0]["path"] == ["input", "stage"]
    won = owned_ids(fresh, "rep1", status="WON")[0]
    answer = await fresh.ask(
        "rep1",
        document("Opportunity", "Update"),
        {"id": won, "amount": "1", "margin": "1", "currency": "CHF"},
    )
    assert {tuple(e["path"]) for e in answer.data["result"]["userErrors"]} == {
        ("input", n) for n in ("amount", "margin", "currency")
    }
    assert await fresh.changed() == set()


@covers("D-33")
async def test_concurrent_lists_in_opposite_order(fresh: Sandbox) -> None:
    """Updates of the same records in opposite order succeed or fail with RETRYABLE."""
    own = owned_ids(fresh, "rep1", status="OPEN")[:12]
    query = document("Opportunity", "Update", many=True)
    answers = await asyncio.gather(
        *(
            fresh.ask(
                "rep1",
                query,
                [{"id": id, "note": f"round {n}"} for id in (own if n % 2 else own[::-1])],
            )
            for n in range(8)
        )
    )
    assert {code for answer in answers for code in answer.codes} <= {"RETRYABLE"}
    assert all(answer.status == 200 for answer in answers)
