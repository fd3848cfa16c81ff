"""Every input field by every persona: all unreadable and read-only fields are named, independent of the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from tests.leaks_writes.expectations import (
    ALL_COMMANDS,
    NESTED_CREATES,
    USUAL_COMMANDS,
    attribute_access,
    attributes,
    creates,
    field_access,
    input_name,
    no_access,
    scope,
)
from tests.leaks_writes.mutations import (
    attribute,
    create_input,
    document,
    full_input,
    input_fields,
    rendered,
    required_fields,
)
from tests.leaks_writes.sandbox import UNUSED_ID, Sandbox, observed, public_id
from tests.proof.rights import PERSONA_PER_PROFILE, PERSONAS
from tests.support.covers import covers
from tests.support.world import Answer

Named = set[tuple[str, str, tuple[str, ...]]]
WITH_FIELDS = {"Create", "Update", "Upsert", "Move"}
NEVER = UUID(int=UNUSED_ID | 9)


@pytest.fixture(scope="module")
async def steady(sandbox: Sandbox) -> AsyncIterator[Sandbox]:
    await sandbox.reload()
    yield sandbox
    assert await sandbox.changed() == set(), "a refused mutation wrote something"


def named(answer: Answer, code: str) -> Named:
    """The fields named by the errors of a code, as (entity, field, input path)."""
    return {
        (each["type"], each["field"], tuple(each["input"]))
        for error in answer.json.get("errors", ())
        if error["extensions"]["code"] == code
        for each in error["extensions"]["fields"]
    }


def offending(persona: str, entity: str, params: dict[str, Any], *at: str) -> tuple[Named, Named]:
    """The fields of an input that are unreadable, and those that are read-only."""
    closed: Named = set()
    fixed: Named = set()

    def judge(level: str, owner: str, field: str, *path: str) -> None:
        if level == "-":
            closed.add((owner, field, path))
        elif level == "r":
            fixed.add((owner, field, path))

    for name, value in params.items():
        if name in {"id", "version"}:
            continue
        if name == "attributes":
            for n, each in enumerate(value):
                level = attribute_access(persona, entity, each["key"])
                judge(level, entity, each["key"], *at, name, str(n), "key")
        elif child := NESTED_CREATES.get(f"{entity}.{name}"):
            for n, each in enumerate(value):
                more = offending(persona, child, each, *at, name, str(n))
                closed |= more[0]
                fixed |= more[1]
        else:
            judge(field_access(persona, entity, name), entity, name, *at, name)
    return closed, fixed


def command_forbidden(persona: str, entity: str, command: str) -> bool:
    """Whether the command is forbidden before its fields are checked."""
    return (
        command in {"Update", "Move"}
        and not no_access(persona, entity)
        and scope(persona, entity, command) is None
    )


def create_forbidden(persona: str, entity: str, params: dict[str, Any]) -> bool:
    """Whether the record or one of its nested creates may not be created."""
    children = [
        child
        for name in params
        if (child := NESTED_CREATES.get(f"{entity}.{name}")) and params[name]
    ]
    return not all(creates(persona, each) for each in (entity, *children))


def check(
    answer: Answer,
    persona: str,
    entity: str,
    command: str,
    inputs: list[dict[str, Any]],
    *,
    many: bool,
) -> bool:
    """Assert that the response names exactly the expected fields; return whether an error was expected."""
    if command_forbidden(persona, entity, command):
        assert set(answer.codes) == {"FORBIDDEN"}, rendered(answer)
        return True
    closed: Named = set()
    fixed: Named = set()
    for n, params in enumerate(inputs):
        at = ("inputs", str(n)) if many else ("input",)
        more = offending(persona, entity, params, *at)
        closed |= more[0]
        fixed |= more[1]
    assert named(answer, "FIELD_FORBIDDEN") == closed, rendered(answer)
    assert named(answer, "FIELD_READ_ONLY") == fixed, rendered(answer)
    forbidden = command == "Create" and any(
        create_forbidden(persona, entity, each) for each in inputs
    )
    codes = {"FORBIDDEN"} if forbidden else set()
    codes |= {"FIELD_FORBIDDEN"} if closed else set()
    codes |= {"FIELD_READ_ONLY"} if fixed else set()
    if codes:
        assert set(answer.codes) == codes, rendered(answer)
        assert len(answer.codes) == len(set(answer.codes)) or "FORBIDDEN" in codes, rendered(answer)
    return bool(codes)


def sample_ids(sandbox: Sandbox, persona: str, entity: str) -> list[str]:
    """Public IDs of a visible record, an invisible one, and one that never existed."""
    facts = sandbox.facts
    seen_ids = [
        id for id, row in sorted(facts.live(entity).items()) if facts.sees(persona, entity, row)
    ]
    unseen = [id for id in sorted(facts.live(entity)) if id not in set(seen_ids)]
    return [public_id(entity, id) for id in (*seen_ids[:1], *unseen[:1], NEVER)]


CASES = [
    pytest.param(
        persona,
        entity,
        command,
        marks=[]
        if persona in PERSONA_PER_PROFILE and entity in USUAL_COMMANDS
        else pytest.mark.nightly,
    )
    for persona in PERSONAS
    if persona != "admin"
    for entity, commands in ALL_COMMANDS.items()
    for command in commands
    if command in WITH_FIELDS
]


@covers("D-33", "D-31")
@pytest.mark.parametrize(("persona", "entity", "command"), CASES)
async def test_all_forbidden_fields_are_named(
    steady: Sandbox, persona: str, entity: str, command: str, tally: Counter[str]
) -> None:
    """The error names each field, in nested creates and in each entry of a list."""
    params = full_input(
        steady.facts, persona if not no_access(persona, entity) else "rep1", entity, command
    )
    takes_id = "id" in input_fields(input_name(entity, command))
    if (
        not any(offending(persona, entity, params))
        and not command_forbidden(persona, entity, command)
        and not (command == "Create" and create_forbidden(persona, entity, params))
    ):
        pytest.skip("all fields are writable for the persona")
    answers: dict[bool, set[Any]] = {False: set(), True: set()}
    for id in sample_ids(steady, persona, entity) if takes_id else [""]:
        one = {"id": id, **params} if takes_id else params
        answer = await steady.ask(persona, document(entity, command), one)
        assert check(answer, persona, entity, command, [one], many=False)
        answers[False].add(observed(answer))
        two = [one, {**one, "id": public_id(entity, NEVER)} if takes_id else one]
        answer = await steady.ask(persona, document(entity, command, many=True), two)
        check(answer, persona, entity, command, two, many=True)
        answers[True].add(observed(answer))
        tally["all fields"] += 2 * len(params)
    assert all(len(found) == 1 for found in answers.values()), answers
    assert await steady.changed() == set()


@covers("D-33")
@pytest.mark.parametrize(("persona", "entity", "command"), CASES)
async def test_single_forbidden_field_is_named(
    steady: Sandbox, persona: str, entity: str, command: str, tally: Counter[str]
) -> None:
    """With a value and with null, the response is the same for every record, existing or not."""
    if no_access(persona, entity):
        pytest.skip("covered by test_all_forbidden_fields_are_named")
    every = full_input(steady.facts, persona, entity, command)
    name = input_name(entity, command)
    needed = {field: each for field, each in every.items() if field in required_fields(name)}
    takes_id = "id" in input_fields(name)
    for field, value in every.items():
        if (
            field in NESTED_CREATES.values()
            or field == "attributes"
            or field_access(persona, entity, field) in "ws"
            if f"{entity}.{field}" not in NESTED_CREATES
            else True
        ):
            continue
        nullable = field not in required_fields(name)
        for each in (value, None) if nullable else (value,):
            found = set()
            for id in sample_ids(steady, persona, entity) if takes_id else [""]:
                params = {**needed, **({"id": id} if takes_id else {}), field: each}
                answer = await steady.ask(persona, document(entity, command), params)
                assert check(answer, persona, entity, command, [params], many=False), rendered(
                    answer
                )
                found.add(observed(answer))
                tally["single field"] += 1
            assert len(found) == 1, found
    assert await steady.changed() == set()


@covers("D-34")
@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize("entity", ["Account", "Opportunity"])
async def test_closed_attribute_answers_as_nonexistent(
    steady: Sandbox, persona: str, entity: str, tally: Counter[str]
) -> None:
    """The responses differ only in the key, with a value of any type and with null."""
    for key in attributes(entity):
        if attribute_access(persona, entity, key) != "-":
            continue
        id = sample_ids(steady, persona, entity)[0]
        for value in (
            attribute(key),
            attribute(key, null=True),
            {"key": key, "text": "a", "number": "1"},
        ):
            bodies = []
            for word in (key, "nonesuch"):
                params = {"id": id, "attributes": [{**value, "key": word}]}
                answer = await steady.ask(persona, document(entity, "Update"), params)
                if not command_forbidden(persona, entity, "Update"):
                    assert answer.codes == ["FIELD_FORBIDDEN"], rendered(answer)
                bodies.append(observed(answer)[2].replace(word.encode(), b"KEY"))
                tally["attribute"] += 1
            assert bodies[0] == bodies[1]


@covers("D-33")
@pytest.mark.parametrize("persona", ["rep1", "limited", "support"])
async def test_unknown_input_field_is_refused(steady: Sandbox, persona: str) -> None:
    """Internal, derived and server-set fields are not input fields under any spelling."""
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
    id = sample_ids(steady, persona, "Opportunity")[0]
    for command in ("Create", "Update", "Upsert"):
        base = (
            create_input(steady.facts, persona, "Opportunity")
            if command != "Update"
            else {"id": id}
        )
        base |= {"externalId": "assigned"} if command == "Upsert" else {}
        for word in [
            *words,
            "version" if command != "Update" else "Version",
            "id" if command != "Update" else "ID",
        ]:
            answer = await steady.ask(
                persona, document("Opportunity", command), {**base, word: "1"}
            )
            assert answer.codes == ["BAD_USER_INPUT"], (word, rendered(answer))
            assert word in answer.json["errors"][0]["message"]
    assert await steady.changed() == set()


@covers("D-33")
async def test_writing_back_masked_null_is_refused(steady: Sandbox) -> None:
    """Sending the null of a masked field does not clear the stored value."""
    facts = steady.facts
    for persona, hidden in (
        ("limited", ("margin", "amount", "commission")),
        ("support", ("amount", "margin", "commission", "probability")),
    ):
        rows = [
            (id, row)
            for id, row in sorted(facts.live("Opportunity").items())
            if facts.sees(persona, "Opportunity", row)
            and facts.within(persona, "Opportunity", row, scope(persona, "Opportunity", "Update"))
            and row["status"] == "OPEN"
            and all(row[name] is not None for name in hidden)
        ]
        id = public_id("Opportunity", rows[0][0])
        inner = "id version margin { amount } commission { amount }"
        read = f'{{ opportunity(id: "{id}") {{ {inner} }} }}'
        found = (await steady.ask(persona, read)).data["opportunity"]
        assert found["margin"] is None
        assert found["commission"] is None
        for names in (("margin",), ("commission",), ("margin", "commission")):
            params = {
                "id": found["id"],
                "version": found["version"],
                **{name: found[name] for name in names},
            }
            answer = await steady.ask(persona, document("Opportunity", "Update"), params)
            assert answer.codes == ["FIELD_FORBIDDEN"], rendered(answer)
            response = {field for _, field, _ in named(answer, "FIELD_FORBIDDEN")}
            # A field ruled by status is checked later, once the record is loaded.
            assert response == {
                name
                for name in names
                if name != "commission" or names == ("commission",) or persona == "support"
            }
    assert await steady.changed() == set()


@covers("D-33", "D-51")
async def test_field_ruled_by_status_is_writable_where_readable(sandbox: Sandbox) -> None:
    """Writable in won opportunities, and in ones created as won."""
    facts = await sandbox.reload()
    mine = {
        row["status"]: id
        for id, row in sorted(facts.live("Opportunity").items())
        if row["owner_id"] == facts.employee_id("limited")
    }
    for status in ("OPEN", "LOST", "WON"):
        params = {"id": public_id("Opportunity", mine[status]), "commission": "11"}
        answer = await sandbox.ask(
            "limited", document("Opportunity", "Update", inner="commission { amount }"), params
        )
        if status == "WON":
            assert answer.data["result"]["opportunity"]["commission"]["amount"].startswith("11")
        else:
            assert named(answer, "FIELD_FORBIDDEN") == {
                ("Opportunity", "commission", ("input", "commission"))
            }
    base = create_input(facts, "limited", "Opportunity") | {"commission": "5.00"}
    answer = await sandbox.ask("limited", document("Opportunity", "Create"), base)
    assert answer.codes == ["FIELD_FORBIDDEN"]
    won = next(id for id, row in facts.live("Stage").items() if row["kind"] == "WON")
    inner = "status commission { amount }"
    answer = await sandbox.ask(
        "limited",
        document("Opportunity", "Create", inner=inner),
        {**base, "stage": public_id("Stage", won)},
    )
    assert answer.data["result"]["opportunity"] == {
        "status": "WON",
        "commission": {"amount": "5.00"},
    }
    await sandbox.restore()
