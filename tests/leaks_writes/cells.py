"""One cell of the write matrix: a mutation by a persona on a target, the expected and the actual outcome."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.leaks.truth import leaks
from tests.leaks_writes.asking import change, new, said, text, value
from tests.leaks_writes.expectations import (
    DEEDS,
    PART_OF,
    REPLACED,
    besides,
    copies,
    creates,
    may,
    needed,
    scope,
    shut,
)
from tests.leaks_writes.place import REMAINING, SPARE, Facts, Place, seen, spelled
from tests.proof.rows import Row
from tests.support.world import Answer

FAULTS = {"Delete": {"IN_USE", "LAST_ADMINISTRATOR"}, "Restore": {"WHOLE_DELETED", "DUPLICATE"}}
"""Error codes that the data may cause although rights permit the mutation."""
OWN_FAULTS = {
    "Contract.Renew": {"INVALID"},
    "Quote.Unapprove": {"LOCKED"},
    "Opportunity.Upsell": {"NOT_TIME_BASED"},
    "PipelineStage.Create": {"DUPLICATE"},
    "PipelineStage.Delete": {"INVALID"},
}
"""Further permitted error codes of particular commands; any other error fails the test."""
AS_IT_WAS = frozenset(
    {"Restore", "Lock", "Activate", "Deactivate", "Approve", "Unapprove", "Complete"}
)
"""Commands without effect if the record is already in the requested state."""
OFTEN = ("Account", "Address", "Opportunity", "OpportunityShare")
"""Entities whose every permitted mutation must succeed."""
SPARED = ("on-leave", "former")
"""Personas whose users can be changed without ending a session that the tests need."""


@dataclass(frozen=True)
class Target:
    """The target of a mutation."""

    name: str
    id: str
    row: Row | None


_SNIFFED: dict[tuple[str, str], set[str]] = {}


def sniffed(answer: Answer, persona: str, forbidden: frozenset[str], sent: str) -> set[str]:
    """What of the forbidden is in an answer and was not in the question; the same words are searched once."""
    told = json.loads(REMAINING.sub(b'"remaining":0', answer.body))
    told.get("extensions", {}).pop("cost", None)
    key = persona, json.dumps(told)
    if key not in _SNIFFED:
        _SNIFFED[key] = leaks(answer, forbidden)
    return {text for text in _SNIFFED[key] if text not in sent}


def targets(here: Place, persona: str, entity: str, verb: str) -> list[Target]:
    """One of each kind."""
    known, reach = here.facts, scope(persona, entity, verb)
    found: dict[str, Target] = {}
    for id, row in sorted(
        known.rows[entity].items(), key=lambda pair: _first(here, entity, verb, pair)
    ):
        if not known.sees(persona, entity, row):
            continue
        mine = known.within(persona, entity, row, reach)
        where = "bin" if row["deleted_at"] else "live"
        how = "own" if mine else "of a peer"
        if entity == "Opportunity" and where == "live":
            direct = row["owner_id"] in known.viewer(persona).tree
            how = how if direct else f"shared, {how}"
        if any(whole["deleted_at"] is not None for _, whole in known.parents(entity, row)):
            continue  # test_cases.py is about these
        name = f"{where}, {how}"
        found.setdefault(name, Target(name, spelled(entity, id), row))
    nobody = here.nobody(persona, entity)
    nobody.pop("deleted", None)
    return [*found.values(), *(Target(name, id, None) for name, id in nobody.items())]


def _first(here: Place, entity: str, verb: str, pair: tuple[UUID, Row]) -> tuple[Any, ...]:
    """Those first with which it can be done, without breaking what the test stands on."""
    id, row = pair
    if entity in {"User", "RoleAssignment"}:
        user = row if entity == "User" else here.facts.rows["User"][row["user_id"]]
        email = here.facts.rows["Employee"][user["employee_id"]]["email"]
        return not email.startswith(SPARED), id
    if entity == "OpportunityShare":
        opportunity = here.facts.rows["Opportunity"][row["opportunity_id"]]
        return opportunity["deleted_at"] is not None, id
    above, whole = here.facts.whole(entity, row)
    stuck = whole.get("locked", False) if above != entity else row.get("status", "OPEN") != "OPEN"
    fit = FITS.get(f"{entity}.{verb}")
    unfit = fit is not None and not fit(here.facts, row)
    return unfit, bool(stuck), bool(row.get("head_office")), id


FITS: Mapping[str, Callable[[Facts, Row], Any]] = {
    "OpportunityType.Delete": lambda _, row: row["name"] == SPARE,
    "PipelineStage.Delete": lambda known, row: not any(
        (o["type_id"], o["stage_id"]) == (row["type_id"], row["stage_id"])
        for o in known.rows["Opportunity"].values()
    ),
    "Product.Delete": lambda _, row: row["name"] == SPARE,
    "Opportunity.Unlock": lambda _, row: row["status"] != "OPEN",
    "Opportunity.Copy": lambda known, row: row["account_id"] in known.live("Account"),
    "Quote.Update": lambda _, row: not row["accepted_at"] and not row["approved_at"],
    "Quote.Delete": lambda _, row: not row["accepted_at"] and not row["active"],
    "Quote.SetItems": lambda _, row: not row["accepted_at"] and not row["approved_at"],
    "Quote.Activate": lambda _, row: not row["active"],
    "Quote.Deactivate": lambda _, row: row["active"],
    "Quote.Approve": lambda _, row: not row["approved_at"],
    "Quote.Unapprove": lambda _, row: row["approved_at"] and not row["accepted_at"],
    "Contract.Delete": lambda known, row: row["id"] not in {
        *(each["contract_id"] for each in known.rows["Case"].values()),
        *(each["source_contract_id"] for each in known.rows["Opportunity"].values()),
    },
    "Contract.Renew": lambda _, row: row["ends_on"] and row["renewal_months"],
    "Contract.Detach": lambda _, row: row["opportunity_id"],
    "Case.Close": lambda _, row: row["state"] == "OPEN",
    "Case.Reopen": lambda _, row: row["state"] == "CLOSED",
    "Activity.Complete": lambda _, row: not row["done_at"],
}  # fmt: skip
"""With which records the data let some deeds be done."""


def verdict(
    here: Place, persona: str, entity: str, verb: str, target: Target, given: dict[str, Any]
) -> str:
    """Expected outcome of a mutation, derived from the tables of this directory and the tenant's rows."""
    deed, reach = f"{entity}.{verb}", scope(persona, entity, verb)
    if copies(entity, verb):
        there = target.row is not None and target.row["deleted_at"] is None
        return "NOT_FOUND" if not there else "DONE" if creates(persona, entity) else "FORBIDDEN"
    if not shut(persona, entity) and reach is None:
        return "FORBIDDEN"
    levels = {may(persona, entity, name) for name in _set_by(deed, given)}
    levels |= {may(persona, "QuoteItem", name) for line in given.get("items", ()) for name in line}
    if "-" in levels or "r" in levels or (needed(entity, verb).sets and shut(persona, entity)):
        return "FIELDS"
    row = target.row
    binned = row is not None and row["deleted_at"] is not None
    if row is None or (binned and verb != "Restore"):
        return "NOT_FOUND"
    if deed == "Quote.Duplicate" and not creates(persona, "QuoteItem") and _items(here, row):
        return "FORBIDDEN"
    return "DONE" if here.facts.within(persona, entity, row, reach) else "FORBIDDEN"


