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
from tests.leaks_writes.expectations import (
    PARENT_OF,
    REPLACED,
    USUAL_COMMANDS,
    copies,
    creates,
    extra_inputs,
    field_access,
    no_access,
    required_rights,
    scope,
)
from tests.leaks_writes.mutations import create_input, document, rendered, update_input, value
from tests.leaks_writes.sandbox import REMAINING, SPARE, Sandbox, TenantRows, observed, public_id
from tests.proof.rows import Row
from tests.support.world import Answer

DATA_ERRORS = {
    "Delete": {"IN_USE", "LAST_ADMINISTRATOR"},
    "Restore": {"PARENT_DELETED", "DUPLICATE"},
}
"""Error codes by command that the data may cause although the rights permit the mutation."""
COMMAND_DATA_ERRORS = {
    "Contract.Renew": {"INVALID"},
    "Quote.Unapprove": {"LOCKED"},
    "Opportunity.Upsell": {"NOT_TIME_BASED"},
    "PipelineStage.Create": {"DUPLICATE"},
    "PipelineStage.Delete": {"INVALID"},
}
"""Further permitted error codes of particular commands; any other error fails the test."""
IDEMPOTENT = frozenset(
    {"Restore", "Lock", "Activate", "Deactivate", "Approve", "Unapprove", "Complete"}
)
"""Commands without effect if the record is already in the requested state."""
MUST_SUCCEED = ("Account", "Address", "Opportunity", "OpportunityShare")
"""Entities whose every permitted mutation must succeed."""
EXPENDABLE_USERS = ("on-leave", "former")
"""Personas whose users can be changed without ending a session that the tests need."""


@dataclass(frozen=True)
class Target:
    """The target of a mutation."""

    name: str
    id: str
    row: Row | None


_LEAKED: dict[tuple[str, str], set[str]] = {}


def leaked(answer: Answer, persona: str, forbidden: frozenset[str], sent: str) -> set[str]:
    """The forbidden texts that a response contains and the request did not; equal responses are searched once."""
    body = json.loads(REMAINING.sub(b'"remaining":0', answer.body))
    body.get("extensions", {}).pop("cost", None)
    key = persona, json.dumps(body)
    if key not in _LEAKED:
        _LEAKED[key] = leaks(answer, forbidden)
    return {found for found in _LEAKED[key] if found not in sent}


def targets(sandbox: Sandbox, persona: str, entity: str, command: str) -> list[Target]:
    """One target of each kind: live or in the trash, owned or not, shared, and each reason for a missing record."""
    facts, reach = sandbox.facts, scope(persona, entity, command)
    found: dict[str, Target] = {}
    for id, row in sorted(
        facts.rows[entity].items(), key=lambda pair: _preference(sandbox, entity, command, pair)
    ):
        if not facts.sees(persona, entity, row):
            continue
        mine = facts.within(persona, entity, row, reach)
        where = "trashed" if row["deleted_at"] else "live"
        how = "own" if mine else "not owned"
        if entity == "Opportunity" and where == "live":
            direct = row["owner_id"] in facts.viewer(persona).tree
            how = how if direct else f"shared, {how}"
        if any(parent["deleted_at"] is not None for _, parent in facts.parents(entity, row)):
            continue  # covered by test_attacks.py
        name = f"{where}, {how}"
        found.setdefault(name, Target(name, public_id(entity, id), row))
    missing_ids = sandbox.missing_ids(persona, entity)
    missing_ids.pop("deleted", None)
    return [*found.values(), *(Target(name, id, None) for name, id in missing_ids.items())]


