"""Rewords the most frequent errors of the GraphQL library: with the remedy, and the most similar name."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema

from domain.message import Message
from schema.admission.explain import SIMILAR, UNKNOWN, nearest

Options = Callable[[GraphQLSchema, re.Match[str]], Collection[str]]
"""The names that may have been meant, from the schema and the parts of the library's message."""


@dataclass(frozen=True)
class Rewording:
    """A message of the library, and the messages that replace it."""

    pattern: re.Pattern[str]
    message: Message
    """Without a similar name."""
    suggestion: Message | None = None
    """With the name `similar`."""
    options: Options | None = None


def _fields(schema: GraphQLSchema, match: re.Match[str]) -> Collection[str]:
    kind = schema.get_type(match["type"])
    if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        return ()
    return list(kind.fields)


def _arguments(schema: GraphQLSchema, match: re.Match[str]) -> Collection[str]:
    kind = schema.get_type(match["type"])
    if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        return ()
    field = kind.fields.get(match["field"])
    return field.args if field else ()


def _types(schema: GraphQLSchema, match: re.Match[str]) -> Collection[str]:
    # Comparing all 800 names takes 10 ms; most mistakes are not in the first letter.
    return [name for name in schema.type_map if name[0] == match["name"][0].upper()]


REWORDINGS = (
    Rewording(
        re.compile(r"Cannot query field '(?P<name>\w+)' on type '(?P<type>\w+)'\."),
        UNKNOWN,
        SIMILAR,
        _fields,
    ),
    Rewording(
        re.compile(r"Unknown argument '(?P<name>\w+)' on field '(?P<type>\w+)\.(?P<field>\w+)'\."),
        Message("`{field}` has no argument `{name}`. Check the name in the schema."),
        Message("`{field}` has no argument `{name}`. Did you mean `{similar}`?"),
        _arguments,
    ),
    Rewording(
        re.compile(r"Unknown type '(?P<name>\w+)'\."),
        Message("There is no type {name}. Check the name in the schema."),
        Message("There is no type {name}. Did you mean {similar}?"),
        _types,
    ),
    Rewording(
        re.compile(
            r"Argument '\w+\.(?P<field>\w+)\((?P<name>\w+):\)' of type '(?P<type>[\w!\[\]]+)' is required.*"
        ),
        Message("`{field}` requires the argument `{name}`. Send a value of type {type}."),
    ),
    Rewording(
        re.compile(
            r"Field '(?P<name>\w+)' of type '(?P<type>[\w!\[\]]+)' must have a selection of subfields.*"
        ),
        Message("`{name}` returns {type}: select fields of it, such as `{name} {{ id }}`."),
    ),
    Rewording(
        re.compile(
            r"Variable '\$(?P<name>\w+)' is not defined(?: by operation '(?P<operation>\w+)')?\."
        ),
        Message(
            "The variable `${name}` is not declared. Declare it with its type in the operation."
        ),
    ),
    Rewording(
        re.compile(
            r"Variable '\$(?P<name>\w+)' is never used(?: in operation '(?P<operation>\w+)')?\."
        ),
        Message("The variable `${name}` is declared but not used. Use it, or remove it."),
    ),
)


def reworded(text: str, schema: GraphQLSchema) -> str:
    """The message with remedy and similar name, if the library's message is known; otherwise the same."""
    for each in REWORDINGS:
        match = each.pattern.fullmatch(text)
        if match is None:
            continue
        options = each.options(schema, match) if each.options else ()
        similar = nearest(match["name"], options) if options else None
        if each.suggestion is not None and similar is not None:
            return each.suggestion.fill(**match.groupdict(), similar=similar)
        return each.message.fill(**match.groupdict())
    return text