def _set_by(deed: str, given: dict[str, Any]) -> set[str]:
    """The fields that a command sets, explicitly or implicitly."""
    entity, verb = deed.split(".")
    named = set(given) - {"id", "version", "items", *besides(entity, verb)}
    return named | set(needed(entity, verb).writes)


def _items(here: Place, quote: Row) -> bool:
    return any(each["quote_id"] == quote["id"] for each in here.facts.live("QuoteItem").values())


def given_to(here: Place, persona: str, entity: str, verb: str, target: Target) -> dict[str, Any]:
    """The input that is sent."""
    known = here.facts
    if verb == "Update":
        return change(known, persona, entity, target.id, target.row)
    given: dict[str, Any] = {"id": target.id}
    row = target.row or {}
    if (entity, verb) == ("Opportunity", "Move"):
        stage = known.live("Stage")
        order = sorted(stage, key=lambda id: stage[id]["kind"] != "OPEN")
        kind = row.get("type_id")
        active = [s for s in order if _active(here, kind, s) and s != row.get("stage_id")]
        given["stage"] = spelled("Stage", (active or order)[0])
    elif (entity, verb) == ("Case", "Move"):
        statuses = sorted(s for s in known.live("CaseStatus") if s != row.get("status_id"))
        given["status"] = spelled("CaseStatus", statuses[0])
    elif verb == "Delete" and entity in REPLACED:
        others = sorted(known.live(entity).items(), key=lambda pair: not _alike(row, pair[1]))
        given["replaceWith"] = spelled(entity, next(i for i, _ in others if i != row.get("id")))
    elif verb == "Lose":
        given |= {"reason": spelled("LostReason", min(known.live("LostReason"))), "note": "Zz"}
    elif verb == "SetItems":
        given["items"] = [{"name": "Zz", "unitPrice": "7.00"}]
    return given