def _preference(
    sandbox: Sandbox, entity: str, command: str, pair: tuple[UUID, Row]
) -> tuple[Any, ...]:
    """Sort key of candidates: first those for which the data permit the command and which later tests do not need."""
    id, row = pair
    if entity in {"User", "RoleAssignment"}:
        user = row if entity == "User" else sandbox.facts.rows["User"][row["user_id"]]
        email = sandbox.facts.rows["Employee"][user["employee_id"]]["email"]
        return not email.startswith(EXPENDABLE_USERS), id
    if entity == "OpportunityShare":
        opportunity = sandbox.facts.rows["Opportunity"][row["opportunity_id"]]
        return opportunity["deleted_at"] is not None, id
    parent_entity, parent = sandbox.facts.parent(entity, row)
    stuck = (
        parent.get("locked", False)
        if parent_entity != entity
        else row.get("status", "OPEN") != "OPEN"
    )
    fit = PREFERRED.get(f"{entity}.{command}")
    unfit = fit is not None and not fit(sandbox.facts, row)
    return unfit, bool(stuck), bool(row.get("head_office")), id


PREFERRED: Mapping[str, Callable[[TenantRows, Row], Any]] = {
    "OpportunityType.Delete": lambda _, row: row["name"] == SPARE,
    "PipelineStage.Delete": lambda facts, row: not any(
        (o["type_id"], o["stage_id"]) == (row["type_id"], row["stage_id"])
        for o in facts.rows["Opportunity"].values()
    ),
    "Product.Delete": lambda _, row: row["name"] == SPARE,
    "Opportunity.Unlock": lambda _, row: row["status"] != "OPEN",
    "Opportunity.Copy": lambda facts, row: row["account_id"] in facts.live("Account"),
    "Quote.Update": lambda _, row: not row["accepted_at"] and not row["approved_at"],
    "Quote.Delete": lambda _, row: not row["accepted_at"] and not row["active"],
    "Quote.SetItems": lambda _, row: not row["accepted_at"] and not row["approved_at"],
    "Quote.Activate": lambda _, row: not row["active"],
    "Quote.Deactivate": lambda _, row: row["active"],
    "Quote.Approve": lambda _, row: not row["approved_at"],
    "Quote.Unapprove": lambda _, row: row["approved_at"] and not row["accepted_at"],
    "Contract.Delete": lambda facts, row: row["id"] not in {
        *(each["contract_id"] for each in facts.rows["Case"].values()),
        *(each["source_contract_id"] for each in facts.rows["Opportunity"].values()),
    },
    "Contract.Renew": lambda _, row: row["ends_on"] and row["renewal_months"],
    "Contract.Detach": lambda _, row: row["opportunity_id"],
    "Case.Close": lambda _, row: row["state"] == "OPEN",
    "Case.Reopen": lambda _, row: row["state"] == "CLOSED",
    "Activity.Complete": lambda _, row: not row["done_at"],
}  # fmt: skip
"""For commands that the data may refuse: a predicate on records for which they succeed."""


def expected_outcome(
    sandbox: Sandbox,
    persona: str,
    entity: str,
    command: str,
    target: Target,
    params: dict[str, Any],
) -> str:
    """Expected outcome of a mutation, derived from the tables of this directory and the tenant's rows."""
    name, reach = f"{entity}.{command}", scope(persona, entity, command)
    if copies(entity, command):
        there = target.row is not None and target.row["deleted_at"] is None
        return "NOT_FOUND" if not there else "DONE" if creates(persona, entity) else "FORBIDDEN"
    if not no_access(persona, entity) and reach is None:
        return "FORBIDDEN"
    levels = {field_access(persona, entity, name) for name in fields_set_by(name, params)}
    levels |= {
        field_access(persona, "QuoteItem", name)
        for line in params.get("items", ())
        for name in line
    }
    if (
        "-" in levels
        or "r" in levels
        or (required_rights(entity, command).sets and no_access(persona, entity))
    ):
        return "FIELDS"
    row = target.row
    trashed = row is not None and row["deleted_at"] is not None
    if row is None or (trashed and command != "Restore"):
        return "NOT_FOUND"
    if name == "Quote.Duplicate" and not creates(persona, "QuoteItem") and _items(sandbox, row):
        return "FORBIDDEN"
    return "DONE" if sandbox.facts.within(persona, entity, row, reach) else "FORBIDDEN"


