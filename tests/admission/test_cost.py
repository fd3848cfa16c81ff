"""The cost of operations with literals, variables and fragments."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from schema.admission import Cost, DocumentRejected, Limits, admit
from tests.admission.world import world
from tests.support.covers import covers


def _cost(text: str, variables: Mapping[str, object] | None = None, **limits: int) -> Cost:
    return admit(text, world(), Limits(**limits)).cost(variables or {})  # type: ignore[arg-type]


def _refusal(
    text: str, variables: Mapping[str, object] | None = None, **limits: int
) -> DocumentRejected:
    with pytest.raises(DocumentRejected) as refused:
        _cost(text, variables, **limits)
    return refused.value


TABLE: dict[str, tuple[str, int, int]] = {
    "a leaf": ("{ hello }", 0, 1),
    "a leaf twice": ("{ hello hello }", 0, 1),
    "an object": ("{ cat { id name } }", 1, 2),
    "an object twice": ("{ cat { id } cat { id name } }", 1, 2),
    "objects below": ("{ person { id boss { id boss { id } } } }", 3, 3),
    "a page by default": ("{ people { nodes { __typename } } }", 25, 25),
    "a page by the argument's default": ("{ person { pets { nodes { __typename } } } }", 6, 5),
    "null sets the argument's default aside": (
        "{ person { pets(first: null) { nodes { __typename } } } }",
        26,
        25,
    ),
    "first": ("{ people(first: 3) { nodes { __typename } } }", 3, 3),
    "last": ("{ people(last: 4) { nodes { __typename } } }", 4, 4),
    "first and last": ("{ people(first: 3, last: 4) { nodes { __typename } } }", 4, 4),
    "null": ("{ people(first: null) { nodes { __typename } } }", 25, 25),
    "edges": ("{ people(first: 3) { edges { cursor node { __typename } } } }", 3, 6),
    "edges and nodes": (
        "{ people(first: 3) { edges { cursor } nodes { __typename } } }",
        3,
        6,
    ),
    "no rows": ("{ people(first: 3) { pageInfo { hasNextPage } } }", 0, 1),
    "a count": ("{ people(first: 3) { totalCount } }", 10, 1),
    "a count in rows": (
        "{ people(first: 3) { nodes { ... on Cat { toys { totalCount } } } } }",
        3 + 3 * 10,
        3,
    ),
    "an aggregate": ("{ cat { toys { aggregate { count most } } } }", 1 + 20 + 1, 2),
    "an aggregate at the root": ("{ toysAggregate { count } }", 20 + 1, 1),
    "a search": ('{ search(text: "x") { matched node { id } } }', 50 + 20, 40),
    "a search for a few": ('{ search(text: "x", first: 3) { node { id } } }', 50 + 3, 3),
    "pages below hits": (
        '{ search(text: "x", first: 2) { node { ... on Cat { toys(first: 3) { nodes { id } } } } } }',
        50 + 2 + 2 * 3,
        6,
    ),
    "pages of pages": (
        "{ people(first: 3) { nodes { ... on Cat { toys(first: 4) { nodes { id } } } } } }",
        3 + 3 * 4,
        12,
    ),
    "the dearest of the types": (
        "{ people(first: 2) { nodes { ... on Cat { id name lives } ... on Dog { id } } } }",
        2,
        6,
    ),
    "conditions": (
        '{ people(first: 1, filter: {or: [{name: {eq: "a"}}, {lives: {gt: 1, eq: 2}}]}) '
        "{ nodes { __typename } } }",
        1 + 3,
        1,
    ),
    "a list of values is one condition": (
        '{ people(first: 1, filter: {name: {in: ["a", "b"]}}) { nodes { __typename } } }',
        2,
        1,
    ),
    "an order": (
        '{ cat { toys(first: 1, orderBy: [{field: "a"}, {field: "b"}]) { nodes { id } } } }',
        1 + 1 + 2,
        1,
    ),
    "nodes by ids": ('{ nodes(ids: ["1", "2", "3"]) { id } }', 3, 3),
    "a fragment twice": (
        "{ cat { ...C ...C } person { pet { ...C } } } fragment C on Cat { id friend { id } }",
        2 + 3,
        4,
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_cost_of_each_operation(case: str) -> None:
    text, nodes, fields = TABLE[case]
    assert _cost(text) == Cost(nodes, fields)


PAGE = "query ($n: Int) { people(first: $n) { nodes { __typename } } }"


def test_page_size_in_a_variable_is_priced() -> None:
    assert _cost(PAGE, {"n": 7}) == Cost(7, 7)
    assert _cost(PAGE, {"n": 7.0}) == Cost(7, 7)
    assert _cost(PAGE, {}) == Cost(25, 25)
    assert _cost(PAGE, {"n": None}) == Cost(25, 25)
    assert _cost(PAGE.replace("Int", "Int = 4"), {}) == Cost(4, 4)
    assert _cost(PAGE.replace("Int", "Int = 4"), {"n": 100}) == Cost(100, 100)
    assert _cost(PAGE.replace("first: $n", "first: $n, last: 9"), {"n": 5}) == Cost(9, 9)


@pytest.mark.parametrize("size", [0, -1, 101, 10**12, 1.5, "5", True, [5], float("inf")])
def test_page_size_out_of_range_is_refused_everywhere(size: object) -> None:
    refused = [_refusal(PAGE, {"n": size})]
    if isinstance(size, int) and not isinstance(size, bool) and size < 2**31:
        refused.append(_refusal(PAGE.replace("($n: Int) ", "").replace("$n", str(size))))
        refused.append(_refusal(PAGE.replace("Int", f"Int = {size}")))
    for each in refused:
        (problem,) = each.errors
        assert problem.code == "BAD_USER_INPUT"
        assert problem.message.startswith("`first` must be")
        assert problem.input == ("first",)
        assert "1 to 100" in problem.message
        assert problem.locations


def test_page_size_of_another_operation_is_ignored() -> None:
    text = "query A($n: Int!) { ...P } query B($n: Int = 3) { ...P } "
    text += "fragment P on Query { people(first: $n) { nodes { __typename } } }"
    admitted = admit(text, world(), Limits())
    assert admitted.cost({"n": 9}, "A") == Cost(9, 9)
    assert admitted.cost({}, "B") == Cost(3, 3)
    for name in (None, "C"):
        with pytest.raises(DocumentRejected) as refused:
            admitted.cost({}, name)
        assert refused.value.errors[0].code == "BAD_REQUEST"
        assert "operationName" in refused.value.errors[0].message


def test_conditions_and_ids_in_variables_are_priced() -> None:
    text = "query ($f: Filter) { people(first: 1, filter: $f) { nodes { __typename } } }"
    assert _cost(text, {"f": {"or": [{"name": {"eq": "a"}}, {"lives": {"gt": 1}}]}}) == Cost(3, 1)
    assert _cost(text, {}) == Cost(1, 1)
    text = "query ($t: String) { people(first: 1, filter: {name: {eq: $t}}) { totalCount } }"
    assert _cost(text, {"t": "a"}) == Cost(11, 1)
    text = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert _cost(text, {"ids": ["1"] * 250}) == Cost(250, 250)


def test_oversized_or_unstorable_variables_are_refused() -> None:
    text = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    bad: list[object] = [["1"] * 251, ["a\x00"], ["\ud800"], [{"a": ["é\udfff"]}]]
    for value in bad:
        (problem,) = _refusal(text, {"ids": value}).errors
        assert problem.code == "BAD_USER_INPUT"
        assert "$ids" in problem.message
    deep: object = "1"
    for _ in range(50_000):
        deep = [deep]
    assert _cost(text, {"ids": deep, "unused": ["1"] * 999}) == Cost(1, 1)


@covers("F18")
def test_a_cost_passes_at_its_limit_and_is_refused_above() -> None:
    text = "{ people(first: 10) { nodes { __typename ... on Cat { id } } } }"
    assert _cost(text, nodes=10, fields=20) == Cost(10, 20)
    for refused, numbers in (
        (_refusal(text, nodes=9), "10 objects; the limit is 9"),
        (_refusal(text, fields=19), "20 values; the limit is 19"),
    ):
        (problem,) = refused.errors
        assert problem.code == "QUERY_TOO_COMPLEX"
        assert numbers in problem.message
        assert "first, last" in problem.message


def test_astronomic_cost_is_refused() -> None:
    text = "nodes { id }"
    for _ in range(6):
        text = f"nodes {{ pet {{ ... on Cat {{ toys(first: 100) {{ {text} }} }} }} }}"
    refused = _refusal(f"{{ cat {{ toys(first: 100) {{ {text} }} }} }}", depth=99)
    assert refused.errors[0].code == "QUERY_TOO_COMPLEX"
    assert len(refused.errors[0].message) < 300


def test_fragment_bomb_is_priced_by_its_result() -> None:
    fragments = " ".join(f"fragment F{i} on Cat {{ ...F{i + 1} ...F{i + 1} }}" for i in range(95))
    assert _cost(f"{{ cat {{ ...F0 }} }} {fragments} fragment F95 on Cat {{ id }}") == Cost(1, 1)
    fragments = " ".join(
        f"fragment F{i} on Person {{ boss {{ ...F{i + 1} }} pal {{ ...F{i + 1} }} }}"
        for i in range(9)
    )
    text = f"{{ person {{ ...F0 }} }} {fragments} fragment F9 on Person {{ id }}"
    assert _cost(text) == Cost(2**10 - 1, 2**9)
