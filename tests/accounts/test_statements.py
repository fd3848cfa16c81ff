"""The number of database statements of commands on accounts and persons: the same for 1 record and for 60."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.commands.test_statements import recorder
from tests.support.covers import covers
from tests.writes.client import TenantClient, public_id, uuid_of

__all__ = ["recorder"]
COUNTS = pytest.mark.parametrize("count", [1, 60])


async def made(tenant: TenantClient, mutation: str, inputs: list[dict[str, Any]]) -> list[str]:
    """The ids of the records that a mutation created or changed."""
    answer = await tenant.attempt_many("admin", mutation, inputs)
    assert answer.data["done"]["userErrors"] == []
    return [each["id"] for each in answer.data["done"]["results"]]


async def accounts(tenant: TenantClient, count: int) -> list[str]:
    """New accounts with two addresses each; the second is postal and has a country."""
    places = [{"street": "a"}, {"street": "b", "country": "SE", "postal": True}]
    params = {"name": "Counted", "addresses": places}
    return await made(tenant, "accountCreate", [params] * count)


async def type_with_owner(tenant: TenantClient) -> str:
    """An account type with a default owner."""
    owner = public_id("emp", await tenant.employee_id("rep2"))
    return await tenant.mutate(
        "admin", "accountTypeCreate", name=tenant.new_name(), defaultOwner=owner
    )


@covers("D-36", "VN-08", "VN-40")
@COUNTS
async def test_account_commands_need_as_many_statements_for_60_as_for_one(
    tenant: TenantClient, recorder: Iterator[list[str]], count: int
) -> None:
    statements, kind = next(recorder), await type_with_owner(tenant)
    params = {"name": "a", "type": kind, "phone": "08-12 34 56", "addresses": [{"country": "SE"}]}
    for note in ("one", "two"):
        statements.clear()
        ids = await made(tenant, "accountCreate", [{**params, "description": note}] * count)
    create = list(statements)
    changes: list[dict[str, Any]] = [{"phone": "08-12 34 57"}, {"phone": "08-12 34 58"}]
    for change in (*changes, {"postalIsInvoicing": True}):
        statements.clear()
        await made(tenant, "accountUpdate", [{"id": id, **change} for id in ids])
    assert (create.count("links"), len(create), len(statements)) == (1, 7, 5)


@covers("D-36", "EP-191")
@COUNTS
async def test_link_commands_need_as_many_statements_for_60_as_for_one(
    tenant: TenantClient, recorder: Iterator[list[str]], count: int
) -> None:
    statements, hub = next(recorder), (await accounts(tenant, 1))[0]
    others = await accounts(tenant, count)
    statements.clear()
    ids = await made(tenant, "accountLinkCreate", [{"account": hub, "other": id} for id in others])
    create = list(statements)
    for note in ("one", "two"):
        statements.clear()
        await made(tenant, "accountLinkUpdate", [{"id": id, "note": note} for id in ids])
    change = list(statements)
    statements.clear()
    await made(tenant, "accountLinkDelete", [{"id": id} for id in ids])
    assert (len(create), len(change), len(statements)) == (9, 11, 9)


@covers("D-36", "SMP-29", "VPM-08")
@COUNTS
async def test_person_commands_need_as_many_statements_for_60_as_for_one(
    tenant: TenantClient, recorder: Iterator[list[str]], count: int
) -> None:
    statements = next(recorder)
    there = await accounts(tenant, count)
    new = {"name": "x", "addresses": [{"street": "a"}]}
    for _ in range(2):
        statements.clear()
        inputs = [
            {"lastName": "Berg", "affiliations": [{"account": id}, {"newAccount": new}]}
            for id in there
        ]
        await made(tenant, "personCreate", inputs)
    create = list(statements)
    rows = await tenant.fetch(
        "SELECT id, address_id FROM affiliation WHERE account_id = ANY($1)",
        [uuid_of(id) for id in there],
    )
    for phone in ("+31201234567", "+31201234568"):
        statements.clear()
        changes = [{"id": public_id("aff", row["id"]), "phone": phone} for row in rows]
        await made(tenant, "affiliationUpdate", changes)
    change = list(statements)
    statements.clear()
    places = sorted({public_id("adr", row["address_id"]) for row in rows})
    await made(tenant, "addressDelete", [{"id": id} for id in places])
    assert (len(create), len(change), len(statements)) == (13, 13, 14)
