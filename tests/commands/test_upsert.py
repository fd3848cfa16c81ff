"""Upserts of existing records: every given field is applied or refused, and none is ignored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from db.api import MODEL
from tests.support.covers import covers
from tests.writes.client import TenantClient, public_id

UPSERT = """mutation ($input: OpportunityUpsertInput!) {
  done: opportunityUpsert(input: $input) {
    opportunity { id name version status probability stage { id } }
    userErrors { code path }
  }
}"""
KNOWN = "deal of the other system"


async def stages(tenant: TenantClient) -> dict[str, str]:
    """Stages of the type `Expansion`, and one that the type has not activated."""
    rows = await tenant.fetch(
        "SELECT s.name, s.id, s.kind FROM pipeline_stage p JOIN stage s ON s.id = p.stage_id "
        "JOIN opportunity_type t ON t.id = p.type_id WHERE t.name = 'Expansion' "
        "AND p.deleted_at IS NULL ORDER BY p.position"
    )
    open = [public_id("stg", row["id"]) for row in rows if row["kind"] == "OPEN"]
    won = next(public_id("stg", row["id"]) for row in rows if row["kind"] == "WON")
    other = await tenant.value(
        "SELECT id FROM stage WHERE id <> ALL($1)", [row["id"] for row in rows]
    )
    return {"first": open[0], "second": open[1], "won": won, "other": public_id("stg", other)}


async def upserted(tenant: TenantClient, **values: Any) -> Any:
    """The payload of an upsert of the opportunity."""
    answer = await tenant.ask("admin", UPSERT, {"input": {"externalId": KNOWN, **values}})
    return answer.data["done"]


@pytest.fixture(scope="module")
async def deal(tenant: TenantClient) -> str:
    """The opportunity with the external id."""
    kind = public_id("opt", await tenant.type_id("Expansion"))
    return await tenant.opportunity("rep1", externalId=KNOWN, probability=77, type=kind)


@covers("X-11", "D-33", "VN-25")
async def test_an_upsert_moves_to_another_stage(tenant: TenantClient, deal: str) -> None:
    to = await stages(tenant)
    for word in ("second", "won", "first"):
        done = await upserted(tenant, stage=to[word], name=word)
        assert done["userErrors"] == []
        opportunity = done["opportunity"]
        assert (opportunity["id"], opportunity["name"], opportunity["stage"]["id"]) == (
            deal,
            word,
            to[word],
        )
        assert opportunity["status"] == ("WON" if word == "won" else "OPEN")
        step = await tenant.value(
            "SELECT p.probability FROM pipeline_stage p JOIN opportunity_type t ON t.id = p.type_id "
            "WHERE t.name = 'Expansion' AND 'stg_' || replace(p.stage_id::text, '-', '') = $1",
            to[word],
        )
        assert opportunity["probability"] == step
    assert (await upserted(tenant, stage=to["second"], probability=12))["opportunity"][
        "probability"
    ] == 12


@covers("X-11", "D-33", "VN-25")
async def test_an_upsert_to_an_inactive_stage_is_refused(tenant: TenantClient, deal: str) -> None:
    to, before = await stages(tenant), await tenant.row("opportunity", deal)
    for values, code in (
        ({"stage": to["other"]}, "INVALID_TRANSITION"),
        ({"stage": None}, "REQUIRED"),
    ):
        done = await upserted(tenant, **values, name="not kept")
        assert done["userErrors"] == [{"code": code, "path": ["input", "stage"]}]
        assert done["opportunity"] is None
    assert await tenant.row("opportunity", deal) == before


@covers("X-11")
async def test_an_upsert_with_the_current_stage_changes_nothing(
    tenant: TenantClient, deal: str
) -> None:
    before = await tenant.row("opportunity", deal)
    done = await upserted(tenant, stage=public_id("stg", before["stage_id"]))
    assert done["userErrors"] == []
    assert await tenant.row("opportunity", deal) == before


@pytest.fixture
def website() -> Iterator[None]:
    """An immutable field; declarations are frozen, so only a test changes them."""
    exposed = MODEL.entities["Account"].written["website"].exposed
    object.__setattr__(exposed, "immutable", True)
    yield
    object.__setattr__(exposed, "immutable", False)


@covers("X-11", "D-33")
async def test_an_upsert_of_an_immutable_field_with_another_value_is_refused(
    tenant: TenantClient, website: None
) -> None:
    """Unless the area has a command that changes it, such as moving to a stage."""
    first = await tenant.attempt(
        "admin", "accountUpsert", externalId="once", name="a", website="Steel"
    )
    assert first.data["done"]["userErrors"] == []
    id = first.data["done"]["id"]
    other = await tenant.attempt(
        "admin", "accountUpsert", externalId="once", name="b", website="Wood"
    )
    assert other.data["done"]["userErrors"] == [{"code": "INVALID", "path": ["input", "website"]}]
    assert (await tenant.row("account", id))["name"] == "a"
    same = await tenant.attempt(
        "admin", "accountUpsert", externalId="once", name="c", website="Steel"
    )
    assert same.data["done"]["userErrors"] == []
    row = await tenant.row("account", id)
    assert (row["name"], row["website"]) == ("c", "Steel")
