"""The descriptions of the public schema: present, short, in plain words, and one per meaning."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    build_schema,
    is_introspection_type,
    is_specified_scalar_type,
)

from tests.checks.vocabulary import ids_in_contract, retired

SDL = Path(__file__).parents[2] / "schema" / "schema.graphql"
LONGEST = 200
PERSONS = re.compile(r"\b(we|us|our|you|your|one's)\b", re.IGNORECASE)
"""Descriptions name the tenant and the caller. The vocabulary has `the version you last read`, which stays."""
LOCK = "Optimistic lock:"
WITH_FIELDS = (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)


def _descriptions(kind: GraphQLNamedType) -> Iterator[tuple[str, str | None]]:
    """The descriptions of a type, its fields and their arguments, by place."""
    yield kind.name, kind.description
    if isinstance(kind, GraphQLEnumType):
        for name, value in kind.values.items():
            yield f"{kind.name}.{name}", value.description
    if isinstance(kind, WITH_FIELDS):
        for name, field in kind.fields.items():
            yield f"{kind.name}.{name}", field.description
            for argument, value in getattr(field, "args", {}).items():
                yield f"{kind.name}.{name}({argument})", value.description


def violations(sdl: str) -> Iterator[str]:
    """Every description that a client could not use, with its place."""
    for kind in build_schema(sdl).type_map.values():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        for place, text in _descriptions(kind):
            if not text:
                yield f"{place}: no description"
            elif len(text) > LONGEST:
                yield f"{place}: {len(text)} characters"
            elif word := _unusable_word(text):
                yield f"{place}: {word}"
        yield from _shared(kind)


def _unusable_word(text: str) -> str | None:
    """A word of a description that clients should not read."""
    for found in (*retired("contract.txt", text), *ids_in_contract(text)):
        return found
    person = PERSONS.search(text)
    return person[0] if person and not text.startswith(LOCK) else None


def _shared(kind: GraphQLNamedType) -> Iterator[str]:
    """The fields of one type that have the same description; mutations of one action may share it."""
    if not isinstance(kind, WITH_FIELDS) or kind.name == "Mutation":
        return
    names: dict[str | None, list[str]] = defaultdict(list)
    for name, field in kind.fields.items():
        names[field.description].append(name)
    for text, same in names.items():
        if len(same) > 1:
            yield f"{kind.name}: {', '.join(same)} share: {text}"


def test_descriptions_of_the_contract_are_usable() -> None:
    """No description is missing, too long, in retired words or shared by fields of one type."""
    assert list(violations(SDL.read_text())) == []


@pytest.mark.parametrize(
    ("sdl", "place"),
    [
        ('"""Root."""\ntype Query { a: Int }', "Query.a"),
        ('"""Root."""\ntype Query { "What is told." a: Int }', "Query.a"),
        ('"""Root."""\ntype Query { "See D-31." a: Int }', "Query.a"),
        ('"""Root."""\ntype Query { "%s" a: Int }' % ("a" * 201), "Query.a"),
        ('"""Root."""\ntype Query { "Same." a: Int "Same." b: Int }', "Query: a, b"),
    ],
)
def test_an_unusable_description_is_refused(sdl: str, place: str) -> None:
    """Each rule finds its violation."""
    [found] = violations(sdl)
    assert found.startswith(place)
