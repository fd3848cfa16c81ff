"""Rights that are given and taken while others write: what of it a viewer may see, and who says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.live.property.documents import Document
from tests.live.property.place import Place, public_id

Input = dict[str, Any]
NOTES = Document("notes", "id name note")
DESCRIBED = Document("described", "id account { name description }")
FILTERED = Document("filtered", "id name note", 'note: { contains: "CNRY" }')


@dataclass
class Flip:
    """One right of one viewer's, on one record with canaries."""

    viewer: str
    document: Document
    writes: str
    """The deed that writes canaries."""
    record: str
    """The id of the record that they are written into."""
    column: str
    """Which field they are written into."""
    take: tuple[str, Input]
    """The deed that takes the right away, and what it is given."""
    give: tuple[str, Input]
    """The deed that gives it back."""
    of_rights: bool = True
    """Whether it is a change of rights, after which lists begin anew."""
    code: str | None = None
    """What the list is refused with when the right is gone."""
    names_what_it_gave: bool = False
    """Whether what is given is a record of its own, by which it is taken."""
    last: tuple[str, Input] | None = None
    """What puts back what was opened for this alone."""
    given: str | None = None

    async def taken(self, place: Place) -> None:
        """Take it away."""
        deed, asked = self.take
        if self.names_what_it_gave and self.given is not None:
            asked = {"id": self.given}
        id = await place.own.done("admin", deed, **asked)
        if self.take_makes:
            self.give = (self.give[0], {"id": id})

    async def given_back(self, place: Place) -> None:
        """Give it back."""
        deed, asked = self.give
        self.given = await place.own.done("admin", deed, **asked)

    @property
    def take_makes(self) -> bool:
        """Whether it is taken by a record that comes to be."""
        return self.take[0].endswith("Create")


async def _hidden_field(place: Place) -> Flip:
    grant = {
        "profile": await place.named("Profile", "Junior sales"),
        "entity": "Opportunity",
        "field": "note",
    }
    return Flip(
        "limited", NOTES, "opportunityUpdate", await place.of("limited"), "note",
        take=("fieldPermissionDelete", {"id": await place.granted("Junior sales", "Opportunity", "note")}),
        give=("fieldPermissionCreate", grant),
        names_what_it_gave=True,
    )  # fmt: skip


async def _filtered_field(place: Place) -> Flip:
    flip = await _hidden_field(place)
    flip.document, flip.code = FILTERED, "FIELD_FORBIDDEN"
    return flip


async def _field_of_an_account(place: Place) -> Flip:
    opportunity = await place.of("rep1")
    [row] = [r for r in await place.rows("Opportunity") if public_id("opp", r["id"]) == opportunity]
    grant = {
        "profile": await place.named("Profile", "Standard sales"),
        "entity": "Account",
        "field": "description",
    }
    taken = {"id": await place.granted("Standard sales", "Account", "description")}
    return Flip(
        "rep1", DESCRIBED, "accountUpdate", public_id("acc", row["account_id"]), "description",
        take=("fieldPermissionDelete", taken), give=("fieldPermissionCreate", grant),
        names_what_it_gave=True,
    )  # fmt: skip


async def _share(place: Place) -> Flip:
    id = await place.own.opportunity("rep1")
    share = {"opportunity": id, "employee": await place.employee("limited")}
    made = await place.own.done("admin", "opportunityShareCreate", **share)
    return Flip(
        "limited", NOTES, "opportunityUpdate", id, "note",
        take=("opportunityShareDelete", {"id": made}), give=("opportunityShareCreate", share),
        of_rights=False, names_what_it_gave=True,
    )  # fmt: skip


async def _owner(place: Place) -> Flip:
    id = await place.own.opportunity("rep2")
    away, back = [{"id": id, "owner": await place.employee(who)} for who in ("support", "rep2")]
    return Flip(
        "rep2", NOTES, "opportunityUpdate", id, "note",
        take=("opportunityUpdate", away), give=("opportunityUpdate", back), of_rights=False,
    )  # fmt: skip


async def _share_rule(place: Place) -> Flip:
    renewal, role = await place.named("OpportunityType", "Renewal"), await place.named("Role", "Customer support")  # fmt: skip
    [rule] = [row for row in await place.rows("ShareRule") if row["deleted_at"] is None]
    return Flip(
        "support", NOTES, "opportunityUpdate", await place.own.opportunity("rep1", type=renewal), "note",
        take=("shareRuleDelete", {"id": public_id("shr", rule["id"])}),
        give=("shareRuleCreate", {"role": role, "type": renewal}), names_what_it_gave=True,
    )  # fmt: skip


async def _rows_of_a_profile(place: Place) -> Flip:
    profile = await place.own.value("SELECT id FROM profile WHERE name = 'Junior sales'")
    text = "SELECT id FROM object_permission WHERE profile_id = $1 AND entity = 'Opportunity'"
    id = public_id("pen", await place.own.value(text, profile))
    await place.own.done("admin", "objectPermissionUpdate", id=id, rows="ALL")
    return Flip(
        "limited", NOTES, "opportunityUpdate", await place.own.opportunity("rep1"), "note",
        take=("objectPermissionUpdate", {"id": id, "rows": "OWN"}),
        give=("objectPermissionUpdate", {"id": id, "rows": "ALL"}),
        last=("objectPermissionUpdate", {"id": id, "rows": "OWN"}),
    )  # fmt: skip


async def _status_rule(place: Place) -> Flip:
    rule = {"entity": "Opportunity", "field": "note", "status": "WON"}
    return Flip(
        "rep2", NOTES, "opportunityUpdate", await place.own.opportunity("rep2"), "note",
        take=("statusRuleCreate", rule), give=("statusRuleDelete", {}),
    )  # fmt: skip


async def _manager(place: Place) -> Flip:
    rep2 = await place.employee("rep2")
    above = {"id": rep2, "manager": await place.employee("manager")}
    beside = {"id": rep2, "manager": await place.employee("director")}
    return Flip(
        "manager", NOTES, "opportunityUpdate", await place.own.opportunity("rep2"), "note",
        take=("employeeUpdate", beside), give=("employeeUpdate", above),
    )  # fmt: skip


async def _role(place: Place) -> Flip:
    user = await place.own.user("rep1")
    text = "SELECT id FROM role_assignment WHERE user_id = $1 AND deleted_at IS NULL"
    his = {"id": public_id("ras", await place.own.value(text, user))}
    role = await place.named("Role", "Sales representative")
    return Flip(
        "rep1", NOTES, "opportunityUpdate", await place.of("rep1"), "note",
        take=("roleAssignmentDelete", his),
        give=("roleAssignmentCreate", {"user": public_id("usr", user), "role": role}),
        code="FORBIDDEN", names_what_it_gave=True,
    )  # fmt: skip


FLIPS: dict[str, Callable[[Place], Awaitable[Flip]]] = {
    "a hidden field": _hidden_field,
    "a hidden field in the filter": _filtered_field,
    "a hidden field of an account": _field_of_an_account,
    "a share": _share,
    "the owner": _owner,
    "a share rule": _share_rule,
    "the rows of a profile": _rows_of_a_profile,
    "a status rule": _status_rule,
    "the manager": _manager,
    "a role": _role,
}
