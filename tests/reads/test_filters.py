"""Filters: every operator of every type, nested at will, through references and through lists of records."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, build_schema, get_named_type

from tests.reads.evaluated import Filter, Parse, Record, every, filtered, met
from tests.support.covers import covers
from tests.support.world import World

SCHEMA = build_schema((Path(__file__).parents[2] / "schema" / "schema.graphql").read_text())
PARSERS: dict[str, Parse] = {
    **dict.fromkeys(("id", "name", "note", "currency", "status", "kind", "city", "number"), str),
    **dict.fromkeys(("probability", "position"), int),
    **dict.fromkeys(("amount", "netMargin", "unitPrice", "quantity"), Decimal),
    **dict.fromkeys(("keyAccount", "locked", "active", "headOffice", "boolean"), bool),
    "expectedCloseOn": date.fromisoformat,
    "createdAt": datetime.fromisoformat,
    "text": str,
    "date": date.fromisoformat,
}
"""Parser of a field's values for comparisons; fields without one are references and lists."""
ATTRIBUTE_PARSERS: dict[str, Parse] = {**PARSERS, "number": Decimal}
VALUES = """id name note currency status probability amount { amount } netMargin { amount } locked
  expectedCloseOn createdAt attributes { key text number date boolean }"""
FIELDS = {
    "id": "IDFilter",
    "name": "StringFilter",
    "note": "StringFilter",
    "status": "StageKindFilter",
    "probability": "IntFilter",
    "amount": "DecimalFilter",
    "netMargin": "DecimalFilter",
    "locked": "BooleanFilter",
    "expectedCloseOn": "DateFilter",
    "createdAt": "DateTimeFilter",
    "text": "StringFilter",
    "number": "DecimalFilter",
    "date": "DateFilter",
    "boolean": "BooleanFilter",
}
ATTRIBUTES = {"text": "tier", "number": "seats", "date": "kickoff", "boolean": "strategic"}


def input_type(name: str) -> GraphQLInputObjectType:
    """An input type of the printed schema."""
    found = SCHEMA.type_map[name]
    assert isinstance(found, GraphQLInputObjectType)
    return found


def operators(name: str) -> list[str]:
    """The operators of a filter type, as the printed schema lists them."""
    return list(input_type(name).fields)


CASES = [
    (field, operator)
    for field, filter_type in FIELDS.items()
    for operator in operators(filter_type)
]


def value_of(record: Record, field: str) -> Any:
    """The value of a field, or of the attribute of a kind, in the response."""
    if field in ATTRIBUTES:
        found = [e[field] for e in record["attributes"] if e["key"] == ATTRIBUTES[field]]
        return found[0] if found else None
    value = record[field]
    return value["amount"] if isinstance(value, dict) else value


