"""Mutation payloads: the same as a read at the same moment; conflicts contain only readable fields."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.leaks.channels import all_leaves
from tests.leaks.truth import canaries, leaks, load
from tests.leaks_writes.expectations import creates, field_access, scope
from tests.leaks_writes.mutations import create_input, document, rendered, value
from tests.leaks_writes.sandbox import Sandbox, public_id
from tests.proof.rights import PERSONA_PER_PROFILE, PERSONAS
from tests.support.covers import covers
from tests.support.world import Answer

HISTORY = "past: history(first: 100) { totalCount nodes { kind entity field before after recordVersion } }"
KINDS = ("Account", "Address", "Opportunity", "OpportunityShare")


@pytest.fixture(scope="module")
async def refreshed(sandbox: Sandbox) -> Sandbox:
    await sandbox.reload()
    return sandbox


def leaves(entity: str) -> str:
    """Selection of all leaf fields of an entity, with its history."""
    return all_leaves(entity) + (f" {HISTORY}" if entity not in {"OpportunityShare"} else "")


def denied(answer: Answer) -> set[tuple[str, ...]]:
    """The fields that a response lists as denied."""
    listed = answer.json["extensions"].get("access", {"denied": []})["denied"]
    return {tuple(sorted(each.values())) for each in listed}


async def assert_equals_read(sandbox: Sandbox, persona: str, entity: str, answer: Answer) -> None:
    """The payload equals a read by ID, including the denied fields, and contains nothing hidden."""
    field = entity[0].lower() + entity[1:]
    payload = answer.json["data"]["result"]
    assert payload["userErrors"] == [], rendered(answer)
    read = await sandbox.ask(
        persona, f'{{ {field}(id: "{payload["id"]}") {{ {leaves(entity)} }} }}'
    )
    assert payload[field] == read.data[field], (payload[field], read.data[field])
    assert denied(answer) == denied(read)
    found = leaks(answer, canaries(await load(sandbox.world, sandbox.tenant), persona))
    assert not found, found


@covers("D-36")
@pytest.mark.parametrize(
    "persona",
    [
        p if p in PERSONA_PER_PROFILE else pytest.param(p, marks=pytest.mark.nightly)
        for p in PERSONAS
    ],
)
@pytest.mark.parametrize("entity", KINDS)
async def test_payload_equals_read(
    refreshed: Sandbox, persona: str, entity: str, tally: Counter[str]
) -> None:
    """After create, update, move, delete and restore the payload equals a read."""
    sandbox = refreshed
    own, stages = None, []
    if creates(persona, entity):
        params = create_input(sandbox.facts, persona, entity)
        answer = await sandbox.ask(
            persona, document(entity, "Create", inner=leaves(entity)), params
        )
        await assert_equals_read(sandbox, persona, entity, answer)
        own = answer.json["data"]["result"]["id"]
        tally["payload"] += 1
    else:
        reach = scope(persona, entity, "Update")
        for id, row in sorted(sandbox.facts.live(entity).items()):
            if (
                reach
                and sandbox.facts.sees(persona, entity, row)
                and sandbox.facts.within(persona, entity, row, reach)
            ):
                own = public_id(entity, id)
                break
    if own is None:
        pytest.skip("no record of the entity is writable for the persona")
    if entity == "Opportunity":
        kind = (
            next(
                row["type_id"]
                for id, row in sandbox.facts.rows[entity].items()
                if public_id(entity, id) == own
            )
            if not creates(persona, entity)
            else sorted(sandbox.facts.live("OpportunityType"))[0]
        )
        rows = await sandbox.fetch(
            "SELECT s.id FROM {s}.pipeline_stage p JOIN {s}.stage s ON s.id = p.stage_id WHERE p.type_id = $1 AND s.kind = 'WON'",
            kind,
        )
        stages = [public_id("Stage", row["id"]) for row in rows]
    changes = [
        name for name in ("note", "name", "city", "phone") if _may_write(persona, entity, name)
    ]
    if changes and entity != "OpportunityShare":
        params = {"id": own, changes[0]: value(sandbox.facts, persona, entity, changes[0])}
        answer = await sandbox.ask(
            persona, document(entity, "Update", inner=leaves(entity)), params
        )
        await assert_equals_read(sandbox, persona, entity, answer)
    if stages and field_access(persona, entity, "stage") == "w":
        answer = await sandbox.ask(
            persona, document(entity, "Move", inner=leaves(entity)), {"id": own, "stage": stages[0]}
        )
        await assert_equals_read(sandbox, persona, entity, answer)
    if scope(persona, entity, "Delete") is not None:
        field = entity[0].lower() + entity[1:]
        answer = await sandbox.ask(
            persona, document(entity, "Delete", inner=leaves(entity)), {"id": own}
        )
        assert answer.json["data"]["result"] == {"id": own, field: None, "userErrors": []}, (
            rendered(answer)
        )
        if entity != "OpportunityShare":
            answer = await sandbox.ask(
                persona, document(entity, "Restore", inner=leaves(entity)), {"id": own}
            )
            await assert_equals_read(sandbox, persona, entity, answer)
    await sandbox.restore()


def _may_write(persona: str, entity: str, name: str) -> bool:
    try:
        return field_access(persona, entity, name) == "w"
    except KeyError:
        return False


def owned_opportunity(sandbox: Sandbox, persona: str, **like: Any) -> tuple[str, Any]:
    """An opportunity owned by the persona, with margin and commission."""
    rows = sandbox.facts.live("Opportunity")
    return next(
        (public_id("Opportunity", id), row)
        for id, row in sorted(rows.items())
        if row["owner_id"] == sandbox.facts.employee_id(persona)
        and all(row[name] == each for name, each in like.items())
        and row["margin"] is not None
        and row["commission"] is not None
    )


@covers("D-36")
async def test_conflict_contains_only_readable_fields(refreshed: Sandbox) -> None:
    """Another user's changes to hidden fields neither cause a conflict nor appear in one."""
    sandbox = refreshed
    own, row = owned_opportunity(sandbox, "limited", status="OPEN", currency="EUR")
    version = row["version"]
    update = document("Opportunity", "Update", inner="version")
    theirs = {
        "id": own,
        "margin": "31337.31",
        "commission": "41337.41",
        "attributes": [{"key": "tier", "text": "Hidden tier"}],
    }
    assert (await sandbox.ask("admin", update, theirs)).data["result"]["userErrors"] == []
    answer = await sandbox.ask("limited", update, {"id": own, "version": version, "note": "mine"})
    assert answer.data["result"]["opportunity"] == {"version": version + 2}
    assert (
        await sandbox.ask(
            "admin", update, {"id": own, "name": "Theirs", "note": "Theirs", "margin": "51337.51"}
        )
    ).data
    answer = await sandbox.ask(
        "limited",
        update,
        {
            "id": own,
            "version": version,
            "name": "Mine",
            "attributes": [{"key": "seats", "number": "4"}],
        },
    )
    [error] = answer.data["result"]["userErrors"]
    assert error["code"] == "CONFLICT", rendered(answer)
    conflict = error["conflict"]
    assert conflict.pop("changedAt").startswith("20")
    assert conflict.pop("changedBy")["name"], "the employee is visible to the caller"
    assert conflict == {
        "version": version + 3,
        "fields": [{"field": "name", "mine": "Mine", "theirs": "Theirs", "base": row["name"]}],
    }
    assert not any(document in answer.body.decode() for document in ("1337", "Hidden tier"))
    await sandbox.restore()


