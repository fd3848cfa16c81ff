"""Expected groups and measures of what a persona sees, computed from the rows independently of the application."""

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
class ExpectedView:
    """What a persona sees, optionally with narrower rights than those of the demo data."""

    truth: Truth
    persona: str
    ruled: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Statuses by opportunity field in which alone the field is readable."""
    visible_ids: Mapping[str, frozenset[UUID]] = field(default_factory=dict)
    """Visible records by entity, where they are fewer than in the demo data."""

    def visible(self, type_name: str) -> Mapping[UUID, Row]:
        """The rows that the persona sees."""
        rows = self.truth.visible(self.persona, type_name)
        allowed = self.visible_ids.get(type_name)
        return rows if allowed is None else {id: row for id, row in rows.items() if id in allowed}

    def value(self, type_name: str, name: str, row: Row) -> Any:
        """A field as the persona sees it: None if it is masked or links to a hidden record."""
        inputs = ENTITIES[type_name].computed.get(name, (name,))
        masked = type_name == "Opportunity" and any(
            row["status"] not in self.ruled.get(one, {row["status"]}) for one in inputs
        )
        if masked or not readable(self.persona, type_name, name, row):
            return None
        if target := REFERENCES[type_name].get(name):
            id = row[f"{snake(name)}_id"]
            return id if id in self.visible(target) else None
        return self.truth.value(type_name, name, row)

    def key(self, type_name: str, key: Key, row: Row, zone: str = "UTC") -> Any:
        """The value of a group key for a row."""
        for edge in key.path:
            id = self.value(edge.owner, edge.name, row)
            if id is None:
                return None
            row = self.visible(edge.target)[id]
        if key.name == "record":
            return spelled_id(key.owner, row["id"])
        value = self.value(key.owner, key.name, row)
        return first_day(value, key.bucket, zone) if key.bucket else api_value(value)

    def groups(self, type_name: str, by: Iterable[Key], zone: str = "UTC") -> Groups:
        """The visible rows by group keys; without keys, one group of all rows."""
        found: Groups = defaultdict(list)
        selected = tuple(by)
        if not selected:
            found[()] = []
        for row in self.visible(type_name).values():
            found[tuple(self.key(type_name, key, row, zone) for key in selected)].append(row)
        return dict(found)

    def measure(self, type_name: str, function: str, name: str, rows: Iterable[Row]) -> Any:
        """A measure of a field over rows, in the API's format."""
        rows = list(rows)
        all_values = [self.value(type_name, name, row) for row in rows]
        values = [value for value in all_values if value is not None]
        if function == "countUnique":
            return len(set(values))
        if function == "percentEmpty":
            share = (
                Decimal(100 * (len(all_values) - len(values))) / len(all_values)
                if all_values
                else None
            )
            return None if share is None else f"{share.quantize(CENT, ROUND_HALF_UP):f}"
        if name in MONEY[type_name]:
            codes = (
                row["currency"] for row, v in zip(rows, all_values, strict=True) if v is not None
            )
            return _of_money(function, list(zip(codes, values, strict=True)))
        if not values:
            return None
        return _of_numbers(function, values)


def first_day(value: date | None, bucket: str, zone: str) -> str | None:
    """The first day of the bucket that contains a date, or a time in a time zone."""
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


def _of_money(function: str, values: list[tuple[str, Decimal]]) -> list[dict[str, str]]:
    found = []
    for currency in sorted({code for code, _ in values}):
        all_values = [value for code, value in values if code == currency]
        more = 2 if function == "avg" else 0
        amount = shown(_exact(function, all_values), currency, more)
        found.append({"amount": amount, "currency": currency})
    return found


def _exact(function: str, all_values: list[Decimal]) -> Decimal:
    if function in {"sum", "avg"}:
        total = sum(all_values, Decimal())
        return total if function == "sum" else total / len(all_values)
    return min(all_values) if function == "min" else max(all_values)


def _of_numbers(function: str, values: list[Any]) -> Any:
    if function == "sum":
        return str(sum(values))
    if function == "avg":
        finest = (
            CENT.scaleb(-4) if isinstance(values[0], Decimal) else CENT
        )  # two digits more than stored
        return f"{(Decimal(sum(values)) / len(values)).quantize(finest, ROUND_HALF_UP):f}"
    return api_value(min(values) if function == "min" else max(values))


def api_value(value: Any) -> Any:
    """A value of a field that is not money, in the API's format."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else value
