"""Explanations of invalid values: complete, bounded, and only for values that GraphQL refuses."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLError, OperationDefinitionNode, build_schema, parse
from graphql.language import parse_value
from graphql.utilities import validate_input_value
from graphql.utilities.validate_input_value import validate_input_literal
from hypothesis import given
from hypothesis import strategies as st

from schema.admission import DocumentRejected
from schema.admission.explain import MAX_ERRORS, explain, nearest, of_literal
from schema.api import GRAPHQL
from schema.engine.variables import coerce

SCHEMA = build_schema(
    """
    enum Size { SMALL LARGE }
    input Toy { name: String! size: Size tags: [String!] child: Toy weight: Float }
    input Cat { id: ID! lives: Int! toys: [Toy!]! tame: Boolean = true }
    type Query { cat(cat: Cat): Int }
    """
)
NAMES = st.sampled_from(
    ["name", "size", "tags", "child", "weight", "id", "lives", "toys", "tame", "x"]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**33), 2**33),
    st.floats(),
    st.sampled_from(["SMALL", "small", "", "a"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(["Cat", "Toy", "Size"])


@given(VALUES, KINDS)
def test_exactly_the_values_that_graphql_refuses_are_explained(value: Any, kind: str) -> None:
    input_type: Any = SCHEMA.type_map[kind]
    errors: list[GraphQLError] = []
    validate_input_value(value, input_type, lambda error, _: errors.append(error))
    assert bool(explain(value, input_type, "cat")) == bool(errors)


@pytest.mark.parametrize(
    "literal",
    ['"SMALL"', "SMALL", "TINY", "1", "null", "[SMALL]", '["SMALL"]', "$size", "[$size]", "true"],
)
def test_exactly_the_literals_that_graphql_refuses_are_explained(literal: str) -> None:
    input_type: Any = SCHEMA.type_map["Size"]
    node = parse_value(literal)
    errors: list[GraphQLError] = []
    validate_input_literal(node, input_type, lambda error, _: errors.append(error))
    assert bool(explain(of_literal(node), input_type, "size")) == bool(errors)


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (
            "Decimal",
            12.5,
            '`x` must be a decimal number as text, such as "12.50", with at most 38 digits on each side '
            "of the point, not the number 12.5.",
        ),
        (
            "Date",
            "2026-13-01",
            '`x` must be a date as text, such as "2026-11-30", not the text "2026-13-01".',
        ),
        (
            "DateTime",
            "2026-11-30",
            '`x` must be a date and time with a time zone as text, such as "2026-11-30T08:15:00Z", not the text "2026-11-30".',
        ),
        (
            "TimeZone",
            "Mars/Base",
            '`x` must be the name of a time zone, such as "Europe/Amsterdam", not the text "Mars/Base".',
        ),
        (
            "ID",
            "1",
            '`x` must be an ID: the prefix of its type, an underscore and 32 hexadecimal digits, not the text "1".',
        ),
        ("String", ["a"], "`x` must be text, not a list."),
        ("String", {"a": 1}, "`x` must be text, not an object."),
        ("Boolean", "yes", '`x` must be true or false, not the text "yes".'),
        ("Int", True, "`x` must be a whole number, not true."),
        ("StageKind", "open", '`x` must be one of OPEN, WON, LOST, not the text "open".'),
    ],
)
def test_explanation_states_what_is_expected_and_what_was_found(
    kind: str, value: object, message: str
) -> None:
    input_type: Any = GRAPHQL.type_map[kind]
    assert [each.message for each in explain(value, input_type, "x")] == [message]


def test_all_mistakes_of_an_input_are_explained_with_their_paths() -> None:
    value = {"lives": "9", "toys": [{"size": "HUGE"}, 5, {"nmae": "ball", "name": None}], "tme": 1}
    found = {each.path: each.message for each in explain(value, SCHEMA.type_map["Cat"], "cat")}  # type: ignore[arg-type]  # an input type
    assert found == {
        ("id",): "`cat.id` is required. Send a value of type ID!.",
        ("lives",): '`cat.lives` must be a whole number, not the text "9".',
        ("toys", 0, "name"): "`cat.toys[0].name` is required. Send a value of type String!.",
        ("toys", 0, "size"): '`cat.toys[0].size` must be one of SMALL, LARGE, not the text "HUGE".',
        ("toys", 1): "`cat.toys[1]` must be an object of type Toy, not the number 5.",
        ("toys", 2, "name"): "`cat.toys[2].name` cannot be null. Send a value of type String!.",
        ("toys", 2, "nmae"): "Toy has no field `nmae`. Did you mean `name`?",
        ("tme",): "Cat has no field `tme`. Did you mean `tame`?",
    }


def test_explanations_are_bounded_in_number_and_length() -> None:
    input_type: Any = SCHEMA.type_map["Toy"]
    found = explain({f"{n}{'x' * 9_999}": 1 for n in range(100)}, input_type, "toy")
    assert len(found) == MAX_ERRORS
    assert all(len(each.message) < 300 for each in found)
    assert all(len(str(each.path)) < 100 for each in found)


def test_explanations_of_all_variables_are_bounded_together() -> None:
    # Otherwise a request with 240 variables of 25 unknown fields each takes more than a second.
    names = [f"v{number}" for number in range(50)]
    declared = " ".join(f"${name}: OpportunityFilter" for name in names)
    uses = " ".join(f"{n}: opportunities(filter: ${n}) {{ totalCount }}" for n in names[:30])
    operation = parse(f"query ({declared}) {{ {uses} }}").definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    wrong = {name: {f"nmae{number}": 1 for number in range(5)} for name in names}
    with pytest.raises(DocumentRejected) as rejected:
        coerce(GRAPHQL, operation, wrong)
    paths = [each.input for each in rejected.value.errors]
    assert paths == [(f"v{n // 5}", f"nmae{n % 5}") for n in range(MAX_ERRORS)], "in their order"


@pytest.mark.parametrize("kind", ["Decimal", "Date", "DateTime", "TimeZone", "ID", "String", "Int"])
def test_name_without_quotation_marks_is_explained_with_what_the_scalar_accepts(kind: str) -> None:
    input_type: Any = GRAPHQL.type_map[kind]
    (error,) = explain(of_literal(parse_value("UTC")), input_type, "x")
    (other,) = explain({}, input_type, "x")
    assert error.message == other.message.replace("an object", "the name UTC")
    assert kind not in error.message or kind == "ID"


def test_long_names_have_no_similar_one() -> None:
    assert nearest("nmae", ["name", "size"]) == "name"
    assert nearest("n" * 65, ["n" * 64]) is None