async def test_history_in_payload_omits_hidden_fields(refreshed: Sandbox) -> None:
    """Changes to hidden fields are neither listed nor counted."""
    sandbox = refreshed
    own, _ = owned_opportunity(sandbox, "limited", status="OPEN", currency="EUR")
    update = document("Opportunity", "Update", inner=HISTORY)
    before = (await sandbox.ask("limited", update, {"id": own, "note": "first"})).data["result"][
        "opportunity"
    ]["past"]
    for params in (
        {"margin": "31337.31"},
        {"commission": "41337.41"},
        {"attributes": [{"key": "tier", "text": "Hidden tier"}]},
    ):
        assert (await sandbox.ask("admin", update, {"id": own, **params})).data["result"][
            "userErrors"
        ] == []
    answer = await sandbox.ask("limited", update, {"id": own, "note": "second"})
    after = answer.data["result"]["opportunity"]["past"]
    assert after["totalCount"] == before["totalCount"] + 1
    assert {node["field"] for node in after["nodes"]} <= {"note", None}
    assert not any(word in answer.body.decode() for word in ("1337", "Hidden", "tier"))
    full = (await sandbox.ask("admin", update, {"id": own, "note": "third"})).data["result"][
        "opportunity"
    ]["past"]
    assert {"margin", "commission", "tier"} <= {node["field"] for node in full["nodes"]}
    await sandbox.restore()