def operand(records: list[Record], field: str, operator: str) -> Any:
    """An operand that some of the records fulfil and others do not."""
    parse = ATTRIBUTE_PARSERS[field]
    values = sorted({value_of(each, field) for each in records} - {None}, key=parse)
    middle = values[len(values) // 2]
    if operator == "isNull":
        return True
    if operator in ("in", "notIn"):
        return values[:: max(2, len(values) // 5)]
    if operator == "contains":
        return str(middle)[1:4].upper()
    return str(middle)[:2].lower() if operator == "startsWith" else middle


def field_filter(field: str, test: Filter) -> dict[str, Any]:
    """A filter on a field or an attribute."""
    if field in ATTRIBUTES:
        return {"attribute": {"key": ATTRIBUTES[field], field: test}}
    return {field: test}


def expected(records: list[Record], test_filter: Filter, parsers: dict[str, Parse]) -> set[str]:
    """The ids of the records that fulfil a filter."""
    return {each["id"] for each in records if met(each, test_filter, parsers)}


@pytest.fixture(scope="module")
async def records(world: World) -> list[dict[str, Any]]:
    """All opportunities of the demonstration with their values; attributes without a value are null."""
    found = await every(world, "admin", "opportunities", VALUES)
    empty = {"text": None, "number": None, "date": None, "boolean": None}
    for each in found:
        known = {one["key"] for one in each["attributes"]}
        missing = set(ATTRIBUTES.values()) - known
        each["attributes"] += [{"key": key, **empty} for key in missing]
    return found


@covers("X-03", "D-41")
def test_tested_fields_have_the_expected_filter_types() -> None:
    fields = input_type("OpportunityFilter").fields | input_type("AttributeValueFilter").fields
    types = {name: get_named_type(field.type).name for name, field in fields.items()}
    assert types | FIELDS == types
    scalars = {
        each for each in SCHEMA.type_map if each.endswith("Filter") and "eq" in operators(each)
    }
    untested = {each for each in scalars - set(FIELDS.values()) if each != "MoneyFilter"}
    assert {tuple(operators(each)) for each in untested} == {tuple(operators("StageKindFilter"))}


@covers("X-03", "D-41")
@pytest.mark.parametrize(("field", "operator"), CASES)
async def test_operator_matches_exactly_the_records_that_fulfil_it(
    world: World, records: list[Record], field: str, operator: str
) -> None:
    test_filter = field_filter(field, {operator: operand(records, field, operator)})
    parsers = ATTRIBUTE_PARSERS if field in ATTRIBUTES else PARSERS
    found = expected(records, test_filter, parsers)
    everything = {each["id"] for each in records}
    if operator == "isNull" and not any(value_of(each, field) is None for each in records):
        assert found == set()
    else:
        assert found
        assert found < everything
    assert (
        await filtered(world, "admin", "opportunities", "OpportunityFilter", test_filter) == found
    )
    opposite = {"not": test_filter}
    rest = await filtered(world, "admin", "opportunities", "OpportunityFilter", opposite)
    assert rest == everything - found, "`not` is the exact complement, nulls included"


SOON: Filter = {"expectedCloseOn": {"gte": "2026-03-01", "lte": "2026-09-30"}}
NESTED: dict[str, Filter] = {
    "a range": SOON,
    "several operators and fields at once": {
        **SOON,
        "amount": {"gt": "1000", "lt": "60000", "ne": "20000"},
        "name": {"contains": "a"},
    },
    "and of or": {
        "and": [
            {"or": [{"status": {"eq": "WON"}}, {"probability": {"gte": 50}}]},
            {"or": [{"amount": {"isNull": True}}, {"currency": {"in": ["EUR", "JPY"]}}]},
        ]
    },
    "or of and, not of or": {
        "or": [
            {"and": [{"status": {"eq": "OPEN"}}, {"not": {"amount": {"gte": "5000"}}}]},
            {"not": {"or": [{"status": {"ne": "LOST"}}, {"note": {"isNull": True}}]}},
        ]
    },
    "not of not of and": {"not": {"not": {"and": [SOON, {"not": {"status": {"eq": "LOST"}}}]}}},
    "six levels": {
        "not": {
            "and": [
                {"or": [{"not": {"or": [{"and": [SOON, {"locked": {"eq": False}}]}]}}]},
                {"attribute": {"key": "tier", "text": {"isNull": False}}},
            ]
        }
    },
    "attributes among fields": {
        "or": [
            {"attribute": {"key": "seats", "number": {"gte": "0", "lt": "100"}}},
            {"and": [{"attribute": {"key": "strategic", "boolean": {"eq": True}}}, SOON]},
        ]
    },
    "an empty or": {"or": []},
    "an empty and": {"and": []},
    "an empty list": {"currency": {"in": []}},
    "nothing": {},
}


@covers("X-03", "D-41")
@pytest.mark.parametrize("name", NESTED)
async def test_and_or_and_not_can_be_nested(world: World, records: list[Record], name: str) -> None:
    test_filter = NESTED[name]
    found = expected(records, test_filter, ATTRIBUTE_PARSERS)
    assert bool(found) == (name not in ("an empty or", "an empty list"))
    assert (
        await filtered(world, "admin", "opportunities", "OpportunityFilter", test_filter) == found
    )


ACCOUNT = """id name city keyAccount
  owner { id name manager { id name } } parent { id name owner { id name } }
  opportunities(first: 25) { nodes { id name status amount { amount }
    owner { id name } stage { id kind name }
    quotes(first: 10) { nodes { id active items(first: 10) { nodes { id name quantity } } } } } }
  addresses(first: 10) { nodes { id city headOffice } }
"""
OPPORTUNITY = """id name status account { id name city keyAccount
    owner { id name manager { id name manager { id name } } }
    parent { id name city }
    addresses(first: 10) { nodes { id city headOffice } } }
  quotes(first: 10) { nodes { id active items(first: 10) { nodes { id name quantity } } } }
"""
TO_ONE: dict[str, Filter] = {
    "one level": {"account": {"keyAccount": {"eq": True}}},
    "two levels": {"account": {"owner": {"name": {"contains": "a"}}}},
    "four levels": {"account": {"owner": {"manager": {"manager": {"name": {"contains": "e"}}}}}},
    "not through an empty reference": {"not": {"account": {"parent": {"name": {"contains": "e"}}}}},
    "two ways at once": {
        "account": {"or": [{"parent": {"city": {"isNull": False}}}, {"city": {"contains": "o"}}]},
        "status": {"ne": "WON"},
    },
    "to one, then to many": {
        "account": {"addresses": {"some": {"city": {"contains": "e"}, "headOffice": {"eq": False}}}}
    },
    "to many, twice": {
        "quotes": {"some": {"active": {"eq": True}, "items": {"some": {"quantity": {"gt": "5"}}}}}
    },
}
TO_MANY: dict[str, Filter] = {
    "some": {"opportunities": {"some": {"status": {"eq": "WON"}, "amount": {"gt": "20000"}}}},
    "none": {"opportunities": {"none": {"status": {"eq": "WON"}}}},
    "every": {"opportunities": {"every": {"amount": {"gte": "0"}}}},
    "some and none": {
        "opportunities": {"some": {"status": {"eq": "WON"}}, "none": {"status": {"eq": "LOST"}}}
    },
    "every is true of an empty list": {"addresses": {"every": {"city": {"eq": "Nowhere"}}}},
    "not some": {"not": {"opportunities": {"some": {"stage": {"name": {"eq": "Proof"}}}}}},
    "three levels of lists": {
        "opportunities": {
            "some": {"quotes": {"some": {"items": {"every": {"quantity": {"lte": "20"}}}}}}
        }
    },
    "none in some": {
        "opportunities": {"some": {"quotes": {"none": {"active": {"eq": True}}}}},
        "keyAccount": {"eq": False},
    },
    "to many, then to one": {"opportunities": {"every": {"stage": {"kind": {"ne": "LOST"}}}}},
    "beside a reference": {
        "owner": {"manager": {"name": {"contains": "e"}}},
        "opportunities": {"some": {"stage": {"kind": {"eq": "LOST"}}}},
    },
}
WAYS = [
    ("opportunities", "OpportunityFilter", name, test_filter)
    for name, test_filter in TO_ONE.items()
]
WAYS += [("accounts", "AccountFilter", name, test_filter) for name, test_filter in TO_MANY.items()]
SELECTIONS = {"opportunities": (OPPORTUNITY, 40), "accounts": (ACCOUNT, 3)}


@pytest.fixture(scope="module")
async def trees(world: World) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """By persona and list, all its records with those that filters lead to, as the persona sees them."""
    return {
        (persona, root): await every(world, persona, root, selection, page)
        for persona in ("admin", "rep1")
        for root, (selection, page) in SELECTIONS.items()
    }


@covers("X-04", "D-41")
@pytest.mark.parametrize("persona", ["admin", "rep1"])
@pytest.mark.parametrize(
    ("root", "filter_type", "test_filter"),
    [(root, filter_type, test_filter) for root, filter_type, _, test_filter in WAYS],
    ids=[name for *_, name, _ in WAYS],
)
async def test_relation_filter_tests_visible_records_only(
    world: World,
    trees: dict[tuple[str, str], list[Record]],
    persona: str,
    root: str,
    filter_type: str,
    test_filter: Filter,
) -> None:
    """`rep1` does not see most opportunities of an account: those count for no quantifier."""
    records = trees[persona, root]
    found = expected(records, test_filter, PARSERS)
    assert found
    assert found < {each["id"] for each in records}
    assert await filtered(world, persona, root, filter_type, test_filter) == found
