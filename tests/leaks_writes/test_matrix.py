"""Every deed by every persona on every kind of target: allowed or refused as reckoned, and a refusal does and tells nothing."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from graphql import build_schema

from tests.leaks.truth import canaries, leaks, load, stored_texts
from tests.leaks_writes.asking import CHECKOUT, SCHEMA, change, new, said, text, value
from tests.leaks_writes.expectations import (
    DEEDS,
    LEADS_TO,
    ONE_EACH,
    PERSONAS,
    WHOLE,
    creates,
    may,
    root,
    scope,
    shut,
    uncovered,
)
from tests.leaks_writes.place import REMAINING, Place, Row, seen, spelled
from tests.support.covers import covers
from tests.support.world import Answer, World

FAULTS = {"Delete": {"IN_USE", "LAST_ADMINISTRATOR"}, "Restore": {"WHOLE_DELETED", "DUPLICATE"}}
"""What the data may say against a deed that rights allow."""
OFTEN = ("Account", "Address", "Opportunity", "OpportunityShare")
"""Kinds of which every deed has to succeed where it may."""
SPARED = ("on-leave", "former")
"""Whose users may be changed without anybody losing his session."""


@dataclass(frozen=True)
class Target:
    """What a deed is tried on."""

    name: str
    id: str
    row: Row | None


@pytest.fixture(scope="module")
async def matrix(here: Place) -> Place:
    for table in ("account", "opportunity"):
        await here.run(f"UPDATE {{s}}.{table} SET external_id = '{table}-' || id")  # noqa: S608
    await here.keep()
    await here.look()
    return here


@pytest.fixture(scope="module")
async def forbidden(world: World, matrix: Place) -> dict[str, frozenset[str]]:
    """What each persona may meet nowhere: hidden values, and anything of next door."""
    mine = await load(world, matrix.tenant)
    theirs = stored_texts(await load(world, matrix.neighbour)) - stored_texts(mine)
    theirs = frozenset(each for each in theirs if len(each) >= 6)
    return {persona: canaries(mine, persona) | theirs for persona in PERSONAS}


_SNIFFED: dict[tuple[str, str], set[str]] = {}


def sniffed(answer: Answer, persona: str, forbidden: frozenset[str], sent: str) -> set[str]:
    """What of the forbidden is in an answer and was not in the question; the same words are searched once."""
    told = json.loads(REMAINING.sub(b'"remaining":0', answer.body))
    told.get("extensions", {}).pop("cost", None)
    key = persona, json.dumps(told)
    if key not in _SNIFFED:
        _SNIFFED[key] = leaks(answer, forbidden)
    return {text for text in _SNIFFED[key] if text not in sent}


def test_every_deed_and_field_is_expected() -> None:
    """A deed, an input or a field that nobody thought about turns the build red."""
    assert uncovered(SCHEMA) == []
    sdl = (CHECKOUT / "schema" / "schema.graphql").read_text()
    for old, more, named in (
        ("type Mutation {", "  accountBurn: Boolean", "Mutation.accountBurn"),
        ("input AccountCreateInput {", "  secret: String", "AccountCreateInput.secret"),
        ("input AccountAddressInput {", "  secret: ID", "AccountAddressInput.secret"),
        ("input RecordInput {", "  force: Boolean", "RecordInput.force"),
        ("input OpportunityCreateInput {", "  id: ID", "OpportunityCreateInput.id"),
    ):
        assert named in uncovered(build_schema(sdl.replace(old, f"{old}\n{more}", 1)))


def targets(here: Place, persona: str, entity: str, verb: str) -> list[Target]:
    """One of each kind."""
    known, reach = here.facts, scope(persona, entity, verb)
    found: dict[str, Target] = {}
    for id, row in sorted(known.rows[entity].items(), key=lambda pair: _first(here, entity, pair)):
        if not known.sees(persona, entity, row):
            continue
        mine = known.within(persona, entity, row, reach)
        where = "bin" if row["deleted_at"] else "live"
        how = "own" if mine else "of a peer"
        if entity == "Opportunity" and where == "live":
            direct = row["owner_id"] in known.below(known.me(persona))
            how = how if direct else f"shared, {how}"
        if entity in WHOLE and known.whole(entity, row)[1]["deleted_at"] is not None:
            continue  # test_cases.py is about these
        name = f"{where}, {how}"
        found.setdefault(name, Target(name, spelled(entity, id), row))
    nobody = here.nobody(persona, entity)
    nobody.pop("deleted", None)
    return [*found.values(), *(Target(name, id, None) for name, id in nobody.items())]


def _first(here: Place, entity: str, pair: tuple[UUID, Row]) -> tuple[Any, ...]:
    """Those first that can be done with without breaking what the test stands on."""
    id, row = pair
    if entity in {"User", "RoleAssignment"}:
        user = row if entity == "User" else here.facts.rows["User"][row["user_id"]]
        email = here.facts.rows["Employee"][user["employee_id"]]["email"]
        return not email.startswith(SPARED), id
    if entity == "OpportunityShare":
        opportunity = here.facts.rows["Opportunity"][row["opportunity_id"]]
        return opportunity["deleted_at"] is not None, id
    closed = row.get("status", "OPEN") != "OPEN"
    head = bool(row.get("head_office"))
    return closed, head, id


def verdict(
    here: Place, persona: str, entity: str, verb: str, target: Target, given: set[str]
) -> str:
    """What has to become of a deed; reckoned from the tables of this folder and the tenant's rows."""
    reach = scope(persona, entity, verb)
    if not shut(persona, entity) and reach is None:
        return "FORBIDDEN"
    levels = {may(persona, entity, name) for name in given}
    if "-" in levels or "r" in levels:
        return "FIELDS"
    row = target.row
    binned = row is not None and row["deleted_at"] is not None
    if row is None or (binned and verb != "Restore"):
        return "NOT_FOUND"
    return "DONE" if here.facts.within(persona, entity, row, reach) else "FORBIDDEN"