@covers("D-33", "D-51")
async def test_payload_after_move_is_masked_by_new_status(refreshed: Sandbox) -> None:
    """The record and its history are masked by the status after the move."""
    sandbox = refreshed
    own, row = owned_opportunity(sandbox, "rep1", status="OPEN", currency="EUR")
    stages = await sandbox.fetch(
        "SELECT s.id, s.kind FROM {s}.pipeline_stage p JOIN {s}.stage s ON s.id = p.stage_id "
        "WHERE p.type_id = $1 ORDER BY p.position",
        row["type_id"],
    )
    move = document(
        "Opportunity",
        "Move",
        inner=f"status commission {{ amount }} netMargin {{ amount }} {HISTORY}",
    )
    assert (
        await sandbox.ask(
            "admin", document("Opportunity", "Update"), {"id": own, "commission": "41337.41"}
        )
    ).data
    by_kind = {stage["kind"]: public_id("Stage", stage["id"]) for stage in reversed(stages)}
    for kind in ("WON", "OPEN", "WON", "OPEN"):
        answer = await sandbox.ask("rep1", move, {"id": own, "stage": by_kind[kind]})
        found = answer.data["result"]["opportunity"]
        assert found["status"] == kind
        assert (found["commission"] is not None) == (kind == "WON")
        assert ("41337" in answer.body.decode()) == (kind == "WON"), rendered(answer)
    await sandbox.restore()


async def test_strict_access_refuses_mutation_with_masked_payload(refreshed: Sandbox) -> None:
    """With `X-Access: strict`, selecting an unreadable field is refused and nothing is written."""
    sandbox = refreshed
    own, _ = owned_opportunity(sandbox, "limited")
    await sandbox.changed()
    answer = await sandbox.ask(
        "limited",
        document("Opportunity", "Update", inner="margin { amount }"),
        {"id": own, "note": "x"},
        x_access="strict",
    )
    changed = await sandbox.changed()
    await sandbox.restore()
    assert answer.codes == ["FIELD_FORBIDDEN"], rendered(answer)
    assert changed == set()


@covers("D-33")
async def test_currency_change_does_not_reveal_hidden_amount(refreshed: Sandbox) -> None:
    """The response to a currency change is independent of unreadable amounts."""
    sandbox = refreshed
    for persona, hidden in (("limited", "margin"), ("rep1", "commission")):
        own, row = owned_opportunity(sandbox, persona, status="OPEN", currency="EUR")
        answers = set()
        for amounts in ("10.00", "10.50", "NULL"):
            rest = "amount = 1" if hidden == "margin" else "amount = 1, margin = 1"
            await sandbox.run(
                f"UPDATE {{s}}.opportunity SET {rest}, commission = 1 WHERE id = $1",  # noqa: S608
                row["id"],
            )
            await sandbox.run(
                f"UPDATE {{s}}.opportunity SET {hidden} = {amounts} WHERE id = $1",  # noqa: S608
                row["id"],
            )
            answer = await sandbox.ask(
                persona,
                document("Opportunity", "Update", inner="currency"),
                {"id": own, "currency": "JPY"},
            )
            read = answer.json
            read["extensions"].pop("cost")
            answers.add(str(read))
            await sandbox.restore()
        assert len(answers) == 1, answers
