"""Attacks on writing by their numbers in the registry, each tried as a client would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from tests.leaks_writes.asking import new, said, text
from tests.leaks_writes.place import Place, seen, spelled
from tests.support.covers import covers


@pytest.fixture
async def fresh(here: Place) -> AsyncIterator[Place]:
    await here.look()
    yield here
    await here.restore()


def mine(here: Place, persona: str, entity: str = "Opportunity", **like: Any) -> list[str]:
    """Records of his."""
    rows = sorted(here.facts.live(entity).items())
    return [
        spelled(entity, id)
        for id, row in rows
        if row["owner_id"] == here.facts.me(persona) and all(row[n] == v for n, v in like.items())
    ]


def theirs(here: Place, persona: str, entity: str = "Opportunity") -> list[str]:
    """Records that he does not see."""
    rows = sorted(here.facts.live(entity).items())
    return [spelled(entity, id) for id, row in rows if not here.facts.sees(persona, entity, row)]


@covers("D-11")
async def test_in_use_without_counts(fresh: Place) -> None:
    """Case 52: blocked by one invisible opportunity or by three, the answer is the same."""
    answers = set()
    (account,) = (
        (await fresh.ask("rep1", text("Account", "Create"), {"name": "Used"})).data["deed"]["id"],
    )
    for _ in range(3):
        given = new(fresh.facts, "admin", "Opportunity") | {"account": account}
        assert (await fresh.ask("admin", text("Opportunity", "Create"), given)).data["deed"]["id"]
        await fresh.changed()
        answer = await fresh.ask("rep1", text("Account", "Delete"), {"id": account})
        assert [e["code"] for e in answer.data["deed"]["userErrors"]] == ["IN_USE"]
        assert await fresh.changed() == set()
        answers.add(seen(answer))
    assert len(answers) == 1


@covers("D-33", "X-10")
@pytest.mark.parametrize("verb", ["Update", "Delete"])
async def test_bulk_with_others_rows(fresh: Place, verb: str) -> None:
    """Cases 54, 55: one that is not his among many of his, and nothing is done; or just his, if so asked."""
    others = theirs(fresh, "rep1")[:2]
    own = mine(fresh, "rep1", status="OPEN")[:4]
    shared = [
        spelled("Opportunity", id)
        for id, row in sorted(fresh.facts.live("Opportunity").items())
        if fresh.facts.sees("rep2", "Opportunity", row)
        and row["owner_id"] == fresh.facts.me("rep1")
    ][:1]
    assert shared
    ids = [own[0], others[0], own[1], others[1]]
    inputs = [{"id": id, "note": "bulk"} if verb == "Update" else {"id": id} for id in ids]
    query = text("Opportunity", verb, many=True)
    await fresh.changed()
    answer = await fresh.ask("rep1", query, inputs)
    assert answer.codes == ["NOT_FOUND", "NOT_FOUND"], said(answer)
    assert [e["extensions"]["input"] for e in answer.json["errors"]] == [
        ["inputs", "1", "id"],
        ["inputs", "3", "id"],
    ]
    assert await fresh.changed() == set()
    answer = await fresh.world.ask(
        "rep1", query, {"input": inputs, "all": False}, tenant=fresh.tenant
    )
    results = answer.json["data"]["deed"]["results"]
    assert [r and r["id"] for r in results] == [own[0], None, own[1], None]
    noted = await fresh.fetch(
        "SELECT count(*) AS n FROM {s}.change_log WHERE entity = 'Opportunity' AND record_id = ANY($1)",
        [fresh_id(each) for each in others],
    )
    assert noted[0]["n"] == 0
    answer = await fresh.ask(
        "rep2",
        text("Opportunity", verb),
        {"id": shared[0]} | ({"note": "x"} if verb == "Update" else {}),
    )
    assert answer.codes == ["FORBIDDEN"]


def fresh_id(spelled_id: str) -> UUID:
    """The id as it is kept."""
    return UUID(spelled_id.partition("_")[2])


@covers("D-32")
async def test_two_ids_that_are_none(fresh: Place) -> None:
    """Case 31: two words that are no ids, two of another kind, and two that never were: one answer."""
    pairs = [
        ("x", "y"),
        ("", "' OR true --"),
        tuple(spelled("Stage", id) for id in sorted(fresh.facts.live("Stage"))[:2]),
        tuple(theirs(fresh, "rep1")[:2]),
        tuple("opp_0194203c24807000800000000000000" + d for d in "12"),
    ]
    for verb in ("Delete", "Restore", "Update"):
        more = {"note": "x"} if verb == "Update" else {}
        answers = {
            seen(
                await fresh.ask(
                    "rep1",
                    text("Opportunity", verb, many=True),
                    [{"id": id, **more} for id in pair],
                )
            )
            for pair in pairs
        }
        assert len(answers) == 1, answers


@covers("D-33")
async def test_all_or_nothing_over_roots(fresh: Place) -> None:
    """One root that fails takes the others with it, whichever it is and whyever; nothing is noted."""
    own, other = mine(fresh, "rep1", status="OPEN")[0], theirs(fresh, "rep1")[0]
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
            assert answer.json["data"]["good"] is None, said(answer)
            by_path = {tuple(e["path"]): e["extensions"]["code"] for e in answer.json["errors"]}
            assert by_path[("good",)] == "NOT_APPLIED", said(answer)
            if code:
                assert code in {
                    e["extensions"]["code"] for e in answer.json["errors"] if e["path"] == ["bad"]
                }
            assert await fresh.changed() == set()


@covers("D-36")
async def test_who_takes_part_in_the_document(fresh: Place) -> None:
    """Case 82: skipped deeds are not done, merged ones once, absent variables are not nulls."""
    own = mine(fresh, "rep1", status="OPEN")[0]
    query = """mutation ($input: AccountCreateInput!, $no: Boolean!, $note: String, $id: ID!) {
      skipped: accountCreate(input: $input) @skip(if: $no) { id }
      ...More @include(if: $no)
      once: accountCreate(input: $input) { id }
      ... on Mutation { once: accountCreate(input: $input) { account { name } } }
      kept: opportunityUpdate(input: { id: $id, note: $note, name: "Renamed" }) { opportunity { note name } }
    }
    fragment More on Mutation { once: accountCreate(input: $input) { userErrors { code } } }"""
    before = (await fresh.fetch("SELECT note FROM {s}.opportunity WHERE id = $1", fresh_id(own)))[
        0
    ]["note"]
    answer = await fresh.world.ask(
        "rep1", query, {"input": {"name": "once only"}, "no": True, "id": own}, tenant=fresh.tenant
    )
    assert set(answer.data) == {"once", "kept"}, said(answer)
    assert answer.data["once"]["userErrors"] == []
    assert answer.data["kept"]["opportunity"] == {"note": before, "name": "Renamed"}
    assert (await fresh.fetch("SELECT count(*) AS n FROM {s}.account WHERE name = 'once only'"))[0][
        "n"
    ] == 1


@covers("D-32")
async def test_ids_of_next_door(fresh: Place) -> None:
    """Case 56, 57: the same id next door stays as it is; a header does not lead there."""
    own = mine(fresh, "rep1", status="OPEN")[0]
    for header in ("x-tenant", "x-tenant-id", "x-schema"):
        await fresh.ask(
            "rep1",
            text("Opportunity", "Update"),
            {"id": own, "note": "CNRY"},
            **{header: fresh.neighbor},
        )
        changed = await fresh.changed()
        assert not any(name.startswith("theirs") for name in changed)


@covers("D-33", "D-36")
async def test_a_null_owner_and_given_away(fresh: Place) -> None:
    """The after-image: nobody puts a record where he does not see it, one by one, for many, or by a nested share."""
    own = mine(fresh, "rep1", status="OPEN")[0]
    director = spelled("Employee", fresh.facts.me("director"))
    for persona, query, body in (
        ("rep1", text("Opportunity", "Update"), {"id": own, "owner": director}),
        ("rep1", text("Opportunity", "Update", many=True), [{"id": own, "owner": director}]),
        (
            "rep1",
            text("Opportunity", "Create"),
            new(fresh.facts, "rep1", "Opportunity") | {"owner": director},
        ),
    ):
        answer = await fresh.ask(persona, query, body)
        assert answer.codes == ["FORBIDDEN"], said(answer)
        assert await fresh.changed() == set()
    answer = await fresh.ask("rep1", text("Opportunity", "Update"), {"id": own, "owner": None})
    assert [e["code"] for e in answer.data["deed"]["userErrors"]] == ["REQUIRED"]


async def test_a_part_whose_whole_is_in_the_bin(fresh: Place) -> None:
    """Case 50: it is seen with its whole and not otherwise; it comes back with it."""
    given = {"name": "Whole", "addresses": [{"city": "A"}, {"city": "B"}]}
    query = text("Account", "Create", inner="addresses { nodes { id } }")
    done = (await fresh.ask("rep1", query, given)).data["deed"]
    part = done["account"]["addresses"]["nodes"][0]["id"]
    assert (await fresh.ask("rep1", text("Account", "Delete"), {"id": done["id"]})).data["deed"][
        "userErrors"
    ] == []
    answer = await fresh.ask("rep1", text("Address", "Restore"), {"id": part})
    assert answer.codes == ["NOT_FOUND"], said(answer)
    back = await fresh.ask(
        "rep1", text("Account", "Restore", inner="addresses { nodes { id } }"), {"id": done["id"]}
    )
    assert part in [e["id"] for e in back.data["deed"]["account"]["addresses"]["nodes"]]


async def test_restoring_what_points_to_something_deleted(fresh: Place) -> None:
    """Case 50: parts come back with their whole only if what they lead to is still there; the house goes on."""

    async def do(entity: str, verb: str, given: dict[str, Any]) -> str:
        answer = await fresh.ask("admin", text(entity, verb), given)
        assert answer.data["deed"]["userErrors"] == [], said(answer)
        return str(answer.data["deed"]["id"])

    profile = await do("Profile", "Create", {"name": "Short-lived"})
    role = await do("Role", "Create", {"name": "Short-lived", "profiles": [{"profile": profile}]})
    await do("Role", "Delete", {"id": role})
    await do("Profile", "Delete", {"id": profile})
    await fresh.ask("admin", text("Role", "Restore"), {"id": role})
    for persona in ("admin", "rep1"):
        answer = await fresh.ask(persona, "{ viewer { id } }")
        assert not answer.codes, (persona, said(answer))


@covers("D-33")
async def test_nested_lists_are_bounded(fresh: Place) -> None:
    """Case 87: 250 records with 250 parts each are more than one request may ask for."""
    inputs = [{"name": "bomb", "addresses": [{}] * 250} for _ in range(250)]
    answer = await fresh.ask("rep1", text("Account", "Create", many=True), inputs)
    assert answer.codes, "62,750 records in one request"
    assert await fresh.changed() == set()


@covers("D-39")
async def test_payloads_are_paid_for_by_input(fresh: Place) -> None:
    """Case 87: what a payload expands to is multiplied by the inputs."""
    inner = "owner { opportunities(first: 100) { nodes { account { opportunities(first: 50) { nodes { id } } } } } }"
    query = text("Account", "Create", many=True, inner=inner)
    answer = await fresh.ask("rep1", query, [{"name": "b"} for _ in range(250)])
    assert answer.codes == ["QUERY_TOO_COMPLEX"], answer.body[-300:]
    assert await fresh.changed() == set()


@covers("D-18")
async def test_a_suspended_tenant(fresh: Place) -> None:
    """Writes are refused before anything is looked at: in the same words, whatever they ask for."""
    world = fresh.world

    async def become(state: str) -> None:
        await world.admin.execute(
            "UPDATE catalog.tenant SET state = $2 WHERE slug = $1", fresh.tenant, state
        )
        world.endpoint.app_context.directory.forget(world.tenants[fresh.tenant].id)

    own = mine(fresh, "rep1", status="OPEN")[0]
    await become("suspended")
    try:
        update = text("Opportunity", "Update")
        inputs = (
            {"id": own, "note": "x"},
            {"id": "opp_nothing", "note": "x"},
            {"id": own, "commission": "1"},
        )
        answers = {seen(await fresh.ask("rep1", update, given)) for given in inputs}
        assert len(answers) == 1
        assert b"TENANT_SUSPENDED" in next(iter(answers))[2]
        assert await fresh.changed() == set()
    finally:
        await become("active")


@covers("D-60")
async def test_what_is_noted(fresh: Place) -> None:
    """Cases 179, 180: one position for each transaction that changed something; none else; and nobody rewrites it."""

    async def position() -> int:
        return int((await fresh.fetch("SELECT position FROM {s}.log_head"))[0]["position"])

    own = mine(fresh, "rep1", status="OPEN")[0]
    start = await position()
    assert (
        await fresh.ask("rep1", text("Opportunity", "Update"), {"id": own, "note": "noted"})
    ).data
    assert (
        await fresh.ask("rep1", text("Opportunity", "Update"), {"id": own, "note": "noted"})
    ).data
    assert (
        await fresh.ask("rep1", text("Opportunity", "Update"), {"id": own, "commission": "1"})
    ).codes
    assert await position() == start + 1
    rows = await fresh.fetch(
        "SELECT before, after, changed FROM {s}.change_log ORDER BY position DESC LIMIT 1"
    )
    assert rows[0]["changed"] == ["note"]
    assert json.loads(rows[0]["after"])["note"] == "noted"
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
async def test_lost_updates(fresh: Place) -> None:
    """Case 145: of ten who change the same field of the same version, one succeeds."""
    own = mine(fresh, "rep1", status="OPEN")[0]
    version = (
        await fresh.fetch("SELECT version FROM {s}.opportunity WHERE id = $1", fresh_id(own))
    )[0]["version"]
    answers = await asyncio.gather(
        *(
            fresh.ask(
                "rep1",
                text("Opportunity", "Update"),
                {"id": own, "version": version, "note": f"n{n}"},
            )
            for n in range(10)
        )
    )
    codes = sorted(answer.codes[0] if answer.codes else "" for answer in answers)
    assert codes == ["", *["CONFLICT"] * 9], codes


@covers("D-33")
async def test_stages_of_another_pipeline(fresh: Place) -> None:
    """Case 144: a stage that the type does not use; and when closed, what it was closed on stays."""
    rows = await fresh.fetch(
        "SELECT o.id, (SELECT s.id FROM {s}.stage s WHERE s.deleted_at IS NULL "
        "AND NOT EXISTS (SELECT FROM {s}.pipeline_stage p "
        "WHERE p.type_id = o.type_id AND p.stage_id = s.id) ORDER BY s.id LIMIT 1) AS stage "
        "FROM {s}.opportunity o WHERE o.deleted_at IS NULL AND o.owner_id = $1", fresh.facts.me("rep1"),
    )  # fmt: skip
    row = next(row for row in rows if row["stage"])
    answer = await fresh.ask(
        "rep1",
        text("Opportunity", "Move"),
        {"id": spelled("Opportunity", row["id"]), "stage": spelled("Stage", row["stage"])},
    )
    assert [e["code"] for e in answer.data["deed"]["userErrors"]] == ["INVALID_TRANSITION"]
    assert answer.data["deed"]["userErrors"][0]["path"] == ["input", "stage"]
    won = mine(fresh, "rep1", status="WON")[0]
    answer = await fresh.ask(
        "rep1",
        text("Opportunity", "Update"),
        {"id": won, "amount": "1", "margin": "1", "currency": "CHF"},
    )
    assert {tuple(e["path"]) for e in answer.data["deed"]["userErrors"]} == {
        ("input", n) for n in ("amount", "margin", "currency")
    }
    assert await fresh.changed() == set()


@covers("D-33")
async def test_crossing_changes(fresh: Place) -> None:
    """Case 156: who wants the same records in the other order waits or is told to try again; nothing breaks."""
    own = mine(fresh, "rep1", status="OPEN")[:12]
    query = text("Opportunity", "Update", many=True)
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
