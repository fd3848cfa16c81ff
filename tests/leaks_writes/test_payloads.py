"""What is told after a write: no more than a read tells at the same moment, and of a conflict only what may be read."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.leaks.channels import all_leaves
from tests.leaks.truth import canaries, leaks, load
from tests.leaks_writes.asking import new, said, text, value
from tests.leaks_writes.expectations import creates, may, scope
from tests.leaks_writes.place import Place, spelled
from tests.proof.rights import ONE_EACH, PERSONAS
from tests.support.covers import covers
from tests.support.world import Answer

HISTORY = "past: history(first: 100) { totalCount nodes { kind entity field before after recordVersion } }"
KINDS = ("Account", "Address", "Opportunity", "OpportunityShare")


@pytest.fixture(scope="module")
async def told(here: Place) -> Place:
    await here.look()
    return here


def leaves(entity: str) -> str:
    """Everything there is to read of a record, its history too."""
    return all_leaves(entity) + (f" {HISTORY}" if entity not in {"OpportunityShare"} else "")


def denied(answer: Answer) -> set[tuple[str, ...]]:
    """What an answer names as withheld."""
    listed = answer.json["extensions"].get("access", {"denied": []})["denied"]
    return {tuple(sorted(each.values())) for each in listed}


async def as_read(here: Place, persona: str, entity: str, answer: Answer) -> None:
    """The payload is what a read by id answers, withheld fields included; and holds nothing hidden."""
    field = entity[0].lower() + entity[1:]
    payload = answer.json["data"]["deed"]
    assert payload["userErrors"] == [], said(answer)
    read = await here.ask(persona, f'{{ {field}(id: "{payload["id"]}") {{ {leaves(entity)} }} }}')
    assert payload[field] == read.data[field], (payload[field], read.data[field])
    assert denied(answer) == denied(read)
    found = leaks(answer, canaries(await load(here.world, here.tenant), persona))
    assert not found, found


@covers("D-36")
@pytest.mark.parametrize(
    "persona",
    [p if p in ONE_EACH else pytest.param(p, marks=pytest.mark.nightly) for p in PERSONAS],
)
@pytest.mark.parametrize("entity", KINDS)
async def test_a_payload_is_what_a_read_is(
    told: Place, persona: str, entity: str, tally: Counter[str]
) -> None:
    """Cases 11, 19: created, changed, moved, put into the bin and brought back, a record is told as it is read."""
    here = told
    own, stages = None, []
    if creates(persona, entity):
        given = new(here.facts, persona, entity)
        answer = await here.ask(persona, text(entity, "Create", inner=leaves(entity)), given)
        await as_read(here, persona, entity, answer)
        own = answer.json["data"]["deed"]["id"]
        tally["payload"] += 1
    else:
        reach = scope(persona, entity, "Update")
        for id, row in sorted(here.facts.live(entity).items()):
            if (
                reach
                and here.facts.sees(persona, entity, row)
                and here.facts.within(persona, entity, row, reach)
            ):
                own = spelled(entity, id)
                break
    if own is None:
        pytest.skip("he writes none of these")
    if entity == "Opportunity":
        kind = (
            next(
                row["type_id"]
                for id, row in here.facts.rows[entity].items()
                if spelled(entity, id) == own
            )
            if not creates(persona, entity)
            else sorted(here.facts.live("OpportunityType"))[0]
        )
        rows = await here.fetch(
            "SELECT s.id FROM {s}.pipeline_stage p JOIN {s}.stage s ON s.id = p.stage_id WHERE p.type_id = $1 AND s.kind = 'WON'",
            kind,
        )
        stages = [spelled("Stage", row["id"]) for row in rows]
    changes = [
        name for name in ("note", "name", "city", "phone") if _may_write(persona, entity, name)
    ]
    if changes and entity != "OpportunityShare":
        given = {"id": own, changes[0]: value(here.facts, persona, entity, changes[0])}
        answer = await here.ask(persona, text(entity, "Update", inner=leaves(entity)), given)
        await as_read(here, persona, entity, answer)
    if stages and may(persona, entity, "stage") == "w":
        answer = await here.ask(
            persona, text(entity, "Move", inner=leaves(entity)), {"id": own, "stage": stages[0]}
        )
        await as_read(here, persona, entity, answer)
    if scope(persona, entity, "Delete") is not None:
        field = entity[0].lower() + entity[1:]
        answer = await here.ask(persona, text(entity, "Delete", inner=leaves(entity)), {"id": own})
        assert answer.json["data"]["deed"] == {"id": own, field: None, "userErrors": []}, said(
            answer
        )
        if entity != "OpportunityShare":
            answer = await here.ask(
                persona, text(entity, "Restore", inner=leaves(entity)), {"id": own}
            )
            await as_read(here, persona, entity, answer)
    await here.restore()


def _may_write(persona: str, entity: str, name: str) -> bool:
    try:
        return may(persona, entity, name) == "w"
    except KeyError:
        return False


def mine(here: Place, persona: str, **like: Any) -> tuple[str, Any]:
    """An opportunity of his."""
    rows = here.facts.live("Opportunity")
    return next(
        (spelled("Opportunity", id), row)
        for id, row in sorted(rows.items())
        if row["owner_id"] == here.facts.me(persona)
        and all(row[name] == each for name, each in like.items())
        and row["margin"] is not None
        and row["commission"] is not None
    )


@covers("D-36")
async def test_a_conflict_tells_what_may_be_read(told: Place) -> None:
    """Case 145: hidden fields that somebody else changed are neither a conflict nor told in one."""
    here = told
    own, row = mine(here, "limited", status="OPEN", currency="EUR")
    version = row["version"]
    update = text("Opportunity", "Update", inner="version")
    theirs = {
        "id": own,
        "margin": "31337.31",
        "commission": "41337.41",
        "attributes": [{"key": "tier", "text": "Hidden tier"}],
    }
    assert (await here.ask("admin", update, theirs)).data["deed"]["userErrors"] == []
    answer = await here.ask("limited", update, {"id": own, "version": version, "note": "mine"})
    assert answer.data["deed"]["opportunity"] == {"version": version + 2}
    assert (
        await here.ask(
            "admin", update, {"id": own, "name": "Theirs", "note": "Theirs", "margin": "51337.51"}
        )
    ).data
    answer = await here.ask(
        "limited",
        update,
        {
            "id": own,
            "version": version,
            "name": "Mine",
            "attributes": [{"key": "seats", "number": "4"}],
        },
    )
    assert answer.codes == ["CONFLICT"], said(answer)
    conflict = answer.json["errors"][0]["extensions"]["conflict"]
    assert conflict == {
        "version": version + 3,
        "fields": [{"field": "name", "mine": "Mine", "theirs": "Theirs", "base": row["name"]}],
    }
    assert not any(text in answer.body.decode() for text in ("1337", "Hidden tier"))
    await here.restore()


async def test_the_history_in_a_payload(told: Place) -> None:
    """Case 11: what was done to hidden fields is not in the history of who may not read them, counts included."""
    here = told
    own, _ = mine(here, "limited", status="OPEN", currency="EUR")
    update = text("Opportunity", "Update", inner=HISTORY)
    before = (await here.ask("limited", update, {"id": own, "note": "first"})).data["deed"][
        "opportunity"
    ]["past"]
    for given in (
        {"margin": "31337.31"},
        {"commission": "41337.41"},
        {"attributes": [{"key": "tier", "text": "Hidden tier"}]},
    ):
        assert (await here.ask("admin", update, {"id": own, **given})).data["deed"][
            "userErrors"
        ] == []
    answer = await here.ask("limited", update, {"id": own, "note": "second"})
    after = answer.data["deed"]["opportunity"]["past"]
    assert after["totalCount"] == before["totalCount"] + 1
    assert {node["field"] for node in after["nodes"]} <= {"note", None}
    assert not any(word in answer.body.decode() for word in ("1337", "Hidden", "tier"))
    full = (await here.ask("admin", update, {"id": own, "note": "third"})).data["deed"][
        "opportunity"
    ]["past"]
    assert {"margin", "commission", "tier"} <= {node["field"] for node in full["nodes"]}
    await here.restore()


@covers("D-33", "D-51")
async def test_moved_to_another_status(told: Place) -> None:
    """Case 19: a payload after a move is masked by where the record stands now, its history too."""
    here = told
    own, row = mine(here, "rep1", status="OPEN", currency="EUR")
    stages = await here.fetch(
        "SELECT s.id, s.kind FROM {s}.pipeline_stage p JOIN {s}.stage s ON s.id = p.stage_id "
        "WHERE p.type_id = $1 ORDER BY p.position",
        row["type_id"],
    )
    move = text(
        "Opportunity",
        "Move",
        inner=f"status commission {{ amount }} netMargin {{ amount }} {HISTORY}",
    )
    assert (
        await here.ask(
            "admin", text("Opportunity", "Update"), {"id": own, "commission": "41337.41"}
        )
    ).data
    by_kind = {stage["kind"]: spelled("Stage", stage["id"]) for stage in reversed(stages)}
    for kind in ("WON", "OPEN", "WON", "OPEN"):
        answer = await here.ask("rep1", move, {"id": own, "stage": by_kind[kind]})
        found = answer.data["deed"]["opportunity"]
        assert found["status"] == kind
        assert (found["commission"] is not None) == (kind == "WON")
        assert ("41337" in answer.body.decode()) == (kind == "WON"), said(answer)
    await here.restore()


async def test_strictly(told: Place) -> None:
    """With `X-Access: strict` a payload that would withhold something is refused, and nothing is written."""
    here = told
    own, _ = mine(here, "limited")
    await here.changed()
    answer = await here.ask(
        "limited",
        text("Opportunity", "Update", inner="margin { amount }"),
        {"id": own, "note": "x"},
        x_access="strict",
    )
    changed = await here.changed()
    await here.restore()
    assert answer.codes == ["FIELD_FORBIDDEN"], said(answer)
    assert changed == set()


@covers("D-33")
async def test_a_hidden_amount_says_nothing_of_itself(told: Place) -> None:
    """Case 142, 151: another currency is taken or refused whatever the amounts are that he may not read."""
    here = told
    for persona, hidden in (("limited", "margin"), ("rep1", "commission")):
        own, row = mine(here, persona, status="OPEN", currency="EUR")
        answers = set()
        for amounts in ("10.00", "10.50", "NULL"):
            rest = "amount = 1" if hidden == "margin" else "amount = 1, margin = 1"
            await here.run(
                f"UPDATE {{s}}.opportunity SET {rest}, commission = 1 WHERE id = $1",  # noqa: S608
                row["id"],
            )
            await here.run(
                f"UPDATE {{s}}.opportunity SET {hidden} = {amounts} WHERE id = $1",  # noqa: S608
                row["id"],
            )
            answer = await here.ask(
                persona,
                text("Opportunity", "Update", inner="currency"),
                {"id": own, "currency": "JPY"},
            )
            read = answer.json
            read["extensions"].pop("cost")
            answers.add(str(read))
            await here.restore()
        assert len(answers) == 1, answers