def given_to(here: Place, persona: str, entity: str, verb: str, target: Target) -> dict[str, Any]:
    if verb == "Update":
        return change(here.facts, persona, entity, target.id, target.row)
    if verb == "Move":
        row = target.row
        kind = row["type_id"] if row else None
        stage = here.facts.live("Stage")
        order = sorted(stage, key=lambda id: stage[id]["kind"] != "OPEN")
        active = [s for s in order if _active(here, kind, s) and s != (row or {}).get("stage_id")]
        return {"id": target.id, "stage": spelled("Stage", (active or order)[0])}
    return {"id": target.id}


_ACTIVE: dict[str, set[tuple[UUID, UUID]]] = {}


def _active(here: Place, kind: UUID | None, stage: UUID) -> bool:
    return kind is None or (kind, stage) in _ACTIVE[here.tenant]


@pytest.fixture(scope="module")
async def pipelines(here: Place) -> None:
    rows = await here.fetch(
        "SELECT type_id, stage_id FROM {s}.pipeline_stage WHERE deleted_at IS NULL"
    )
    _ACTIVE[here.tenant] = {(row["type_id"], row["stage_id"]) for row in rows}


def ways(everyday: bool, rng: random.Random) -> list[tuple[bool, bool]]:
    """(for many, all or none): at night every way, otherwise the plain one and a drawn one."""
    every = [(False, True), (True, True), (True, False)]
    return [every[0], rng.choice(every[1:])] if everyday else every


async def refused(here: Place, answer: Answer, expected: str, many: bool, each: bool) -> None:
    """It was refused with that code and nothing else, and nothing happened."""
    codes = set(answer.codes)
    if expected == "FIELDS":
        assert codes
        assert codes <= {"FIELD_FORBIDDEN", "FIELD_READ_ONLY"}, said(answer)
    else:
        assert codes == {expected}, said(answer)
    data = answer.json["data"]["deed"]
    if many and each:
        assert data == {"results": [None], "userErrors": []}, said(answer)
        assert all(e["path"] == ["deed", "results", 0] for e in answer.json["errors"]), said(answer)
    else:
        assert data is None, said(answer)
        assert all(e["path"] == ["deed"] for e in answer.json["errors"]), said(answer)
    assert await here.changed() == set(), said(answer)


async def done(
    here: Place, answer: Answer, entity: str, verb: str, target: Target, many: bool
) -> None:
    """It was done, to this record and to no other tenant, or the data forbid it and nothing happened."""
    assert "errors" not in answer.json, said(answer)
    payload = answer.json["data"]["deed"]
    told = payload["userErrors"]
    if many and payload["results"] and payload["results"][0]:
        payload = payload["results"][0]
        told = [*told, *payload["userErrors"]]
    changed = await here.changed()
    assert not any(name.startswith("theirs") for name in changed), changed
    if told:
        often = entity in OFTEN and verb not in FAULTS
        allowed = (
            set() if often else FAULTS.get(verb, {"DUPLICATE", "INVALID", "LAST_ADMINISTRATOR"})
        )
        assert {fault["code"] for fault in told} <= allowed, said(answer)
        assert changed == set(), (changed, said(answer))
        return
    live_restore = verb == "Restore" and target.row is not None and target.row["deleted_at"] is None
    if target.row is not None:
        assert payload["id"] == target.id, said(answer)
    if live_restore:
        assert changed == set(), said(answer)
        return
    assert {"mine.log_head", "mine.change_log", "mine.history"} <= changed, (changed, said(answer))
    await here.restore()


