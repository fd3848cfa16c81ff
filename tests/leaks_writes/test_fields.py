"""Every input field by every persona: what may not be read or written is refused, all of it by name, whatever the data hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from tests.leaks_writes.asking import attribute, everything, fields_of, needed_of, new, said, text
from tests.leaks_writes.expectations import (
    DEEDS,
    EVERY,
    PARTS,
    attributes,
    creates,
    input_name,
    may,
    may_attribute,
    scope,
    shut,
)
from tests.leaks_writes.place import NOWHERE, Place, seen, spelled
from tests.proof.rights import ONE_EACH, PERSONAS
from tests.support.covers import covers
from tests.support.world import Answer

Named = set[tuple[str, str, tuple[str, ...]]]
WITH_FIELDS = {"Create", "Update", "Upsert", "Move"}
NEVER = UUID(int=NOWHERE | 9)


@pytest.fixture(scope="module")
async def steady(here: Place) -> AsyncIterator[Place]:
    await here.look()
    yield here
    assert await here.changed() == set(), "a refusal left something behind"


def named(answer: Answer, code: str) -> Named:
    """The fields that an answer's errors of a code name."""
    return {
        (each["type"], each["field"], tuple(each["input"]))
        for error in answer.json.get("errors", ())
        if error["extensions"]["code"] == code
        for each in error["extensions"]["fields"]
    }


def offending(persona: str, entity: str, given: dict[str, Any], *at: str) -> tuple[Named, Named]:
    """What of an input may not be read, and what only not be written."""
    closed: Named = set()
    fixed: Named = set()

    def judge(level: str, owner: str, field: str, *path: str) -> None:
        if level == "-":
            closed.add((owner, field, path))
        elif level == "r":
            fixed.add((owner, field, path))

    for name, value in given.items():
        if name in {"id", "version"}:
            continue
        if name == "attributes":
            for n, each in enumerate(value):
                level = may_attribute(persona, entity, each["key"])
                judge(level, entity, each["key"], *at, name, str(n), "key")
        elif part := PARTS.get(f"{entity}.{name}"):
            for n, each in enumerate(value):
                more = offending(persona, part, each, *at, name, str(n))
                closed |= more[0]
                fixed |= more[1]
        else:
            judge(may(persona, entity, name), entity, name, *at, name)
    return closed, fixed


def not_at_all(persona: str, entity: str, verb: str) -> bool:
    """Whether a change is refused before anybody looks at its fields."""
    return (
        verb in {"Update", "Move"}
        and not shut(persona, entity)
        and scope(persona, entity, verb) is None
    )


def not_created(persona: str, entity: str, given: dict[str, Any]) -> bool:
    """Whether something of a new record may not be created."""
    parts = [part for name in given if (part := PARTS.get(f"{entity}.{name}")) and given[name]]
    return not all(creates(persona, each) for each in (entity, *parts))


def check(
    answer: Answer,
    persona: str,
    entity: str,
    verb: str,
    inputs: list[dict[str, Any]],
    *,
    many: bool,
) -> bool:
    """The answer names just what it should; whether it had anything to name."""
    if not_at_all(persona, entity, verb):
        assert set(answer.codes) == {"FORBIDDEN"}, said(answer)
        return True
    closed: Named = set()
    fixed: Named = set()
    for n, given in enumerate(inputs):
        at = ("inputs", str(n)) if many else ("input",)
        more = offending(persona, entity, given, *at)
        closed |= more[0]
        fixed |= more[1]
    assert named(answer, "FIELD_FORBIDDEN") == closed, said(answer)
    assert named(answer, "FIELD_READ_ONLY") == fixed, said(answer)
    forbidden = verb == "Create" and any(not_created(persona, entity, each) for each in inputs)
    codes = {"FORBIDDEN"} if forbidden else set()
    codes |= {"FIELD_FORBIDDEN"} if closed else set()
    codes |= {"FIELD_READ_ONLY"} if fixed else set()
    if codes:
        assert set(answer.codes) == codes, said(answer)
        assert len(answer.codes) == len(set(answer.codes)) or "FORBIDDEN" in codes, said(answer)
    return bool(codes)


def wheres(here: Place, persona: str, entity: str) -> list[str]:
    """A record that he sees, one that he does not, and one that never was."""
    known = here.facts
    seen_ids = [
        id for id, row in sorted(known.live(entity).items()) if known.sees(persona, entity, row)
    ]
    unseen = [id for id in sorted(known.live(entity)) if id not in set(seen_ids)]
    return [spelled(entity, id) for id in (*seen_ids[:1], *unseen[:1], NEVER)]


