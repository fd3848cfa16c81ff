"""Every deed by every persona on every kind of target: allowed or refused as reckoned, and a refusal does and tells nothing."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from tests.leaks.truth import canaries, load, stored_texts
from tests.leaks_writes.asking import needed, said, text, value
from tests.leaks_writes.cells import OFTEN, Target, done, each_target, each_whole, sniffed, targets
from tests.leaks_writes.expectations import DEEDS, EVERY, LINKS, creates, may, root, scope, shut
from tests.leaks_writes.place import Place, seen, spelled
from tests.proof.rights import ONE_EACH, PERSONAS
from tests.proof.rows import Row
from tests.support.covers import covers
from tests.support.world import World

ELSEWHERE = {"Create", "Upsert", "Upsell"}
"""Deeds without a record that they are done to: tests of their own are below."""
SELDOM: frozenset[str] = frozenset()


@pytest.fixture(scope="module")
async def matrix(here: Place) -> Place:
    for table in ("account", "opportunity", "person", "product", "contract", "case"):
        await here.run(f'UPDATE {{s}}."{table}" SET external_id = $1 || id::text', f"{table}-")  # noqa: S608
    await here.keep()
    await here.look()
    return here


@pytest.fixture(scope="module")
async def forbidden(world: World, matrix: Place) -> dict[str, frozenset[str]]:
    """What each persona may meet nowhere: hidden values, and anything of next door."""
    mine = await load(world, matrix.tenant)
    theirs = stored_texts(await load(world, matrix.neighbor)) - stored_texts(mine)
    theirs = frozenset(each for each in theirs if len(each) >= 6)
    return {persona: canaries(mine, persona) | theirs for persona in PERSONAS}


DAILY = {
    "rep1": "Quote Case",
    "limited": "Quote",
}
"""Of the further kinds, those that stand for the others by day, by persona."""


def is_daily(persona: str, entity: str, verb: str) -> bool:
    """Whether a deed is tried by day, too."""
    if verb not in DEEDS.get(entity, ()):
        return entity in DAILY.get(persona, "").split()
    return persona in ONE_EACH and (entity in OFTEN or persona == "admin" or verb != "Restore")


def cases(everyday: bool) -> list[Any]:
    """A persona, a kind and a verb each."""
    return [
        pytest.param(persona, entity, verb, id=f"{persona}-{root(entity, verb)}")
        for persona in PERSONAS
        for entity, verbs in EVERY.items()
        for verb in verbs
        if verb not in ELSEWHERE and (not everyday or is_daily(persona, entity, verb))
    ]


@covers("D-32", "D-33")
@pytest.mark.parametrize(("persona", "entity", "verb"), cases(True))
async def test_a_deed_on_every_target(
    matrix: Place, persona: str, entity: str, verb: str,
    forbidden: dict[str, frozenset[str]], tally: Counter[str],
) -> None:  # fmt: skip
    """Cases 31, 54, 55, 56: whatever is not there is not there in the same words; a refusal changes not one byte."""
    await each_target(matrix, persona, entity, verb, forbidden, tally, everyday=True)


@pytest.mark.nightly
@pytest.mark.parametrize(("persona", "entity", "verb"), cases(False))
async def test_a_deed_on_every_target_in_every_way(
    matrix: Place, persona: str, entity: str, verb: str,
    forbidden: dict[str, frozenset[str]], tally: Counter[str],
) -> None:  # fmt: skip
    """And an administrator really does each of them somewhere, so that not all of it is refused for what data hold."""
    found = await each_target(matrix, persona, entity, verb, forbidden, tally, everyday=False)
    assert persona != "admin" or "DONE" in found or verb in SELDOM


def creators() -> list[Any]:
    """A persona and a kind of record each."""
    return [
        pytest.param(
            persona,
            entity,
            marks=[] if is_daily(persona, entity, "Create") else pytest.mark.nightly,
        )
        for persona in PERSONAS
        for entity, verbs in EVERY.items()
        if "Create" in verbs
    ]


@covers("D-32", "D-33", "D-34")
@pytest.mark.parametrize(("persona", "entity"), creators())
async def test_creating(
    matrix: Place,
    persona: str,
    entity: str,
    forbidden: dict[str, frozenset[str]],
    tally: Counter[str],
) -> None:
    """A record that may not be created is not, and a part is only added to a whole that may be changed."""
    await each_whole(matrix, persona, entity, forbidden, tally)


PLAIN = {"Case": "subject", "Person": "note"}
"""What is changed of a record that has no name."""
UPSERTED = [
    pytest.param(kind, marks=[] if kind in DEEDS else pytest.mark.nightly)
    for kind, verbs in EVERY.items()
    if "Upsert" in verbs
]


def upserted(here: Place, persona: str, entity: str) -> list[Target]:
    """Of each kind of target one, some that he does not see, and a new one."""
    every = [each for each in targets(here, persona, entity, "Update") if each.row is not None]
    unseen = [
        Target(f"unseen {id}", spelled(entity, id), row)
        for id, row in sorted(here.facts.live(entity).items())
        if not here.facts.sees(persona, entity, row)
    ]
    return [*every, *unseen[:3], Target("new", "", None)]


def upsert_refused(
    here: Place, persona: str, entity: str, there: Row | None, given: dict[str, Any]
) -> set[str]:
    """The codes with which a record is refused to be made as another system says."""
    levels = {may(persona, entity, name) for name in given}
    if levels & {"r", "-"}:
        return {"FIELD_READ_ONLY"} | ({"FIELD_FORBIDDEN"} if "-" in levels else set())
    reach = scope(persona, entity, "Update")
    may_so = here.facts.within(persona, entity, there, reach) if there else creates(persona, entity)
    return set() if may_so else {"FORBIDDEN"}


@covers("D-32", "D-33", "X-10")
@pytest.mark.parametrize("entity", UPSERTED)
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
    asking = "admin" if shut(persona, entity) or persona == "support" else persona
    for target in upserted(here, persona, entity):
        row = target.row
        hidden = row is not None and not here.facts.sees(persona, entity, row)
        there = row if row and not row["deleted_at"] and not hidden else None
        names = [PLAIN.get(entity, "name")] if there else needed(entity)
        given = {name: value(here.facts, asking, entity, name) for name in names}
        given["externalId"] = row["external_id"] if row else "nobody has this"
        answer = await here.ask(persona, text(entity, "Upsert"), given)
        expected = upsert_refused(here, persona, entity, there, given)
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
            one = Target("x", target.id, there)
            await done(here, answer, entity, "Upsert", one, many=False)
        if not there:
            found = sniffed(answer, persona, forbidden[persona], json.dumps(given))
            assert not found, found
    assert len(set(told.values())) <= 1, told


@covers("D-32", "D-33")
@pytest.mark.parametrize(
    "persona",
    [p if p in DAILY else pytest.param(p, marks=pytest.mark.nightly) for p in PERSONAS],
)
async def test_upselling(
    matrix: Place, persona: str, forbidden: dict[str, frozenset[str]], tally: Counter[str]
) -> None:
    """On top of a contract that he sees: whoever may create opportunities; any other is not there, in the same words."""
    here, same = matrix, set()
    every = targets(here, persona, "Contract", "Update")
    every = [each for each in every if not each.row or _is_upsold(here, each.row)] or every
    for target in every:
        given = {"contract": target.id}
        answer = await here.ask(persona, text("Opportunity", "Upsell"), given)
        tally["upsell"] += 1
        if target.row is None or target.row["deleted_at"]:
            assert answer.codes == ["NOT_FOUND"], said(answer)
            same |= {seen(answer)} if target.row is None else set()
        elif not creates(persona, "Opportunity"):
            assert set(answer.codes) & {"FORBIDDEN"}, said(answer)
        else:
            await done(here, answer, "Opportunity", "Upsell", Target("new", "", None), many=False)
            continue
        assert not sniffed(answer, persona, forbidden[persona], json.dumps(given))
        assert await here.changed() == set()
    assert len(same) == 1


def _is_upsold(here: Place, contract: Row) -> bool:
    return bool(contract["time_based"]) and contract["account_id"] in here.facts.live("Account")


async def test_what_is_written_is_noticed_and_brought_back(matrix: Place) -> None:
    """Also a row that is written as it was, and one next door; where nothing is, nothing is told."""
    here = matrix
    await here.changed()
    assert await here.changed() == set()
    for schema, told in (
        (here.schema, "mine.unit_of_measure"),
        (here.world.schema(here.neighbor), "theirs.unit_of_measure"),
    ):
        await here.world.admin.execute(f"UPDATE {schema}.unit_of_measure SET name = name")  # noqa: S608
        assert await here.changed() == {told}
    names = await here.fetch("SELECT name FROM {s}.unit_of_measure ORDER BY id")
    await here.world.admin.execute(f"UPDATE {here.schema}.unit_of_measure SET name = 'x' || name")  # noqa: S608
    await here.restore()
    assert await here.fetch("SELECT name FROM {s}.unit_of_measure ORDER BY id") == names
    assert await here.changed() == set()


def test_the_matrix_is_not_empty() -> None:
    """An empty loop shows nothing."""
    tried = sum(len(set(verbs) - ELSEWHERE) for verbs in EVERY.values())
    assert len(cases(False)) == len(PERSONAS) * tried
    assert len(LINKS) >= 60