async def one_cell(
    here: Place, persona: str, entity: str, verb: str, target: Target, way: tuple[bool, bool],
    forbidden: dict[str, frozenset[str]],
) -> tuple[str, Answer]:  # fmt: skip
    many, together = way
    given = given_to(here, persona, entity, verb, target)
    body = {"input": [given] if many else given} | ({"all": together} if many else {})
    answer = await here.world.ask(persona, text(entity, verb, many=many), body, tenant=here.tenant)
    sent = json.dumps(given)
    found = sniffed(answer, persona, forbidden[persona], sent)
    names = set(given) - {"id", "version"}
    expected = verdict(here, persona, entity, verb, target, names)
    if expected != "DONE":
        assert not found, (found, said(answer))
        await refused(here, answer, expected, many, not together)
    else:
        await done(here, answer, entity, verb, target, many)
    return expected, answer


def cases(everyday: bool) -> list[Any]:
    """A persona, a kind and a verb each."""
    found = []
    for persona in PERSONAS:
        for entity, verbs in DEEDS.items():
            for verb in verbs:
                if verb in {"Create", "Upsert"}:
                    continue
                if everyday and (
                    persona not in ONE_EACH
                    or (entity not in OFTEN and persona != "admin" and verb == "Restore")
                ):
                    continue
                found.append(
                    pytest.param(persona, entity, verb, id=f"{persona}-{root(entity, verb)}")
                )
    return found


async def _each_target(
    here: Place, persona: str, entity: str, verb: str, forbidden: dict[str, frozenset[str]],
    tally: Counter[str], *, everyday: bool,
) -> None:  # fmt: skip
    rng = random.Random(f"{persona} {entity} {verb}")
    same: dict[tuple[str, tuple[bool, bool]], dict[str, Any]] = {}
    nothings = 0
    for target in targets(here, persona, entity, verb):
        nothings += target.row is None
        chosen = (
            ways(everyday and nothings < 4, rng)
            if target.row or not everyday
            else [rng.choice(((False, True), (True, True)))]
            if nothings > 4
            else ways(True, rng)
        )
        for way in chosen:
            expected, answer = await one_cell(here, persona, entity, verb, target, way, forbidden)
            tally[f"deed {expected}"] += 1
            if target.row is None:
                same.setdefault((expected, way), {})[target.name] = seen(answer)
    for answers in same.values():
        assert len(set(answers.values())) == 1, answers


@covers("D-32", "D-33")
@pytest.mark.parametrize(("persona", "entity", "verb"), cases(True))
async def test_a_deed_on_every_target(
    matrix: Place, pipelines: None, persona: str, entity: str, verb: str,
    forbidden: dict[str, frozenset[str]], tally: Counter[str],
) -> None:  # fmt: skip
    """Cases 31, 54, 55, 56: whatever is not there is not there in the same words; a refusal changes not one byte."""
    await _each_target(matrix, persona, entity, verb, forbidden, tally, everyday=True)


@pytest.mark.nightly
@pytest.mark.parametrize(("persona", "entity", "verb"), cases(False))
async def test_a_deed_on_every_target_in_every_way(
    matrix: Place, pipelines: None, persona: str, entity: str, verb: str,
    forbidden: dict[str, frozenset[str]], tally: Counter[str],
) -> None:  # fmt: skip
    await _each_target(matrix, persona, entity, verb, forbidden, tally, everyday=False)


