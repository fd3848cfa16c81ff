"""Random `having` conditions and orders by aggregates, with values that occur in the groups."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tests.oracle.groups import Group, Grouping
from tests.oracle.inputs import DIRECTIONS, Word
from tests.proof.contract import fields, inputs, named
from tests.proof.rows import Row

if TYPE_CHECKING:
    from tests.oracle.draw import Drawer

MEASURES = ("sum", "avg", "min", "max")
MAX_ROWS = 400


@dataclass
class Measured:
    """Generator for conditions on aggregates, with values from the groups of all visible records."""

    drawer: Drawer
    grouping: Grouping

    @cached_property
    def groups(self) -> list[Group]:
        if any(
            self._closed(of, name)
            for key in self.grouping.keys
            for of, name in key.steps(self._entity)
        ):
            return []
        rows: list[Row] = list(self.drawer.viewer.rows[self._entity].values())
        return self.grouping.groups(rows[:MAX_ROWS])

    @property
    def _entity(self) -> str:
        return self.grouping.entity

    def _closed(self, entity: str, name: str) -> bool:
        return not self.drawer.inputs.open(entity, name)

    def having(self, depth: int = 2) -> dict[str, Any]:
        """A random `having` condition."""
        rng = self.drawer.rng
        test: dict[str, Any] = {}
        for _ in range(rng.choice((1, 1, 1, 2))):
            if depth and self.drawer.chance(0.3):
                name = rng.choice(("and", "or", "not"))
                inner = [self.having(depth - 1) for _ in range(rng.choice((0, 1, 2, 2)))]
                test[name] = self.having(depth - 1) if name == "not" else inner
            elif (found := self._measure("Having")) and self.drawer.chance(0.7):
                measure, field = found
                test.setdefault(measure, {})[field] = self._tests(measure, field)
            else:
                counts = [len(group.rows) for group in self._some()] or [0, 1]
                test["count"] = self.drawer.inputs.tests("IntFilter", counts)
        return test

    def order(self) -> dict[str, Any]:
        """A random order by one aggregate."""
        direction = Word(self.drawer.rng.choice(DIRECTIONS))
        found = self._measure("Order")
        if found is None or self.drawer.chance(0.3):
            return {"count": direction}
        measure, field = found
        if fields(self._entity)[field].kind == "MONEY":
            return {measure: {field: {"currency": self._currency(), "direction": direction}}}
        return {measure: {field: direction}}

    def _measure(self, suffix: str) -> tuple[str, str] | None:
        """A random aggregate function and a field that supports it."""
        kind = inputs(f"{self._entity}Having")
        known = [measure for measure in MEASURES if measure in kind]
        if not known:
            return None
        measure = self.drawer.rng.choice(known)
        group = "Numbers" if measure in ("sum", "avg") else "Extremes"
        names = [
            name
            for name in inputs(f"{self._entity}{group}{suffix}")
            if self.drawer.inputs.bold or self.drawer.inputs.open(self._entity, name)
        ]
        return (measure, self.drawer.rng.choice(names)) if names else None

    def _some(self) -> list[Group]:
        return self.drawer.rng.choices(self.groups, k=4) if self.groups else []

    def _currency(self) -> str:
        if self.drawer.chance(0.06):
            return "XXX"
        rows = self.drawer.viewer.all_rows.all(self._entity)
        return str(self.drawer.rng.choice(rows)["currency"])

    def _tests(self, measure: str, field: str) -> dict[str, Any]:
        group = "Numbers" if measure in ("sum", "avg") else "Extremes"
        kind = named(inputs(f"{self._entity}{group}Having")[field])
        money = kind == "MoneyFilter"
        currency = self._currency() if money else None
        found: list[Any] = []
        if not self._closed(self._entity, field):
            picked = (self.grouping.measure(one, measure, field, currency) for one in self._some())
            found = [value for value in picked if value is not None]
        if kind == "DecimalFilter":
            found = [Decimal(value) for value in found]
        tests = self.drawer.inputs.tests("DecimalFilter" if money else kind, found)
        if self.drawer.inputs.bold and self.drawer.chance(0.05):
            currency = None
        return {"currency": currency, **tests} if currency else tests
