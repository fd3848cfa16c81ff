"""Draws mutations that make sense now and then: by anybody, on what there is, with faults of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from tests.writes.commands import Command, Input, Mutation
from tests.writes.kinds import RIGHTS, Row, spelled
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
OF_RIGHTS = (("Employee", "Update"), ("ShareRule", "Create"), ("ShareRule", "Delete"))
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
NOWHERE = UUID(int=7)
Pick = Callable[[int], int]
"""Draws one of so many; the first is the plainest."""


class Drawn:
    """Draws on a state."""

    def __init__(self, pick: Pick, setup: SetUp, state: State, number: int) -> None:
        self.pick, self.setup, self.state = pick, setup, state
        self.mark = f"{number}"
        self.marks = 0
        self.headed = False

    def one_of(self, *choices: Any) -> Any:
        """One of these."""
        return choices[self.pick(len(choices))]

    def chance(self, of: int) -> bool:
        """Once in so many."""
        return self.pick(of) == of - 1

    def mutation(self) -> Mutation:
        """One to three root fields, mostly one."""
        persona = self.one_of(
            "admin", "admin", "rep1", "rep1", "rep2", "manager", "limited", "support"
        )
        count = self.one_of(1, 1, 1, 1, 2, 3)
        commands = tuple(self.command(persona) for _ in range(count))
        key = (
            f"key {self.mark}"
            if self.chance(4) and not any(d.by_itself for d in commands)
            else None
        )
        return Mutation(persona, commands, key)

    def command(self, persona: str) -> Command:
        """One command with one or several inputs."""
        rules = persona == "admin" or self.chance(20)
        entity, action = self.one_of(*ACTIONS, *(OF_RIGHTS if rules else ()))
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
            row = self.row(entity, persona, gone=action == "Restore")
            return self.named(entity, row)
        if action == "Move":
            row = self.row(entity, persona)
            return self.named(entity, row) | {"stage": self.stage(row)}
        fields = self.fields(entity, persona, creating=action in ("Create", "Upsert"))
        if action == "Update":
            row = self.row(entity, persona)
            for name in ("account", "stage", "opportunity", "employee"):
                if entity != "Opportunity" or name == "stage":
                    fields.pop(name, None)
            return self.named(entity, row) | fields
        if action == "Upsert":
            for parts in ("addresses", "shares"):  # an upsert is of the record alone
                fields.pop(parts, None)
            return fields | {"externalId": self.one_of(*EXTERNAL)}
        return fields

    def row(self, entity: str, persona: str, *, gone: bool = False) -> Row | None:
        """A record to do something with: mostly of the persona's own, mostly live or not as wanted."""
        rows = sorted(
            self.state.tables[entity].values(), key=lambda row: row["order"], reverse=True
        )
        if not self.chance(8):
            rows = [row for row in rows if (row["deleted_at"] is not None) == gone] or rows
        if not self.chance(4):
            rows = [row for row in rows if self.his(entity, row, persona)] or rows
        if not rows or self.chance(25):
            return None
        rows.sort(key=lambda row: row["updated_at"], reverse=True)
        return rows[min(self.pick(len(rows)), self.pick(len(rows)))]

    def his(self, entity: str, row: Row, persona: str) -> bool:
        """Whether the persona is responsible for a record."""
        if entity in RIGHTS:
            return True
        whole = {"Address": "Account", "OpportunityShare": "Opportunity"}.get(entity)
        if whole is not None:
            return self.his(whole, self.state.tables[whole][row[f"{whole.lower()}_id"]], persona)
        mine = self.setup.people[persona].employee
        if persona == "manager" and self.chance(2):
            return row["owner_id"] in below(mine, self.state.tables["Employee"])
        return bool(row["owner_id"] == mine)

    def named(self, entity: str, row: Row | None) -> Input:
        """A record by its id, perhaps with a version."""
        if row is None:
            return {
                "id": self.one_of(
                    spelled(entity, NOWHERE), spelled("Stage", NOWHERE), "nonsense", ""
                )
            }
        named: Input = {"id": spelled(entity, row["id"])}
        versions = sorted(self.state.past.get(row["id"], {row["version"]: row}))
        if self.chance(3):
            named["version"] = self.one_of(*versions, row["version"])
            if self.chance(20):
                named["version"] = row["version"] + 5
        return named

    def stage(self, row: Row | None) -> str:
        """Mostly one of the type's own."""
        own = list(self.setup.pipelines[row["type_id"]]) if row else []
        stages = sorted(self.setup.kinds) if self.chance(6) else own or sorted(self.setup.kinds)
        return spelled("Stage", self.one_of(*stages, *([NOWHERE] if self.chance(10) else [])))

    def link(self, entity: str, *, live_in: int = 8) -> str:
        """The id of a record, mostly of a live one."""
        rows = sorted(self.state.tables[entity].values(), key=lambda row: str(row["id"]))
        if not self.chance(live_in):
            rows = [row for row in rows if row["deleted_at"] is None]
        identity = self.one_of(*rows)["id"]
        if self.chance(30):
            return str(self.one_of(spelled(entity, NOWHERE), spelled("User", identity), "nonsense"))
        return spelled(entity, identity)

    def employee(self, persona: str) -> str:
        """Mostly the persona's own."""
        if self.chance(2):
            return spelled("Employee", self.setup.people[persona].employee)
        return spelled("Employee", self.setup.people[self.one_of(*PERSONAS)].employee)

    def fields(self, entity: str, persona: str, *, creating: bool) -> Input:
        """Some of the fields, all that must be there if a record is created."""
        drawn: Input = {}
        for name, draw in getattr(self, f"_{entity.lower()}")(persona).items():
            if self.chance(3):
                drawn[name] = draw()
        if creating:
            drawn |= getattr(self, f"_new_{entity.lower()}")(persona)
        if drawn.get("headOffice"):
            if self.headed:
                del drawn["headOffice"]
            self.headed = True
        return drawn

    def currency(self) -> str:
        return str(self.one_of(*CURRENCIES)) if self.chance(4) else "EUR"

    def text(self) -> str | None:
        return LONG if self.chance(20) else self.one_of(None, *TEXTS)

    def truth(self) -> bool | None:
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
        listed = [self._new_address(persona) for _ in range(self.one_of(0, 1, 2))]
        for each in listed:
            del each["account"]
        return {"name": f"Account {self.marked()}"} | ({"addresses": listed} if listed else {})

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
        account = spelled("Account", row["id"]) if row else self.link("Account")
        return {"account": account, "houseNumber": self.marked()}

    def _opportunity(self, persona: str) -> dict[str, Any]:
        return {
            "name": lambda: f"Deal {self.marked()}",
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
            "name": f"Deal {self.marked()}",
            **({} if self.chance(6) else {"currency": self.currency()}),
            "account": self.link("Account", live_in=15),
            "type": self.link("OpportunityType", live_in=15),
        } | ({"shares": [{"employee": self.employee(persona)}]} if self.chance(5) else {})

    def _opportunityshare(self, persona: str) -> dict[str, Any]:
        return {}

    def _new_opportunityshare(self, persona: str) -> Input:
        row = self.row("Opportunity", persona)
        whole = spelled("Opportunity", row["id"]) if row else spelled("Opportunity", NOWHERE)
        return {"opportunity": whole, "employee": self.employee(persona)}

    def _employee(self, persona: str) -> dict[str, Any]:
        return {
            "title": self.text,
            "name": lambda: self.one_of(None, "Somebody", "Somebody Else"),
            "manager": lambda: None if self.chance(6) else self.link("Employee"),
        }

    def _sharerule(self, persona: str) -> dict[str, Any]:
        return {}

    def _new_sharerule(self, persona: str) -> Input:
        return {"role": self.link("Role"), "type": self.link("OpportunityType")}

    def attribute(self, key: str) -> Input:
        """A value of an attribute, now and then of a wrong kind."""
        kinds = {
            "text": "blue", "number": self.one_of("12", "0.5"), "date": "2026-05-01", "boolean": True
        }  # fmt: skip
        found = [row for (_, known), row in self.setup.attributes.items() if known == key]
        kind = found[0]["kind"].lower() if found and not self.chance(10) else self.one_of(*kinds)
        return {"key": key} | ({} if self.chance(5) else {kind: kinds[kind]})

    def marked(self) -> str:
        """A text that nothing else has."""
        self.marks += 1
        return f"{self.mark}.{self.marks}"
