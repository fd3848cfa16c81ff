"""Draws what is written while others watch: every deed that exists, by anybody, mostly such that something comes of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.live.property.place import KINDS, Place, Row, public_id
from tests.proof.contract import PREFIX, snake

Input = dict[str, Any]
RECORDS = (
    *("accountCreate", "accountUpdate", "accountUpdate", "accountDelete", "accountRestore"),
    *("accountUpsert", "addressCreate", "addressUpdate", "addressUpdate", "addressDelete"),
    *("addressRestore", "opportunityCreate", "opportunityCreate", "opportunityUpdate"),
    *("opportunityUpdate", "opportunityUpdate", "opportunityUpdate", "opportunityDelete"),
    *("opportunityRestore", "opportunityRestore", "opportunityUpsert", "opportunityMove"),
    *("opportunityMove", "opportunityShareCreate", "opportunityShareCreate"),
    *("opportunityShareDelete",),
)
OF_RIGHTS = (
    *("employeeUpdate", "employeeUpdate", "employeeCreate", "employeeDelete", "employeeRestore"),
    *(
        "fieldPermissionCreate",
        "fieldPermissionCreate",
        "fieldPermissionDelete",
        "fieldPermissionUpdate",
    ),
    *(
        "objectPermissionUpdate",
        "objectPermissionCreate",
        "objectPermissionDelete",
        "profileCreate",
    ),
    *("profileUpdate", "profileDelete", "profileRestore", "roleCreate", "roleUpdate"),
    *("roleDelete", "roleRestore", "roleAssignmentCreate", "roleAssignmentDelete"),
    *("roleProfileCreate", "roleProfileDelete", "shareRuleCreate", "shareRuleCreate"),
    *("shareRuleDelete", "statusRuleCreate", "statusRuleDelete", "userUpdate", "userUpdate"),
    *("userCreate", "userDelete", "userRestore"),
)
"""What changes who may what, or might."""
AUTHORS = ("admin", "admin", "admin", "director", "manager", "rep1", "rep1", "rep2", "limited", "support")  # fmt: skip
TEXTS = ("Ada", "Zoë 🌅", "  kept  ", 'it\'s "so" \\ %_', "line\nline", "a", "Berlin", None)
MONEY = ("0", "100", "250.5", "4999", "5001", "12000.25", None)
FIELDS = {
    "Opportunity": (
        *("name", "status", "amount", "margin", "commission", "probability", "currency", "note"),
        *("account", "owner", "stage", "type", "expectedCloseOn", "externalId", "weighted"),
        *("seats", "tier"),
    ),
    "Account": ("name", "phone", "city", "parent", "owner", "employeeCount"),
    "Address": ("street", "city"),
    "Employee": ("name", "title", "manager"),
}
"""What is granted and taken away."""
Choice = Callable[[], Any]


@dataclass(frozen=True)
class Root:
    """One root field of a mutation."""

    deed: str
    input: Input


@dataclass(frozen=True)
class Request:
    """What one persona asks in one request."""

    persona: str
    roots: tuple[Root, ...]
    many: bool = False
    """Whether its roots, all of one deed, go as one list."""

    @property
    def query(self) -> str:
        """The mutation."""
        if self.many:
            deed = self.roots[0].deed
            told = "results { id userErrors { code } } userErrors { code path }"
            return f"mutation ($r: [{_type(deed)}!]!) {{ r: {deed}Many(inputs: $r) {{ {told} }} }}"
        types = ", ".join(f"$r{n}: {_type(r.deed)}!" for n, r in enumerate(self.roots))
        roots = " ".join(
            f"r{n}: {r.deed}(input: $r{n}) {{ id userErrors {{ code path }} }}"
            for n, r in enumerate(self.roots)
        )
        return f"mutation ({types}) {{ {roots} }}"

    @property
    def variables(self) -> dict[str, Any]:
        """Its inputs."""
        if self.many:
            return {"r": [each.input for each in self.roots]}
        return {f"r{n}": each.input for n, each in enumerate(self.roots)}

    def __str__(self) -> str:
        listed = ", ".join(f"{each.deed}({each.input})" for each in self.roots)
        return f"{self.persona}{' (many)' if self.many else ''}: {listed}"


def _type(deed: str) -> str:
    if deed.endswith(("Delete", "Restore")):
        return "RecordInput"
    return f"{deed[0].upper()}{deed[1:]}Input"


class Drawn:
    """Draws on what the tenant holds now."""

    def __init__(self, place: Place, rng: random.Random, rights: float) -> None:
        self._place, self._rng, self._rights = place, rng, rights
        self._rows: dict[str, list[Row]] = {}
        self._number = 0

    async def look(self) -> None:
        """Read what there is."""
        self._rows = {entity: await self._place.rows(entity) for entity in KINDS}

    def burst(self) -> list[Request]:
        """Mostly one request, else some at once."""
        often = self._rng.choices((1, 2, 4, 6), (70, 12, 12, 6))[0]
        return [self.request() for _ in range(often)]

    def request(self) -> Request:
        """Mostly one root field, else several, or one for many."""
        rng = self._rng
        of_rights = rng.random() < self._rights
        persona = "admin" if of_rights and rng.random() < 0.95 else rng.choice(AUTHORS)
        deeds = OF_RIGHTS if of_rights else RECORDS
        roots = [self._root(rng.choice(deeds))]
        form = rng.random()
        if form < 0.15:
            roots += [self._root(rng.choice(RECORDS)) for _ in range(rng.randint(1, 2))]
        elif form < 0.3:
            roots += [self._root(roots[0].deed) for _ in range(rng.randint(1, 3))]
            return Request(persona, tuple(roots), many=True)
        return Request(persona, tuple(roots))

    def _root(self, deed: str) -> Root:
        for verb in ("Create", "Update", "Delete", "Restore", "Upsert", "Move"):
            if deed.endswith(verb):
                entity = deed.removesuffix(verb)
                entity = entity[0].upper() + entity[1:]
                return Root(deed, self._input(entity, verb))
        raise LookupError(deed)

    def _input(self, entity: str, verb: str) -> Input:
        if verb in ("Delete", "Restore"):
            return {"id": self._id(entity, gone=verb == "Restore")}
        if verb == "Move":
            row = self._row("Opportunity")
            steps = [r for r in self._live("PipelineStage") if r["type_id"] == row["type_id"]]
            return {
                "id": public_id("opp", row["id"]),
                "stage": public_id("stg", self._rng.choice(steps)["stage_id"]),
            }
        make = getattr(self, f"_{snake(entity)}")
        if verb == "Update":
            choices = make(None)
            names = self._rng.sample(sorted(choices), min(len(choices), self._rng.randint(1, 2)))
            return {"id": self._id(entity), **{name: choices[name]() for name in names}}
        made: Input = {name: choose() for name, choose in make(True).items()}
        if verb == "Upsert":
            made["externalId"] = self._rng.choice(("x1", "x2", "x3"))
        return made

    # --- the kinds of records: what is given when one is created, or may be given when it changes ---

    def _account(self, new: bool | None) -> dict[str, Choice]:
        rng = self._rng
        given: dict[str, Choice] = {
            "name": self._name,
            "city": lambda: rng.choice(TEXTS),
            "phone": lambda: rng.choice(("+31201234567", "+493012345678", None)),
            "employeeCount": lambda: rng.choice((0, 7, None)),
        }
        if new:
            return given
        return given | {
            "parent": lambda: rng.choice((None, self._id("Account"))),
            "owner": lambda: self._id("Employee"),
            "description": lambda: rng.choice(TEXTS),
        }

    def _address(self, new: bool | None) -> dict[str, Choice]:
        rng = self._rng
        given: dict[str, Choice] = {
            "street": lambda: rng.choice(TEXTS),
            "city": lambda: rng.choice(TEXTS),
            "postcode": lambda: rng.choice(("1017 AA", None)),
        }
        if new:
            return given | {"account": lambda: self._id("Account")}
        return given | {"headOffice": lambda: True}

    def _opportunity(self, new: bool | None) -> dict[str, Choice]:
        rng = self._rng
        given: dict[str, Choice] = {
            "name": self._name,
            "account": lambda: self._id("Account"),
            "type": lambda: self._id("OpportunityType"),
            "note": lambda: rng.choice(TEXTS),
        }
        if new:
            # Few may give all of this: the more is given, the more are refused.
            return given | {"currency": lambda: rng.choice(("EUR", "EUR", "USD"))}
        return given | {
            "amount": lambda: rng.choice(MONEY),
            "margin": lambda: rng.choice(MONEY),
            "commission": lambda: rng.choice(MONEY),
            "probability": lambda: rng.randint(0, 100),
            "currency": lambda: rng.choice(("EUR", "USD")),
            "expectedCloseOn": lambda: rng.choice(("2026-05-31", "2026-08-01", None)),
            "externalId": lambda: rng.choice(("y1", "y2", None)),
            "owner": lambda: self._id("Employee"),
            "attributes": lambda: [self._attribute()],
        }

    def _attribute(self) -> Input:
        rng = self._rng
        return rng.choice(
            (
                {"key": "seats", "number": rng.choice(("2", "40"))},
                {"key": "tier", "text": rng.choice(("Gold", "Silver"))},
                {"key": "kickoff", "date": "2026-05-01"},
                {"key": "strategic", "boolean": rng.random() < 0.5},
            )
        )

    def _opportunity_share(self, new: bool | None) -> dict[str, Choice]:
        return {
            "opportunity": lambda: self._id("Opportunity"),
            "employee": lambda: self._id("Employee"),
        }

    def _employee(self, new: bool | None) -> dict[str, Choice]:
        rng = self._rng
        if new:
            return {"name": self._name, "email": lambda: f"n{rng.getrandbits(40)}@new.example"}
        return {
            "name": self._name,
            "title": lambda: rng.choice(TEXTS),
            "manager": lambda: rng.choice((None, *[self._id("Employee")] * 4)),
        }

    def _user(self, new: bool | None) -> dict[str, Choice]:
        if new:
            return {"employee": lambda: self._id("Employee")}
        return {"active": lambda: self._rng.random() < 0.7}

    def _profile(self, new: bool | None) -> dict[str, Choice]:
        full: dict[str, Choice] = {} if new else {"full": lambda: self._rng.random() < 0.3}
        return {"name": self._name} | full

    def _role(self, new: bool | None) -> dict[str, Choice]:
        return {"name": self._name}

    def _role_assignment(self, new: bool | None) -> dict[str, Choice]:
        return {"user": lambda: self._id("User"), "role": lambda: self._id("Role")}

    def _role_profile(self, new: bool | None) -> dict[str, Choice]:
        return {"role": lambda: self._id("Role"), "profile": lambda: self._id("Profile")}

    def _object_permission(self, new: bool | None) -> dict[str, Choice]:
        rng = self._rng
        given: dict[str, Choice] = {"rows": lambda: rng.choice(("OWN", "ALL"))}
        if new:
            given |= {
                "profile": lambda: self._id("Profile"),
                "entity": lambda: rng.choice(sorted(FIELDS)),
                "creates": lambda: True,
            }
        return given | {"edits": lambda: rng.choice(("OWN", "BELOW", "ALL", None))}

    def _field_permission(self, new: bool | None) -> dict[str, Choice]:
        rng = self._rng
        if not new:
            return {"writes": lambda: rng.random() < 0.5}
        entity = rng.choice(("Opportunity", "Opportunity", *FIELDS))
        name = rng.choice(FIELDS[entity])
        known = {row["key"]: str(row["id"]) for row in self._live("Attribute")}
        return {
            "profile": lambda: self._id("Profile"),
            "entity": lambda: entity,
            "field": lambda: known.get(name, name),
            "writes": lambda: rng.random() < 0.7,
        }

    def _share_rule(self, new: bool | None) -> dict[str, Choice]:
        return {"role": lambda: self._id("Role"), "type": lambda: self._id("OpportunityType")}

    def _status_rule(self, new: bool | None) -> dict[str, Choice]:
        rng = self._rng
        return {
            "entity": lambda: "Opportunity",
            "field": lambda: rng.choice(("commission", "amount", "note", "margin")),
            "status": lambda: rng.choice(("OPEN", "WON", "LOST")),
        }

    # --- what they are made of ---

    def _name(self) -> str:
        self._number += 1
        return f"{self._rng.choice(TEXTS) or 'n'} {self._rng.getrandbits(24):x}.{self._number}"

    def _live(self, entity: str, *, gone: bool = False) -> list[Row]:
        return [row for row in self._rows[entity] if (row["deleted_at"] is not None) == gone]

    def _row(self, entity: str, *, gone: bool = False) -> Row:
        rows = self._live(entity, gone=gone) or self._rows[entity]
        rows = [row for row in rows if not _keeps_the_house(self._rows, entity, row)] or rows
        return self._rng.choice(rows)

    def _id(self, entity: str, *, gone: bool = False) -> str:
        return public_id(PREFIX[entity], self._row(entity, gone=gone)["id"])


def _keeps_the_house(rows: dict[str, list[Row]], entity: str, row: Row) -> bool:
    """Whether it is what the administrator has his rights from: somebody must go on giving and taking."""

    def named(kind: str, name: str) -> Any:
        return next(each["id"] for each in rows[kind] if each["name"] == name)

    him = next(each["id"] for each in rows["Employee"] if each["email"].startswith("admin@"))
    user = next(each["id"] for each in rows["User"] if each["employee_id"] == him)
    role, profile = named("Role", "Administrator"), named("Profile", "Full access")
    kept = {him, user, role, profile}
    owned = ("user_id", "role_id", "profile_id")
    of_rights = entity in ("RoleAssignment", "RoleProfile", "ObjectPermission", "FieldPermission")
    return row["id"] in kept or (of_rights and any(row.get(name) in kept for name in owned))
