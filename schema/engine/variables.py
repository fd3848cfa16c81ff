"""Variables: coerced once by their declared types, and their shape, on which a plan depends (D-55)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from enum import Enum
from itertools import islice
from typing import Any, TypeAlias, cast

from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    type_from_ast,
)
from graphql.execution.values import get_variable_values

from db.engine.plan.selection import BindParam
from domain.values import JsonObject
from schema.admission import DocumentError, DocumentRejected
from schema.admission.explain import MAX_ERRORS, explain
from schema.engine.filters import LISTS

WORDS = ("AttributeKey", "SearchType")
"""Lists of these types select what is read instead of being compared, so each item is part of the shape."""
Variables: TypeAlias = Mapping[str, object]
"""The variables of an operation by name, as sent or coerced."""
Declared: TypeAlias = Mapping[str, GraphQLInputType]
"""The types of variables by name."""
ABSENT = object()
"""Marks an absent variable: the argument is treated as absent."""


def coerce(
    schema: GraphQLSchema, operation: OperationDefinitionNode, given: Variables
) -> JsonObject:
    """The variables coerced to their types. Raises DocumentRejected with every invalid value."""
    if not operation.variable_definitions:
        return {}
    found = get_variable_values(
        schema, operation.variable_definitions, dict(given), max_errors=1, hide_suggestions=True
    )
    if isinstance(found, list):
        explained = list(islice(_errors(schema, operation, given), MAX_ERRORS))
        raise DocumentRejected(explained or [_unexplained(found)])
    return dict(found.coerced)


def _errors(
    schema: GraphQLSchema, operation: OperationDefinitionNode, given: Variables
) -> Iterator[DocumentError]:
    """Why variables do not fit their types, with the place of each invalid value."""
    for node in operation.variable_definitions or ():
        name = node.variable.name.value
        kind = cast("GraphQLInputType", type_from_ast(schema, node.type))
        value = given.get(name, Undefined)
        if value is Undefined and node.default_value is not None:
            continue
        for each in explain(value, kind, f"${name}"):
            yield DocumentError("BAD_USER_INPUT", each.message, input=(name, *each.path))


def _unexplained(errors: list[GraphQLError]) -> DocumentError:
    return DocumentError("BAD_USER_INPUT", " ".join(error.message for error in errors))


def types(schema: GraphQLSchema, operation: OperationDefinitionNode) -> dict[str, GraphQLInputType]:
    """The declared type of every variable of a valid operation."""
    declared: dict[str, GraphQLInputType] = {}
    for definition in operation.variable_definitions or ():
        kind = type_from_ast(schema, definition.type)
        declared[definition.variable.name.value] = cast("GraphQLInputType", kind)
    return declared


def shape(
    values: Variables, declared: Mapping[str, GraphQLInputType], prefixes: frozenset[str]
) -> Hashable:
    """Everything that reading an operation depends on, for variables of these types.

    Present keys, nulls, items of lists of objects, enums, booleans, keys of attributes, id prefixes,
    and whether a list of values is too long.
    """
    return tuple(
        (name, _shape(values[name], kind, prefixes))
        for name, kind in declared.items()
        if name in values
    )


def _shape(value: Any, kind: Any, prefixes: frozenset[str]) -> Hashable:
    if is_non_null_type(kind):
        kind = kind.of_type
    if value is None:
        return None
    if is_list_type(kind):
        if is_input_object_type(get_named_type(kind)) or get_named_type(kind).name in WORDS:
            return tuple(_shape(item, kind.of_type, prefixes) for item in value)
        if get_named_type(kind).name == "ID":
            heads = frozenset(_shape(item, kind.of_type, prefixes) for item in value)
            return len(value) > LISTS, heads
        return len(value) > LISTS, any(item is None for item in value)
    if is_input_object_type(kind):
        fields = kind.fields
        return tuple(
            (name, _shape(value[name], fields[name].type, prefixes))
            for name in fields
            if name in value
        )
    if is_enum_type(kind) or kind.name in ("Boolean", "AttributeKey"):
        known: Hashable = value.value if isinstance(value, Enum) else value
        return known
    if kind.name == "ID":
        head = value.rpartition("_")[0]
        return head if head in prefixes else ""
    return "value"


def wrap(value: Any, kind: Any, path: tuple[str | int, ...]) -> Any:
    """A coerced variable as an argument: objects and their lists are expanded, all else is a bound parameter."""
    if is_non_null_type(kind):
        kind = kind.of_type
    if value is None:
        return None
    named = get_named_type(kind)
    if is_list_type(kind):
        if isinstance(named, GraphQLInputObjectType) or named.name == "AttributeKey":
            return [wrap(item, kind.of_type, (*path, index)) for index, item in enumerate(value)]
        return BindParam(path, value)
    if isinstance(kind, GraphQLInputObjectType):
        fields = kind.fields
        return {
            name: wrap(value[name], fields[name].type, (*path, name))
            for name in fields
            if name in value
        }
    return BindParam(path, value)
