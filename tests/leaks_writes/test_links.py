"""Inputs that name a record: one the caller may not see gives the same response as one that does not exist."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.leaks_writes.expectations import (
    TESTED_LINKS,
    TESTED_NESTED,
    USUAL_COMMANDS,
    creates,
    field_access,
    input_name,
    scope,
)
from tests.leaks_writes.mutations import create_input, document, input_fields, rendered, value
from tests.leaks_writes.sandbox import Sandbox, link_targets, observed, public_id
from tests.proof.contract import nested_input
from tests.support.covers import covers

PERSONAS = ("admin", "rep1", "limited")


@pytest.fixture(scope="module")
async def hidden(narrow: Sandbox) -> Sandbox:
    await narrow.reload()
    return narrow


def base(sandbox: Sandbox, persona: str, entity: str, command: str) -> dict[str, Any] | None:
    """A valid input for a record that the persona may change, or None."""
    if command == "Create":
        return create_input(sandbox.facts, persona, entity) if creates(persona, entity) else None
    if command == "Upsert":
        return (
            create_input(sandbox.facts, persona, entity) | {"externalId": "zz-external"}
            if creates(persona, entity)
            else None
        )
    reach = scope(persona, entity, command)
    if reach is None:
        return None
    for id, row in sorted(sandbox.facts.live(entity).items()):
        if (
            sandbox.facts.sees(persona, entity, row)
            and sandbox.facts.within(persona, entity, row, reach)
            and row.get("status", "OPEN") == "OPEN"
        ):
            return {"id": public_id(entity, id)}
    return None


def link_inputs() -> list[tuple[str, str, str, str]]:
    """(entity, command, nested create or empty, link) of every input field that names a record."""
    found = []
    for entity, commands in USUAL_COMMANDS.items():
        for command in commands:
            if command in {"Delete", "Restore"}:
                continue
            params = input_fields(input_name(entity, command))
            found += [
                (entity, command, "", link) for link in link_targets(entity) if link in params
            ]
    for way, child in TESTED_NESTED.items():
        entity, name = way.split(".")
        found += [
            (entity, "Create", name, link)
            for link in link_targets(child)
            if link in input_fields(nested_input(entity, child))
        ]
    return found


def test_all_link_inputs_are_covered() -> None:
    """The cases include each input that names a record, nested ones too."""
    tried = {f"{TESTED_NESTED[f'{e}.{n}'] if n else e}.{link}" for e, _, n, link in link_inputs()}
    assert tried == set(TESTED_LINKS)


@covers("D-32", "D-36")
@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize(("entity", "command", "name", "link"), link_inputs())
async def test_link_to_missing_record_is_not_found(
    hidden: Sandbox,
    persona: str,
    entity: str,
    command: str,
    name: str,
    link: str,
    tally: Counter[str],
) -> None:
    """NOT_FOUND at the path of the input, byte-identical for all reasons."""
    sandbox, owner = hidden, TESTED_NESTED[f"{entity}.{name}"] if name else entity
    params = base(sandbox, persona, entity, command)
    if params is None or field_access(persona, owner, link) != "w":
        pytest.skip("not writable for the persona; covered by test_fields.py and test_matrix.py")
    target = TESTED_LINKS[f"{owner}.{link}"]
    for many in (False, True):
        answers = {}
        missing = sandbox.missing_ids(persona, target)
        for reason, id in missing.items():
            if name:
                child = {
                    each: value(sandbox.facts, persona, owner, each)
                    for each in input_fields(nested_input(entity, owner))
                    if each in link_targets(owner)
                }
                body: dict[str, Any] = {**params, name: [{**child, link: id}]}
            else:
                body = {**params, link: id}
            answer = await sandbox.ask(
                persona, document(entity, command, many=many), [body] if many else body
            )
            assert answer.codes == ["NOT_FOUND"], (reason, rendered(answer))
            at = ["inputs", "0"] if many else ["input"]
            at += [name, "0", link] if name else [link]
            assert answer.json["errors"][0]["extensions"]["input"] == at, (reason, rendered(answer))
            answers[reason] = observed(answer)
            tally["link to missing record"] += 1
        assert len(set(answers.values())) == 1, answers
        assert len(answers) >= 4
    assert await sandbox.changed() == set()


@covers("D-32")
async def test_guessed_target_of_hidden_link_is_not_confirmed(hidden: Sandbox) -> None:
    """Setting a hidden link to its current target gives the same response as setting it to another."""
    sandbox, facts = hidden, hidden.facts
    rows = [
        (id, row)
        for id, row in sorted(facts.live("Opportunity").items())
        if row["owner_id"] == facts.employee_id("rep1") and row["status"] == "OPEN"
    ]
    tried = 0
    for reason in ("unseen", "deleted"):
        for id, row in rows:
            account = facts.rows["Account"][row["account_id"]]
            unseen = not facts.sees("rep1", "Account", account)
            if (account["deleted_at"] is not None) != (reason == "deleted") or (
                reason == "unseen" and not unseen
            ):
                continue
            wrong = next(
                public_id("Account", other)
                for other, each in sorted(facts.rows["Account"].items())
                if other != row["account_id"]
                and (
                    each["deleted_at"] is not None
                    if reason == "deleted"
                    else not facts.sees("rep1", "Account", each)
                )
            )
            own = public_id("Opportunity", id)
            guess = await sandbox.ask(
                "rep1",
                document("Opportunity", "Update"),
                {"id": own, "account": public_id("Account", row["account_id"])},
            )
            other = await sandbox.ask(
                "rep1", document("Opportunity", "Update"), {"id": own, "account": wrong}
            )
            assert observed(guess) == observed(other), (reason, rendered(guess))
            tried += 1
            break
    assert tried == 2


@covers("D-36", "D-32")
async def test_conflict_names_no_hidden_record(hidden: Sandbox) -> None:
    """A conflict shows another user's link as a read does: a hidden record is omitted."""
    sandbox, facts = hidden, hidden.facts
    id, row = next(
        (id, row)
        for id, row in sorted(facts.live("Opportunity").items())
        if row["owner_id"] == facts.employee_id("rep1")
        and row["status"] == "OPEN"
        and facts.live("Account").get(row["account_id"])
        and facts.sees("rep1", "Account", facts.rows["Account"][row["account_id"]])
    )
    own = public_id("Opportunity", id)
    unseen = [
        public_id("Account", a)
        for a, each in sorted(facts.live("Account").items())
        if not facts.sees("rep1", "Account", each)
    ]
    mine = next(
        public_id("Account", a)
        for a, each in sorted(facts.live("Account").items())
        if facts.sees("rep1", "Account", each) and a != row["account_id"]
    )
    for account in unseen[:2]:  # twice, so that the previous and the current link are both hidden
        params = {"id": own, "account": account}
        assert (await sandbox.ask("admin", document("Opportunity", "Update"), params)).data
    answer = await sandbox.ask(
        "rep1",
        document("Opportunity", "Update"),
        {"id": own, "version": row["version"] + 1, "account": mine},
    )
    hidden_ids = [each.partition("_")[2] for each in unseen]
    assert not any(each in answer.body.decode() for each in hidden_ids), rendered(answer)
    await sandbox.restore()


@covers("D-32")
async def test_cycle_error_names_no_record(hidden: Sandbox) -> None:
    """A cycle is refused with the code CYCLE only."""
    sandbox, facts = hidden, hidden.facts
    employee_id = facts.employee_id("rep1")
    mine = [
        id for id, row in sorted(facts.live("Account").items()) if row["owner_id"] == employee_id
    ]
    top, low = public_id("Account", mine[0]), public_id("Account", mine[1])
    update = document("Account", "Update")
    assert (await sandbox.ask("rep1", update, {"id": low, "parent": top})).data
    answer = await sandbox.ask("rep1", update, {"id": top, "parent": low})
    assert [e["code"] for e in answer.data["result"]["userErrors"]] == ["CYCLE"]
    answer = await sandbox.ask("rep1", update, {"id": top, "parent": top})
    assert [e["code"] for e in answer.data["result"]["userErrors"]] == ["CYCLE"]
    await sandbox.restore()
