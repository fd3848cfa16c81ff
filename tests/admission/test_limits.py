"""Each limit of a document passes at its value and is refused above it."""

from __future__ import annotations

from dataclasses import replace

import graphql
import pytest

from schema.admission import Admitted, DocumentRejected, Limits, admit
from tests.admission.world import world
from tests.support.covers import covers

LIMITS = Limits(
    characters=4_000,
    tokens=300,
    brackets=20,
    depth=5,
    introspection_depth=6,
    aliases=4,
    directives=3,
    operations=2,
    fragment_chain=3,
    list_items=6,
    single_use=frozenset({"signIn", "refresh"}),
)


def _admit(text: str, limits: Limits = LIMITS) -> Admitted:
    return admit(text, world(), limits)


def _code(text: str, limits: Limits = LIMITS) -> str:
    with pytest.raises(DocumentRejected) as refused:
        _admit(text, limits)
    assert len({problem.code for problem in refused.value.errors}) == 1
    return refused.value.errors[0].code


def _chain(count: int) -> str:
    links = [f"fragment F{i} on Query {{ ...F{i + 1} }}" for i in range(count - 1)]
    return " ".join(["{ ...F0 }", *links, f"fragment F{count - 1} on Query {{ hello }}"])


def _bosses(count: int) -> str:
    return "{ person { " + "boss { " * count + "id" + " }" * count + " } }"


BOUNDARIES = {
    "characters": ("{ hello" + " " * 3_992 + "}", "{ hello" + " " * 3_993 + "}"),
    "tokens": ("{" + "hello " * 298 + "}", "{" + "hello " * 299 + "}"),
    "strings are one token": (
        "{" + 'echo(text: "a b") ' * 48 + "hello " * 10 + "}",
        "{" + 'echo(text: "a b") ' * 48 + "hello " * 11 + "}",
    ),
    "brackets": (
        "query ($v: " + "[" * 19 + "Int" + "]" * 19 + ") { hello }",
        "query ($v: " + "[" * 20 + "Int" + "]" * 20 + ") { hello }",
    ),
    "depth": (_bosses(3), _bosses(4)),
    "depth through fragments": (
        "{ person { ...P } } fragment P on Person { boss { boss { boss { id } } } }",
        "{ person { ...P } } fragment P on Person { boss { boss { boss { boss { id } } } } }",
    ),
    "depth without wrappers": (
        "{ people { edges { node { ... on Cat { toys { nodes { pet { id } } } } } } } }",
        "{ people { edges { node { ... on Cat { toys { nodes { pet { friend { friend { "
        "id } } } } } } } } } }",
    ),
    "introspection": (
        "{ __schema { types { ofType { ofType { ofType { name } } } } } }",
        "{ __schema { types { ofType { ofType { ofType { ofType { name } } } } } } }",
    ),
    "aliases": (
        "{ a: hello b: hello c: hello d: hello }",
        "{ a: hello b: hello c: hello d: hello e: hello }",
    ),
    "aliases in fragments": (
        "{ a: hello ...F } fragment F on Query { b: hello c: hello d: hello }",
        "{ a: hello ...F } fragment F on Query { b: hello c: hello d: hello e: hello }",
    ),
    "directives": (
        "{ a: hello @skip(if: true) b: hello @skip(if: true) c: hello @skip(if: true) }",
        "{ a: hello @skip(if: true) b: hello @skip(if: true) c: hello @skip(if: true) "
        "d: hello @skip(if: true) }",
    ),
    "operations": (
        "query A { hello } query B { hello }",
        "query A { hello } query B { hello } query C { hello }",
    ),
    "fragments in fragments": (_chain(3), _chain(4)),
    "single use": (
        'mutation { signIn(user: "a") { text } signIn(user: "a") { text } rename { id } }',
        'mutation { signIn(user: "a") { text } x: signIn(user: "b") { text } }',
    ),
    "single use of either": (
        "mutation { rename { id } ...F } fragment F on Mutation { refresh { text } }",
        "mutation { signIn { text } ...F } fragment F on Mutation { refresh { text } }",
    ),
}