def _alike(row: Row, other: Row) -> bool:
    """Whether one record of the set-up means the same as another for those that are in it."""
    return all(row.get(name) == other.get(name) for name in ("kind", "state"))


def _active(here: Place, kind: UUID | None, stage: UUID) -> bool:
    steps = here.facts.live("PipelineStage").values()
    return kind is None or any((s["type_id"], s["stage_id"]) == (kind, stage) for s in steps)


def ways(everyday: bool, rng: random.Random) -> list[tuple[bool, bool]]:
    """(for many, all or none): at night every way, otherwise the plain one and a drawn one."""
    every = [(False, True), (True, True), (True, False)]
    return [every[0], rng.choice(every[1:])] if everyday else every


async def refused(here: Place, answer: Answer, expected: str, many: bool, each: bool) -> None:
    """The mutation was refused with exactly this code and wrote nothing."""
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
) -> bool:
    """The mutation changed this record and no other tenant, or the data prevented it and nothing was written."""
    assert "errors" not in answer.json, said(answer)
    payload = answer.json["data"]["deed"]
    told = payload["userErrors"]
    if many and payload["results"] and payload["results"][0]:
        payload = payload["results"][0]
        told = [*told, *payload["userErrors"]]
    changed = await here.changed()
    assert not any(name.startswith("theirs") for name in changed), changed
    if told:
        assert {fault["code"] for fault in told} <= faults(entity, verb), said(answer)
        assert changed == set(), (changed, said(answer))
        return False
    new = copies(entity, verb) or f"{entity}.{verb}" == "Quote.Duplicate"
    if target.row is not None and not new:
        assert payload["id"] == target.id, said(answer)
    if verb in AS_IT_WAS and not changed:
        return False
    assert {"mine.log_head", "mine.change_log", "mine.history"} <= changed, (changed, said(answer))
    await here.restore()
    return True


def faults(entity: str, verb: str) -> set[str]:
    """Error codes that the data may cause although rights permit the mutation."""
    if verb in FAULTS:
        return FAULTS[verb] | OWN_FAULTS.get(f"{entity}.{verb}", set())
    if entity in OFTEN and verb in DEEDS.get(entity, ()):
        return set()
    if entity in DEEDS and verb in DEEDS[entity]:
        return {"DUPLICATE", "INVALID", "LAST_ADMINISTRATOR"}
    return OWN_FAULTS.get(f"{entity}.{verb}", set())


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
    expected = verdict(here, persona, entity, verb, target, given)
    if expected != "DONE":
        assert not found, (found, said(answer))
        await refused(here, answer, expected, many, not together)
    else:
        if not await done(here, answer, entity, verb, target, many):
            expected = "AS IT WAS"
    return expected, answer


