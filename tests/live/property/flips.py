"""Permissions that a test revokes and grants while others write, one for each mechanism that grants access."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.live.property.documents import Document
from tests.live.property.served_tenant import ServedTenant, public_id

Input = dict[str, Any]
NOTES = Document("notes", "id name note")
DESCRIBED = Document("described", "id account { name description }")
SORTED = Document("sorted", "id name externalId", first=40, order="{ externalId: DESC }")
FILTERED = Document("filtered", "id name note", 'note: { contains: "CNRY" }')


@dataclass
class Flip:
    """One permission of one viewer on one field of a record into which canary texts are written."""

    viewer: str
    document: Document
    writes: str
    """The mutation that writes canaries."""
    record: str
    """Public id of the record they are written to."""
    column: str
    """The field they are written to."""
    revocation: tuple[str, Input]
    """The mutation that revokes the permission, and its input."""
    grant: tuple[str, Input]
    """The mutation that grants it again, and its input."""
    changes_class: bool = True
    """Whether it changes the viewer's permission class, after which lists are sent as RESYNC."""
    code: str | None = None
    """Error code of the list while the permission is revoked; None if only rows or values are hidden."""
    deletes_grant: bool = False
    """Whether the revocation deletes the record that the grant created."""
    cleanup: tuple[str, Input] | None = None
    """The mutation that undoes the preparation of the test, and its input."""
    granted_id: str | None = None
    """Id of the record that the last grant created."""

    async def revoke(self, tenant: ServedTenant) -> None:
        """Revoke the permission."""
        command, params = self.revocation
        if self.deletes_grant and self.granted_id is not None:
            params = {"id": self.granted_id}
        id = await tenant.client.mutate("admin", command, **params)
        if self.revocation_creates_record:
            self.grant = (self.grant[0], {"id": id})

    async def restore(self, tenant: ServedTenant) -> None:
        """Grant the permission again."""
        command, params = self.grant
        self.granted_id = await tenant.client.mutate("admin", command, **params)

    @property
    def revocation_creates_record(self) -> bool:
        """Whether the permission is revoked by creating a record, which the grant deletes."""
        return self.revocation[0].endswith("Create")


async def _hidden_field(tenant: ServedTenant, field: str = "note") -> Flip:
    grant = {
        "profile": await tenant.id_of("Profile", "Junior sales"),
        "entity": "Opportunity",
        "field": field,
    }
    existing = {"id": await tenant.field_permission_id("Junior sales", "Opportunity", field)}
    return Flip(
        "limited", NOTES, "opportunityUpdate", await tenant.opportunity_of("limited"), field,
        revocation=("fieldPermissionDelete", existing),
        grant=("fieldPermissionCreate", grant),
        deletes_grant=True,
    )  # fmt: skip


async def _filtered_field(tenant: ServedTenant) -> Flip:
    flip = await _hidden_field(tenant)
    flip.document, flip.code = FILTERED, "FIELD_FORBIDDEN"
    return flip


async def _sorted_field(tenant: ServedTenant) -> Flip:
    flip = await _hidden_field(tenant, "externalId")
    flip.document, flip.code = SORTED, "FIELD_FORBIDDEN"
    return flip


async def _field_of_an_account(tenant: ServedTenant) -> Flip:
    opportunity = await tenant.opportunity_of("rep1")
    [row] = [
        r for r in await tenant.rows("Opportunity") if public_id("opp", r["id"]) == opportunity
    ]
    grant = {
        "profile": await tenant.id_of("Profile", "Standard sales"),
        "entity": "Account",
        "field": "description",
    }
    existing = {"id": await tenant.field_permission_id("Standard sales", "Account", "description")}
    return Flip(
        "rep1", DESCRIBED, "accountUpdate", public_id("acc", row["account_id"]), "description",
        revocation=("fieldPermissionDelete", existing), grant=("fieldPermissionCreate", grant),
        deletes_grant=True,
    )  # fmt: skip


async def _share(tenant: ServedTenant) -> Flip:
    id = await tenant.client.opportunity("rep1")
    share = {"opportunity": id, "employee": await tenant.employee_id("limited")}
    made = await tenant.client.mutate("admin", "opportunityShareCreate", **share)
    return Flip(
        "limited", NOTES, "opportunityUpdate", id, "note",
        revocation=("opportunityShareDelete", {"id": made}), grant=("opportunityShareCreate", share),
        changes_class=False, deletes_grant=True,
    )  # fmt: skip


