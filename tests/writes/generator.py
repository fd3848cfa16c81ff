"""Generates mutations of any persona on existing records, with a share of invalid inputs of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from tests.writes.commands import Command, Input, Mutation
from tests.writes.entity_types import RIGHTS_ENTITIES, Row, api_id
from tests.writes.rights import SetUp, below
from tests.writes.state import State
from tests.writes.tenant import PERSONAS

ACTIONS = (
    *(
        ("Account", action)
        for action in ["Create", "Update", "Update", "Delete", "Restore", "Upsert"]
    ),
    *(
        ("Address", action)
        for action in ["Create", "Update", "Update", "Delete", "Delete", "Restore"]
    ),
    *(
        ("Opportunity", v)
        for v in [
            "Create",
            "Create",
            "Update",
            "Update",
            "Delete",
            "Restore",
            "Upsert",
            "Move",
            "Move",
        ]
    ),
    *(("OpportunityShare", action) for action in ["Create", "Create", "Delete"]),
)
RIGHTS_ACTIONS = (("Employee", "Update"), ("ShareRule", "Create"), ("ShareRule", "Delete"))
EXTERNAL = ("x1", "x2", "x3", "atelier-7", "atelier-deal-14")
CURRENCIES = ("EUR", "EUR", "USD", "JPY", "KWD", "eur", "EURO")
AMOUNTS = (
    "0",
    "1" * 30,
    "12.50",
    "100",
    "99.999",
    "-3.10",
    "0.0001",
    "99999999999999",
    "1" + "0" * 15,
)
TEXTS = ("Ada", "Zoë 🌅", "  kept  ", 'it\'s "so" \\ %_', "\u202eodd\u200b", "line\nline")
LONG = "x" * 10_001
UNKNOWN_ID = UUID(int=7)
NO_TYPE = "xyz_" + UNKNOWN_ID.hex
"""An ID whose prefix belongs to no type."""
Pick = Callable[[int], int]
"""Returns a number below its argument; 0 is the simplest choice."""


class InputGenerator:
    """Generates inputs for the records of a state."""

    def __init__(self, pick: Pick, setup: SetUp, state: State, number: int) -> None:
        self.pick, self.setup, self.state = pick, setup, state
        self.prefix = f"{number}"
        self.count = 0
        self.head_office_used = False

    def one_of(self, *choices: Any) -> Any:
        """One of the choices."""
        return choices[self.pick(len(choices))]

    def chance(self, of: int) -> bool:
        """True once in `of` times."""
        return self.pick(of) == of - 1

    def mutation(self) -> Mutation:
        """A mutation of one to three root fields, mostly one."""
        persona = self.one_of(
            "admin", "admin", "rep1", "rep1", "rep2", "manager", "limited", "support"
        )
        count = self.one_of(1, 1, 1, 1, 2, 3)
        commands = tuple(self.command(persona) for _ in range(count))
        key = (
            f"key {self.prefix}"
            if self.chance(4) and not any(each.independent for each in commands)
            else None
        )
        return Mutation(persona, commands, key)

    def command(self, persona: str) -> Command:
        """One command with one or several inputs."""
        rules = persona == "admin" or self.chance(20)
        entity, action = self.one_of(*ACTIONS, *(RIGHTS_ACTIONS if rules else ()))
        many = self.chance(4)
        inputs = [
            self.input(persona, entity, action)
            for _ in range(self.one_of(1, 2, 2, 3) if many else 1)
        ]
        choice = self.one_of(None, True, False, False) if many else None
        return Command(entity, action, tuple(inputs), many, choice)

    def input(self, persona: str, entity: str, action: str) -> Input:
        """Input of an action."""
        if action in ("Delete", "Restore"):
            row = self.row(entity, persona, deleted=action == "Restore")
            return self.reference(entity, row)
        if action == "Move":
            row = self.row(entity, persona)
            return self.reference(entity, row) | {"stage": self.stage(row)}
        fields = self.fields(entity, persona, creating=action in ("Create", "Upsert"))
        if action == "Update":
            row = self.row(entity, persona)
            for name in ("account", "stage", "opportunity", "employee"):
                if entity != "Opportunity" or name == "stage":
                    fields.pop(name, None)
            return self.reference(entity, row) | fields
        if action == "Upsert":
            for children in ("addresses", "shares"):  # an upsert takes no children
                fields.pop(children, None)
            return fields | {"externalId": self.one_of(*EXTERNAL)}
        return fields

    def row(self, entity: str, persona: str, *, deleted: bool = False) -> Row | None:
        """A target record: mostly owned by the persona, and mostly live or trashed as `deleted` requests."""
        rows = sorted(
            self.state.tables[entity].values(), key=lambda row: row["order"], reverse=True
        )
        if not self.chance(8):
            rows = [row for row in rows if (row["deleted_at"] is not None) == deleted] or rows
        if not self.chance(4):
            rows = [row for row in rows if self.owns(entity, row, persona)] or rows
        if not rows or self.chance(25):
            return None
        rows.sort(key=lambda row: row["updated_at"], reverse=True)
        return rows[min(self.pick(len(rows)), self.pick(len(rows)))]

    def owns(self, entity: str, row: Row, persona: str) -> bool:
        """Whether the persona owns the record or its parent."""
        if entity in RIGHTS_ENTITIES:
            return True
        parent = {"Address": "Account", "OpportunityShare": "Opportunity"}.get(entity)
        if parent is not None:
            return self.owns(
                parent, self.state.tables[parent][row[f"{parent.lower()}_id"]], persona
            )
        mine = self.setup.people[persona].employee
        if persona == "manager" and self.chance(2):
            return row["owner_id"] in below(mine, self.state.tables["Employee"])
        return bool(row["owner_id"] == mine)

    def reference(self, entity: str, row: Row | None) -> Input:
        """The id of a record, sometimes with a version."""
        if row is None:
            return {
                "id": self.one_of(api_id(entity, UNKNOWN_ID), api_id("Stage", UNKNOWN_ID), NO_TYPE)
            }
        reference: Input = {"id": api_id(entity, row["id"])}
        versions = sorted(self.state.versions.get(row["id"], {row["version"]: row}))
        if self.chance(3):
            reference["version"] = self.one_of(*versions, row["version"])
            if self.chance(20):
                reference["version"] = row["version"] + 5
        return reference

    def stage(self, row: Row | None) -> str:
        """Id of a stage, mostly from the pipeline of the record's type."""
        own = list(self.setup.pipelines[row["type_id"]]) if row else []
        stages = (
            sorted(self.setup.stage_kinds)
            if self.chance(6)
            else own or sorted(self.setup.stage_kinds)
        )
        return api_id("Stage", self.one_of(*stages, *([UNKNOWN_ID] if self.chance(10) else [])))

    def link(self, entity: str, *, live_in: int = 8) -> str:
        """Id of a record, mostly of a live one."""
        rows = sorted(self.state.tables[entity].values(), key=lambda row: str(row["id"]))
        if not self.chance(live_in):
            rows = [row for row in rows if row["deleted_at"] is None]
        identity = self.one_of(*rows)["id"]
        if self.chance(30):
            return str(self.one_of(api_id(entity, UNKNOWN_ID), api_id("User", identity), NO_TYPE))
        return api_id(entity, identity)

    def employee(self, persona: str) -> str:
        """Id of an employee, mostly the persona's own."""
        if self.chance(2):
            return api_id("Employee", self.setup.people[persona].employee)
        return api_id("Employee", self.setup.people[self.one_of(*PERSONAS)].employee)

    def fields(self, entity: str, persona: str, *, creating: bool) -> Input:
        """A random selection of fields; with `creating`, all required ones."""
        values: Input = {}
        for name, draw in getattr(self, f"_{entity.lower()}")(persona).items():
            if self.chance(3):
                values[name] = draw()
        if creating:
            values |= getattr(self, f"_new_{entity.lower()}")(persona)
        if values.get("headOffice"):
            if self.head_office_used:
                del values["headOffice"]
            self.head_office_used = True
        return values

    def currency(self) -> str:
        return str(self.one_of(*CURRENCIES)) if self.chance(4) else "EUR"

    def text(self) -> str | None:
        return LONG if self.chance(20) else self.one_of(None, *TEXTS)

    def boolean(self) -> bool | None:
        return None if self.chance(15) else self.one_of(True, False)

    def country(self) -> str | None:
        return self.one_of("NL", "DE", "BE", None, "nl") if self.chance(2) else "FR"

    def _account(self, persona: str) -> dict[str, Any]:
        return {
            "name": self.text,
            "description": self.text,
            "phone": lambda: self.one_of(None, "+31201234567"),
            "country": self.country,
            "employeeCount": lambda: self.one_of(None, 0, 7),
            "keyAccount": lambda: self.one_of(True, False),
            "externalId": lambda: self.one_of(None, *EXTERNAL),
            "parent": lambda: None if self.chance(4) else self.link("Account"),
            "owner": lambda: self.employee(persona),
            "attributes": lambda: [self.attribute("segment")],
        }

    def _new_account(self, persona: str) -> Input:
        addresses = [self._new_address(persona) for _ in range(self.one_of(0, 1, 2))]
        for each in addresses:
            del each["account"]
        return {"name": f"Account {self.unique()}"} | (
            {"addresses": addresses} if addresses else {}
        )

    def _address(self, persona: str) -> dict[str, Any]:
        return {
            "street": self.text,
            "city": self.text,
            "country": self.country,
            "visiting": lambda: self.one_of(True, False),
            "invoicing": lambda: self.one_of(True, False),
            "headOffice": lambda: self.one_of(True, True, True, False),
        }

    def _new_address(self, persona: str) -> Input:
        row = self.row("Account", persona)
        account = api_id("Account", row["id"]) if row else self.link("Account")
        return {"account": account, "houseNumber": self.unique()}

    def _opportunity(self, persona: str) -> dict[str, Any]:
        return {
            "name": lambda: f"Deal {self.unique()}",
            "currency": lambda: self.one_of(*CURRENCIES),
            "amount": lambda: self.one_of(None, *AMOUNTS),
            "margin": lambda: self.one_of(None, *AMOUNTS),
            "commission": lambda: self.one_of(None, "1", "5.25"),
            "probability": lambda: self.one_of(0, 40, 100, 101, -1, None),
            "expectedCloseOn": lambda: self.one_of(None, "2026-05-31", "9999-12-31"),
            "note": self.text,
            "externalId": lambda: self.one_of(None, *EXTERNAL),
            "account": lambda: self.link("Account"),
            "owner": lambda: self.employee(persona),
            "type": lambda: self.link("OpportunityType"),
            "stage": lambda: self.stage(None),
            "attributes": lambda: [
                self.attribute(
                    self.one_of("tier", "seats", "seats", "kickoff", "strategic", "nothing")
                )
            ],
        }

    def _new_opportunity(self, persona: str) -> Input:
        return {
            "name": f"Deal {self.unique()}",
            **({} if self.chance(6) else {"currency": self.currency()}),
            "account": self.link("Account", live_in=15),
            "type": self.link("OpportunityType", live_in=15),
        } | ({"shares": [{"employee": self.employee(persona)}]} if self.chance(5) else {})

    def _opportunityshare(self, persona: str) -> dict[str, Any]:
        return {}

    def _new_opportunityshare(self, persona: str) -> Input:
        row = self.row("Opportunity", persona)
        parent = api_id("Opportunity", row["id"]) if row else api_id("Opportunity", UNKNOWN_ID)
        return {"opportunity": parent, "employee": self.employee(persona)}

    def _employee(self, persona: str) -> dict[str, Any]:
        return {
            "title": self.text,
            "name": lambda: self.one_of(None, "Ann Nu", "Ben Nu"),
            "manager": lambda: None if self.chance(6) else self.link("Employee"),
        }

    def _sharerule(self, persona: str) -> dict[str, Any]:
        return {}

    def _new_sharerule(self, persona: str) -> Input:
        return {"role": self.link("Role"), "type": self.link("OpportunityType")}

    def attribute(self, key: str) -> Input:
        """A custom attribute value, sometimes of the wrong type."""
        kinds = {
            "text": "blue", "number": self.one_of("12", "0.5"), "date": "2026-05-01", "boolean": True
        }  # fmt: skip
        definitions = [row for (_, known), row in self.setup.attributes.items() if known == key]
        kind = (
            definitions[0]["kind"].lower()
            if definitions and not self.chance(10)
            else self.one_of(*kinds)
        )
        return {"key": key} | ({} if self.chance(5) else {kind: kinds[kind]})

    def unique(self) -> str:
        """A text that is unique in the sequence."""
        self.count += 1
        return f"{self.prefix}.{self.count}"