@covers("F18")
@pytest.mark.parametrize("case", BOUNDARIES)
def test_the_limit_passes_and_one_more_is_refused(case: str) -> None:
    within, over = BOUNDARIES[case]
    if case == "brackets":
        assert (
            _code(within) == "GRAPHQL_VALIDATION_FAILED"
        )  # validated to its end: $v is never used
    else:
        assert _admit(within).operations
    assert _code(over) == "QUERY_TOO_COMPLEX"


def test_colons_and_brackets_in_strings_comments_and_arguments_are_not_counted() -> None:
    text = (
        "# {{{{{{{{{{{{{{{{{{{{{{{ a: b: c: d: e: f: @a @b @c @d\n"
        'query ($a: Int, $b: Int, $c: Int) { echo(text: "{{{{{{{{{{{{{{{{{{{{{{{{ @ @ @ @", '
        'number: $a) x: echo(text: """ [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[ \\""" : " : "" @ @ @""", '
        "number: $b) y: echo(number: $c) }"
    )
    assert _admit(text).operations


def test_list_literal_passes_at_the_limit_of_items() -> None:
    assert _admit('{ nodes(ids: ["1" "2" "3" "4" "5" "6"]) { id } }')
    assert _code('{ nodes(ids: ["1" "2" "3" "4" "5" "6" "7"]) { id } }') == "BAD_USER_INPUT"
    items = "{lives: {eq: 1}} " * 6
    assert _admit("{ echo(filter: {or: [" + items + "]}) }")
    assert _code("{ echo(filter: {or: [" + items + "{}]}) }") == "BAD_USER_INPUT"
    variables = "query ($v: ID!) { nodes(ids: [" + "$v " * 6 + "]) { id } }"
    assert _admit(variables)
    assert _code(variables.replace("[", "[$v ")) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "text",
    [
        '{ echo(text: "\x00") }',
        '{ echo(text: "\ud800") }',
        '{ echo(text: """\udfff""") }',
        '{ echo(text: "a\\u0000b") }',
        '{ echo(text: "\\u{0}") }',
        '{ echo(filter: {name: {in: ["\\u0000"]}}) }',
        'query ($v: String = "\\u0000") { echo(text: $v) }',
        "{ hello } # \x00",
        "{ echo(number: " + "1" * 1_001 + ") }",
    ],
)
def test_unstorable_strings_are_refused_as_bad_input(text: str) -> None:
    assert _code(text, Limits()) == "BAD_USER_INPUT"


@pytest.mark.parametrize("text", ['{ echo(text: "\\ud800") }', '{ echo(text: "\\ud800\\u0041") }'])
def test_escaped_half_of_a_surrogate_pair_is_a_syntax_error(text: str) -> None:
    assert _code(text) == "GRAPHQL_PARSE_FAILED"


def test_escaped_surrogate_pair_is_one_character() -> None:
    assert _admit('{ echo(text: "\\ud83d\\ude00") }')


def test_the_standard_introspection_query_is_admitted_by_default() -> None:
    for everything in (False, True):
        text = graphql.get_introspection_query(
            specified_by_url=everything,
            directive_is_repeatable=everything,
            schema_description=everything,
            input_value_deprecation=everything,
        )
        assert _admit(text, Limits()).operation("IntrospectionQuery")


def test_empty_selections_and_documents_are_syntax_errors() -> None:
    for text in ("", "   ", "# only a comment", "{ }", "{ cat { } }", "{ hello"):
        assert _code(text) == "GRAPHQL_PARSE_FAILED"


