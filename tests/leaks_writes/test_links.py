"""Every input that names a record: what the caller may not see does not exist there either, whatever the reason."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.leaks_writes.asking import fields_of, new, said, text, value
from tests.leaks_writes.expectations import (
    DEEDS,
    LEADS_TO,
    NESTED,
    creates,
    input_name,
    may,
    scope,
)
from tests.leaks_writes.place import Place, links_of, seen, spelled
from tests.proof.contract import nested_input
from tests.support.covers import covers

PERSONAS = ("admin", "rep1", "limited")


@pytest.fixture(scope="module")
async def hidden(narrow: Place) -> Place:
    await narrow.look()
    return narrow


def base(here: Place, persona: str, entity: str, verb: str) -> dict[str, Any] | None:
    """An input that is fine, of a record that the persona may change."""
    if verb == "Create":
        return new(here.facts, persona, entity) if creates(persona, entity) else None
    if verb == "Upsert":
        return (
            new(here.facts, persona, entity) | {"externalId": "from elsewhere"}
            if creates(persona, entity)
            else None
        )
    reach = scope(persona, entity, verb)
    if reach is None:
        return None
    for id, row in sorted(here.facts.live(entity).items()):
        if (
            here.facts.sees(persona, entity, row)
            and here.facts.within(persona, entity, row, reach)
            and row.get("status", "OPEN") == "OPEN"
        ):
            return {"id": spelled(entity, id)}
    return None


def places_of() -> list[tuple[str, str, str, str]]:
    """(kind, verb, what it is nested under, link) of every input that names a record."""
    found = []
    for entity, verbs in DEEDS.items():
        for verb in verbs:
            if verb in {"Delete", "Restore"}:
                continue
            given = fields_of(input_name(entity, verb))
            found += [(entity, verb, "", link) for link in links_of(entity) if link in given]
    for way, part in NESTED.items():
        entity, name = way.split(".")
        found += [
            (entity, "Create", name, link)
            for link in links_of(part)
            if link in fields_of(nested_input(entity, part))
        ]
    return found


def test_every_link_is_tried() -> None:
    """All inputs that name a record are among those that are tried, nested ones too."""
    tried = {f"{NESTED[f'{e}.{n}'] if n else e}.{link}" for e, _, n, link in places_of()}
    assert tried == set(LEADS_TO)


@covers("D-32", "D-36")
@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize(("entity", "verb", "name", "link"), places_of())
async def test_a_link_to_nothing(
    hidden: Place, persona: str, entity: str, verb: str, name: str, link: str, tally: Counter[str]
) -> None:
    """Cases 37, 141: one answer for whatever the reason is, at the place where it was given."""
    here, owner = hidden, NESTED[f"{entity}.{name}"] if name else entity
    given = base(here, persona, entity, verb)
    if given is None or may(persona, owner, link) != "w":
        pytest.skip(
            "he may not write this at all; test_fields.py and test_matrix.py are about that"
        )
    target = LEADS_TO[f"{owner}.{link}"]
    for many in (False, True):
        answers = {}
        nothing = here.nobody(persona, target)
        for reason, id in nothing.items():
            if name:
                part = {
                    each: value(here.facts, persona, owner, each)
                    for each in fields_of(nested_input(entity, owner))
                    if each in links_of(owner)
                }
                body: dict[str, Any] = {**given, name: [{**part, link: id}]}
            else:
                body = {**given, link: id}
            answer = await here.ask(
                persona, text(entity, verb, many=many), [body] if many else body
            )
            assert answer.codes == ["NOT_FOUND"], (reason, said(answer))
            at = ["inputs", "0"] if many else ["input"]
            at += [name, "0", link] if name else [link]
            assert answer.json["errors"][0]["extensions"]["input"] == at, (reason, said(answer))
            answers[reason] = seen(answer)
            tally["link to nothing"] += 1
        assert len(set(answers.values())) == 1, answers
        assert len(answers) >= 6
    assert await here.changed() == set()


@covers("D-32")
async def test_guessing_where_a_hidden_link_leads(hidden: Place) -> None:
    """Case 36: a link that reads as empty is no yes or no to a guess: the record it leads to is as absent as any."""
    here, known = hidden, hidden.facts
    rows = [
        (id, row)
        for id, row in sorted(known.live("Opportunity").items())
        if row["owner_id"] == known.me("rep1") and row["status"] == "OPEN"
    ]
    tried = 0
    for reason in ("unseen", "deleted"):
        for id, row in rows:
            account = known.rows["Account"][row["account_id"]]
            unseen = not known.sees("rep1", "Account", account)
            if (account["deleted_at"] is not None) != (reason == "deleted") or (
                reason == "unseen" and not unseen
            ):
                continue
            wrong = next(
                spelled("Account", other)
                for other, each in sorted(known.rows["Account"].items())
                if other != row["account_id"]
                and (
                    each["deleted_at"] is not None
                    if reason == "deleted"
                    else not known.sees("rep1", "Account", each)
                )
            )
            own = spelled("Opportunity", id)
            guess = await here.ask(
                "rep1",
                text("Opportunity", "Update"),
                {"id": own, "account": spelled("Account", row["account_id"])},
            )
            other = await here.ask(
                "rep1", text("Opportunity", "Update"), {"id": own, "account": wrong}
            )
            assert seen(guess) == seen(other), (reason, said(guess))
            tried += 1
            break
    assert tried == 2


@covers("D-36", "D-32")
async def test_a_conflict_names_no_hidden_record(hidden: Place) -> None:
    """Case 145: what somebody else put there is told as a read would tell it: hidden records not at all."""
    here, known = hidden, hidden.facts
    id, row = next(
        (id, row)
        for id, row in sorted(known.live("Opportunity").items())
        if row["owner_id"] == known.me("rep1")
        and row["status"] == "OPEN"
        and known.live("Account").get(row["account_id"])
        and known.sees("rep1", "Account", known.rows["Account"][row["account_id"]])
    )
    own = spelled("Opportunity", id)
    unseen = [
        spelled("Account", a)
        for a, each in sorted(known.live("Account").items())
        if not known.sees("rep1", "Account", each)
    ]
    mine = next(
        spelled("Account", a)
        for a, each in sorted(known.live("Account").items())
        if known.sees("rep1", "Account", each) and a != row["account_id"]
    )
    for account in unseen[
        :2
    ]:  # so that both what was there before and what is there now are hidden
        given = {"id": own, "account": account}
        assert (await here.ask("admin", text("Opportunity", "Update"), given)).data
    answer = await here.ask(
        "rep1",
        text("Opportunity", "Update"),
        {"id": own, "version": row["version"] + 1, "account": mine},
    )
    hidden_ids = [each.partition("_")[2] for each in unseen]
    assert not any(each in answer.body.decode() for each in hidden_ids), said(answer)
    await here.restore()


@covers("D-32")
async def test_cycles_and_duplicates_tell_no_names(hidden: Place) -> None:
    """Cases 40, 51: a circle or a value that is taken is refused without a word about others."""
    here, known = hidden, hidden.facts
    me = known.me("rep1")
    mine = [id for id, row in sorted(known.live("Account").items()) if row["owner_id"] == me]
    top, low = spelled("Account", mine[0]), spelled("Account", mine[1])
    deeds = text("Account", "Update")
    assert (await here.ask("rep1", deeds, {"id": low, "parent": top})).data
    answer = await here.ask("rep1", deeds, {"id": top, "parent": low})
    assert [e["code"] for e in answer.data["deed"]["userErrors"]] == ["CYCLE"]
    answer = await here.ask("rep1", deeds, {"id": top, "parent": top})
    assert [e["code"] for e in answer.data["deed"]["userErrors"]] == ["CYCLE"]
    await here.restore()
