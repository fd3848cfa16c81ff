"""Refuses a document whose fields of one response name do not merge, in a bounded number of steps.

The result equals that of the standard rule OverlappingFieldsCanBeMerged. Fields are not compared pair
by pair: all fields that merge into one response object are grouped by name, each group is compared with
its first member, and each set of selections is visited once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from graphql import (
    GraphQLList,
    GraphQLNonNull,
    GraphQLOutputType,
    GraphQLSchema,
    is_leaf_type,
)
from graphql.language import (
    DocumentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    StringValueNode,
    ValueNode,
    VariableNode,
)

from domain.message import Message

from .merge import Level, Selected, Selections, Steps, Use, Variant, grouped, owners
from .refusal import DocumentError, located

_MOST_CONFLICTS = 5


@dataclass(frozen=True, slots=True)
class Merged:
    """The response of each operation by its node's position in the document, or the conflicts."""

    roots: dict[int, Level]
    conflicts: list[DocumentError]


def merge(document: DocumentNode, schema: GraphQLSchema, steps: Steps) -> Merged:
    """Merge the fields of every operation, and of fragments that no operation uses.

    Raises `DocumentRejected` (QUERY_TOO_COMPLEX) if the limit of steps is reached first.
    """
    merger = _Merger(Selections(document, schema, steps), steps)
    roots = {}
    for position, node in enumerate(document.definitions):
        if isinstance(node, OperationDefinitionNode):
            roots[position] = merger.level([merger.selections.of_operation(node)])
            merger.run()
    for name in merger.selections.fragments:
        if name not in merger.selections.reached:
            merger.level([found for found in [merger.selections.of_fragment(name)] if found])
            merger.run()
    return Merged(roots, merger.conflicts)


class _Merger:
    """Contains what was visited: full levels, and sets that only had to agree in shape."""

    def __init__(self, selections: Selections, steps: Steps) -> None:
        self.selections = selections
        self.steps = steps
        self.conflicts: list[DocumentError] = []
        self._levels: dict[frozenset[int], Level] = {}
        self._shaped: set[frozenset[int]] = set()
        self._pending: list[tuple[Level | None, list[Selected]]] = []

    def run(self) -> None:
        """Process all pending work; stops early once there are enough conflicts."""
        while self._pending and len(self.conflicts) < _MOST_CONFLICTS:
            level, sources = self._pending.pop()
            if level is None:
                self._fill_shape(sources)
            else:
                self._fill(level, sources)

    def level(self, sources: Sequence[Selected]) -> Level:
        """Return the level that these selections merge into; it is filled in by `run`."""
        closed = self.selections.closure(sources)
        key = frozenset([number for number, selected in closed.items() if selected.uses])
        level = self._levels.get(key)
        if level is None:
            level = self._levels[key] = Level()
            self._pending.append((level, list(closed.values())))
        return level

    def _fill(self, level: Level, sources: list[Selected]) -> None:
        for name, uses in grouped(sources).items():
            self.steps.spend(len(uses))
            by_owner = owners(uses)
            common = by_owner.pop("", [])
            if common:
                level.common.add(name)
            if len(uses) > 1 and not self._agree(name, uses, by_owner, has_common=bool(common)):
                continue
            if len(by_owner) > 1:
                self._shape(self.selections.below(uses))
            self.steps.spend(len(by_owner) * len(common))
            level.groups[name] = [
                self._variant(owner, [*own, *common]) for owner, own in by_owner.items()
            ] or [self._variant("", common)]

    def _variant(self, owner: str, uses: list[Use]) -> Variant:
        below = self.selections.below(uses)
        return Variant(owner, uses[0], self.level(below) if below else None)

    def _agree(
        self, name: str, uses: list[Use], by_owner: dict[str, list[Use]], *, has_common: bool
    ) -> bool:
        # A field on an abstract type merges with those of every owner, so all must be equal.
        together = [uses] if has_common else by_owner.values()
        for group in together:
            first = group[0]
            for use in group:
                if not _same_call(first, use):
                    self._conflict(name, first, use, _difference(first, use))
                    return False
        return self._same_shape(name, uses)

    def _shape(self, sources: list[Selected]) -> None:
        """Require fields that are never both present to agree in shape, at every depth."""
        if len(sources) < 2:
            return
        closed = self.selections.closure(sources)
        key = frozenset([number for number, selected in closed.items() if selected.uses])
        if key in self._shaped or key in self._levels:
            return
        self._shaped.add(key)
        self._pending.append((None, list(closed.values())))

    def _fill_shape(self, sources: Iterable[Selected]) -> None:
        for name, uses in grouped(sources).items():
            self.steps.spend(len(uses))
            if len(uses) > 1 and self._same_shape(name, uses):
                self._shape(self.selections.below(uses))

    def _same_shape(self, name: str, uses: list[Use]) -> bool:
        known: Use | None = None
        for use in uses:
            if _streams(use):
                self._conflict(name, uses[0], uses[1], Message("one of them is streamed"))
                return False
            if use.definition is None:
                continue
            known = known or use
            if use.definition is not known.definition and _shape_of(use) != _shape_of(known):
                kinds = f"{_type_of(known)} and {_type_of(use)}"
                self._conflict(
                    name, known, use, Message("their types differ: {kinds}", kinds=kinds)
                )
                return False
        return True

    def _conflict(self, name: str, first: Use, second: Use, reason: Message) -> None:
        message = Message(
            "Fields '{name}' conflict because {problem}. "
            "Use an alias for one of them to fetch both.",
            name=name[:60],
            problem=reason,
        )
        problem = located("GRAPHQL_VALIDATION_FAILED", message, [first.node, second.node])
        if problem not in self.conflicts:
            self.conflicts.append(problem)