CASES = [
    pytest.param(
        persona,
        entity,
        verb,
        marks=[] if persona in ONE_EACH and entity in DEEDS else pytest.mark.nightly,
    )
    for persona in PERSONAS
    if persona != "admin"
    for entity, verbs in EVERY.items()
    for verb in verbs
    if verb in WITH_FIELDS
]


@covers("D-33", "D-31")
@pytest.mark.parametrize(("persona", "entity", "verb"), CASES)
async def test_all_fields_at_once(
    steady: Place, persona: str, entity: str, verb: str, tally: Counter[str]
) -> None:
    """Cases 140, 141: every offending field is named, in what is nested too, and for each of many."""
    given = everything(steady.facts, persona if not shut(persona, entity) else "rep1", entity, verb)
    handled = "id" in fields_of(input_name(entity, verb))
    if (
        not any(offending(persona, entity, given))
        and not not_at_all(persona, entity, verb)
        and not (verb == "Create" and not_created(persona, entity, given))
    ):
        pytest.skip("he may write all of it")
    answers: dict[bool, set[Any]] = {False: set(), True: set()}
    for id in wheres(steady, persona, entity) if handled else [""]:
        one = {"id": id, **given} if handled else given
        answer = await steady.ask(persona, text(entity, verb), one)
        assert check(answer, persona, entity, verb, [one], many=False)
        answers[False].add(seen(answer))
        two = [one, {**one, "id": spelled(entity, NEVER)} if handled else one]
        answer = await steady.ask(persona, text(entity, verb, many=True), two)
        check(answer, persona, entity, verb, two, many=True)
        answers[True].add(seen(answer))
        tally["fields at once"] += 2 * len(given)
    assert all(len(found) == 1 for found in answers.values()), answers
    assert await steady.changed() == set()


@covers("D-33")
@pytest.mark.parametrize(("persona", "entity", "verb"), CASES)
async def test_each_field_alone(
    steady: Place, persona: str, entity: str, verb: str, tally: Counter[str]
) -> None:
    """Case 140: with a value and with null, whether or not the record exists; and never another code for hidden data."""
    if shut(persona, entity):
        pytest.skip("all of it is tried at once")
    every = everything(steady.facts, persona, entity, verb)
    name = input_name(entity, verb)
    needed = {field: each for field, each in every.items() if field in needed_of(name)}
    handled = "id" in fields_of(name)
    for field, value in every.items():
        if (
            field in PARTS.values() or field == "attributes" or may(persona, entity, field) in "ws"
            if f"{entity}.{field}" not in PARTS
            else True
        ):
            continue
        nullable = field not in needed_of(name)
        for each in (value, None) if nullable else (value,):
            found = set()
            for id in wheres(steady, persona, entity) if handled else [""]:
                given = {**needed, **({"id": id} if handled else {}), field: each}
                answer = await steady.ask(persona, text(entity, verb), given)
                assert check(answer, persona, entity, verb, [given], many=False), said(answer)
                found.add(seen(answer))
                tally["field alone"] += 1
            assert len(found) == 1, found
    assert await steady.changed() == set()


@covers("D-34")
@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize("entity", ["Account", "Opportunity"])
async def test_a_closed_attribute_is_one_that_does_not_exist(
    steady: Place, persona: str, entity: str, tally: Counter[str]
) -> None:
    """Case 24: the answer is the same but for the key; with a value of whatever kind, and with none."""
    for key in attributes(entity):
        if may_attribute(persona, entity, key) != "-":
            continue
        id = wheres(steady, persona, entity)[0]
        for value in (
            attribute(key),
            attribute(key, null=True),
            {"key": key, "text": "a", "number": "1"},
        ):
            bodies = []
            for word in (key, "nonesuch"):
                given = {"id": id, "attributes": [{**value, "key": word}]}
                answer = await steady.ask(persona, text(entity, "Update"), given)
                if not not_at_all(persona, entity, "Update"):
                    assert answer.codes == ["FIELD_FORBIDDEN"], said(answer)
                bodies.append(seen(answer)[2].replace(word.encode(), b"KEY"))
                tally["attribute"] += 1
            assert bodies[0] == bodies[1]


