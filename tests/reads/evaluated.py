"""Filters evaluated in Python over records of responses, to compare lists with."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from tests.support.world import World

Record = Mapping[str, Any]
Filter = Mapping[str, Any]
Parse = Callable[[Any], Any]


def fold(text: str) -> str:
    """A text without case and accents, as in orders and searches."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).lower()


def ordering(value: Any) -> Any:
    """Sort key of a value."""
    return fold(value) if isinstance(value, str) else value


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, operand: value == operand,
    "in": lambda value, operand: value in operand,
    "lt": lambda value, operand: ordering(value) < ordering(operand),
    "lte": lambda value, operand: ordering(value) <= ordering(operand),
    "gt": lambda value, operand: ordering(value) > ordering(operand),
    "gte": lambda value, operand: ordering(value) >= ordering(operand),
    "contains": lambda value, operand: fold(operand) in fold(value),
    "startsWith": lambda value, operand: fold(value).startswith(fold(operand)),
}
"""Operators that a null value never fulfils."""


def fulfils(value: Any, test: Filter, parse: Parse) -> bool:
    """Whether a value fulfils every operator of a test. `ne` and `notIn` are exact complements (D-41)."""
    return all(_fulfils(value, name, operand, parse) for name, operand in test.items())


def _fulfils(value: Any, name: str, operand: Any, parse: Parse) -> bool:
    if name == "isNull":
        return bool((value is None) == operand)
    if name in ("ne", "notIn"):
        return not _fulfils(value, "eq" if name == "ne" else "in", operand, parse)
    parsed = [parse(each) for each in operand] if isinstance(operand, list) else parse(operand)
    return value is not None and OPERATORS[name](parse(value), parsed)


def met(record: Record | None, test: Filter, parsers: Mapping[str, Parse]) -> bool:
    """Whether a record fulfils a filter; a missing or invisible record fulfils none."""
    return record is not None and all(
        _met(record, name, inner, parsers) for name, inner in test.items()
    )


def _met(record: Record, name: str, test: Any, parsers: Mapping[str, Parse]) -> bool:
    if name == "and":
        return all(met(record, each, parsers) for each in test)
    if name == "or":
        return any(met(record, each, parsers) for each in test)
    if name == "not":
        return not met(record, test, parsers)
    if name == "attribute":
        [(kind, operand)] = ((k, w) for k, w in test.items() if k != "key")
        values = {each["key"]: each for each in record["attributes"]}
        return fulfils(values[test["key"]][kind], operand, parsers[kind])
    value = record[name]
    if name in parsers:
        return fulfils(value["amount"] if isinstance(value, dict) else value, test, parsers[name])
    if "nodes" in (value or ()):
        return _some_none_every(value["nodes"], test, parsers)
    return met(value, test, parsers)


def _some_none_every(records: list[Record], test: Filter, parsers: Mapping[str, Parse]) -> bool:
    tests: dict[str, Callable[[Filter], bool]] = {
        "some": lambda inner: any(met(each, inner, parsers) for each in records),
        "none": lambda inner: not any(met(each, inner, parsers) for each in records),
        "every": lambda inner: all(met(each, inner, parsers) for each in records),
    }
    return all(tests[quantifier](inner) for quantifier, inner in test.items())


async def every(
    world: World, persona: str, root: str, selection: str, page: int = 100
) -> list[dict[str, Any]]:
    """All records of a list that a persona sees, read page by page."""
    query = f"""query ($after: String) {{ found: {root}(first: {page}, after: $after) {{
      pageInfo {{ hasNextPage endCursor }} nodes {{ {selection} }} }} }}"""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        data = (await world.ask(persona, query, {"after": after})).data["found"]
        found += data["nodes"]
        after = data["pageInfo"]["endCursor"]
        if not data["pageInfo"]["hasNextPage"]:
            return found


async def filtered(
    world: World, persona: str, root: str, input_type: str, test: Filter
) -> set[str]:
    """The ids of all records of a filtered list; asserts that `totalCount` is their number."""
    query = f"""query ($f: {input_type}, $after: String) {{
      found: {root}(filter: $f, first: 100, after: $after) {{
        totalCount pageInfo {{ hasNextPage endCursor }} nodes {{ id }} }} }}"""
    ids: list[str] = []
    after = None
    while True:
        data = (await world.ask(persona, query, {"f": test, "after": after})).data["found"]
        ids += [each["id"] for each in data["nodes"]]
        after = data["pageInfo"]["endCursor"]
        if not data["pageInfo"]["hasNextPage"]:
            assert len(set(ids)) == len(ids) == data["totalCount"]
            return set(ids)