async def _owner(tenant: ServedTenant) -> Flip:
    id = await tenant.client.opportunity("rep2")
    to_other, to_owner = [
        {"id": id, "owner": await tenant.employee_id(persona)} for persona in ("support", "rep2")
    ]
    return Flip(
        "rep2", NOTES, "opportunityUpdate", id, "note",
        revocation=("opportunityUpdate", to_other), grant=("opportunityUpdate", to_owner), changes_class=False,
    )  # fmt: skip


async def _share_rule(tenant: ServedTenant) -> Flip:
    renewal, role = await tenant.id_of("OpportunityType", "Renewal"), await tenant.id_of("Role", "Customer support")  # fmt: skip
    [rule] = [row for row in await tenant.rows("ShareRule") if row["deleted_at"] is None]
    return Flip(
        "support", NOTES, "opportunityUpdate", await tenant.client.opportunity("rep1", type=renewal), "note",
        revocation=("shareRuleDelete", {"id": public_id("shr", rule["id"])}),
        grant=("shareRuleCreate", {"role": role, "type": renewal}), deletes_grant=True,
    )  # fmt: skip


async def _rows_of_a_profile(tenant: ServedTenant) -> Flip:
    profile = await tenant.client.value("SELECT id FROM profile WHERE name = 'Junior sales'")
    text = "SELECT id FROM object_permission WHERE profile_id = $1 AND entity = 'Opportunity'"
    id = public_id("pen", await tenant.client.value(text, profile))
    await tenant.client.mutate("admin", "objectPermissionUpdate", id=id, rows="ALL")
    return Flip(
        "limited", NOTES, "opportunityUpdate", await tenant.client.opportunity("rep1"), "note",
        revocation=("objectPermissionUpdate", {"id": id, "rows": "OWN"}),
        grant=("objectPermissionUpdate", {"id": id, "rows": "ALL"}),
        cleanup=("objectPermissionUpdate", {"id": id, "rows": "OWN"}),
    )  # fmt: skip


async def _status_rule(tenant: ServedTenant) -> Flip:
    rule = {"entity": "Opportunity", "field": "note", "status": "WON"}
    return Flip(
        "rep2", NOTES, "opportunityUpdate", await tenant.client.opportunity("rep2"), "note",
        revocation=("statusRuleCreate", rule), grant=("statusRuleDelete", {}),
    )  # fmt: skip


async def _manager(tenant: ServedTenant) -> Flip:
    rep2 = await tenant.employee_id("rep2")
    superior = {"id": rep2, "manager": await tenant.employee_id("manager")}
    other = {"id": rep2, "manager": await tenant.employee_id("director")}
    return Flip(
        "manager", NOTES, "opportunityUpdate", await tenant.client.opportunity("rep2"), "note",
        revocation=("employeeUpdate", other), grant=("employeeUpdate", superior),
    )  # fmt: skip


async def _role(tenant: ServedTenant) -> Flip:
    user = await tenant.client.user_id("rep1")
    text = "SELECT id FROM role_assignment WHERE user_id = $1 AND deleted_at IS NULL"
    assignment = {"id": public_id("ras", await tenant.client.value(text, user))}
    role = await tenant.id_of("Role", "Sales representative")
    return Flip(
        "rep1", NOTES, "opportunityUpdate", await tenant.opportunity_of("rep1"), "note",
        revocation=("roleAssignmentDelete", assignment),
        grant=("roleAssignmentCreate", {"user": public_id("usr", user), "role": role}),
        code="FORBIDDEN", deletes_grant=True,
    )  # fmt: skip


FLIPS: dict[str, Callable[[ServedTenant], Awaitable[Flip]]] = {
    "a hidden field": _hidden_field,
    "a hidden field in the filter": _filtered_field,
    "a hidden field in the order": _sorted_field,
    "a hidden field of an account": _field_of_an_account,
    "a share": _share,
    "the owner": _owner,
    "a share rule": _share_rule,
    "the rows of a profile": _rows_of_a_profile,
    "a status rule": _status_rule,
    "the manager": _manager,
    "a role": _role,
}