def fields_set_by(name: str, params: dict[str, Any]) -> set[str]:
    """The fields that a command sets, explicitly or implicitly."""
    entity, command = name.split(".")
    named = set(params) - {"id", "version", "items", *extra_inputs(entity, command)}
    return named | set(required_rights(entity, command).writes)


def _items(sandbox: Sandbox, quote: Row) -> bool:
    return any(each["quote_id"] == quote["id"] for each in sandbox.facts.live("QuoteItem").values())


def build_input(
    sandbox: Sandbox, persona: str, entity: str, command: str, target: Target
) -> dict[str, Any]:
    """The input of a command for a target."""
    facts = sandbox.facts
    if command == "Update":
        return update_input(facts, persona, entity, target.id, target.row)
    params: dict[str, Any] = {"id": target.id}
    row = target.row or {}
    if (entity, command) == ("Opportunity", "Move"):
        stage = facts.live("Stage")
        order = sorted(stage, key=lambda id: stage[id]["kind"] != "OPEN")
        kind = row.get("type_id")
        active = [s for s in order if _active(sandbox, kind, s) and s != row.get("stage_id")]
        params["stage"] = public_id("Stage", (active or order)[0])
    elif (entity, command) == ("Case", "Move"):
        statuses = sorted(s for s in facts.live("CaseStatus") if s != row.get("status_id"))
        params["status"] = public_id("CaseStatus", statuses[0])
    elif command == "Delete" and entity in REPLACED:
        others = sorted(facts.live(entity).items(), key=lambda pair: not _same_kind(row, pair[1]))
        params["replaceWith"] = public_id(entity, next(i for i, _ in others if i != row.get("id")))
    elif command == "Lose":
        params |= {"reason": public_id("LostReason", min(facts.live("LostReason"))), "note": "Zz"}
    elif command == "SetItems":
        params["items"] = [{"name": "Zz", "unitPrice": "7.00"}]
    return params


def _same_kind(row: Row, other: Row) -> bool:
    """Whether a setup record can replace another one: it has the same kind and state."""
    return all(row.get(name) == other.get(name) for name in ("kind", "state"))


def _active(sandbox: Sandbox, kind: UUID | None, stage: UUID) -> bool:
    steps = sandbox.facts.live("PipelineStage").values()
    return kind is None or any((s["type_id"], s["stage_id"]) == (kind, stage) for s in steps)


def modes(daily: bool, rng: random.Random) -> list[tuple[bool, bool]]:
    """Pairs (list input, all or none): all of them in nightly runs, else the single input and a random list mode."""
    every = [(False, True), (True, True), (True, False)]
    return [every[0], rng.choice(every[1:])] if daily else every


async def assert_refused(
    sandbox: Sandbox, answer: Answer, expected: str, many: bool, each: bool
) -> None:
    """The mutation was refused with exactly this code and wrote nothing."""
    codes = set(answer.codes)
    if expected == "FIELDS":
        assert codes
        assert codes <= {"FIELD_FORBIDDEN", "FIELD_READ_ONLY"}, rendered(answer)
    else:
        assert codes == {expected}, rendered(answer)
    data = answer.json["data"]["result"]
    if many and each:
        assert data == {"results": [None], "userErrors": []}, rendered(answer)
        assert all(e["path"] == ["result", "results", 0] for e in answer.json["errors"]), rendered(
            answer
        )
    else:
        assert data is None, rendered(answer)
        assert all(e["path"] == ["result"] for e in answer.json["errors"]), rendered(answer)
    assert await sandbox.changed() == set(), rendered(answer)


