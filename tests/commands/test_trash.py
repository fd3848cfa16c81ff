"""The trash: a user who may restore lists the records that they saw before deletion; for others the trash is not readable."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.covers import covers
from tests.support.world import PERSONAS, World

RESTORERS = {
    "accounts": ("admin", "director", "manager", "rep1", "rep2"),
    "opportunities": ("admin", "director", "manager", "rep1", "rep2", "limited"),
    "employees": ("admin",),
    "roles": ("admin",),
}
OWN = ("opportunities",)
"""Lists in which sellers see their own records and those of the employees below them."""


async def trashed_rows(scratch_world: World, many: str) -> set[tuple[str, str]]:
    """The ids of deleted records with their owners, read from the tables."""
    table = {"accounts": "account", "opportunities": "opportunity", "employees": "employee"}[many]
    prefix = {"accounts": "acc", "opportunities": "opp", "employees": "emp"}[many]
    owner = "id" if many == "employees" else "owner_id"
    rows = await scratch_world.admin.fetch(
        f"SELECT id, {owner} AS owner FROM {scratch_world.schema()}.{table} WHERE deleted_at IS NOT NULL"  # noqa: S608
    )
    return {(f"{prefix}_{row['id'].hex}", f"emp_{row['owner'].hex}") for row in rows}


@pytest.mark.parametrize("many", sorted(RESTORERS))
@pytest.mark.parametrize("persona", PERSONAS)
async def test_users_who_may_restore_list_the_trash(
    scratch_world: World, many: str, persona: str
) -> None:
    query = (
        f"query ($d: Trashed) {{ {many}(trashed: $d, first: 100) {{ totalCount nodes {{ id }} }} }}"
    )
    answer = await scratch_world.ask(persona, query, {"d": "ONLY"})
    if persona not in RESTORERS[many]:
        assert "data" not in answer.json
        assert answer.codes == ["FIELD_FORBIDDEN"]
        assert answer.json["errors"][0]["extensions"]["fields"][0]["field"] == "trashed"
        return
    result = {each["id"] for each in answer.data[many]["nodes"]}
    assert answer.data[many]["totalCount"] == len(result)
    live = await scratch_world.ask(persona, query, {"d": None})
    assert not result & {each["id"] for each in live.data[many]["nodes"]}
    if many == "roles":
        return
    there = await trashed_rows(scratch_world, many)
    if many in OWN and persona != "admin":
        mine = await owners(scratch_world, persona)
        there = {(id, owner) for id, owner in there if owner in mine}
        # Share rules and shares grant nothing here: shares are children and were deleted with the record.
    assert result == {id for id, _ in there}


async def owners(scratch_world: World, persona: str) -> set[str]:
    """A persona and all employees below, read by walking down the tree."""
    rows = await scratch_world.admin.fetch(
        f"SELECT id, manager_id, email FROM {scratch_world.schema()}.employee WHERE deleted_at IS NULL"  # noqa: S608
    )
    mine = {row["id"] for row in rows if row["email"] == f"{persona}@acme.example"}
    while True:
        below = {row["id"] for row in rows if row["manager_id"] in mine and row["id"] not in mine}
        if not below:
            return {f"emp_{id.hex}" for id in mine}
        mine |= below


@covers("D-38")
async def test_a_cursor_of_the_trash_is_refused_outside_the_trash(scratch_world: World) -> None:
    query = (
        "{ accounts(trashed: ONLY, first: 1) { pageInfo { endCursor hasNextPage } nodes { id } } }"
    )
    page: Any = (await scratch_world.ask("admin", query)).data["accounts"]
    cursor = page["pageInfo"]["endCursor"]
    after = "query ($c: String, $d: Trashed) { accounts(trashed: $d, first: 100, after: $c) { nodes { id } } }"
    rest = await scratch_world.ask("admin", after, {"c": cursor, "d": "ONLY"})
    assert page["nodes"][0] not in rest.data["accounts"]["nodes"]
    assert (await scratch_world.ask("admin", after, {"c": cursor})).codes == ["BAD_CURSOR"]


@covers("D-32")
async def test_relations_never_return_deleted_records(scratch_world: World) -> None:
    query = "{ opportunities(trashed: ONLY, first: 50) { nodes { id account { id } history { nodes { id } } } } }"
    answer = await scratch_world.ask("admin", query)
    trashed = {id for id, _ in await trashed_rows(scratch_world, "accounts")}
    linked = {
        each["account"]["id"] for each in answer.data["opportunities"]["nodes"] if each["account"]
    }
    assert linked
    assert not linked & trashed