@covers("D-32", "D-33", "D-34")
@pytest.mark.parametrize("entity", DEEDS)
@pytest.mark.parametrize(
    "persona",
    [p if p in ONE_EACH else pytest.param(p, marks=pytest.mark.nightly) for p in PERSONAS],
)
async def test_creating(
    matrix: Place,
    persona: str,
    entity: str,
    forbidden: dict[str, frozenset[str]],
    tally: Counter[str],
) -> None:
    """A record that may not be created is not, and a part is only added to a whole that may be changed."""
    here, rng = matrix, random.Random(f"{persona} {entity}")
    wholes = [Target("none", "", {})]
    if entity in WHOLE:
        wholes = targets(here, persona, WHOLE[entity][0], "Update")
    same: dict[tuple[bool, bool], dict[str, Any]] = {}
    for whole in wholes:
        for way in ways(True, rng):
            many, together = way
            given = new(here.facts, "admin" if shut(persona, entity) else persona, entity)
            if entity in WHOLE:
                given[WHOLE[entity][1]] = whole.id
                if entity == "RoleAssignment" and whole.row:
                    given["role"] = spelled("Role", sorted(here.facts.live("Role"))[-1])
            body = {"input": [given] if many else given} | ({"all": together} if many else {})
            answer = await here.world.ask(
                persona, text(entity, "Create", many=many), body, tenant=here.tenant
            )
            sent = json.dumps(given)
            levels = {may(persona, entity, name) for name in given}
            expected: set[str] = set()
            if not creates(persona, entity):
                expected.add("FORBIDDEN")
            expected |= {"FIELD_FORBIDDEN"} if "-" in levels else set()
            expected |= {"FIELD_READ_ONLY"} if "r" in levels else set()
            if not expected and entity in WHOLE:
                row = whole.row
                if row is None or row["deleted_at"]:
                    expected = {"NOT_FOUND"}
                elif not _whole_within(here, persona, entity, row):
                    expected = {"FORBIDDEN"}
            tally[f"create {'refused' if expected else 'done'}"] += 1
            if expected:
                found = sniffed(answer, persona, forbidden[persona], sent)
                assert not found, (found, said(answer))
                assert set(answer.codes) == expected, (whole.name, said(answer))
                assert await here.changed() == set()
                if whole.row is None:
                    same.setdefault(way, {})[whole.name] = seen(answer)
            else:
                await done(here, answer, entity, "Create", Target("new", "", None), many)
    for answers in same.values():
        assert len(set(answers.values())) == 1, answers


def _whole_within(here: Place, persona: str, entity: str, row: Row) -> bool:
    above = WHOLE[entity][0]
    reach = scope(persona, entity, "Update")
    return here.facts.within(persona, above, row, reach)


@covers("D-32", "D-33", "X-10")
@pytest.mark.parametrize("entity", ["Account", "Opportunity"])
@pytest.mark.parametrize("persona", PERSONAS)
async def test_upserting(
    matrix: Place,
    persona: str,
    entity: str,
    forbidden: dict[str, frozenset[str]],
    tally: Counter[str],
) -> None:
    """Case 51: an external id of an invisible record is taken, and that is all there is to hear of it."""
    here = matrix
    told: dict[str, Any] = {}
    every = targets(here, persona, entity, "Update")
    unseen = [
        (id, row)
        for id, row in sorted(here.facts.live(entity).items())
        if not here.facts.sees(persona, entity, row)
    ]
    every += [
        Target(f"unseen {n}", spelled(entity, id), row) for n, (id, row) in enumerate(unseen[:3])
    ]
    for target in [*every, Target("new", "", None)]:
        if target.row is None and target.name != "new":
            continue
        row = target.row
        hidden = row is not None and not here.facts.sees(persona, entity, row)
        there = row is not None and not row["deleted_at"] and not hidden
        known = row["external_id"] if row else "nobody has this"
        given = {"externalId": known}
        names = (
            ["name"]
            if there
            else ["name", "currency", "account", "type"][: 4 if entity == "Opportunity" else 1]
        )
        asking = "admin" if shut(persona, entity) else persona
        given |= {
            name: value(here.facts, asking if persona != "support" else "admin", entity, name)
            for name in names
        }
        answer = await here.ask(persona, text(entity, "Upsert"), given)
        levels = {may(persona, entity, name) for name in given}
        expected: set[str] = set()
        if levels & {"r", "-"}:
            expected = (
                {"FIELD_READ_ONLY"} if "-" not in levels else {"FIELD_READ_ONLY", "FIELD_FORBIDDEN"}
            )
        elif there and not here.facts.within(
            persona, entity, row or {}, scope(persona, entity, "Update")
        ):
            expected = {"FORBIDDEN"}
        tally["upsert"] += 1
        if expected:
            assert set(answer.codes) == expected, (target.name, said(answer))
            assert await here.changed() == set()
        elif hidden and row is not None and not row["deleted_at"]:
            errors = answer.data["deed"]["userErrors"]
            assert [e["code"] for e in errors] == ["DUPLICATE"], said(answer)
            told[target.name] = seen(answer)
            assert await here.changed() == set()
        else:
            await done(
                here,
                answer,
                entity,
                "Upsert",
                Target("x", target.id, row if there else None),
                False,
            )
        if not there:
            found = sniffed(answer, persona, forbidden[persona], json.dumps(given))
            assert not found, found
    assert len(set(told.values())) <= 1, told


def test_the_matrix_is_not_empty() -> None:
    """An empty loop shows nothing."""
    assert len(cases(False)) == len(PERSONAS) * sum(
        len(set(v) - {"Create", "Upsert"}) for v in DEEDS.values()
    )
    assert len(LEADS_TO) >= 19
