"""Reads a mutation's document: its root fields, their inputs, and the selections on each payload."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)
from graphql.execution.values import VariableValues, get_argument_values

from db.engine.plan.roots import Root, RootNodes, Selection
from db.engine.plan.selection import BindParam
from domain.codes import Code, Refused
from domain.message import Message
from schema.engine.generate_commands import Mutation
from schema.engine.read_selection import Selected, SelectionReader
from schema.engine.typed import named
from schema.engine.variables import Variables

IDS = "@ids:"
"""Prefix of the parameter with a record's id, followed by the key of its text. No variable can have this name."""
RESULTS = "results"
POSITION = "livePosition"
Fragments: TypeAlias = Mapping[str, FragmentDefinitionNode]
"""The fragments of a document by name."""


@dataclass(frozen=True)
class PlainField:
    """A selected field of an object that is no record: its response key, its name, and its own selection."""

    key: str
    name: str
    type: str
    """Name of the object type that has the field."""
    selection: tuple[PlainField, ...] = ()

    def value(self, source: Mapping[str, object]) -> object:
        """The value of the field in the response."""
        if self.name == "__typename":
            return self.type
        value = source[self.name]
        return self._selected(value) if self.selection else value

    def _selected(self, value: object) -> object:
        if isinstance(value, list):
            return [self._selected(each) for each in value]
        if not isinstance(value, Mapping):
            return None
        return {each.key: each.value(value) for each in self.selection}


@dataclass(frozen=True)
class PayloadField:
    """A field of a payload: its response key, its name, and for errors the selection on `UserError`."""

    key: str
    word: str
    selection: tuple[PlainField, ...] = ()
    text: str = ""
    """For a record: the key of its text in the statement."""


@dataclass(frozen=True)
class Payload:
    """The payload of one root field. `results` is the selection on each input's result, if there are several inputs."""

    key: str
    mutation: Mutation
    nodes: tuple[FieldNode, ...]
    shown: tuple[PayloadField, ...]
    results: Mapping[str, tuple[PayloadField, ...]]


@dataclass(frozen=True)
class PayloadSelection:
    """A parsed mutation: its payloads in order, and their records as a selection for the planner."""

    payloads: tuple[Payload, ...]
    typenames: tuple[str, ...]
    """The response keys of `__typename` at the root."""
    selection: Selection
    records: Mapping[str, tuple[str, list[FieldNode]]]
    """The records with derived fields, with their type and selections, by the key of their text."""
    weight: int

    @property
    def has_position(self) -> bool:
        """Whether a payload selects the position of the write."""
        return any(
            field.word == POSITION
            for payload in self.payloads
            for fields in (payload.shown, *payload.results.values())
            for field in fields
        )