def test_error_has_its_location() -> None:
    with pytest.raises(DocumentRejected) as refused:
        _admit("{\n  hello\n  helo\n}")
    (problem,) = refused.value.errors
    assert problem.message == "Query has no field `helo`. Did you mean `hello`?"
    assert problem.locations == ((3, 3),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ helo }", "Query has no field `helo`. Did you mean `hello`?"),
        ("{ zzz }", "Query has no field `zzz`. Check the name in the schema."),
        ("{ cat { nam } }", "Cat has no field `nam`. Did you mean `name`?"),
        ("{ echo(txt: 1) }", "`echo` has no argument `txt`. Did you mean `text`?"),
        (
            "{ pet(role: KEPER) { __typename } }",
            "`role` must be one of KEEPER, BREEDER, not the name KEPER.",
        ),
        (
            '{ pet(role: "KEEPER") { __typename } }',
            "`role` must be an enum value. Write KEEPER without quotation marks.",
        ),
        ("{ ... on Catt { id } }", "There is no type Catt. Did you mean Cat?"),
        ("{ echo(filter: {nam: 1}) }", "Filter has no field `nam`. Did you mean `name`?"),
        (
            "{ echo(filter: {and: [{lives: {eq: 1.5}}]}) }",
            "`filter.and[0].lives.eq` must be a whole number, not the number 1.5.",
        ),
        (
            "{ echo(number: 99999999999) }",
            "`number` must be a whole number from -2147483648 to 2147483647, not the number 99999999999.",
        ),
        ("{ node { id } }", "`node` requires the argument `id`. Send a value of type ID!."),
        ("{ node(id: null) { id } }", "`id` cannot be null. Send a value of type ID!."),
        ("{ cat }", "`cat` returns Cat: select fields of it, such as `cat { id }`."),
        (
            "query ($v: Int) { hello }",
            "The variable `$v` is declared but not used. Use it, or remove it.",
        ),
        (
            "{ echo(number: $v) }",
            "The variable `$v` is not declared. Declare it with its type in the operation.",
        ),
    ],
)
def test_mistakes_are_answered_with_place_and_remedy(text: str, message: str) -> None:
    with pytest.raises(DocumentRejected) as refused:
        _admit(text)
    assert message in [error.message for error in refused.value.errors]


def test_error_of_a_literal_has_its_path_and_position() -> None:
    with pytest.raises(DocumentRejected) as refused:
        _admit("{ echo(filter: {and: [{}, {lives: {eq: true}}]}) }")
    (error,) = refused.value.errors
    assert error.input == ("filter", "and", 1, "lives", "eq")
    assert error.locations == ((1, 40),)


def test_few_errors_are_reported_and_a_repeated_one_once() -> None:
    def count(text: str) -> int:
        with pytest.raises(DocumentRejected) as refused:
            _admit(text, replace(Limits(), directives=100))
        return len(refused.value.errors)

    assert count("{ hello " + "@aa " * 100 + "}") == 1
    assert count("{ hello " + "@aa " * 10 + "}") == 1
    assert count("{ hello " + "@skip(if: true) " * 100 + "}") == 1
    assert count("{" + " ".join(f"z{i}" for i in range(5)) + "}") == 5
    assert count("{" + " ".join(f"z{i}" for i in range(900)) + "}") == 5


def test_a_message_does_not_repeat_a_long_name() -> None:
    with pytest.raises(DocumentRejected) as refused:
        _admit("{ " + "z" * 3_000 + " }")
    assert len(refused.value.errors[0].message) < 320


def test_fragments_that_contain_themselves_are_invalid() -> None:
    assert _code("{ ...A } fragment A on Query { ...A }") == "GRAPHQL_VALIDATION_FAILED"
    text = "{ ...A } fragment A on Query { ...B } fragment B on Query { person { ...A } }"
    assert _code(text) == "GRAPHQL_VALIDATION_FAILED"
    assert _code("{ ...A }") == "GRAPHQL_VALIDATION_FAILED"


def test_types_cannot_be_defined_and_unknown_directives_are_refused() -> None:
    for text in (
        "type A { id: ID }",
        "{ hello } union A = B",
        "{ cat { id ... @defer { name } } }",
    ):
        assert _code(text) == "GRAPHQL_VALIDATION_FAILED"
