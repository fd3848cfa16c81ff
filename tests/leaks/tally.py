"""Groups and measures of what a persona sees, worked out by the tests themselves over the rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.leaks.groups import Key
from tests.leaks.truth import Truth
from tests.proof.contract import MONEY, REFERENCES, snake, spelled_id
from tests.proof.lock import ENTITIES
from tests.proof.rights import readable
from tests.proof.rows import Row
from tests.proof.values import shown

Groups = dict[tuple[Any, ...], list[Row]]
CENT = Decimal("0.01")


@dataclass(frozen=True)
class View:
    """What a persona sees; with rights of the test's own, narrower than the demonstration's."""

    truth: Truth
    persona: str
    ruled: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Further fields of opportunities that are readable in these statuses only."""
    only: Mapping[str, frozenset[UUID]] = field(default_factory=dict)
    """Where fewer records are visible than the demonstration shows."""

    def visible(self, type_name: str) -> Mapping[UUID, Row]:
        """The rows he sees."""
        rows = self.truth.visible(self.persona, type_name)
        may = self.only.get(type_name)
        return rows if may is None else {id: row for id, row in rows.items() if id in may}

    def value(self, type_name: str, name: str, row: Row) -> Any:
        """A field as he sees it: None where it is masked, or leads to nothing that he sees."""
        inputs = ENTITIES[type_name].computed.get(name, (name,))
        shut = type_name == "Opportunity" and any(
            row["status"] not in self.ruled.get(one, {row["status"]}) for one in inputs
        )
        if shut or not readable(self.persona, type_name, name, row):
            return None
        if target := REFERENCES[type_name].get(name):
            id = row[f"{snake(name)}_id"]
            return id if id in self.visible(target) else None
        return self.truth.value(type_name, name, row)

    def key(self, type_name: str, key: Key, row: Row, zone: str = "UTC") -> Any:
        """What a row is grouped by."""
        for edge in key.path:
            id = self.value(edge.owner, edge.name, row)
            if id is None:
                return None
            row = self.visible(edge.target)[id]
        if key.name == "record":
            return spelled_id(key.owner, row["id"])
        value = self.value(key.owner, key.name, row)
        return first_day(value, key.bucket, zone) if key.bucket else spelled(value)

    def groups(self, type_name: str, by: Iterable[Key], zone: str = "UTC") -> Groups:
        """His rows by their keys; without keys all in one group."""
        found: Groups = defaultdict(list)
        chosen = tuple(by)
        if not chosen:
            found[()] = []
        for row in self.visible(type_name).values():
            found[tuple(self.key(type_name, key, row, zone) for key in chosen)].append(row)
        return dict(found)

    def measure(self, type_name: str, function: str, name: str, rows: Iterable[Row]) -> Any:
        """A measure of a field over rows, as the API spells it."""
        rows = list(rows)
        values = [self.value(type_name, name, row) for row in rows]
        held = [value for value in values if value is not None]
        if function == "countUnique":
            return len(set(held))
        if function == "percentEmpty":
            share = Decimal(100 * (len(values) - len(held))) / len(values) if values else None
            return None if share is None else f"{share.quantize(CENT, ROUND_HALF_UP):f}"
        if name in MONEY[type_name]:
            codes = (row["currency"] for row, v in zip(rows, values, strict=True) if v is not None)
            return _of_money(function, list(zip(codes, held, strict=True)))
        if not held:
            return None
        return _of_numbers(function, held)


def first_day(value: date | None, bucket: str, zone: str) -> str | None:
    """The first day of the span that a day, or a moment in a time zone, lies in."""
    if value is None:
        return None
    day = value.astimezone(ZoneInfo(zone)).date() if isinstance(value, datetime) else value
    start = {
        "YEAR": day.replace(month=1, day=1),
        "QUARTER": day.replace(month=day.month - (day.month - 1) % 3, day=1),
        "MONTH": day.replace(day=1),
        "WEEK": day - timedelta(days=day.weekday()),
        "DAY": day,
    }
    return start[bucket].isoformat()


def _of_money(function: str, held: list[tuple[str, Decimal]]) -> list[dict[str, str]]:
    found = []
    for currency in sorted({code for code, _ in held}):
        values = [value for code, value in held if code == currency]
        more = 2 if function == "avg" else 0
        amount = shown(_exact(function, values), currency, more)
        found.append({"amount": amount, "currency": currency})
    return found


def _exact(function: str, values: list[Decimal]) -> Decimal:
    if function in {"sum", "avg"}:
        total = sum(values, Decimal())
        return total if function == "sum" else total / len(values)
    return min(values) if function == "min" else max(values)


def _of_numbers(function: str, held: list[Any]) -> Any:
    if function == "sum":
        return str(sum(held))
    if function == "avg":
        finest = CENT.scaleb(-4) if isinstance(held[0], Decimal) else CENT  # two more than kept
        return f"{(Decimal(sum(held)) / len(held)).quantize(finest, ROUND_HALF_UP):f}"
    return spelled(min(held) if function == "min" else max(held))


def spelled(value: Any) -> Any:
    """A value of a field that is no money, as the API spells it."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else value