async def assert_done(
    sandbox: Sandbox, answer: Answer, entity: str, command: str, target: Target, many: bool
) -> bool:
    """The mutation changed this record and no other tenant, or the data prevented it and nothing was written."""
    assert "errors" not in answer.json, rendered(answer)
    payload = answer.json["data"]["result"]
    errors = payload["userErrors"]
    if many and payload["results"] and payload["results"][0]:
        payload = payload["results"][0]
        errors = [*errors, *payload["userErrors"]]
    changed = await sandbox.changed()
    assert not any(name.startswith("theirs") for name in changed), changed
    if errors:
        assert {error["code"] for error in errors} <= permitted_errors(entity, command), rendered(
            answer
        )
        assert changed == set(), (changed, rendered(answer))
        return False
    creates_record = copies(entity, command) or f"{entity}.{command}" == "Quote.Duplicate"
    if target.row is not None and not creates_record:
        assert payload["id"] == target.id, rendered(answer)
    if command in IDEMPOTENT and not changed:
        return False
    assert {"mine.log_head", "mine.change_log", "mine.history"} <= changed, (
        changed,
        rendered(answer),
    )
    await sandbox.restore()
    return True


def permitted_errors(entity: str, command: str) -> set[str]:
    """Error codes by command that the data may cause although the rights permit the mutation."""
    if command in DATA_ERRORS:
        return DATA_ERRORS[command] | COMMAND_DATA_ERRORS.get(f"{entity}.{command}", set())
    if entity in MUST_SUCCEED and command in USUAL_COMMANDS.get(entity, ()):
        return set()
    if entity in USUAL_COMMANDS and command in USUAL_COMMANDS[entity]:
        return {"DUPLICATE", "INVALID", "LAST_ADMINISTRATOR"}
    return COMMAND_DATA_ERRORS.get(f"{entity}.{command}", set())


async def check_cell(
    sandbox: Sandbox, persona: str, entity: str, command: str, target: Target, mode: tuple[bool, bool],
    forbidden: dict[str, frozenset[str]],
) -> tuple[str, Answer]:  # fmt: skip
    many, together = mode
    params = build_input(sandbox, persona, entity, command, target)
    body = {"input": [params] if many else params} | ({"all": together} if many else {})
    answer = await sandbox.world.ask(
        persona, document(entity, command, many=many), body, tenant=sandbox.tenant
    )
    sent = json.dumps(params)
    found = leaked(answer, persona, forbidden[persona], sent)
    expected = expected_outcome(sandbox, persona, entity, command, target, params)
    if expected != "DONE":
        assert not found, (found, rendered(answer))
        await assert_refused(sandbox, answer, expected, many, not together)
    else:
        if not await assert_done(sandbox, answer, entity, command, target, many):
            expected = "UNCHANGED"
    return expected, answer


async def check_each_target(
    sandbox: Sandbox, persona: str, entity: str, command: str, forbidden: dict[str, frozenset[str]],
    tally: Counter[str], *, daily: bool,
) -> set[str]:  # fmt: skip
    """Run the command on every kind of target; all reasons for a missing record give byte-identical responses."""
    rng = random.Random(f"{persona} {entity} {command}")
    by_outcome: dict[tuple[str, tuple[bool, bool]], dict[str, Any]] = {}
    missing, found = 0, set()
    for target in targets(sandbox, persona, entity, command):
        missing += target.row is None
        selected_modes = (
            modes(daily and missing < 4, rng)
            if target.row or not daily
            else [rng.choice(((False, True), (True, True)))]
            if missing > 4
            else modes(True, rng)
        )
        for mode in selected_modes:
            expected, answer = await check_cell(
                sandbox, persona, entity, command, target, mode, forbidden
            )
            tally[f"command {expected}"] += 1
            found.add(expected)
            if target.row is None:
                by_outcome.setdefault((expected, mode), {})[target.name] = observed(answer)
    for answers in by_outcome.values():
        assert len(set(answers.values())) == 1, answers
    return found


