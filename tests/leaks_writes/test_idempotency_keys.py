"""Idempotency keys: a repeated request runs once, its replay follows current rights, and keys are private to a user."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.leaks_writes.mutations import create_input, document, rendered
from tests.leaks_writes.sandbox import Sandbox, public_id
from tests.support.covers import covers
from tests.support.world import Answer

CREATE = document("Opportunity", "Create", inner="name margin { amount } owner { id }")


@pytest.fixture
async def fresh(sandbox: Sandbox) -> AsyncIterator[Sandbox]:
    await sandbox.reload()
    yield sandbox
    await sandbox.restore()


async def ask(
    sandbox: Sandbox, persona: str, key: str, query: str, input: Any, **more: Any
) -> Answer:
    return await sandbox.ask(persona, query, input, idempotency_key=key, **more)


def replayed(answer: Answer) -> bool:
    """Whether the response is a replay."""
    return bool(answer.json.get("extensions", {}).get("idempotency", {}).get("replayed"))


@covers("D-37", "X-12")
async def test_repeated_request_is_replayed_without_writing(fresh: Sandbox) -> None:
    """The replay has the same data, and nothing is written."""
    params = create_input(fresh.facts, "rep1", "Opportunity") | {"margin": "12.50"}
    one = await ask(fresh, "rep1", "k1", CREATE, params)
    assert await fresh.changed()
    other = await ask(fresh, "rep1", "k1", CREATE, params)
    assert await fresh.changed() == set()
    assert one.data == other.data
    assert replayed(other)
    assert not replayed(one)


@covers("D-37", "X-12")
async def test_other_request_with_same_key_is_refused(fresh: Sandbox) -> None:
    """Other variables, another query text or another operation."""
    params = create_input(fresh.facts, "rep1", "Opportunity")
    assert (await ask(fresh, "rep1", "k1", CREATE, params)).data
    await fresh.changed()
    others = [
        (CREATE, {**params, "name": "Other"}),
        (CREATE, {**params, "note": None}),
        (CREATE + " ", params),
        (document("Opportunity", "Create"), params),
        (document("Account", "Create"), {"name": "Zz"}),
    ]
    for query, body in others:
        answer = await ask(fresh, "rep1", "k1", query, body)
        assert answer.codes == ["IDEMPOTENCY_MISMATCH"], rendered(answer)
        assert not answer.json.get("data")
    assert await fresh.changed() == set()


@covers("D-37", "X-12")
async def test_same_key_of_another_user_is_independent(fresh: Sandbox) -> None:
    """Also of the user with the same ID in another tenant."""
    params = create_input(fresh.facts, "rep1", "Account") | {"externalId": None}
    query = document("Account", "Create", inner="name owner { id }")
    one = await ask(fresh, "rep1", "k1", query, params)
    other = await ask(fresh, "rep2", "k1", query, params)
    other_tenant = await ask(fresh, "rep1", "k1", query, params, tenant=fresh.neighbor)
    ids = {each.data["result"]["id"] for each in (one, other, other_tenant)}
    assert len(ids) == 3
    assert not any(map(replayed, (one, other, other_tenant)))
    assert (await ask(fresh, "support", "k1", query, params)).codes[0] in {"FORBIDDEN"}


@covers("D-37")
async def test_replay_masks_field_closed_since(fresh: Sandbox) -> None:
    """A value in the first response is masked in the replay."""
    params = create_input(fresh.facts, "rep1", "Opportunity") | {"margin": "31337.50"}
    one = await ask(fresh, "rep1", "k1", CREATE, params)
    assert "31337.50" in one.body.decode()
    await fresh.run(
        "UPDATE {s}.field_permission SET deleted_at = now() WHERE entity = 'Opportunity' AND field = 'margin'"
    )
    other = await ask(fresh, "rep1", "k1", CREATE, params)
    assert "31337" not in other.body.decode(), rendered(other)
    if not other.codes:
        assert other.json["data"]["result"]["opportunity"]["margin"] is None


@covers("D-37")
async def test_replay_omits_record_hidden_since(fresh: Sandbox) -> None:
    """The record is null, as in a read."""
    params = create_input(fresh.facts, "rep1", "Opportunity") | {"name": "Hidden since"}
    one = await ask(fresh, "rep1", "k1", CREATE, params)
    id = one.data["result"]["id"]
    reassign = {"id": id, "owner": public_id("Employee", fresh.facts.employee_id("director"))}
    assert (await fresh.ask("admin", document("Opportunity", "Update"), reassign)).data["result"][
        "userErrors"
    ] == []
    other = await ask(fresh, "rep1", "k1", CREATE, params)
    assert "Hidden since" not in other.body.decode()
    assert other.codes or other.json["data"]["result"]["opportunity"] is None


@covers("D-37")
async def test_replay_after_revoked_right_is_forbidden(fresh: Sandbox) -> None:
    """Without the right to the command, the replay does not return the result."""
    params = create_input(fresh.facts, "rep1", "Opportunity")
    one = await ask(fresh, "rep1", "k1", CREATE, params)
    id = one.data["result"]["id"]
    await fresh.run("UPDATE {s}.object_permission SET creates = false WHERE entity = 'Opportunity'")
    other = await ask(fresh, "rep1", "k1", CREATE, params)
    assert other.codes == ["FORBIDDEN"]
    assert id not in other.body.decode()
    await fresh.run(
        "UPDATE {s}.role_assignment SET deleted_at = now() WHERE user_id = $1",
        fresh.facts.user_id("rep1"),
    )
    other = await ask(fresh, "rep1", "k1", CREATE, params)
    assert other.codes, rendered(other)
    assert id not in other.body.decode()


@covers("D-37", "D-36")
async def test_replayed_conflict_masks_field_closed_since(fresh: Sandbox) -> None:
    """In a partly successful list, the replayed conflicts contain only currently readable fields."""
    rows = [
        (public_id("Opportunity", id), row)
        for id, row in sorted(fresh.facts.live("Opportunity").items())
        if row["owner_id"] == fresh.facts.employee_id("rep1")
        and row["status"] == "OPEN"
        and row["currency"] == "EUR"
    ][:2]
    (good, _), (bad, row) = rows
    assert (
        await fresh.ask(
            "admin", document("Opportunity", "Update"), {"id": bad, "margin": "31337.50"}
        )
    ).data["result"]["userErrors"] == []
    inputs = [
        {"id": good, "note": "done"},
        {"id": bad, "version": row["version"], "margin": "1.00"},
    ]
    query, variables = document("Opportunity", "Update", many=True), {"input": inputs, "all": False}
    one = await fresh.world.ask("rep1", query, variables, tenant=fresh.tenant, idempotency_key="k1")
    [error] = one.data["result"]["userErrors"]
    assert error["code"] == "CONFLICT", rendered(one)
    assert error["conflict"]["changedBy"]["name"] is not None
    assert "31337.50" in one.body.decode()
    await fresh.run(
        "UPDATE {s}.field_permission SET deleted_at = now() WHERE entity = 'Opportunity' AND field = 'margin'"
    )
    other = await fresh.world.ask(
        "rep1", query, variables, tenant=fresh.tenant, idempotency_key="k1"
    )
    assert "31337" not in other.body.decode(), rendered(other)
    [replayed] = other.data["result"]["userErrors"]
    assert replayed["code"] == "CONFLICT"
    assert replayed["conflict"]["version"] == error["conflict"]["version"]
    assert (replayed["conflict"]["changedBy"], replayed["conflict"]["fields"]) == (None, [])


@covers("D-37")
async def test_failed_request_can_be_repeated_with_its_key(fresh: Sandbox) -> None:
    """A failed request is not stored: the key is free for a corrected one."""
    params = create_input(fresh.facts, "support", "Account") | {"name": "Tried twice"}
    query = document("Account", "Create")
    assert (await ask(fresh, "support", "k1", query, params)).codes[0] == "FORBIDDEN"
    refused = await ask(fresh, "rep1", "k2", query, {"name": "x", "country": "Netherlands"})
    assert refused.data["result"]["userErrors"]
    assert await fresh.changed() == set()
    again = await ask(fresh, "rep1", "k2", query, {"name": "x", "country": "NL"})
    assert again.data["result"]["userErrors"] == []


@covers("D-37")
async def test_invalid_key_is_refused(fresh: Sandbox) -> None:
    for key in ("", " " * 201, "x" * 201, "\x7f"):
        answer = await ask(fresh, "rep1", key, document("Account", "Create"), {"name": "x"})
        assert answer.codes == ["BAD_USER_INPUT"], (key, rendered(answer))
    assert await fresh.changed() == set()