@covers("D-33")
@pytest.mark.parametrize("persona", ["rep1", "limited", "support"])
async def test_what_is_not_in_an_input(steady: Place, persona: str) -> None:
    """Case 140: nobody assigns what no input has, by any name it might go under."""
    words = [
        "tenant",
        "tenantId",
        "tenant_id",
        "ownerId",
        "owner_id",
        "createdAt",
        "created_at",
        "createdBy",
        "updatedAt",
        "deletedAt",
        "deleted_at",
        "status",
        "custom",
        "stageHistory",
        "isPrivate",
        "history",
        "weighted",
        "netMargin",
        "initials",
        "websiteDomain",
        "__proto__",
        "position",
    ]
    id = wheres(steady, persona, "Opportunity")[0]
    for verb in ("Create", "Update", "Upsert"):
        base = new(steady.facts, persona, "Opportunity") if verb != "Update" else {"id": id}
        base |= {"externalId": "assigned"} if verb == "Upsert" else {}
        for word in [
            *words,
            "version" if verb != "Update" else "Version",
            "id" if verb != "Update" else "ID",
        ]:
            answer = await steady.ask(persona, text("Opportunity", verb), {**base, word: "1"})
            assert answer.codes == ["BAD_USER_INPUT"], (word, said(answer))
            assert word in answer.json["errors"][0]["message"]
    assert await steady.changed() == set()


@covers("D-33")
async def test_null_back(steady: Place) -> None:
    """Case 142: who reads empty what he may not read, and writes it back, empties nothing."""
    known = steady.facts
    for persona, hidden in (
        ("limited", ("margin", "amount", "commission")),
        ("support", ("amount", "margin", "commission", "probability")),
    ):
        rows = [
            (id, row)
            for id, row in sorted(known.live("Opportunity").items())
            if known.sees(persona, "Opportunity", row)
            and known.within(persona, "Opportunity", row, scope(persona, "Opportunity", "Update"))
            and row["status"] == "OPEN"
            and all(row[name] is not None for name in hidden)
        ]
        id = spelled("Opportunity", rows[0][0])
        inner = "id version margin { amount } commission { amount }"
        read = f'{{ opportunity(id: "{id}") {{ {inner} }} }}'
        found = (await steady.ask(persona, read)).data["opportunity"]
        assert found["margin"] is None
        assert found["commission"] is None
        for names in (("margin",), ("commission",), ("margin", "commission")):
            given = {
                "id": found["id"],
                "version": found["version"],
                **{name: found[name] for name in names},
            }
            answer = await steady.ask(persona, text("Opportunity", "Update"), given)
            assert answer.codes == ["FIELD_FORBIDDEN"], said(answer)
            told = {field for _, field, _ in named(answer, "FIELD_FORBIDDEN")}
            # What is ruled by status is judged once the record is known.
            assert told == {
                name
                for name in names
                if name != "commission" or names == ("commission",) or persona == "support"
            }
    assert await steady.changed() == set()


@covers("D-33", "D-51")
async def test_a_field_ruled_by_status(here: Place) -> None:
    """Written where it can be read: in won ones, and in ones created or moved there."""
    known = await here.look()
    mine = {
        row["status"]: id
        for id, row in sorted(known.live("Opportunity").items())
        if row["owner_id"] == known.me("limited")
    }
    for status in ("OPEN", "LOST", "WON"):
        given = {"id": spelled("Opportunity", mine[status]), "commission": "11"}
        answer = await here.ask(
            "limited", text("Opportunity", "Update", inner="commission { amount }"), given
        )
        if status == "WON":
            assert answer.data["deed"]["opportunity"]["commission"]["amount"].startswith("11")
        else:
            assert named(answer, "FIELD_FORBIDDEN") == {
                ("Opportunity", "commission", ("input", "commission"))
            }
    base = new(known, "limited", "Opportunity") | {"commission": "5.00"}
    answer = await here.ask("limited", text("Opportunity", "Create"), base)
    assert answer.codes == ["FIELD_FORBIDDEN"]
    won = next(id for id, row in known.live("Stage").items() if row["kind"] == "WON")
    inner = "status commission { amount }"
    answer = await here.ask(
        "limited",
        text("Opportunity", "Create", inner=inner),
        {**base, "stage": spelled("Stage", won)},
    )
    assert answer.data["deed"]["opportunity"] == {"status": "WON", "commission": {"amount": "5.00"}}
    await here.restore()
