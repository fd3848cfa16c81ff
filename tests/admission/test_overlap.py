"""The check of overlapping fields has the result of the standard rule, in steps proportional to the document."""

from __future__ import annotations

from collections.abc import Callable

import graphql
import pytest
from graphql import OverlappingFieldsCanBeMergedRule

from schema.admission import DocumentRejected, Limits, admit
from schema.admission.merge import Steps
from schema.admission.overlap import merge
from tests.admission.documents import DocumentGenerator
from tests.admission.world import world

ROUNDS = 3_000


def _ours(document: graphql.DocumentNode) -> bool:
    return not merge(document, world(), Steps(1_000_000)).conflicts


def _standard(document: graphql.DocumentNode) -> bool:
    rules = [OverlappingFieldsCanBeMergedRule]
    return not graphql.validate(world(), document, rules)


def test_result_equals_the_standard_rule_on_random_documents() -> None:
    verdicts = {True: 0, False: 0}
    for seed in range(ROUNDS):
        text = DocumentGenerator(seed).document()
        document = graphql.parse(text)
        expected = _standard(document)
        assert _ours(document) is expected, (
            f"seed {seed}: the standard rule returns {expected}\n{text}"
        )
        verdicts[expected] += 1
    assert min(verdicts.values()) > ROUNDS / 5, verdicts


def test_admission_result_equals_standard_validation() -> None:
    verdicts = {True: 0, False: 0}
    generous = Limits(aliases=10**6, depth=10**6, nodes=10**30, fields=10**30)
    for seed in range(10_000, 10_600):
        text = DocumentGenerator(seed).document(tidy=True)
        expected = not graphql.validate(world(), graphql.parse(text))
        codes = set()
        try:
            admit(text, world(), generous)
        except DocumentRejected as refused:
            codes = {problem.code for problem in refused.errors}
        admitted = not codes
        assert codes <= {"GRAPHQL_VALIDATION_FAILED"}
        assert admitted is expected, f"seed {seed}: standard validation returns {expected}\n{text}"
        verdicts[expected] += 1
    assert min(verdicts.values()) > 100, verdicts


TABLE = {
    "same twice": ("{ cat { id id } }", True),
    "another field": ("{ cat { id: name id } }", False),
    "another field in a fragment": ("{ cat { ...A id: name } } fragment A on Cat { id }", False),
    "arguments in another order": (
        '{ echo(text: "a", number: 1) echo(number: 1, text: "a") }',
        True,
    ),
    "object fields in another order": (
        "{ echo(filter: {lives: {eq: 1, gt: 2}}) echo(filter: {lives: {gt: 2, eq: 1}}) }",
        True,
    ),
    "list items in another order": (
        "{ echo(filter: {or: [{}, {name: {}}]}) echo(filter: {or: [{name: {}}, {}]}) }",
        False,
    ),
    "a string like a number": ('{ echo(text: "1") echo(text: 1) }', False),
    "a block string": ('{ echo(text: "a") echo(text: """a""") }', False),
    "forged quotes": ('{ echo(text: "a\', \'b") echo(text: "a") }', False),
    "other owners, same shape": ("{ pet { ... on Cat { x: id } ... on Dog { x: id } } }", True),
    "other owners, other leaf": (
        "{ pet { ... on Cat { x: lives } ... on Dog { x: lives } } }",
        False,
    ),
    "other owners, other null": ("{ pet { ... on Cat { x: at } ... on Dog { x: at } } }", False),
    "other owners, other list": (
        "{ pet { ... on Cat { x: tags } ... on Dog { x: tags } } }",
        False,
    ),
    "other owners, other fields below": (
        "{ pet { ... on Cat { x: owner { y: id } } ... on Dog { x: friend { y: id } } } }",
        True,
    ),
    "other owners, other shape below": (
        "{ pet { ... on Cat { x: owner { y: id } } ... on Dog { x: friend { y: name } } } }",
        False,
    ),
    "an owner and an interface": ("{ named { x: id ... on Cat { x: name } } }", False),
    "two owners that agree with each other but not with the interface": (
        '{ named { name ... on Cat { name(prefix: "a") } ... on Dog { name(prefix: "a") } } }',
        False,
    ),
    "below one owner and the interface only": (
        "{ named { friend { id } ... on Cat { friend { x: id } } "
        "... on Dog { friend { x: name } } } }",
        False,
    ),
    "a type name on other owners": (
        "{ pet { ... on Cat { x: __typename } ... on Dog { x: size } } }",
        True,
    ),
    "the schema twice": (
        "{ __schema { types { x: name } } __schema { types { x: kind } } }",
        False,
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_overlap_result_of_each_case(case: str) -> None:
    text, valid = TABLE[case]
    document = graphql.parse(text)
    assert _standard(document) is valid
    assert _ours(document) is valid


GROWING: dict[str, Callable[[int], str]] = {
    "a repeated field": lambda n: "{ cat { " + "id " * n + "} }",
    "a repeated object": lambda n: "{ " + "cat { id } " * n + "}",
    "a bomb side by side": lambda n: (
        "{ cat { ...F0 } } "
        + " ".join(f"fragment F{i} on Cat {{ ...F{i + 1} ...F{i + 1} }}" for i in range(n))
        + f" fragment F{n} on Cat {{ id }}"
    ),
    "a bomb below one name": lambda n: (
        "{ cat { ...F0 } } "
        + " ".join(
            f"fragment F{i} on Cat {{ x: friend {{ ...F{i + 1} }} x: friend {{ ...F{i + 1} }} }}"
            for i in range(n)
        )
        + f" fragment F{n} on Cat {{ id }}"
    ),
    "a bomb below two names": lambda n: (
        "{ cat { ...F0 } } "
        + " ".join(
            f"fragment F{i} on Cat {{ x: friend {{ ...F{i + 1} }} y: friend {{ ...F{i + 1} }} }}"
            for i in range(n)
        )
        + f" fragment F{n} on Cat {{ id }}"
    ),
    "many arguments": lambda n: "{ " + 'echo(text: "a", number: 1) ' * n + "}",
}


@pytest.mark.parametrize("case", GROWING)
def test_twice_the_document_takes_about_twice_the_steps(case: str) -> None:
    spent = []
    for size in (40, 80):
        steps = Steps(10**9)
        assert not merge(graphql.parse(GROWING[case](size)), world(), steps).conflicts
        spent.append(steps.spent)
    assert spent[1] <= 2.2 * spent[0]


def test_too_many_fragment_combinations_are_refused_within_the_limit() -> None:
    # At each level, each of two owners has a different set of selections.
    def chain(depth: int) -> str:
        return "id" if depth == 0 else f"friend {{ {chain(depth - 1)} }}"

    def level(depth: int) -> str:
        if depth == 0:
            return "id"
        rest = chain(depth)
        return f"... on Cat {{ {rest} }} ... on Dog {{ {rest} }} friend {{ {level(depth - 1)} }}"

    steps = Steps(2_000)
    document = graphql.parse(f"{{ named {{ {level(11)} }} }}")
    with pytest.raises(DocumentRejected) as refused:
        merge(document, world(), steps)
    assert refused.value.errors[0].code == "QUERY_TOO_COMPLEX"
    assert steps.spent < 2_000 + 200