async def each_target(
    here: Place, persona: str, entity: str, verb: str, forbidden: dict[str, frozenset[str]],
    tally: Counter[str], *, everyday: bool,
) -> set[str]:  # fmt: skip
    """Every kind of target, in the ways that are asked for; whatever is not there is told in the same words."""
    rng = random.Random(f"{persona} {entity} {verb}")
    same: dict[tuple[str, tuple[bool, bool]], dict[str, Any]] = {}
    nothings, found = 0, set()
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
            found.add(expected)
            if target.row is None:
                same.setdefault((expected, way), {})[target.name] = seen(answer)
    for answers in same.values():
        assert len(set(answers.values())) == 1, answers
    return found


async def each_whole(
    here: Place, persona: str, entity: str, forbidden: dict[str, frozenset[str]],
    tally: Counter[str],
) -> None:  # fmt: skip
    """A forbidden create is refused, and a child is only added to a parent that may be updated."""
    rng = random.Random(f"{persona} {entity}")
    parents = [Target("none", "", {})]
    if entity in PART_OF:
        parents = targets(here, persona, PART_OF[entity][0], "Update")
    same: dict[tuple[bool, bool], dict[str, Any]] = {}
    for whole in parents:
        for way in ways(True, rng):
            many, together = way
            given = new(here.facts, "admin" if shut(persona, entity) else persona, entity)
            if entity in PART_OF:
                given[PART_OF[entity][1]] = whole.id
                if entity == "RoleAssignment" and whole.row:
                    given["role"] = spelled("Role", sorted(here.facts.live("Role"))[-1])
                _fit(here, persona, entity, whole.row or {}, given)
            body = {"input": [given] if many else given} | ({"all": together} if many else {})
            answer = await here.world.ask(
                persona, text(entity, "Create", many=many), body, tenant=here.tenant
            )
            sent = json.dumps(given)
            levels = {may(persona, entity, name) for name in given.keys() - {"stages"}}
            steps = given.get("stages", ())
            levels |= {may(persona, "PipelineStage", name) for step in steps for name in step}
            expected: set[str] = set()
            if not creates(persona, entity):
                expected.add("FORBIDDEN")
            expected |= {"FIELD_FORBIDDEN"} if "-" in levels else set()
            expected |= {"FIELD_READ_ONLY"} if "r" in levels else set()
            if not expected and entity in PART_OF:
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


def _fit(here: Place, persona: str, entity: str, whole: Row, given: dict[str, Any]) -> None:
    """Values that are valid for one parent only."""
    if entity == "AttributeAssignment" and whole:
        del given["accountType"]
        name = f"{whole['entity'][0].lower()}{whole['entity'][1:]}Type"
        given[name] = value(here.facts, "admin", entity, name)
    if entity == "PipelineStage" and whole:
        stages = sorted(here.facts.live("Stage"))
        free = [each for each in stages if not _active(here, whole["id"], each)]
        given["stage"] = spelled("Stage", (free or stages)[0])
    if entity == "AccountLink" and given["other"] == given["account"]:
        rows = here.facts.live("Account")
        same = [id for id in sorted(rows) if here.facts.sees(persona, "Account", rows[id])]
        others = [name for id in same if (name := spelled("Account", id)) != given["account"]]
        given["other"] = others[0]


def _whole_within(here: Place, persona: str, entity: str, row: Row) -> bool:
    """Whether a child may be added; a child with its own owner may be added to any visible parent."""
    if entity == "Activity":
        return True
    above = PART_OF[entity][0]
    reach = scope(persona, entity, "Update")
    return here.facts.within(persona, above, row, reach)
