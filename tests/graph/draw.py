"""Draws inputs by what the schema says of them: valid in form, of records that are there, so that mostly something is done."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
)

from db.api import MODEL
from db.engine.entity import Entity
from schema.api import GRAPHQL, MUTATIONS
from schema.engine.generate_commands import Mutation, is_needed
from tests.graph.place import Facts, Row
from tests.graph.plausible import FITS, WORTH, anything, apt
from tests.support.world import PERSONAS

Input = dict[str, Any]
TEXTS = ("Ada", "Zoë 🌅", "  kept  ", 'it\'s "so" \\ %_', "line\nline", "x")
WORDS: dict[str, tuple[str | None, ...]] = {
    "email": ("ada@example.org", "Bo@Example.org", None),
    "senderEmail": ("sales@example.org", None),
    "invoiceEmail": ("bills@example.org", None),
    "phone": ("+31201234567", "020 123 4567", None),
    "vatNumber": ("NL004495445B01", None),
    "registrationNumber": ("33031431", None),
    "currency": ("EUR", "EUR", "EUR", "EUR", "USD", "JPY"),
    "defaultCurrency": ("EUR", "USD", None),
    "country": ("NL", "DE", None),
    "color": ("#3b82f6", None),
    "website": ("https://www.example.org/us", None),
    "rows": ("OWN", "ALL"),
    "status": ("OPEN", "WON", "ACTIVE"),
}
DECIMALS = ("0", "1", "3", "12.50", "99.99", "0.01", "1000000", "-5")
PERCENTS = ("0", "5", "12.5", "21", "100")
ODD: dict[str, tuple[Any, ...]] = {
    "String": ("eur", "blue", "nl", "", "x" * 10_001, "ada@", "+1"),
    "Int": (0, -1, 101, 2_000),
    "Decimal": ("-5", "0.005", "101", "1" * 20),
    "Date": ("9999-12-31", "0001-01-01"),
}
"""What is rarely right, whatever it is given for."""
DATES = ("2026-01-31", "2026-03-14", "2026-12-01", "2027-02-28", "2025-06-30")
TIMES = ("2026-03-01T09:00:00Z", "2026-04-01T10:30:00+02:00", "2020-01-01T00:00:00Z")
LINKS = {
    "stage": "Stage", "before": "Opportunity", "after": "Opportunity", "reason": "LostReason",
    "contract": "Contract", "status": "CaseStatus", "type": "OpportunityType",
}  # fmt: skip
"""Of arguments that are no fields of the record: what they name."""
DEEP = 2
"""So many levels of parts are created along."""


class Drawn:
    """Draws on what there is."""

    def __init__(self, rng: random.Random, facts: Facts, mark: str) -> None:
        self.rng, self.facts, self.mark = rng, facts, mark
        self.marks = 0
        self.nested = False
        """Whether it is the input of a part that is created along."""

    def chance(self, of: int) -> bool:
        """Once in so many."""
        return self.rng.randrange(of) == of - 1

    def one_of(self, *choices: Any) -> Any:
        """One of these."""
        return choices[self.rng.randrange(len(choices))]

    def marked(self) -> str:
        """A text that nothing else has."""
        self.marks += 1
        return f"{self.mark}.{self.marks}"

    def deed(self, names: tuple[str, ...]) -> Mutation:
        """One of these, mostly such that there is a record to do it with."""
        for _ in range(6):
            deed = MUTATIONS[self.one_of(*names)]
            fits = apt(deed.entity.name, deed.command.suffix)
            rows = [r for r in self.facts.all(deed.entity.name)
                    if (r["deleted_at"] is not None) == (deed.command.suffix == "Restore")]  # fmt: skip
            begins = deed.command.suffix in ("Create", "Upsert", "Upsell")
            if begins or any(fits(self.facts, row) for row in rows):
                return deed
        return deed

    def persona(self) -> str:
        """Mostly the one who may do everything."""
        return str(self.one_of(*["admin"] * 14, *PERSONAS))

    def input(self, deed: Mutation) -> Input:
        """The input of a deed."""
        argument = next(iter(GRAPHQL.mutation_type.fields[deed.name].args.items()))  # type: ignore[union-attr]
        kind = get_named_type(argument[1].type)
        assert isinstance(kind, GraphQLInputObjectType)
        entity = MODEL.entities[deed.entity.name]
        row = self.row(deed.entity.name, deed.command.suffix) if "id" in kind.fields else None
        if row is None and "id" in kind.fields:
            return self._object(kind, entity, deed, None) | {"id": self.nowhere(entity)}
        return self._object(kind, entity, deed, row)

    def row(self, name: str, verb: str) -> Row | None:
        """A record that it makes sense to do something with, mostly; those that changed last come first."""
        rows = list(self.facts.all(name))
        if not self.chance(12):
            rows = [row for row in rows if (row["deleted_at"] is not None) == (verb == "Restore")]
        if not self.chance(5):
            fits = apt(name, verb)
            rows = [row for row in rows if fits(self.facts, row)] or rows
        rows = [row for row in rows if WORTH.get(name, anything)(self.facts, row)]
        if not rows:
            return None
        rows.sort(key=lambda row: (row["updated_at"], row["id"]), reverse=True)
        return rows[min(self.rng.randrange(len(rows)), self.rng.randrange(len(rows)))]

    def nowhere(self, entity: Entity) -> str:
        """An id of nothing."""
        return f"{entity.prefix}_{UUID(int=7).hex}"

    def link(self, name: str) -> str:
        """The id of a record, mostly of a live one."""
        entity = MODEL.entities[name]
        rows = list(self.facts.all(name)) if self.chance(15) else self.facts.live(name)
        if not rows or self.chance(60):
            return self.nowhere(entity)
        rows.sort(key=lambda row: (row["updated_at"], row["id"]), reverse=True)
        row = rows[min(self.rng.randrange(len(rows)), self.rng.randrange(len(rows)))]
        return f"{entity.prefix}_{row['id'].hex}"

    def _object(
        self,
        kind: GraphQLInputObjectType,
        entity: Entity,
        deed: Mutation,
        row: Row | None,
        deep: int = 0,
    ) -> Input:
        drawn: Input = {}
        for name, each in kind.fields.items():
            needed = isinstance(each.type, GraphQLNonNull)
            if needed or self._is_given(name, entity, deed, deep):
                drawn[name] = self._value(name, each, entity, deed, row, deep)
        self.nested = deep > 0
        fit = FITS.get((entity.name, deed.command.suffix))
        if deed.command.suffix not in ("Delete", "Restore"):
            fit = fit or FITS.get((entity.name, ""))
        return drawn if fit is None else fit(self, drawn, row)

    def _is_given(self, name: str, entity: Entity, deed: Mutation, deep: int) -> bool:
        if name == "version":
            return self.chance(6)
        if name in entity.reverses:
            return deep < DEEP and self.chance(6)
        if name in entity.nested_creates:
            return deep < DEEP and self.chance(2)
        if deed.command.suffix == "Upsert" and name in entity.written:
            return not self.chance(6) if is_needed(entity, entity.written[name]) else self.chance(4)
        return self.chance(2 if name == "id" else 3 + bool(deep))

    def _value(
        self,
        name: str,
        each: GraphQLInputField,
        entity: Entity,
        deed: Mutation,
        row: Row | None,
        deep: int,
    ) -> Any:
        kind = each.type.of_type if isinstance(each.type, GraphQLNonNull) else each.type
        if isinstance(kind, GraphQLList):
            count = self.one_of(0, 1, 1, 2, 3)
            return [self._listed(name, kind, entity, deed, deep) for _ in range(count)]
        if isinstance(kind, GraphQLInputObjectType):
            return self._object(
                kind,
                entity.targets[entity.nested_creates[name].name],
                MUTATIONS["accountCreate"],
                None,
                deep + 1,
            )
        if (
            kind is get_named_type(kind)
            and not isinstance(each.type, GraphQLNonNull)
            and self.chance(9)
        ):
            return None
        if isinstance(kind, GraphQLEnumType):
            return self.one_of(*kind.values)
        if kind.name == "ID":
            return self._id(name, entity, deed, row)
        if name == "version":
            return self.one_of(row["version"] if row else 1, 1)
        return self._scalar(kind.name, name, deed)

    def _listed(self, name: str, kind: Any, entity: Entity, deed: Mutation, deep: int) -> Any:
        item = get_named_type(kind)
        if item.name == "AttributeInput":
            return self._attribute(entity)
        part = MODEL.entities[entity.reverses[name].source]
        return self._object(item, part, deed, None, deep + 1)

    def _attribute(self, entity: Entity) -> Input:
        mine = [row for row in self.facts.live("Attribute") if row["entity"] == entity.name]
        if not mine:
            return {"key": "nothing"}
        row = self.one_of(*mine)
        values = {"TEXT": "blue", "NUMBER": "12", "DATE": "2026-05-01", "BOOLEAN": True}
        return {"key": row["key"], row["kind"].lower(): values[row["kind"]]}

    def _id(self, name: str, entity: Entity, deed: Mutation, row: Row | None) -> str:
        if name == "id" and row is not None:
            return f"{entity.prefix}_{row['id'].hex}"
        if name in ("id", "replaceWith"):
            return self.link(entity.name)
        if name in entity.references:
            return self.link(entity.references[name].target)
        return self.link(LINKS[name])

    def _scalar(self, kind: str, name: str, deed: Mutation) -> Any:
        choices: dict[str, Callable[[], Any]] = {
            "String": lambda: self._text(name, deed),
            "Int": lambda: self.one_of(1, 2, 3, 12, 50, 100),
            "Decimal": lambda: self.one_of(*(PERCENTS if "ercent" in name else DECIMALS)),
            "Date": lambda: self.one_of(*DATES),
            "DateTime": lambda: self.one_of(*TIMES),
            "Boolean": lambda: self.one_of(True, False),
        }
        if kind in ODD and self.chance(30):
            return self.one_of(*ODD[kind])
        return choices[kind]()

    def _text(self, name: str, deed: Mutation) -> str | None:
        if name in WORDS:
            return self.one_of(*WORDS[name]) or "x"
        if name == "entity":
            return str(self.one_of("Account", "Opportunity", "Case", "Person", "Quote"))
        if name == "field":
            return str(self.one_of("name", "amount", "note", "owner", "status", "city"))
        if name == "externalId":
            return str(self.one_of("x1", "x2", "x3", self.marked()))
        if name == "key":
            return f"key_{self.marked().replace('.', '_')}"
        unique = name in ("name", "number", "code")
        return self.marked() if unique and not self.chance(12) else str(self.one_of(*TEXTS))
