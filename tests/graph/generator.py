"""Generates random inputs from the schema: valid in form and with existing records, so that most commands succeed."""

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
from tests.graph.graph_tenant import Records, Row
from tests.graph.plausible import FITS, NOT_ESSENTIAL, any_row, can_target
from tests.support.world import PERSONAS

Input = dict[str, Any]
TEXTS = ("Ada", "Zoë 🌅", "  kept  ", 'it\'s "so" \\ %_', "line\nline", "x")
VALUES_BY_NAME: dict[str, tuple[str | None, ...]] = {
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
"""Values that are rarely valid, by scalar type."""
DATES = ("2026-01-31", "2026-03-14", "2026-12-01", "2027-02-28", "2025-06-30")
TIMES = ("2026-03-01T09:00:00Z", "2026-04-01T10:30:00+02:00", "2020-01-01T00:00:00Z")
LINKS = {
    "stage": "Stage", "before": "Opportunity", "after": "Opportunity", "reason": "LostReason",
    "contract": "Contract", "status": "CaseStatus", "type": "OpportunityType",
}  # fmt: skip
"""Target entities of arguments that are not fields of the record."""
MAX_DEPTH = 2
"""Maximum depth of nested creates."""


class Generator:
    """Generates commands and inputs for the current records."""

    def __init__(self, rng: random.Random, records: Records, mark: str) -> None:
        self.rng, self.records, self.mark = rng, records, mark
        self.marks = 0
        self.nested = False
        """Whether the current input is a nested create."""

    def chance(self, of: int) -> bool:
        """True once in `of` calls on average."""
        return self.rng.randrange(of) == of - 1

    def one_of(self, *choices: Any) -> Any:
        """One of the choices."""
        return choices[self.rng.randrange(len(choices))]

    def unique_text(self) -> str:
        """A text that has not been generated before."""
        self.marks += 1
        return f"{self.mark}.{self.marks}"

    def choose_mutation(self, names: tuple[str, ...]) -> Mutation:
        """One of the named mutations, preferably one for which a suitable record exists."""
        for _ in range(6):
            mutation = MUTATIONS[self.one_of(*names)]
            is_target = can_target(mutation.entity.name, mutation.command.suffix)
            rows = [r for r in self.records.all(mutation.entity.name)
                    if (r["deleted_at"] is not None) == (mutation.command.suffix == "Restore")]  # fmt: skip
            creates = mutation.command.suffix in ("Create", "Upsert", "Upsell")
            if creates or any(is_target(self.records, row) for row in rows):
                return mutation
        return mutation

    def persona(self) -> str:
        """A persona: mostly the administrator."""
        return str(self.one_of(*["admin"] * 14, *PERSONAS))

    def input(self, mutation: Mutation) -> Input:
        """A random input for a mutation."""
        argument = next(iter(GRAPHQL.mutation_type.fields[mutation.name].args.items()))  # type: ignore[union-attr]
        kind = get_named_type(argument[1].type)
        assert isinstance(kind, GraphQLInputObjectType)
        entity = MODEL.entities[mutation.entity.name]
        row = (
            self.row(mutation.entity.name, mutation.command.suffix) if "id" in kind.fields else None
        )
        if row is None and "id" in kind.fields:
            return self._object(kind, entity, mutation, None) | {"id": self.unknown_id(entity)}
        return self._object(kind, entity, mutation, row)

    def row(self, name: str, suffix: str) -> Row | None:
        """A record for a command, preferably a suitable and recently changed one; None if there is none."""
        rows = list(self.records.all(name))
        if not self.chance(12):
            rows = [row for row in rows if (row["deleted_at"] is not None) == (suffix == "Restore")]
        if not self.chance(5):
            is_target = can_target(name, suffix)
            rows = [row for row in rows if is_target(self.records, row)] or rows
        rows = [row for row in rows if NOT_ESSENTIAL.get(name, any_row)(self.records, row)]
        if not rows:
            return None
        rows.sort(key=lambda row: (row["updated_at"], row["id"]), reverse=True)
        return rows[min(self.rng.randrange(len(rows)), self.rng.randrange(len(rows)))]

    def unknown_id(self, entity: Entity) -> str:
        """An id without a record."""
        return f"{entity.prefix}_{UUID(int=7).hex}"

    def link(self, name: str) -> str:
        """The id of a record, mostly of one that is not in the trash."""
        entity = MODEL.entities[name]
        rows = list(self.records.all(name)) if self.chance(15) else self.records.live(name)
        if not rows or self.chance(60):
            return self.unknown_id(entity)
        rows.sort(key=lambda row: (row["updated_at"], row["id"]), reverse=True)
        row = rows[min(self.rng.randrange(len(rows)), self.rng.randrange(len(rows)))]
        return f"{entity.prefix}_{row['id'].hex}"

    def _object(
        self,
        kind: GraphQLInputObjectType,
        entity: Entity,
        mutation: Mutation,
        row: Row | None,
        depth: int = 0,
    ) -> Input:
        values: Input = {}
        for name, each in kind.fields.items():
            needed = isinstance(each.type, GraphQLNonNull)
            if needed or self._is_included(name, entity, mutation, depth):
                values[name] = self._value(name, each, entity, mutation, row, depth)
        self.nested = depth > 0
        fit = FITS.get((entity.name, mutation.command.suffix))
        if mutation.command.suffix not in ("Delete", "Restore"):
            fit = fit or FITS.get((entity.name, ""))
        return values if fit is None else fit(self, values, row)

    def _is_included(self, name: str, entity: Entity, mutation: Mutation, depth: int) -> bool:
        if name == "version":
            return self.chance(6)
        if name in entity.reverses:
            return depth < MAX_DEPTH and self.chance(6)
        if name in entity.nested_creates:
            return depth < MAX_DEPTH and self.chance(2)
        if mutation.command.suffix == "Upsert" and name in entity.written:
            return not self.chance(6) if is_needed(entity, entity.written[name]) else self.chance(4)
        return self.chance(2 if name == "id" else 3 + bool(depth))

    def _value(
        self,
        name: str,
        each: GraphQLInputField,
        entity: Entity,
        mutation: Mutation,
        row: Row | None,
        depth: int,
    ) -> Any:
        kind = each.type.of_type if isinstance(each.type, GraphQLNonNull) else each.type
        if isinstance(kind, GraphQLList):
            count = self.one_of(0, 1, 1, 2, 3)
            return [self._listed(name, kind, entity, mutation, depth) for _ in range(count)]
        if isinstance(kind, GraphQLInputObjectType):
            return self._object(
                kind,
                entity.targets[entity.nested_creates[name].name],
                MUTATIONS["accountCreate"],
                None,
                depth + 1,
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
            return self._id(name, entity, mutation, row)
        if name == "version":
            return self.one_of(row["version"] if row else 1, 1)
        return self._scalar(kind.name, name, mutation)

    def _listed(self, name: str, kind: Any, entity: Entity, mutation: Mutation, depth: int) -> Any:
        item = get_named_type(kind)
        if item.name == "AttributeInput":
            return self._attribute(entity)
        child = MODEL.entities[entity.reverses[name].source]
        return self._object(item, child, mutation, None, depth + 1)

    def _attribute(self, entity: Entity) -> Input:
        own_rows = [row for row in self.records.live("Attribute") if row["entity"] == entity.name]
        if not own_rows:
            return {"key": "nothing"}
        row = self.one_of(*own_rows)
        values = {"TEXT": "blue", "NUMBER": "12", "DATE": "2026-05-01", "BOOLEAN": True}
        return {"key": row["key"], row["kind"].lower(): values[row["kind"]]}

    def _id(self, name: str, entity: Entity, mutation: Mutation, row: Row | None) -> str:
        if name == "id" and row is not None:
            return f"{entity.prefix}_{row['id'].hex}"
        if name in ("id", "replaceWith"):
            return self.link(entity.name)
        if name in entity.references:
            return self.link(entity.references[name].target)
        return self.link(LINKS[name])

    def _scalar(self, kind: str, name: str, mutation: Mutation) -> Any:
        choices: dict[str, Callable[[], Any]] = {
            "String": lambda: self._text(name, mutation),
            "Int": lambda: self.one_of(1, 2, 3, 12, 50, 100),
            "Decimal": lambda: self.one_of(*(PERCENTS if "ercent" in name else DECIMALS)),
            "Date": lambda: self.one_of(*DATES),
            "DateTime": lambda: self.one_of(*TIMES),
            "Boolean": lambda: self.one_of(True, False),
        }
        if kind in ODD and self.chance(30):
            return self.one_of(*ODD[kind])
        return choices[kind]()

    def _text(self, name: str, mutation: Mutation) -> str | None:
        if name in VALUES_BY_NAME:
            return self.one_of(*VALUES_BY_NAME[name]) or "x"
        if name == "entity":
            return str(self.one_of("Account", "Opportunity", "Case", "Person", "Quote"))
        if name == "field":
            return str(self.one_of("name", "amount", "note", "owner", "status", "city"))
        if name == "externalId":
            return str(self.one_of("x1", "x2", "x3", self.unique_text()))
        if name == "key":
            return f"key_{self.unique_text().replace('.', '_')}"
        unique = name in ("name", "number", "code")
        return self.unique_text() if unique and not self.chance(12) else str(self.one_of(*TEXTS))
