"""Reader of a document's AST: values with variables, directives, fragments, and fields merged under one response key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    BooleanValueNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    StringValueNode,
    ValueNode,
    VariableNode,
    parse,
)

from tests.proof.contract import interfaces

ABSENT = object()
"""Value of a variable that is neither provided nor has a default."""

Fields = dict[str, list[FieldNode]]
"""Field nodes by response key, in response order; nodes with one key are merged."""


@dataclass(frozen=True)
class Document:
    """One operation with its fragments and variables."""

    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]

    def arguments(self, node: FieldNode) -> dict[str, Any]:
        """Arguments of a field, without those whose variable is absent."""
        read = {one.name.value: self.value(one.value) for one in node.arguments or ()}
        return {name: value for name, value in read.items() if value is not ABSENT}

    def value(self, node: ValueNode) -> Any:
        """The value of a literal or of a variable."""
        match node:
            case VariableNode():
                return self.variables.get(node.name.value, ABSENT)
            case NullValueNode():
                return None
            case IntValueNode():
                return int(node.value)
            case StringValueNode() | EnumValueNode() | BooleanValueNode():
                return node.value
            case ListValueNode():
                return [self.value(one) for one in node.values]
            case ObjectValueNode():
                read = {one.name.value: self.value(one.value) for one in node.fields}
                return {name: value for name, value in read.items() if value is not ABSENT}
        raise AssertionError(f"no input is written as {node}")

    def collect(self, entity: str, nodes: Iterable[FieldNode]) -> Fields:
        """The merged selections of these fields for an object of the type."""
        selected: Fields = {}
        for node in nodes:
            if node.selection_set:
                self._collect(entity, node.selection_set.selections, selected)
        return selected

    def top(self) -> Fields:
        """The merged root selections."""
        selected: Fields = {}
        self._collect("Query", self.operation.selection_set.selections, selected)
        return selected

    def _collect(self, entity: str, selections: Iterable[SelectionNode], selected: Fields) -> None:
        for selection in selections:
            if not self._included(selection):
                continue
            if isinstance(selection, FieldNode):
                key = (selection.alias or selection.name).value
                selected.setdefault(key, []).append(selection)
                continue
            inner: InlineFragmentNode | FragmentDefinitionNode
            if isinstance(selection, FragmentSpreadNode):
                inner = self.fragments[selection.name.value]
            else:
                assert isinstance(selection, InlineFragmentNode)
                inner = selection
            on = inner.type_condition
            if on is None or on.name.value in (entity, *interfaces(entity)):
                self._collect(entity, inner.selection_set.selections, selected)

    def _included(self, selection: SelectionNode) -> bool:
        for directive in selection.directives or ():
            condition = self.value((directive.arguments or ())[0].value)
            if condition is (directive.name.value == "skip"):
                return False
        return True


def read(query: str, variables: Mapping[str, Any]) -> Document:
    """The first operation of a document."""
    document: DocumentNode = parse(query)
    definitions = document.definitions
    operation = next(one for one in definitions if isinstance(one, OperationDefinitionNode))
    values = dict(variables)
    plain = Document(operation, {}, {})
    for variable in operation.variable_definitions or ():
        name = variable.variable.name.value
        if name not in values and variable.default_value is not None:
            values[name] = plain.value(variable.default_value)
    fragments = {
        one.name.value: one for one in definitions if isinstance(one, FragmentDefinitionNode)
    }
    return Document(operation, fragments, values)
