"""Measures over the records of a list, as the viewer may see their values (D-17, D-31, D-42)."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from graphql import FieldNode

from tests.oracle.contract import Field, fields
from tests.oracle.rows import Row
from tests.oracle.values import average, spelled, total

if TYPE_CHECKING:
    from tests.oracle.oracle import Oracle


def measured(
    oracle: Oracle, entity: str, rows: list[Row], nodes: list[FieldNode]
) -> dict[str, Any]:
    """The object `aggregate` over these records."""
    known = {"count": len(rows), "__typename": f"{entity}Aggregate"}
    return {
        key: known[name]
        if (name := parts[0].name.value) in known
        else _measure(oracle, entity, name, rows, parts)
        for key, parts in oracle.document.collect(f"{entity}Aggregate", nodes).items()
    }


def _measure(
    oracle: Oracle, entity: str, measure: str, rows: list[Row], nodes: list[FieldNode]
) -> dict[str, Any]:
    type_ = f"{entity}{measure.capitalize()}"
    answered: dict[str, Any] = {}
    for key, parts in oracle.document.collect(type_, nodes).items():
        name = parts[0].name.value
        if name == "__typename":
            answered[key] = type_
            continue
        field = fields(entity)[name]
        values = [(row, oracle.reader.value(entity, row, field)) for row in rows]
        answered[key] = _of(oracle, measure, field, [p for p in values if p[1] is not None], parts)
    return answered


def _of(
    oracle: Oracle,
    measure: str,
    field: Field,
    values: list[tuple[Row, Any]],
    nodes: list[FieldNode],
) -> Any:
    if field.kind == "MONEY":
        amounts: dict[str, list[Decimal]] = defaultdict(list)
        for row, amount in values:
            amounts[row["currency"]].append(amount)
        return [
            _money(oracle, measure, currency, amounts[currency], nodes)
            for currency in sorted(amounts)
        ]
    if not values:
        return None
    plain = [value for _, value in values]
    if measure == "sum":
        return spelled(total(plain))
    if measure == "avg":
        return spelled(average(plain, 2))
    return spelled((min if measure == "min" else max)(plain))


def _money(
    oracle: Oracle, measure: str, currency: str, amounts: list[Decimal], nodes: list[FieldNode]
) -> dict[str, Any]:
    if measure == "avg":  # exact until the rounding, which has two digits more than the currency
        return oracle.money(average(amounts, 40), currency, nodes, more=2)
    whole = total(amounts) if measure == "sum" else (min if measure == "min" else max)(amounts)
    return oracle.money(whole, currency, nodes)
