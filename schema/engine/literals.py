"""Reads arguments of a document by their types: objects become dictionaries, all other values bound parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLInputObjectType,
    GraphQLInputType,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_list_type,
    is_non_null_type,
    value_from_ast,
)

from db.engine.plan.selection import BindParam
from domain.codes import Code, Refused
from domain.message import Message
from domain.values import JsonObject
from schema.engine.variables import ABSENT, Declared, Variables, wrap


class Arguments:
    """Reads the arguments of fields, with the variables of one request in place."""

    def __init__(self, values: Variables, declared: Declared) -> None:
        self._wrapped = {
            name: wrap(values[name], kind, (name,))
            for name, kind in declared.items()
            if name in values
        }

    def of(self, node: FieldNode, declared: Mapping[str, GraphQLArgument]) -> JsonObject:
        """The arguments of a field; absent arguments are omitted, nulls are None."""
        found = {}
        for argument in node.arguments or ():
            name = argument.name.value
            value = self._read(argument.value, declared[name].type)
            if value is not ABSENT:
                found[name] = value
        return found

    def _read(self, node: ValueNode, kind: Any) -> object:
        if isinstance(node, VariableNode):
            found = self._wrapped.get(node.name.value, ABSENT)
            return self._as_list(found, kind)
        if is_non_null_type(kind):
            kind = kind.of_type
        if isinstance(node, NullValueNode):
            return None
        if is_list_type(kind):
            return self._list(node, kind)
        if isinstance(kind, GraphQLInputObjectType):
            return self._object(cast("ObjectValueNode", node), kind)
        return BindParam((), value_from_ast(node, kind))

    def _list(self, node: ValueNode, kind: Any) -> object:
        items = list(node.values) if isinstance(node, ListValueNode) else [node]
        read = [self._read(item, kind.of_type) for item in items]
        named = get_named_type(kind)
        if isinstance(named, GraphQLInputObjectType) or named.name == "AttributeKey":
            return [item for item in read if item is not ABSENT]
        constants = [
            item.constant for item in read if isinstance(item, BindParam) and not item.path
        ]
        if len(constants) == len(read):
            return BindParam((), constants)
        if any(item is None or item is ABSENT for item in read):
            raise Refused(
                Code.BAD_USER_INPUT, Message("A list contains null. Remove it from the list.")
            )
        return BindParam((), tuple(read))

    @staticmethod
    def _as_list(found: object, kind: GraphQLInputType) -> object:
        """A single variable where a list is expected is a list of one item."""
        inner = kind.of_type if is_non_null_type(kind) else kind
        if is_list_type(inner) and found is not ABSENT and found is not None:
            if isinstance(found, dict):
                return [found]
            if isinstance(found, BindParam) and not isinstance(found.constant, list):
                return BindParam((), (found,))
        return found

    def _object(self, node: ObjectValueNode, kind: GraphQLInputObjectType) -> JsonObject:
        found = {}
        for field in node.fields:
            value = self._read(field.value, kind.fields[field.name.value].type)
            if value is not ABSENT:
                found[field.name.value] = value
        return found
