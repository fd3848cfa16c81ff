"""Aggregates over the records of a list or a group, from the values readable by the viewer (D-17, D-31, D-42)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from graphql import FieldNode

from tests.oracle.lists import Reader
from tests.oracle.values import average, json_value, total
from tests.proof.computed import EXACT
from tests.proof.contract import Field, fields, measure_type
from tests.proof.rows import Row
from tests.proof.values import minor, rounded

if TYPE_CHECKING:
    from tests.oracle.oracle import Oracle

PER_CURRENCY = ("sum", "avg", "min", "max")
"""Aggregates of money that are returned per currency."""

KEPT_DIGITS = {"Decimal": 4}
"""Decimal digits of stored numbers; averages have two more."""


def values(reader: Reader, entity: str, field: Field, rows: list[Row]) -> list[tuple[Row, Any]]:
    """Pairs of record and readable value; for a reference, its visible target."""

    def seen(row: Row) -> Any:
        if field.kind == "REFERENCE":
            linked = reader.linked(entity, row, field)
            return None if linked is None else linked["id"]
        return reader.value(entity, row, field)

    return [(row, seen(row)) for row in rows]


def plain(reader: Reader, entity: str, measure: str, field: Field, rows: list[Row]) -> Any:
    """An aggregate with one value, rounded as in the response; None without values."""
    everything = [value for _, value in values(reader, entity, field, rows)]
    found = [value for value in everything if value is not None]
    if measure == "countUnique":
        return len(set(found))
    if measure == "percentEmpty":
        share = Decimal(100 * (len(everything) - len(found)))
        return rounded(EXACT.divide(share, Decimal(len(rows))), 2) if rows else None
    if not found:
        return None
    if measure == "sum":
        return total(found)
    if measure == "avg":
        return average(found, KEPT_DIGITS.get(field.type, 0) + 2)
    return (min if measure == "min" else max)(found)


def per_currency(
    reader: Reader, entity: str, measure: str, field: Field, rows: list[Row]
) -> dict[str, Decimal]:
    """An aggregate of money by currency code in ascending order, rounded as in the response."""
    amounts: dict[str, list[Decimal]] = defaultdict(list)
    for row, amount in values(reader, entity, field, rows):
        if amount is not None:
            amounts[row["currency"]].append(amount)
    return {code: _money(measure, code, amounts[code]) for code in sorted(amounts)}


def _money(measure: str, currency: str, amounts: list[Decimal]) -> Decimal:
    if measure == "avg":  # exact, then rounded to two digits more than the currency has
        return rounded(average(amounts, 40), minor(currency) + 2)
    whole = total(amounts) if measure == "sum" else (min if measure == "min" else max)(amounts)
    return rounded(whole, minor(currency))


def evaluate_aggregate(
    oracle: Oracle,
    entity: str,
    type_: str,
    rows: list[Row],
    nodes: list[FieldNode],
    keyed: Callable[[list[FieldNode]], Any] | None = None,
) -> dict[str, Any]:
    """Expected `aggregate` object of these records, or a group, which also has its `key`."""
    answered: dict[str, Any] = {}
    for key, parts in oracle.document.collect(type_, nodes).items():
        match parts[0].name.value:
            case "__typename":
                answered[key] = type_
            case "count":
                answered[key] = len(rows)
            case "key":
                assert keyed is not None, "only groups have a key"
                answered[key] = keyed(parts)
            case name:
                answered[key] = _measure(oracle, entity, name, rows, parts)
    return answered


def _measure(
    oracle: Oracle, entity: str, measure: str, rows: list[Row], nodes: list[FieldNode]
) -> dict[str, Any]:
    type_ = measure_type(entity, measure)
    answered: dict[str, Any] = {}
    for key, parts in oracle.document.collect(type_, nodes).items():
        name = parts[0].name.value
        if name == "__typename":
            answered[key] = type_
            continue
        field = fields(entity)[name]
        if field.kind == "MONEY" and measure in PER_CURRENCY:
            found = per_currency(oracle.reader, entity, measure, field, rows)
            answered[key] = [
                oracle.shaped("Money", {"amount": json_value(one), "currency": code}, parts)
                for code, one in found.items()
            ]
        else:
            answered[key] = json_value(plain(oracle.reader, entity, measure, field, rows))
    return answered