async def check_each_parent(
    sandbox: Sandbox, persona: str, entity: str, forbidden: dict[str, frozenset[str]],
    tally: Counter[str],
) -> None:  # fmt: skip
    """A forbidden create is refused, and a child is only added to a parent that may be updated."""
    rng = random.Random(f"{persona} {entity}")
    parents = [Target("none", "", {})]
    if entity in PARENT_OF:
        parents = targets(sandbox, persona, PARENT_OF[entity][0], "Update")
    by_mode: dict[tuple[bool, bool], dict[str, Any]] = {}
    for parent in parents:
        for mode in modes(True, rng):
            many, together = mode
            params = create_input(
                sandbox.facts, "admin" if no_access(persona, entity) else persona, entity
            )
            if entity in PARENT_OF:
                params[PARENT_OF[entity][1]] = parent.id
                if entity == "RoleAssignment" and parent.row:
                    params["role"] = public_id("Role", sorted(sandbox.facts.live("Role"))[-1])
                _fit(sandbox, persona, entity, parent.row or {}, params)
            body = {"input": [params] if many else params} | ({"all": together} if many else {})
            answer = await sandbox.world.ask(
                persona, document(entity, "Create", many=many), body, tenant=sandbox.tenant
            )
            sent = json.dumps(params)
            levels = {field_access(persona, entity, name) for name in params.keys() - {"stages"}}
            steps = params.get("stages", ())
            levels |= {
                field_access(persona, "PipelineStage", name) for step in steps for name in step
            }
            expected: set[str] = set()
            if not creates(persona, entity):
                expected.add("FORBIDDEN")
            expected |= {"FIELD_FORBIDDEN"} if "-" in levels else set()
            expected |= {"FIELD_READ_ONLY"} if "r" in levels else set()
            if not expected and entity in PARENT_OF:
                row = parent.row
                if row is None or row["deleted_at"]:
                    expected = {"NOT_FOUND"}
                elif not _parent_within(sandbox, persona, entity, row):
                    expected = {"FORBIDDEN"}
            tally[f"create {'refused' if expected else 'done'}"] += 1
            if expected:
                found = leaked(answer, persona, forbidden[persona], sent)
                assert not found, (found, rendered(answer))
                assert set(answer.codes) == expected, (parent.name, rendered(answer))
                assert await sandbox.changed() == set()
                if parent.row is None:
                    by_mode.setdefault(mode, {})[parent.name] = observed(answer)
            else:
                await assert_done(sandbox, answer, entity, "Create", Target("new", "", None), many)
    for answers in by_mode.values():
        assert len(set(answers.values())) == 1, answers


def _fit(sandbox: Sandbox, persona: str, entity: str, parent: Row, params: dict[str, Any]) -> None:
    """Values that are valid for one parent only."""
    if entity == "AttributeAssignment" and parent:
        del params["accountType"]
        name = f"{parent['entity'][0].lower()}{parent['entity'][1:]}Type"
        params[name] = value(sandbox.facts, "admin", entity, name)
    if entity == "PipelineStage" and parent:
        stages = sorted(sandbox.facts.live("Stage"))
        free = [each for each in stages if not _active(sandbox, parent["id"], each)]
        params["stage"] = public_id("Stage", (free or stages)[0])
    if entity == "AccountLink" and params["other"] == params["account"]:
        rows = sandbox.facts.live("Account")
        visible = [id for id in sorted(rows) if sandbox.facts.sees(persona, "Account", rows[id])]
        others = [name for id in visible if (name := public_id("Account", id)) != params["account"]]
        params["other"] = others[0]


def _parent_within(sandbox: Sandbox, persona: str, entity: str, row: Row) -> bool:
    """Whether a child may be added; a child with its own owner may be added to any visible parent."""
    if entity == "Activity":
        return True
    parent_entity = PARENT_OF[entity][0]
    reach = scope(persona, entity, "Update")
    return sandbox.facts.within(persona, parent_entity, row, reach)
