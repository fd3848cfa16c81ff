"""Orders: by several keys, by fields of related records, and with nulls first or last."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

import pytest

from tests.reads.evaluated import Record, fold
from tests.support.covers import covers
from tests.support.world import World

SELECTION = """id name status probability amount { amount } expectedCloseOn
  stage { name position: id } type { name } owner { name manager { name } }
  account { name city employeeCount parent { name city } }
  attributes(keys: ["seats"]) { number }"""
Value = Callable[[Record], Any]


def at(*path: str, parse: Callable[[Any], Any] = fold) -> Value:
    """Function that returns the value at a path; None if a record on the path is null."""

    def read(record: Record) -> Any:
        value: Any = record
        for step in path:
            value = None if value is None else value[step]
        return None if value is None else parse(value)

    return read


def seats(record: Record) -> Decimal | None:
    """The attribute `seats`."""
    found = [each["number"] for each in record["attributes"]]
    return Decimal(found[0]) if found and found[0] is not None else None


ORDERS: dict[str, tuple[list[dict[str, Any]], list[tuple[Value, str]]]] = {
    direction: ([{"amount": direction}], [(at("amount", "amount", parse=Decimal), direction)])
    for direction in ("ASC", "DESC", "ASC_NULLS_FIRST", "DESC_NULLS_FIRST")
}
ORDERS |= {
    "a related field": (
        [{"account": {"name": "ASC"}}],
        [(at("account", "name"), "ASC")],
    ),
    "a related field, nulls first": (
        [{"account": {"employeeCount": "DESC_NULLS_FIRST"}}],
        [(at("account", "employeeCount", parse=int), "DESC_NULLS_FIRST")],
    ),
    "a field two references away, of which one may be empty": (
        [{"account": {"parent": {"city": "ASC_NULLS_FIRST"}}}],
        [(at("account", "parent", "city"), "ASC_NULLS_FIRST")],
    ),
    "the same, nulls last": (
        [{"account": {"parent": {"city": "DESC"}}}],
        [(at("account", "parent", "city"), "DESC")],
    ),
    "several keys of several records": (
        [
            {"type": {"name": "DESC"}},
            {"owner": {"manager": {"name": "ASC_NULLS_FIRST"}}},
            {"status": "ASC"},
            {"expectedCloseOn": "DESC_NULLS_FIRST"},
            {"account": {"city": "ASC"}},
        ],
        [
            (at("type", "name"), "DESC"),
            (at("owner", "manager", "name"), "ASC_NULLS_FIRST"),
            (at("status", parse=str), "ASC"),
            (at("expectedCloseOn", parse=date.fromisoformat), "DESC_NULLS_FIRST"),
            (at("account", "city"), "ASC"),
        ],
    ),
    "an attribute, then a related field": (
        [{"attribute": {"key": "seats", "direction": "DESC"}}, {"owner": {"name": "ASC"}}],
        [(seats, "DESC"), (at("owner", "name"), "ASC")],
    ),
}


def comes_first(one: Any, other: Any, direction: str) -> int:
    """Compare two values in a direction; nulls are last unless the direction has NULLS_FIRST."""
    if one == other:
        return 0
    if one is None or other is None:
        return (-1 if one is None else 1) * (1 if direction.endswith("NULLS_FIRST") else -1)
    return (-1 if one < other else 1) * (-1 if direction.startswith("DESC") else 1)


def compared(keys: list[tuple[Value, str]]) -> Callable[[Record, Record], int]:
    """Comparison of records by several keys; ids break ties."""

    def compare(one: Record, other: Record) -> int:
        for value, direction in keys:
            if order := comes_first(value(one), value(other), direction):
                return order
        return comes_first(one["id"], other["id"], keys[-1][1].partition("_")[0])

    return compare


async def ordered(world: World, persona: str, order_by: Any, forward: bool) -> list[Record]:
    """A complete list in an order, read forward with `first` or backward with `last`."""
    size, cursor = ("first", "after") if forward else ("last", "before")
    more, edge = ("hasNextPage", "endCursor") if forward else ("hasPreviousPage", "startCursor")
    query = f"""query ($by: [OpportunityOrder!], $at: String) {{
      opportunities(orderBy: $by, {size}: 100, {cursor}: $at) {{
        pageInfo {{ {more} {edge} }} nodes {{ {SELECTION} }} }} }}"""
    found: list[Record] = []
    at = None
    while True:
        page = (await world.ask(persona, query, {"by": order_by, "at": at})).data["opportunities"]
        found = [*found, *page["nodes"]] if forward else [*page["nodes"], *found]
        at = page["pageInfo"][edge]
        if not page["pageInfo"][more]:
            return found


@covers("X-05", "D-38")
@pytest.mark.parametrize("persona", ["admin", "rep1"])
@pytest.mark.parametrize("name", ORDERS)
async def test_list_is_sorted_by_its_keys_forward_and_backward(
    world: World, name: str, persona: str
) -> None:
    order_by, keys = ORDERS[name]
    found = await ordered(world, persona, order_by, forward=True)
    assert found == sorted(found, key=cmp_to_key(compared(keys)))
    first = {keys[0][0](each) for each in found}
    assert len(first) > 1
    assert None in first or "NULLS" not in keys[0][1], "some values are null"
    ids = [each["id"] for each in found]
    assert len(set(ids)) == len(ids)
    back = await ordered(world, persona, order_by, forward=False)
    assert [each["id"] for each in back] == ids


@covers("X-05")
async def test_nulls_are_last_unless_the_direction_has_nulls_first(world: World) -> None:
    query = """query ($by: [OpportunityOrder!]) {
      opportunities(first: 1, orderBy: $by) { nodes { expectedCloseOn } }
      end: opportunities(last: 1, orderBy: $by) { nodes { expectedCloseOn } } }"""
    for direction in ("ASC", "DESC", "ASC_NULLS_FIRST", "DESC_NULLS_FIRST"):
        data = (await world.ask("admin", query, {"by": [{"expectedCloseOn": direction}]})).data
        first, last = (
            data[each]["nodes"][0]["expectedCloseOn"] for each in ("opportunities", "end")
        )
        assert (first is None) == direction.endswith("NULLS_FIRST")
        assert (last is None) == (not direction.endswith("NULLS_FIRST"))
