"""Random filters, orders and ids, with values from the rows so that they match records."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.oracle.lists import KINDS
from tests.oracle.values import fold, json_value
from tests.proof.computed import field_value
from tests.proof.contract import (
    PREFIXES,
    Field,
    attribute_key,
    fields,
    inputs,
    named,
    spelled_id,
)
from tests.proof.lock import ENTITIES
from tests.proof.oracle import Viewer
from tests.proof.rows import Row
from tests.proof.values import minor, rounded

DIRECTIONS = ("ASC", "DESC", "ASC_NULLS_FIRST", "DESC_NULLS_FIRST")
MISSING_ID = UUID("01941f60-0000-7000-8000-000000000000")


class Word(str):
    """An enum value, which is written without quotes."""

    __slots__ = ()


@dataclass
class Inputs:
    """Generator of argument values. Only with `bold` do they use fields that the viewer cannot read."""

    rng: random.Random
    viewer: Viewer
    bold: bool = False

    def chance(self, of: float) -> bool:
        return self.rng.random() < of

    def open(self, entity: str, name: str) -> bool:
        """Whether a field may occur in the arguments."""
        if entity not in self.viewer.grants_by_entity or self.viewer.closed(entity, name):
            return False
        field = fields(entity)[name]
        return field.kind != "REFERENCE" or field.type in self.viewer.grants_by_entity

    def filter(self, entity: str, depth: int = 2) -> dict[str, Any]:
        """A random filter of an entity over at most `depth` levels of relations."""
        rng = self.rng
        test: dict[str, Any] = {}
        for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
            if depth and self.chance(0.3):
                name = rng.choice(("and", "or", "not"))
                inner = [self.filter(entity, depth - 1) for _ in range(rng.choice((0, 1, 2, 2, 3)))]
                test[name] = self.filter(entity, depth - 1) if name == "not" else inner
            elif self.chance(0.25) and (found := self._attribute(entity)):
                test["attribute"] = found
            elif ENTITIES[entity].search and self.chance(0.08):
                test["search"] = self.text(entity)
            elif member := self._member(entity, depth):
                test[member] = self._test(entity, fields(entity)[member], depth)
        if self.chance(0.05) and (member := self._member(entity, depth)):
            test.setdefault(member, None)
        return test

    def text(self, entity: str) -> str:
        """A search text from substrings of searched fields, readable or not."""
        words: list[str] = []
        for _ in range(self.rng.choice((1, 1, 2, 3))):
            rows = self.viewer.all_rows.all(entity)
            name = self.rng.choice(ENTITIES[entity].search)
            value = field_value(entity, name, self.rng.choice(rows)) if rows else None
            word = self.rng.choice(str(value).split() or ["-"])
            start = self.rng.randrange(len(word))
            words.append(word[start : start + self.rng.choice((1, 3, 5, 40))])
        text = self.rng.choice((" ", "  ")).join(words)
        return self.rng.choice((str, str.upper, fold))(text) or "x"

    def _member(self, entity: str, depth: int) -> str | None:
        names = [
            name
            for name in inputs(f"{entity}Filter")
            if name in fields(entity)
            and (depth or fields(entity)[name].kind not in ("REFERENCE", "LIST"))
            and (self.bold or self.open(entity, name))
        ]
        return self.rng.choice(names) if names else None

    def _test(self, entity: str, field: Field, depth: int) -> dict[str, Any]:
        if field.kind == "REFERENCE":
            return self.filter(field.type, depth - 1) if self.chance(0.95) else {}
        if field.kind == "LIST":
            names = self.rng.sample(("some", "none", "every"), self.rng.choice((1, 1, 1, 2)))
            return {name: self.filter(field.type, depth - 1) for name in names}
        kind = named(inputs(f"{entity}Filter")[field.name])
        return self.tests(kind, self._values(entity, field))

    def _values(self, entity: str, field: Field) -> list[Any]:
        """Values of a field in some rows, visible or not."""
        rows = self.viewer.all_rows.all(entity)
        picked: list[Row] = self.rng.choices(rows, k=8) if rows else []
        if field.name == "id":
            return [*(spelled_id(entity, row["id"]) for row in picked), self.identity()]
        if field.kind == "MONEY":
            found = [
                rounded(value, minor(row["currency"]) + self.rng.choice((0, 2)))
                for row in picked
                if (value := field_value(entity, field.name, row)) is not None
            ]
        else:
            read = (field_value(entity, field.name, row) for row in picked)
            found = [value for value in read if value is not None]
        if field.kind == "ENUM":
            return [Word(value) for value in found]
        return found

    def tests(self, kind: str, found: list[Any]) -> dict[str, Any]:
        """One or two operators with these values, for the filter input `kind`."""
        if self.chance(0.04):
            return {}
        names = [n for n in inputs(kind) if found or n in ("in", "notIn", "isNull")]
        test: dict[str, Any] = {}
        for name in self.rng.sample(names, min(len(names), self.rng.choice((1, 1, 1, 2)))):
            if name == "isNull":
                test[name] = self.chance(0.5)
            elif name in ("in", "notIn"):
                count = min(len(found), self.rng.choice((0, 1, 2, 3, 5)))
                test[name] = [self._near(value, "eq") for value in found[:count]]
            else:
                test[name] = self._near(self.rng.choice(found), name)
        return test

    def _near(self, value: Any, name: str) -> Any:
        """The value or a close one, in its input format."""
        rng = self.rng
        if isinstance(value, str) and not isinstance(value, Word):
            if name in ("contains", "startsWith") and value:
                start = rng.randrange(len(value)) if name == "contains" else 0
                value = value[start : start + rng.choice((1, 2, 3, 8, 40))]
            if name not in ("eq", "ne") and self.chance(0.4):
                value = rng.choice((str.upper, str.lower, fold))(value)
        elif isinstance(value, Decimal) and self.chance(0.3):
            value += rng.choice((Decimal("0.01"), Decimal(-1), Decimal("0.0001"), Decimal(100)))
        elif isinstance(value, int) and not isinstance(value, bool) and self.chance(0.3):
            value += rng.choice((-1, 1, 10))
        elif hasattr(value, "year") and self.chance(0.3):
            value += timedelta(days=rng.choice((-30, -1, 1)))
        return json_value(value)

    def _attribute(self, entity: str) -> dict[str, Any] | None:
        """A filter on a custom attribute; None if the entity has none."""
        definition = self._definition(entity, "Filter")
        if definition is None:
            return None
        member = next(name for name, (kind, _) in KINDS.items() if kind == definition["kind"])
        values = [
            row["custom"].get(str(definition["id"]))
            for row in self.rng.choices(self.viewer.all_rows.all(entity), k=8)
        ]
        inner = inputs(named(inputs(f"{entity}Filter")["attribute"]))
        test = self.tests(named(inner[member]), [one for one in values if one is not None])
        return {"key": definition["key"], member: test}

    def _definition(self, entity: str, suffix: str) -> Row | None:
        if not attribute_key(entity, suffix) or entity not in self.viewer.grants_by_entity:
            return None
        known = self.viewer.grants_by_entity[entity].attributes
        if self.bold:
            rows = self.viewer.all_rows.all("Attribute")
            known = tuple(row for row in rows if row["entity"] == entity)
        return self.rng.choice(known) if known else None

    def order(self, entity: str) -> list[dict[str, Any]]:
        """Random sort keys over at most two references."""
        picked = (self._key(entity, 2) for _ in range(self.rng.choice((0, 1, 1, 1, 2, 2, 3))))
        return [key for key in picked if key]

    def _key(self, entity: str, depth: int) -> dict[str, Any] | None:
        if self.chance(0.15) and (definition := self._definition(entity, "Order")):
            direction = Word(self.rng.choice(DIRECTIONS))
            return {"attribute": {"key": definition["key"], "direction": direction}}
        names = [
            name
            for name in inputs(f"{entity}Order")
            if name in fields(entity)
            and (depth or fields(entity)[name].kind != "REFERENCE")
            and (self.bold or self.open(entity, name))
        ]
        if not names:
            return None
        field = fields(entity)[self.rng.choice(names)]
        if field.kind == "REFERENCE":
            inner = self._key(field.type, depth - 1)
            return {field.name: inner} if inner else None
        return {field.name: Word(self.rng.choice(DIRECTIONS))}

    def identity(self, entity: str | None = None) -> str:
        """An id, mostly of a visible or invisible record, sometimes of no record."""
        if self.chance(0.06):
            made = (
                spelled_id("Account", MISSING_ID),
                f"xyz_{MISSING_ID.hex}",
            )
            return self.rng.choice(made)
        entity = entity or self.rng.choice(list(ENTITIES))
        rows = self.viewer.all_rows.all(entity)
        identity: UUID = self.rng.choice(rows)["id"] if rows else MISSING_ID
        if self.chance(0.05):  # of a wrong type
            entity = self.rng.choice(list(PREFIXES.values()))
        return spelled_id(entity, identity)