def _same_call(first: Use, second: Use) -> bool:
    node, other = first.node, second.node
    if node is other:
        return True
    if node.name.value != other.name.value:
        return False
    if not node.arguments and not other.arguments:
        return True
    return _arguments(first) == _arguments(second)


def _difference(first: Use, second: Use) -> Message:
    one, other = first.node.name.value[:60], second.node.name.value[:60]
    if one != other:
        return Message("'{one}' and '{other}' are different fields", one=one, other=other)
    return Message("their arguments differ")


def _arguments(use: Use) -> Hashable:
    # Cached, because one field node can be in many sets of selections.
    if use.arguments is None:
        given = use.node.arguments or ()
        use.arguments = tuple(sorted((node.name.value, _value(node.value)) for node in given))
    return use.arguments


def _value(node: ValueNode) -> str:
    """Return a text that is equal exactly for equal values.

    Recursion is bounded by the limit on nested brackets.
    """
    if isinstance(node, VariableNode):
        return "$" + node.name.value
    if isinstance(node, ListValueNode):
        return "[" + ",".join([_value(item) for item in node.values]) + "]"
    if isinstance(node, ObjectValueNode):
        fields = sorted((item.name.value, _value(item.value)) for item in node.fields)
        return "{" + ",".join([f"{name}:{value}" for name, value in fields]) + "}"
    if isinstance(node, StringValueNode):
        # repr() escapes quotes, so a string's content cannot imitate its end.
        return ("b" if node.block else "s") + repr(node.value)
    return f"{node.kind} {getattr(node, 'value', None)}"


def _streams(use: Use) -> bool:
    return any(node.name.value == "stream" for node in use.node.directives or ())


def _type_of(use: Use) -> str:
    return str(use.definition.type) if use.definition else "unknown"


def _shape_of(use: Use) -> str:
    """Return the parts of a type that must agree: lists, non-nulls, and the name of a leaf."""
    spelled = ""
    kind: GraphQLOutputType | None = use.definition.type if use.definition else None
    while isinstance(kind, GraphQLNonNull | GraphQLList):
        spelled += "!" if isinstance(kind, GraphQLNonNull) else "["
        kind = kind.of_type
    return spelled + (str(kind) if is_leaf_type(kind) else "{}")
