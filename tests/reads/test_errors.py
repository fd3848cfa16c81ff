"""Invalid input is refused with a message that names the place and the remedy."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.covers import covers
from tests.support.world import World

GROUPS = "{ opportunitiesAggregate(groupBy: %s) { groups { %s } } }"

CASES: list[tuple[str, dict[str, Any], str, list[str]]] = [
    ("{ oportunities { totalCount } }", {}, "GRAPHQL_VALIDATION_FAILED", ["oportunities", "Query"]),
    (
        "{ opportunities(filter: {amount: {gt: 12}}) { totalCount } }",
        {},
        "GRAPHQL_VALIDATION_FAILED",
        ["12", "a decimal number as text"],
    ),
    (
        "query ($f: OpportunityFilter) { opportunities(filter: $f) { totalCount } }",
        {"f": {"amount": {"gt": "1,5"}}},
        "BAD_USER_INPUT",
        ["$f", "amount.gt", "1,5", "a decimal number as text"],
    ),
    (
        "query ($f: OpportunityFilter) { opportunities(filter: $f) { totalCount } }",
        {"f": {"expectedCloseOn": {"lt": "2026-02-30"}}},
        "BAD_USER_INPUT",
        ["expectedCloseOn.lt", "2026-11-30"],
    ),
    (
        "query ($f: OpportunityFilter) { opportunities(filter: $f) { totalCount } }",
        {"f": {"createdAt": {"lt": "2026-02-03T00:00:00"}}},
        "BAD_USER_INPUT",
        ["createdAt.lt", "time zone"],
    ),
    (
        "{ opportunities(orderBy: [{name: ASC, amount: DESC}]) { totalCount } }",
        {},
        "BAD_USER_INPUT",
        ["orderBy", "exactly one"],
    ),
    ("{ opportunities(orderBy: [{}]) { totalCount } }", {}, "BAD_USER_INPUT", ["exactly one"]),
    (
        "{ opportunities(filter: {name: {eq: null}}) { totalCount } }",
        {},
        "BAD_USER_INPUT",
        ["Opportunity.name", "isNull"],
    ),
    (
        '{ opportunities(filter: {attribute: {key: "seats", text: {eq: "x"}}}) { totalCount } }',
        {},
        "BAD_USER_INPUT",
        ["seats", "number"],
    ),
    ("{ opportunities(first: 101) { totalCount } }", {}, "BAD_USER_INPUT", ["first", "100"]),
    ('{ opportunities(after: "x") { totalCount } }', {}, "BAD_CURSOR", ["from its beginning"]),
    ("{ opportunities(first: 2, last: 2) { totalCount } }", {}, "BAD_USER_INPUT", ["`last`"]),
    ("{ opportunities(last: 0) { totalCount } }", {}, "BAD_USER_INPUT", ["last", "100"]),
    ("{ opportunities { totalCount(atMost: 0) } }", {}, "BAD_USER_INPUT", ["atMost", "100,000"]),
    (
        "query ($n: Int) { opportunitiesAggregate(skip: $n) { groupCount groups { count } } }",
        {"n": -1},
        "BAD_USER_INPUT",
        ["skip", "10,000", "-1"],
    ),
    (GROUPS % ("[{status: true, name: true}]", "count"), {}, "BAD_USER_INPUT", ["exactly one"]),
    (GROUPS % ("[{status: false}]", "count"), {}, "BAD_USER_INPUT", ["status: false"]),
    (
        GROUPS % ("[{createdAt: DAY}, {createdAt: YEAR}]", "count"),
        {},
        "BAD_USER_INPUT",
        ["createdAt twice", "smaller time unit"],
    ),
    (
        GROUPS % ("[{owner: {name: true}}]", "key { owner { email } }"),
        {},
        "BAD_USER_INPUT",
        ["owner.email", "groupBy", "Add it"],
    ),
    (
        GROUPS % ("[{status: true}], orderBy: [{key: {stage: {name: ASC}}}]", "count"),
        {},
        "BAD_USER_INPUT",
        ["stage.name", "groupBy"],
    ),
    (
        GROUPS % ('[{status: true}], having: {sum: {amount: {gt: "1"}}}', "count"),
        {},
        "BAD_USER_INPUT",
        ["sum.amount", "currency", "EUR"],
    ),
    (
        GROUPS % ("[{status: true}], orderBy: [{sum: {amount: {direction: ASC}}}]", "count"),
        {},
        "BAD_USER_INPUT",
        ["sum.amount", "currency"],
    ),
    (
        GROUPS % ('[{createdAt: DAY}], timeZone: "Mars/Olympus"', "count"),
        {},
        "GRAPHQL_VALIDATION_FAILED",
        ["Mars/Olympus", "Europe/Amsterdam"],
    ),
    (
        "query ($z: TimeZone) { opportunitiesAggregate(timeZone: $z) { groupCount } }",
        {"z": "CEST+1"},
        "BAD_USER_INPUT",
        ["$z", "Europe/Amsterdam"],
    ),
    (
        GROUPS % ("[" + "{owner: {" + "manager: {" * 12 + "name: true" + "}" * 14 + "]", "count"),
        {},
        "QUERY_TOO_COMPLEX",
        ["more than 12 references"],
    ),
    (
        "{ opportunitiesAggregate(first: 200) { groups { count } } }",
        {},
        "BAD_USER_INPUT",
        ["first", "100"],
    ),
]


@covers("D-35", "D-41", "D-42")
@pytest.mark.parametrize(("query", "variables", "code", "words"), CASES)
async def test_message_names_the_place_and_the_remedy(
    world: World, query: str, variables: dict[str, Any], code: str, words: list[str]
) -> None:
    answer = await world.ask("rep1", query, variables)
    error = answer.json["errors"][0]
    assert error["extensions"]["code"] == code
    assert [word for word in words if word not in error["message"]] == [], error["message"]
    assert "data" not in answer.json
