"""Draws random mutations of every kind by every persona, most of which succeed and change records."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.live.property.served_tenant import ENTITIES_READ, Row, ServedTenant, public_id
from tests.proof.contract import PREFIX, snake

Input = dict[str, Any]
RECORD_COMMANDS = (
    *("accountCreate", "accountUpdate", "accountUpdate", "accountDelete", "accountRestore"),
    *("accountUpsert", "addressCreate", "addressUpdate", "addressUpdate", "addressDelete"),
    *("addressRestore", "opportunityCreate", "opportunityCreate", "opportunityUpdate"),
    *("opportunityUpdate", "opportunityUpdate", "opportunityUpdate", "opportunityDelete"),
    *("opportunityRestore", "opportunityRestore", "opportunityUpsert", "opportunityMove"),
    *("opportunityMove", "opportunityShareCreate", "opportunityShareCreate"),
    *("opportunityShareDelete",),
)
PERMISSION_COMMANDS = (
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
"""Mutations that change permissions, or may change them."""
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
"""Fields for which permissions are created and deleted, by entity."""
Choice = Callable[[], Any]


@dataclass(frozen=True)
class Root:
    """One root field of a mutation."""

    command: str
    input: Input


@dataclass(frozen=True)
class Request:
    """One request of a persona."""

    persona: str
    roots: tuple[Root, ...]
    many: bool = False
    """Whether the inputs, all of one command, are sent to its bulk mutation."""

    @property
    def query(self) -> str:
        """The text of the mutation."""
        if self.many:
            command = self.roots[0].command
            selection = "results { id userErrors { code } } userErrors { code path }"
            return f"mutation ($r: [{_type(command)}!]!) {{ r: {command}Many(inputs: $r) {{ {selection} }} }}"
        types = ", ".join(f"$r{n}: {_type(r.command)}!" for n, r in enumerate(self.roots))
        roots = " ".join(
            f"r{n}: {r.command}(input: $r{n}) {{ id userErrors {{ code path }} }}"
            for n, r in enumerate(self.roots)
        )
        return f"mutation ({types}) {{ {roots} }}"

    @property
    def variables(self) -> dict[str, Any]:
        """The inputs as variables."""
        if self.many:
            return {"r": [each.input for each in self.roots]}
        return {f"r{n}": each.input for n, each in enumerate(self.roots)}

    def __str__(self) -> str:
        listed = ", ".join(f"{each.command}({each.input})" for each in self.roots)
        return f"{self.persona}{' (many)' if self.many else ''}: {listed}"


def _type(command: str) -> str:
    if command.endswith(("Delete", "Restore")):
        return "RecordInput"
    return f"{command[0].upper()}{command[1:]}Input"


class Generator:
    """Draws requests that refer to the current records of a tenant."""

    def __init__(self, tenant: ServedTenant, rng: random.Random, rights: float) -> None:
        self._tenant, self._rng, self._rights = tenant, rng, rights
        self._rows: dict[str, list[Row]] = {}
        self._number = 0

    async def refresh(self) -> None:
        """Read the current rows of all entities."""
        self._rows = {entity: await self._tenant.rows(entity) for entity in ENTITIES_READ}

    def burst(self) -> list[Request]:
        """Draw the requests of a step: mostly one, otherwise several to run concurrently."""
        count = self._rng.choices((1, 2, 4, 6), (70, 12, 12, 6))[0]
        return [self.request() for _ in range(count)]

    def request(self) -> Request:
        """Draw a request: mostly with one root field, otherwise with several, or a bulk mutation."""
        rng = self._rng
        changes_permissions = rng.random() < self._rights
        persona = "admin" if changes_permissions and rng.random() < 0.95 else rng.choice(AUTHORS)
        commands = PERMISSION_COMMANDS if changes_permissions else RECORD_COMMANDS
        roots = [self._root(rng.choice(commands))]
        shape = rng.random()
        if shape < 0.15:
            roots += [self._root(rng.choice(RECORD_COMMANDS)) for _ in range(rng.randint(1, 2))]
        elif shape < 0.3:
            roots += [self._root(roots[0].command) for _ in range(rng.randint(1, 3))]
            return Request(persona, tuple(roots), many=True)
        return Request(persona, tuple(roots))

    def _root(self, command: str) -> Root:
        for action in ("Create", "Update", "Delete", "Restore", "Upsert", "Move"):
            if command.endswith(action):
                entity = command.removesuffix(action)
                entity = entity[0].upper() + entity[1:]
                return Root(command, self._input(entity, action))
        raise LookupError(command)

    def _input(self, entity: str, action: str) -> Input:
        if action in ("Delete", "Restore"):
            return {"id": self._id(entity, deleted=action == "Restore")}
        if action == "Move":
            row = self._row("Opportunity")
            steps = [r for r in self._live("PipelineStage") if r["type_id"] == row["type_id"]]
            return {
                "id": public_id("opp", row["id"]),
                "stage": public_id("stg", self._rng.choice(steps)["stage_id"]),
            }
        make = getattr(self, f"_{snake(entity)}")
        if action == "Update":
            choices = make(None)
            names = self._rng.sample(sorted(choices), min(len(choices), self._rng.randint(1, 2)))
            return {"id": self._id(entity), **{name: choices[name]() for name in names}}
        created: Input = {name: choose() for name, choose in make(True).items()}
        if action == "Upsert":
            created["externalId"] = self._rng.choice(("x1", "x2", "x3"))
        return created

    # --- choices of input values by entity: for a creation, or for an update ---

    def _account(self, new: bool | None) -> dict[str, Choice]:
        rng = self._rng
        choices: dict[str, Choice] = {
            "name": self._name,
            "city": lambda: rng.choice(TEXTS),
            "phone": lambda: rng.choice(("+31201234567", "+493012345678", None)),
            "employeeCount": lambda: rng.choice((0, 7, None)),
        }
        if new:
            return choices
        return choices | {
            "parent": lambda: rng.choice((None, self._id("Account"))),
            "owner": lambda: self._id("Employee"),
            "description": lambda: rng.choice(TEXTS),
        }

    def _address(self, new: bool | None) -> dict[str, Choice]:
        rng = self._rng
        choices: dict[str, Choice] = {
            "street": lambda: rng.choice(TEXTS),
            "city": lambda: rng.choice(TEXTS),
            "postcode": lambda: rng.choice(("1017 AA", None)),
        }
        if new:
            return choices | {"account": lambda: self._id("Account")}
        return choices | {"headOffice": lambda: True}

    def _opportunity(self, new: bool | None) -> dict[str, Choice]:
        rng = self._rng
        choices: dict[str, Choice] = {
            "name": self._name,
            "account": lambda: self._id("Account"),
            "type": lambda: self._id("OpportunityType"),
            "note": lambda: rng.choice(TEXTS),
        }
        if new:
            # Few inputs only, because each further field may be forbidden to the persona.
            return choices | {"currency": lambda: rng.choice(("EUR", "EUR", "USD"))}
        return choices | {
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
        choices: dict[str, Choice] = {"rows": lambda: rng.choice(("OWN", "ALL"))}
        if new:
            choices |= {
                "profile": lambda: self._id("Profile"),
                "entity": lambda: rng.choice(sorted(FIELDS)),
                "creates": lambda: True,
            }
        return choices | {"edits": lambda: rng.choice(("OWN", "BELOW", "ALL", None))}

    def _field_permission(self, new: bool | None) -> dict[str, Choice]:
        rng = self._rng
        if not new:
            return {"writes": lambda: rng.random() < 0.5}
        entity = rng.choice(("Opportunity", "Opportunity", *FIELDS))
        name = rng.choice(FIELDS[entity])
        attributes = {row["key"]: str(row["id"]) for row in self._live("Attribute")}
        return {
            "profile": lambda: self._id("Profile"),
            "entity": lambda: entity,
            "field": lambda: attributes.get(name, name),
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

    # --- values ---

    def _name(self) -> str:
        self._number += 1
        return f"{self._rng.choice(TEXTS) or 'n'} {self._rng.getrandbits(24):x}.{self._number}"

    def _live(self, entity: str, *, deleted: bool = False) -> list[Row]:
        return [row for row in self._rows[entity] if (row["deleted_at"] is not None) == deleted]

    def _row(self, entity: str, *, deleted: bool = False) -> Row:
        rows = self._live(entity, deleted=deleted) or self._rows[entity]
        rows = [row for row in rows if not _is_essential(self._rows, entity, row)] or rows
        return self._rng.choice(rows)

    def _id(self, entity: str, *, deleted: bool = False) -> str:
        return public_id(PREFIX[entity], self._row(entity, deleted=deleted)["id"])


def _is_essential(rows: dict[str, list[Row]], entity: str, row: Row) -> bool:
    """Whether the administrator's permissions depend on the row; it must stay, so that later steps can change permissions."""

    def named(kind: str, name: str) -> Any:
        return next(each["id"] for each in rows[kind] if each["name"] == name)

    employee = next(each["id"] for each in rows["Employee"] if each["email"].startswith("admin@"))
    user = next(each["id"] for each in rows["User"] if each["employee_id"] == employee)
    role, profile = named("Role", "Administrator"), named("Profile", "Full access")
    essential = {employee, user, role, profile}
    owned = ("user_id", "role_id", "profile_id")
    is_permission = entity in (
        "RoleAssignment",
        "RoleProfile",
        "ObjectPermission",
        "FieldPermission",
    )
    return row["id"] in essential or (
        is_permission and any(row.get(name) in essential for name in owned)
    )
