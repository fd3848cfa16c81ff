"""The same request again under its key: done once, told under today's rights, and nobody else's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.leaks_writes.asking import new, said, text
from tests.leaks_writes.place import Place, spelled
from tests.support.covers import covers
from tests.support.world import Answer

CREATE = text("Opportunity", "Create", inner="name margin { amount } owner { id }")


@pytest.fixture
async def fresh(here: Place) -> AsyncIterator[Place]:
    await here.look()
    yield here
    await here.restore()


async def ask(here: Place, persona: str, key: str, query: str, input: Any, **more: Any) -> Answer:
    return await here.ask(persona, query, input, idempotency_key=key, **more)


def replayed(answer: Answer) -> bool:
    """Whether it was told again, not done again."""
    return bool(answer.json.get("extensions", {}).get("idempotency", {}).get("replayed"))


def same_but_for_the_note(one: Answer, other: Answer) -> bool:
    return bool(one.json["data"] == other.json["data"])


@covers("D-37", "X-12")
async def test_done_once(fresh: Place) -> None:
    """Case 149: told again, word by word, and not done again."""
    given = new(fresh.facts, "rep1", "Opportunity") | {"margin": "12.50"}
    one = await ask(fresh, "rep1", "k1", CREATE, given)
    assert await fresh.changed()
    other = await ask(fresh, "rep1", "k1", CREATE, given)
    assert await fresh.changed() == set()
    assert one.data == other.data
    assert replayed(other)
    assert not replayed(one)


@covers("D-37", "X-12")
async def test_another_request_under_the_key(fresh: Place) -> None:
    """Case 149: another body, another text, another name of the operation."""
    given = new(fresh.facts, "rep1", "Opportunity")
    assert (await ask(fresh, "rep1", "k1", CREATE, given)).data
    await fresh.changed()
    others = [
        (CREATE, {**given, "name": "Other"}),
        (CREATE, {**given, "note": None}),
        (CREATE + " ", given),
        (text("Opportunity", "Create"), given),
        (text("Account", "Create"), {"name": "Zz"}),
    ]
    for query, body in others:
        answer = await ask(fresh, "rep1", "k1", query, body)
        assert answer.codes == ["IDEMPOTENCY_MISMATCH"], said(answer)
        assert not answer.json.get("data")
    assert await fresh.changed() == set()


@covers("D-37", "X-12")
async def test_somebody_else_with_the_key(fresh: Place) -> None:
    """Case 149: another user, and the user with the same id next door, know nothing of it."""
    given = new(fresh.facts, "rep1", "Account") | {"externalId": None}
    query = text("Account", "Create", inner="name owner { id }")
    one = await ask(fresh, "rep1", "k1", query, given)
    other = await ask(fresh, "rep2", "k1", query, given)
    next_door = await ask(fresh, "rep1", "k1", query, given, tenant=fresh.neighbor)
    ids = {each.data["deed"]["id"] for each in (one, other, next_door)}
    assert len(ids) == 3
    assert not any(map(replayed, (one, other, next_door)))
    assert (await ask(fresh, "support", "k1", query, given)).codes[0] in {"FORBIDDEN"}


@covers("D-37")
async def test_after_a_field_was_closed(fresh: Place) -> None:
    """Case 149: what was told once is masked today."""
    given = new(fresh.facts, "rep1", "Opportunity") | {"margin": "31337.50"}
    one = await ask(fresh, "rep1", "k1", CREATE, given)
    assert "31337.50" in one.body.decode()
    await fresh.run(
        "UPDATE {s}.field_permission SET deleted_at = now() WHERE entity = 'Opportunity' AND field = 'margin'"
    )
    other = await ask(fresh, "rep1", "k1", CREATE, given)
    assert "31337" not in other.body.decode(), said(other)
    if not other.codes:
        assert other.json["data"]["deed"]["opportunity"]["margin"] is None


@covers("D-37")
async def test_after_the_record_went_out_of_sight(fresh: Place) -> None:
    """Case 149: the record is absent, as it is for a read."""
    given = new(fresh.facts, "rep1", "Opportunity") | {"name": "Gone from sight"}
    one = await ask(fresh, "rep1", "k1", CREATE, given)
    id = one.data["deed"]["id"]
    away = {"id": id, "owner": spelled("Employee", fresh.facts.me("director"))}
    assert (await fresh.ask("admin", text("Opportunity", "Update"), away)).data["deed"][
        "userErrors"
    ] == []
    other = await ask(fresh, "rep1", "k1", CREATE, given)
    assert "Gone from sight" not in other.body.decode()
    assert other.codes or other.json["data"]["deed"]["opportunity"] is None


@covers("D-37")
async def test_after_the_right_was_taken(fresh: Place) -> None:
    """Case 149: who may not do it any more is not told what came of it."""
    given = new(fresh.facts, "rep1", "Opportunity")
    one = await ask(fresh, "rep1", "k1", CREATE, given)
    id = one.data["deed"]["id"]
    await fresh.run("UPDATE {s}.object_permission SET creates = false WHERE entity = 'Opportunity'")
    other = await ask(fresh, "rep1", "k1", CREATE, given)
    assert other.codes == ["FORBIDDEN"]
    assert id not in other.body.decode()
    await fresh.run(
        "UPDATE {s}.role_assignment SET deleted_at = now() WHERE user_id = $1",
        fresh.facts.user("rep1"),
    )
    other = await ask(fresh, "rep1", "k1", CREATE, given)
    assert other.codes, said(other)
    assert id not in other.body.decode()


@covers("D-37", "D-36")
async def test_a_conflict_that_was_kept(fresh: Place) -> None:
    """Case 149: with some of many done, the others' conflicts are told again only as far as he may read today."""
    rows = [
        (spelled("Opportunity", id), row)
        for id, row in sorted(fresh.facts.live("Opportunity").items())
        if row["owner_id"] == fresh.facts.me("rep1")
        and row["status"] == "OPEN"
        and row["currency"] == "EUR"
    ][:2]
    (good, _), (bad, row) = rows
    assert (
        await fresh.ask("admin", text("Opportunity", "Update"), {"id": bad, "margin": "31337.50"})
    ).data["deed"]["userErrors"] == []
    inputs = [
        {"id": good, "note": "done"},
        {"id": bad, "version": row["version"], "margin": "1.00"},
    ]
    query, variables = text("Opportunity", "Update", many=True), {"input": inputs, "all": False}
    one = await fresh.world.ask("rep1", query, variables, tenant=fresh.tenant, idempotency_key="k1")
    assert one.codes == ["CONFLICT"], said(one)
    assert "31337.50" in one.body.decode()
    await fresh.run(
        "UPDATE {s}.field_permission SET deleted_at = now() WHERE entity = 'Opportunity' AND field = 'margin'"
    )
    other = await fresh.world.ask(
        "rep1", query, variables, tenant=fresh.tenant, idempotency_key="k1"
    )
    assert "31337" not in other.body.decode(), said(other)


@covers("D-37")
async def test_a_failure_is_not_kept(fresh: Place) -> None:
    """What failed may be tried again under its key, once it can be done."""
    given = new(fresh.facts, "support", "Account") | {"name": "Tried twice"}
    query = text("Account", "Create")
    assert (await ask(fresh, "support", "k1", query, given)).codes[0] == "FORBIDDEN"
    fault = await ask(fresh, "rep1", "k2", query, {"name": "x", "country": "Netherlands"})
    assert fault.data["deed"]["userErrors"]
    assert await fresh.changed() == set()
    again = await ask(fresh, "rep1", "k2", query, {"name": "x", "country": "NL"})
    assert again.data["deed"]["userErrors"] == []


@covers("D-37")
async def test_keys_that_are_none(fresh: Place) -> None:
    for key in ("", " " * 201, "x" * 201, "\x7f"):
        answer = await ask(fresh, "rep1", key, text("Account", "Create"), {"name": "x"})
        assert answer.codes == ["BAD_USER_INPUT"], (key, said(answer))
    assert await fresh.changed() == set()
