"""Every command by every persona on every kind of target: allowed or refused as expected; a refusal writes nothing."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from tests.leaks.truth import canaries, load, stored_texts
from tests.leaks_writes.expectations import (
    ALL_COMMANDS,
    LINKS,
    USUAL_COMMANDS,
    creates,
    field_access,
    no_access,
    root,
    scope,
)
from tests.leaks_writes.matrix_cell import (
    MUST_SUCCEED,
    Target,
    assert_done,
    check_each_parent,
    check_each_target,
    leaked,
    targets,
)
from tests.leaks_writes.mutations import document, minimal_fields, rendered, value
from tests.leaks_writes.sandbox import Sandbox, observed, public_id
from tests.proof.rights import PERSONA_PER_PROFILE, PERSONAS
from tests.proof.rows import Row
from tests.support.covers import covers
from tests.support.world import World

WITHOUT_TARGET = {"Create", "Upsert", "Upsell"}
"""Commands without a target record; separate tests below cover them."""


@pytest.fixture(scope="module")
async def matrix(sandbox: Sandbox) -> Sandbox:
    for table in ("account", "opportunity", "person", "product", "contract", "case"):
        await sandbox.run(f'UPDATE {{s}}."{table}" SET external_id = $1 || id::text', f"{table}-")  # noqa: S608
    await sandbox.save()
    await sandbox.reload()
    return sandbox


@pytest.fixture(scope="module")
async def forbidden(world: World, matrix: Sandbox) -> dict[str, frozenset[str]]:
    """Texts that no response to a persona may contain: hidden values, and texts of the other tenant."""
    mine = await load(world, matrix.tenant)
    theirs = stored_texts(await load(world, matrix.neighbor)) - stored_texts(mine)
    theirs = frozenset(each for each in theirs if len(each) >= 6)
    return {persona: canaries(mine, persona) | theirs for persona in PERSONAS}


DAILY = {
    "rep1": "Quote Case",
    "limited": "Quote",
}
"""Entities beyond USUAL_COMMANDS that the daily run covers, by persona."""


def in_daily_run(persona: str, entity: str, command: str) -> bool:
    """Whether the daily run covers the command, not only the nightly one."""
    if command not in USUAL_COMMANDS.get(entity, ()):
        return entity in DAILY.get(persona, "").split()
    return persona in PERSONA_PER_PROFILE and (
        entity in MUST_SUCCEED or persona == "admin" or command != "Restore"
    )


def cases(daily: bool) -> list[Any]:
    """Parameters (persona, entity, command) of the daily or the nightly run."""
    return [
        pytest.param(persona, entity, command, id=f"{persona}-{root(entity, command)}")
        for persona in PERSONAS
        for entity, commands in ALL_COMMANDS.items()
        for command in commands
        if command not in WITHOUT_TARGET and (not daily or in_daily_run(persona, entity, command))
    ]


@covers("D-32", "D-33")
@pytest.mark.parametrize(("persona", "entity", "command"), cases(True))
async def test_command_on_every_target(
    matrix: Sandbox, persona: str, entity: str, command: str,
    forbidden: dict[str, frozenset[str]], tally: Counter[str],
) -> None:  # fmt: skip
    """Responses for missing records are byte-identical; a refusal writes nothing."""
    await check_each_target(matrix, persona, entity, command, forbidden, tally, daily=True)


@pytest.mark.nightly
@pytest.mark.parametrize(("persona", "entity", "command"), cases(False))
async def test_command_on_every_target_in_all_modes(
    matrix: Sandbox, persona: str, entity: str, command: str,
    forbidden: dict[str, frozenset[str]], tally: Counter[str],
) -> None:  # fmt: skip
    """For an administrator each command succeeds on some target, so that data errors do not hide the outcome."""
    found = await check_each_target(matrix, persona, entity, command, forbidden, tally, daily=False)
    assert persona != "admin" or "DONE" in found


def creators() -> list[Any]:
    """Parameters (persona, entity) of `test_create`."""
    return [
        pytest.param(
            persona,
            entity,
            marks=[] if in_daily_run(persona, entity, "Create") else pytest.mark.nightly,
        )
        for persona in PERSONAS
        for entity, commands in ALL_COMMANDS.items()
        if "Create" in commands
    ]


@covers("D-32", "D-33", "D-34")
@pytest.mark.parametrize(("persona", "entity"), creators())
async def test_create(
    matrix: Sandbox,
    persona: str,
    entity: str,
    forbidden: dict[str, frozenset[str]],
    tally: Counter[str],
) -> None:
    """A forbidden create is refused, and a child is only added to a parent that may be updated."""
    await check_each_parent(matrix, persona, entity, forbidden, tally)


UPDATED_FIELD = {"Case": "subject", "Person": "note"}
"""The field that an upsert changes of an existing record; `name` for other entities."""
UPSERTED = [
    pytest.param(kind, marks=[] if kind in USUAL_COMMANDS else pytest.mark.nightly)
    for kind, commands in ALL_COMMANDS.items()
    if "Upsert" in commands
]


def upsert_targets(sandbox: Sandbox, persona: str, entity: str) -> list[Target]:
    """One target of each kind, up to three invisible records, and a new record."""
    every = [each for each in targets(sandbox, persona, entity, "Update") if each.row is not None]
    unseen = [
        Target(f"unseen {id}", public_id(entity, id), row)
        for id, row in sorted(sandbox.facts.live(entity).items())
        if not sandbox.facts.sees(persona, entity, row)
    ]
    return [*every, *unseen[:3], Target("new", "", None)]


def upsert_errors(
    sandbox: Sandbox, persona: str, entity: str, there: Row | None, params: dict[str, Any]
) -> set[str]:
    """Expected error codes of an upsert; empty if it succeeds."""
    levels = {field_access(persona, entity, name) for name in params}
    if levels & {"r", "-"}:
        return {"FIELD_READ_ONLY"} | ({"FIELD_FORBIDDEN"} if "-" in levels else set())
    reach = scope(persona, entity, "Update")
    permitted = (
        sandbox.facts.within(persona, entity, there, reach) if there else creates(persona, entity)
    )
    return set() if permitted else {"FORBIDDEN"}


@covers("D-32", "D-33", "X-10")
@pytest.mark.parametrize("entity", UPSERTED)
@pytest.mark.parametrize("persona", PERSONAS)
async def test_upsert(
    matrix: Sandbox,
    persona: str,
    entity: str,
    forbidden: dict[str, frozenset[str]],
    tally: Counter[str],
) -> None:
    """Upserting the external ID of an invisible record gives only DUPLICATE, in identical responses."""
    sandbox = matrix
    duplicates: dict[str, Any] = {}
    input_persona = "admin" if no_access(persona, entity) or persona == "support" else persona
    for target in upsert_targets(sandbox, persona, entity):
        row = target.row
        hidden = row is not None and not sandbox.facts.sees(persona, entity, row)
        there = row if row and not row["deleted_at"] and not hidden else None
        names = [UPDATED_FIELD.get(entity, "name")] if there else minimal_fields(entity)
        params = {name: value(sandbox.facts, input_persona, entity, name) for name in names}
        params["externalId"] = row["external_id"] if row else "unused external id"
        answer = await sandbox.ask(persona, document(entity, "Upsert"), params)
        expected = upsert_errors(sandbox, persona, entity, there, params)
        tally["upsert"] += 1
        if expected:
            assert set(answer.codes) == expected, (target.name, rendered(answer))
            assert await sandbox.changed() == set()
        elif hidden and row is not None and not row["deleted_at"]:
            errors = answer.data["result"]["userErrors"]
            assert [e["code"] for e in errors] == ["DUPLICATE"], rendered(answer)
            duplicates[target.name] = observed(answer)
            assert await sandbox.changed() == set()
        else:
            one = Target("x", target.id, there)
            await assert_done(sandbox, answer, entity, "Upsert", one, many=False)
        if not there:
            found = leaked(answer, persona, forbidden[persona], json.dumps(params))
            assert not found, found
    assert len(set(duplicates.values())) <= 1, duplicates


@covers("D-32", "D-33")
@pytest.mark.parametrize(
    "persona",
    [p if p in DAILY else pytest.param(p, marks=pytest.mark.nightly) for p in PERSONAS],
)
async def test_upsell(
    matrix: Sandbox, persona: str, forbidden: dict[str, frozenset[str]], tally: Counter[str]
) -> None:
    """Upselling a visible contract requires the right to create opportunities; other contracts are NOT_FOUND."""
    sandbox, not_found = matrix, set()
    every = targets(sandbox, persona, "Contract", "Update")
    every = [each for each in every if not each.row or _is_upsold(sandbox, each.row)] or every
    for target in every:
        params = {"contract": target.id}
        answer = await sandbox.ask(persona, document("Opportunity", "Upsell"), params)
        tally["upsell"] += 1
        if target.row is None or target.row["deleted_at"]:
            assert answer.codes == ["NOT_FOUND"], rendered(answer)
            not_found |= {observed(answer)} if target.row is None else set()
        elif not creates(persona, "Opportunity"):
            assert set(answer.codes) & {"FORBIDDEN"}, rendered(answer)
        else:
            await assert_done(
                sandbox, answer, "Opportunity", "Upsell", Target("new", "", None), many=False
            )
            continue
        assert not leaked(answer, persona, forbidden[persona], json.dumps(params))
        assert await sandbox.changed() == set()
    assert len(not_found) == 1


def _is_upsold(sandbox: Sandbox, contract: Row) -> bool:
    return bool(contract["time_based"]) and contract["account_id"] in sandbox.facts.live("Account")


async def test_sandbox_detects_and_restores_changes(matrix: Sandbox) -> None:
    """`changed` reports rows rewritten with equal values and rows of the other tenant, and is empty without a write."""
    sandbox = matrix
    await sandbox.changed()
    assert await sandbox.changed() == set()
    for schema, table in (
        (sandbox.schema, "mine.unit_of_measure"),
        (sandbox.world.schema(sandbox.neighbor), "theirs.unit_of_measure"),
    ):
        await sandbox.world.admin.execute(f"UPDATE {schema}.unit_of_measure SET name = name")  # noqa: S608
        assert await sandbox.changed() == {table}
    names = await sandbox.fetch("SELECT name FROM {s}.unit_of_measure ORDER BY id")
    await sandbox.world.admin.execute(
        f"UPDATE {sandbox.schema}.unit_of_measure SET name = 'x' || name"  # noqa: S608
    )
    await sandbox.restore()
    assert await sandbox.fetch("SELECT name FROM {s}.unit_of_measure ORDER BY id") == names
    assert await sandbox.changed() == set()


def test_matrix_covers_all_commands() -> None:
    """The nightly cases contain each persona with each command."""
    tried = sum(len(set(commands) - WITHOUT_TARGET) for commands in ALL_COMMANDS.values())
    assert len(cases(False)) == len(PERSONAS) * tried
    assert len(LINKS) >= 60
