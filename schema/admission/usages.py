"""Finds the variables and spreads of a definition once, without hashing syntax trees.

graphql-core keys its caches by node, and the hash of a node covers its whole subtree.
"""

from __future__ import annotations

from graphql import TypeInfo, TypeInfoVisitor, visit
from graphql.language import (
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
)
from graphql.language.ast import QUERY_DOCUMENT_KEYS
from graphql.validation import ValidationContext
from graphql.validation.validation_context import VariableUsage, VariableUsageVisitor

# No rule visits names by themselves, and they are half of all nodes.
KEYS = {
    kind: tuple(key for key in keys if key not in {"alias", "description", "name"})
    for kind, keys in QUERY_DOCUMENT_KEYS.items()
}


class UsageContext(ValidationContext):
    """The document queries of the validation rules; its nodes must live as long as the context."""

    _spreads: dict[int, list[FragmentSpreadNode]]
    _usages: dict[int, list[VariableUsage]]
    _all_usages: dict[int, list[VariableUsage]]

    def prepare(self, info: TypeInfo) -> UsageContext:
        """Start with empty caches, and return itself; `info` gives variables their types."""
        self._info = info
        self._spreads, self._usages, self._all_usages = {}, {}, {}
        return self

    def get_fragment_spreads(self, node: SelectionSetNode) -> list[FragmentSpreadNode]:
        """Return the spreads in a selection set and those nested in it."""
        found = self._spreads.get(id(node))
        if found is None:
            found = self._spreads[id(node)] = []
            pending = [node]
            while pending:
                for selection in pending.pop().selections:
                    if isinstance(selection, FragmentSpreadNode):
                        found.append(selection)
                    elif below := getattr(selection, "selection_set", None):
                        pending.append(below)
        return found

    def get_variable_usages(
        self, node: OperationDefinitionNode | FragmentDefinitionNode
    ) -> list[VariableUsage]:
        """Return the variables used in a definition itself, with their expected types."""
        found = self._usages.get(id(node))
        if found is None:
            found = self._usages[id(node)] = []
            if _has_variables(node):
                visitor = VariableUsageVisitor(self._info)
                outer = TypeInfoVisitor(self._info, visitor)
                visit(node, outer, KEYS)
                found.extend(visitor.usages)
                release(visitor, outer)
        return found

    def get_recursive_variable_usages(
        self, operation: OperationDefinitionNode
    ) -> list[VariableUsage]:
        """Return the variables used in an operation and in the fragments it reaches."""
        found = self._all_usages.get(id(operation))
        if found is None:
            found = list(self.get_variable_usages(operation))
            for fragment in self.get_recursively_referenced_fragments(operation):
                found.extend(self.get_variable_usages(fragment))
            self.spend_fragment_work(len(found))
            self._all_usages[id(operation)] = found
        return found


def release(*visitors: object) -> None:
    """Clear finished visitors, so that they release the document they visited.

    A visitor refers to its own methods. These cycles would keep every document until a full garbage
    collection, whose pause delays other requests.
    """
    for visitor in visitors:
        vars(visitor).clear()


def _has_variables(node: OperationDefinitionNode | FragmentDefinitionNode) -> bool:
    place = node.loc
    return place is None or place.source.body.find("$", place.start, place.end) >= 0