class PayloadReader:
    """Reads the payloads of one operation."""

    def __init__(
        self,
        schema: GraphQLSchema,
        reader: SelectionReader,
        mutations: Mapping[str, Mutation],
        *,
        executes: bool = False,
    ) -> None:
        self._schema = schema
        self._reader = reader
        self._mutations = mutations
        self._roots: list[tuple[str, Root]] = []
        self._executes = executes
        self._executed: dict[str, tuple[str, list[FieldNode]]] = {}

    def read(self, operation: OperationDefinitionNode) -> PayloadSelection:
        """The operation, all of whose root fields are mutations of records."""
        fields = self._reader.collect(operation.selection_set, "Mutation")
        own = tuple(key for key, nodes in fields.items() if nodes[0].name.value == "__typename")
        payloads = tuple(
            self._payload(key, nodes) for key, nodes in fields.items() if key not in own
        )
        selection = self._reader.selection(tuple(self._roots), frozenset(self._executed))
        return PayloadSelection(payloads, own, selection, self._executed, self._reader.weight)

    def _payload(self, key: str, nodes: list[FieldNode]) -> Payload:
        mutation = self._mutations[nodes[0].name.value]
        fields = self._reader.fields(nodes, mutation.payload)
        if not mutation.many:
            return Payload(key, mutation, tuple(nodes), self._shown(key, mutation, fields), {})
        shown: list[PayloadField] = []
        results: dict[str, tuple[PayloadField, ...]] = {}
        for name, inner in fields.items():
            word = inner[0].name.value
            if word == RESULTS:
                below = self._reader.fields(inner, f"{mutation.entity.name}Payload")
                results[name] = self._shown(f"{key}.{name}", mutation, below)
            shown.append(self._one(name, word, inner, mutation, ""))
        return Payload(key, mutation, tuple(nodes), tuple(shown), results)

    def _plain(self, nodes: list[FieldNode], name: str) -> tuple[PlainField, ...]:
        """The selection on objects of a type that has no records."""
        found = []
        for key, inner in self._reader.fields(nodes, name).items():
            field = inner[0].name.value
            selection = self._plain(inner, target) if (target := self._object(name, field)) else ()
            found.append(PlainField(key, field, name, selection))
        return tuple(found)

    def _object(self, name: str, field: str) -> str | None:
        """The name of the object type of a field; None for values and `__typename`."""
        declared = cast("GraphQLObjectType", self._schema.type_map[name]).fields.get(field)
        target = get_named_type(declared.type) if declared else None
        return target.name if isinstance(target, GraphQLObjectType) else None

    def _shown(self, at: str, mutation: Mutation, fields: Selected) -> tuple[PayloadField, ...]:
        return tuple(
            self._one(key, nodes[0].name.value, nodes, mutation, f"{at}.{key}")
            for key, nodes in fields.items()
        )

    def _one(
        self, key: str, word: str, nodes: list[FieldNode], mutation: Mutation, at: str
    ) -> PayloadField:
        if word == "userErrors":
            return PayloadField(key, word, self._plain(nodes, "UserError"))
        if word != mutation.entity.singular or not at:
            return PayloadField(key, word)
        entity = mutation.entity
        self._reader.computes = self._executes
        root: Root = RootNodes(BindParam((IDS + at,)), (self._reader.object(nodes, entity),))
        if self._reader.computes:
            root = named(root)
            self._executed[at] = (entity.name, nodes)
        self._roots.append((at, root))
        return PayloadField(key, word, text=at)


def arguments(schema: GraphQLSchema, payload: Payload, values: Variables) -> Mapping[str, object]:
    """The arguments of a root field, coerced."""
    field = cast("GraphQLObjectType", schema.mutation_type).fields[payload.mutation.name]
    given = VariableValues({}, dict(values))
    try:
        found: Mapping[str, object] = get_argument_values(
            field, payload.nodes[0], given, hide_suggestions=True
        )
    except GraphQLError as error:  # a literal that its type does not accept
        raise Refused(Code.BAD_USER_INPUT, Message(error.message)) from None
    return found


def used_in_payloads(operation: OperationDefinitionNode, fragments: Fragments) -> frozenset[str]:
    """The variables that the payloads depend on, and whether a mutation is selected at all.

    All variables of the document, except those in the arguments of mutations.
    """
    found: set[str] = set()
    pending: list[object] = [operation.selection_set, *fragments.values()]
    inputs = {
        id(each)
        for root in _roots(operation.selection_set, fragments, set())
        for each in root.arguments or ()
    }
    while pending:
        one = pending.pop()
        if id(one) in inputs:
            continue
        if isinstance(one, VariableNode):
            found.add(one.name.value)
            continue
        for name in getattr(one, "keys", ()):
            below = getattr(one, name, None)
            if isinstance(below, list | tuple):
                pending += below
            elif hasattr(below, "keys") and name != "loc":
                pending.append(below)
    return frozenset(found)


def roots_of(operation: OperationDefinitionNode, fragments: Fragments) -> set[str]:
    """The names of an operation's root fields, including those in fragments, regardless of directives."""
    return {node.name.value for node in _roots(operation.selection_set, fragments, set())}


def _roots(selected: SelectionSetNode, fragments: Fragments, met: set[str]) -> Iterator[FieldNode]:
    for node in selected.selections:
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            yield from _roots(node.selection_set, fragments, met)
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in met:
            met.add(node.name.value)
            yield from _roots(fragments[node.name.value].selection_set, fragments, met)
