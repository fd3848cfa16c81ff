"""What supervisors see and change of the records of employees below them."""

from __future__ import annotations

from typing import Any

from tests.support.covers import covers
from tests.writes.client import TenantClient, outcome_of, public_id

OPPORTUNITY = "query ($id: ID!) { opportunity(id: $id) { id permissions { update delete } } }"
LISTED = "query ($id: ID!) { opportunities(filter: { id: { eq: $id } }) { totalCount } }"
OPENED = """
query ($profile: String!, $entity: String!) {
  profiles(filter: { name: { eq: $profile } }) {
    nodes { objectPermissions(filter: { entity: { eq: $entity } }) { nodes { id profile { id } rows creates edits deletes } } }
  }
}
"""


async def sees(tenant: TenantClient, persona: str, id: str) -> bool:
    """Whether the persona finds an opportunity, by id and in the list alike."""
    result = (await tenant.ask(persona, OPPORTUNITY, {"id": id})).data["opportunity"]
    listed = (await tenant.ask(persona, LISTED, {"id": id})).data["opportunities"]["totalCount"]
    assert (result is not None) == (listed == 1)
    return bool(listed == 1)


async def granted_to(
    tenant: TenantClient, profile: str, entity: str = "Opportunity"
) -> dict[str, Any]:
    """The object permission of a profile on an entity."""
    variables = {"profile": profile, "entity": entity}
    [result] = (await tenant.ask("admin", OPENED, variables)).data["profiles"]["nodes"]
    [granted] = result["objectPermissions"]["nodes"]
    return dict(granted)


async def employee(tenant: TenantClient, handle: str) -> str:
    """The id of an employee."""
    return public_id("emp", await tenant.employee_id(handle))


async def managers_of(tenant: TenantClient, handle: str) -> list[tuple[str, bool]]:
    """The managers of an employee, nearest first, each with whether they have a user."""
    query = "query ($id: ID!) { employee(id: $id) { manager { id email users { totalCount } } } }"
    result: list[tuple[str, bool]] = []
    id = await employee(tenant, handle)
    while (
        one := (await tenant.ask("admin", query, {"id": id})).data["employee"]["manager"]
    ) is not None:
        result.append((one["email"].partition("@")[0], one["users"]["totalCount"] == 1))
        id = one["id"]
    return result


@covers("D-09", "EP-343")
async def test_supervisors_see_all_levels_below_across_employees_without_a_user(
    tenant: TenantClient,
) -> None:
    assert await managers_of(tenant, "rep1") == [
        ("manager", True),
        ("region-north", False),
        ("director", True),
    ]
    reps_opportunity = await tenant.opportunity("rep1")
    for persona, seen in (
        ("rep1", True), ("manager", True), ("director", True), ("rep2", False), ("support", False),
    ):  # fmt: skip
        assert await sees(tenant, persona, reps_opportunity) is seen, persona
    of_manager = await tenant.opportunity("manager")
    assert await sees(tenant, "director", of_manager)
    assert not await sees(tenant, "rep1", of_manager), "records of a manager are invisible"
    vacant = await tenant.opportunity("region-north")
    assert await sees(tenant, "director", vacant)
    assert not await sees(tenant, "manager", vacant)


@covers("D-09", "EP-343")
async def test_a_change_of_manager_applies_at_once(tenant: TenantClient) -> None:
    opportunity = await tenant.opportunity("rep2")
    assert await sees(tenant, "manager", opportunity)
    moved = {
        "id": await employee(tenant, "rep2"),
        "manager": await employee(tenant, "region-south"),
    }
    await tenant.mutate("admin", "employeeUpdate", **moved)
    assert not await sees(tenant, "manager", opportunity)
    assert await sees(tenant, "director", opportunity)
    back = {"id": moved["id"], "manager": await employee(tenant, "manager")}
    await tenant.mutate("admin", "employeeUpdate", **back)
    assert await sees(tenant, "manager", opportunity)


@covers("D-09", "EP-343")
async def test_a_cycle_in_the_employee_tree_is_refused(tenant: TenantClient) -> None:
    for top, below in (("director", "rep1"), ("manager", "limited"), ("rep1", "rep1")):
        params = {"id": await employee(tenant, top), "manager": await employee(tenant, below)}
        refused = await tenant.attempt("admin", "employeeUpdate", **params)
        assert outcome_of(refused) == "CYCLE", (top, below)


@covers("D-09", "EP-342")
async def test_a_supervisor_sees_no_more_than_the_role_of_the_subordinate(
    tenant: TenantClient,
) -> None:
    junior_opportunity, others = (
        await tenant.opportunity("limited"),
        await tenant.opportunity("rep1"),
    )
    assert await sees(tenant, "manager", junior_opportunity)
    granted = await granted_to(tenant, "Junior sales")
    profile = granted.pop("profile")["id"]
    await tenant.mutate("admin", "objectPermissionDelete", id=granted.pop("id"))
    denied = await tenant.ask("limited", OPPORTUNITY, {"id": junior_opportunity})
    assert denied.data["opportunity"] is None
    assert not await sees(tenant, "manager", junior_opportunity), (
        "the junior's role sees no opportunities"
    )
    assert not await sees(tenant, "director", junior_opportunity)
    assert await sees(tenant, "manager", others), "the roles of others still see theirs"
    await tenant.mutate(
        "admin", "objectPermissionCreate", profile=profile, entity="Opportunity", **granted
    )
    assert await sees(tenant, "manager", junior_opportunity)


@covers("D-09", "EP-341")
async def test_a_supervisor_views_and_edits_only_if_granted(tenant: TenantClient) -> None:
    """Update and delete are granted separately, each for the supervisor's own records or for all below."""
    reps_opportunity = await tenant.opportunity("rep1")
    granted = await granted_to(tenant, "Standard sales")
    assert (granted["edits"], granted["deletes"]) == ("BELOW", "OWN")
    shipped = {"edits": granted["edits"], "deletes": granted["deletes"]}
    for edits in ("OWN", "BELOW"):
        for deletes in ("OWN", "BELOW"):
            await tenant.mutate(
                "admin", "objectPermissionUpdate", id=granted["id"], edits=edits, deletes=deletes
            )
            expected = {"update": edits == "BELOW", "delete": deletes == "BELOW"}
            read = (await tenant.ask("manager", OPPORTUNITY, {"id": reps_opportunity})).data[
                "opportunity"
            ]
            assert read == {"id": reps_opportunity, "permissions": expected}, (
                "viewing needs no further grant"
            )
            for name, params in (("update", {"note": tenant.new_name()}), ("delete", {})):
                answer = await tenant.attempt(
                    "manager", f"opportunity{name.title()}", id=reps_opportunity, **params
                )
                assert outcome_of(answer) == ("DONE" if expected[name] else "FORBIDDEN"), (
                    edits,
                    deletes,
                    name,
                )
            if expected["delete"]:
                await tenant.mutate("manager", "opportunityRestore", id=reps_opportunity)
    await tenant.mutate("admin", "objectPermissionUpdate", id=granted["id"], **shipped)
