"""Executes root fields with derived fields in Python, over the rows of the same statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, TypeAlias

import orjson
from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    NamedTypeNode,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    execute,
    get_named_type,
)
from strawberry.dataloader import DataLoader

from db.engine.fields import Computed
from db.engine.model import Model
from schema.engine.typed import TYPE
from schema.engine.variables import Variables

Facts: TypeAlias = tuple[object, ...]
"""The input values from one row of a derived field."""


@dataclass(frozen=True)
class DerivedFailed:
    """A derived field in the records of a payload that could not be computed."""

    text: str
    """The key of the records' text."""
    number: int
    """Index of the input."""
    place: Sequence[str | int]
    """Path within that record."""
    error: GraphQLError


class Loaders:
    """The data loaders of one request: equal inputs are computed once."""

    def __init__(self) -> None:
        self._kept: dict[str, DataLoader[Facts, object]] = {}

    def of(self, owner: str, computed: Computed) -> DataLoader[Facts, object]:
        """The data loader of a field."""
        name = f"{owner}.{computed.name}"
        if name not in self._kept:

            async def load(many: list[Facts]) -> Sequence[object]:
                return [_one(computed, facts) for facts in many]

            self._kept[name] = DataLoader(load_fn=load)
        return self._kept[name]


def _one(computed: Computed, facts: Facts) -> object:
    """The result of a function for one row's inputs; an error affects only the fields that show this row."""
    try:
        return computed.function(*facts)
    except Exception as error:  # noqa: BLE001 - the error of one row becomes an error of its field
        return error


def install_resolvers(schema: GraphQLSchema, model: Model) -> None:
    """Install resolvers on the types used in reads; they take values from rows, keyed by response key.

    Types used only in mutations keep their resolvers.
    """
    for kind in _queried_types(schema.query_type):
        if isinstance(kind, GraphQLObjectType):
            kind.is_type_of = None  # rows are no instances of the declared types
            derived = model.entities[kind.name].derived if kind.name in model.entities else {}
            for field, definition in kind.fields.items():
                computed = derived.get(field)
                definition.resolve = _computed(kind.name, computed) if computed else _by_key
        elif isinstance(kind, GraphQLEnumType):
            kind.serialize = str  # type: ignore[assignment]  # rows contain the enums' names
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLInterfaceType):
            kind.resolve_type = _type_of


def _queried_types(query: GraphQLObjectType | None) -> list[GraphQLNamedType]:
    """All types that can occur in a query."""
    found: dict[str, GraphQLNamedType] = {}
    pending: list[GraphQLNamedType] = [] if query is None else [query]
    while pending:
        kind = pending.pop()
        if kind.name not in found:
            found[kind.name] = kind
            if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
                pending += [get_named_type(each.type) for each in kind.fields.values()]
    return list(found.values())


def _by_key(
    row: Mapping[str, object], info: GraphQLResolveInfo[Loaders], **arguments: object
) -> object:
    return row[info.path.key]  # type: ignore[index]  # a field's key is a string


def _computed(owner: str, computed: Computed) -> Callable[..., object]:
    def resolve(row: Mapping[str, object], info: GraphQLResolveInfo[Loaders]) -> object:
        facts = row[info.path.key]  # type: ignore[index]  # likewise
        if not isinstance(facts, list):
            return None
        return info.context.of(owner, computed).load(tuple(facts))

    return resolve


def _type_of(row: Mapping[str, object], info: GraphQLResolveInfo[Loaders], kind: object) -> str:
    return str(row[TYPE])


async def executed(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    roots: Mapping[str, list[FieldNode]],
    found: Mapping[str, bytes],
    variables: Variables,
) -> tuple[dict[str, bytes], list[GraphQLError]]:
    """The texts of these root fields, and the errors of single fields in them."""
    rows = {key: orjson.loads(found[key]) if key in found else None for key in roots}
    result: Any = execute(
        schema,
        only(document, operation, [node for nodes in roots.values() for node in nodes]),
        root_value=rows,
        context_value=Loaders(),
        variable_values=dict(variables),
    )
    result = await result if isawaitable(result) else result
    if result.data is None:
        raise result.errors[0].original_error or result.errors[0]
    return {key: orjson.dumps(value) for key, value in result.data.items()}, result.errors or []


async def executed_records(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    records: Mapping[str, tuple[str, list[FieldNode]]],
    found: Mapping[str, bytes],
    variables: Variables,
) -> tuple[dict[str, bytes], list[DerivedFailed]]:
    """The texts of records in a mutation's payloads, each by its type and the selections on it.

    They are executed like a `nodes` query, which reads them the same way.
    """
    names = {f"r{number}": key for number, key in enumerate(records)}
    roots = {name: [_as_nodes(name, *records[key])] for name, key in names.items()}
    texts, errors = await executed(
        schema,
        document,
        _as_query(operation),
        roots,
        {name: found[key] for name, key in names.items() if key in found},
        variables,
    )
    wrong = []
    for error in errors:
        path = list(error.path or ())
        wrong.append(DerivedFailed(names[str(path[0])], int(path[1]), path[2:], error))
    return {names[name]: text for name, text in texts.items()}, wrong


def _as_query(operation: OperationDefinitionNode) -> OperationDefinitionNode:
    return OperationDefinitionNode(
        operation=OperationType.QUERY,
        name=operation.name,
        variable_definitions=operation.variable_definitions,
        directives=(),
        selection_set=operation.selection_set,
    )


def _as_nodes(name: str, kind: str, nodes: list[FieldNode]) -> FieldNode:
    several = [
        each for node in nodes if node.selection_set for each in node.selection_set.selections
    ]
    on = InlineFragmentNode(
        type_condition=NamedTypeNode(name=NameNode(value=kind)),
        directives=(),
        selection_set=SelectionSetNode(selections=tuple(several)),
    )
    ids = ArgumentNode(name=NameNode(value="ids"), value=ListValueNode(values=()))
    return FieldNode(
        alias=NameNode(value=name),
        name=NameNode(value="nodes"),
        arguments=(ids,),
        directives=(),
        selection_set=SelectionSetNode(selections=(on,)),
    )


def only(
    document: DocumentNode, operation: OperationDefinitionNode, nodes: list[FieldNode]
) -> DocumentNode:
    """The document reduced to these root fields of the operation."""
    part = OperationDefinitionNode(
        operation=operation.operation,
        name=operation.name,
        variable_definitions=operation.variable_definitions,
        directives=(),
        selection_set=SelectionSetNode(selections=tuple(nodes)),
    )
    fragments = [each for each in document.definitions if isinstance(each, FragmentDefinitionNode)]
    return DocumentNode(definitions=(part, *fragments))
