"""Admits a document or refuses it with reasons, in bounded time for any text."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from cachetools import LRUCache
from graphql import GraphQLSchema
from graphql.language import DocumentNode, FragmentDefinitionNode, OperationDefinitionNode

from domain.message import Message

from .cost import Cost, Prepared, Pricing
from .limits import Limits
from .merge import Level, Steps, in_order
from .overlap import merge
from .parse import parse
from .refusal import DocumentRejected, refuse
from .validate import Validator

_INTROSPECTION = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True)
class Admitted:
    """A document that is valid and within every limit that does not depend on variables."""

    document: DocumentNode
    operations: Mapping[str | None, OperationDefinitionNode]
    fragments: Mapping[str, FragmentDefinitionNode]
    prepared: Mapping[str | None, Prepared]

    def operation(self, name: str | None = None) -> OperationDefinitionNode:
        """Return the operation to execute; raises `DocumentRejected` (BAD_REQUEST) if it is ambiguous or unknown."""
        return self._prepared(name).operation

    def cost(self, variables: Mapping[str, object], name: str | None = None) -> Cost:
        """Return the cost of an operation with the variables as sent.

        Raises `DocumentRejected`: BAD_REQUEST if there is no such operation, BAD_USER_INPUT or
        QUERY_TOO_COMPLEX as `Prepared.cost` does.
        """
        return self._prepared(name).cost(variables)

    def _prepared(self, name: str | None) -> Prepared:
        if name in self.prepared:
            return self.prepared[name]
        if name is None and len(self.prepared) == 1:
            return next(iter(self.prepared.values()))
        if name is None:
            reason = Message("The document has several operations. Name one in 'operationName'.")
        else:
            reason = Message(
                "The document has no operation named '{name}'. Check 'operationName'.",
                name=name[:60],
            )
        raise refuse("BAD_REQUEST", reason)


def admit(text: str, schema: GraphQLSchema, limits: Limits) -> Admitted:
    """Return the document of a text, validated and priced.

    Raises `DocumentRejected` with the codes GRAPHQL_PARSE_FAILED, GRAPHQL_VALIDATION_FAILED,
    QUERY_TOO_COMPLEX or BAD_USER_INPUT.
    """
    return _admit(text, schema, limits, Validator(schema))


def _admit(text: str, schema: GraphQLSchema, limits: Limits, validator: Validator) -> Admitted:
    document = parse(text, limits)
    validator.check(document, limits)
    merged = merge(document, schema, Steps(limits.merge_steps))
    if merged.conflicts:
        raise DocumentRejected(merged.conflicts[: limits.errors])
    operations: dict[str | None, OperationDefinitionNode] = {}
    prepared: dict[str | None, Prepared] = {}
    pricing = Pricing(schema, limits)
    depths: dict[Level, int] = {}
    for position, root in merged.roots.items():
        operation = document.definitions[position]
        if not isinstance(operation, OperationDefinitionNode):
            continue
        _refuse_depth(root, depths, limits)
        _refuse_repetition(root, limits)
        name = operation.name.value if operation.name else None
        operations[name] = operation
        prepared[name] = pricing.prepare(root, operation)
    fragments = {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    return Admitted(document, operations, fragments, prepared)


def _refuse_depth(root: Level, depths: dict[Level, int], limits: Limits) -> None:
    """Raise `DocumentRejected` (QUERY_TOO_COMPLEX) for a root field that is nested too deeply."""
    for level in in_order(root, set(depths)):
        deepest = 0
        for variant in level.variants():
            own = 0 if variant.use.node.name.value in limits.wrappers else 1
            deepest = max(deepest, own + (depths[variant.below] if variant.below else 0))
        depths[level] = deepest
    for variant in root.variants():
        name = variant.use.node.name.value
        depth = (name not in limits.wrappers) + (depths[variant.below] if variant.below else 0)
        most = limits.introspection_depth if name in _INTROSPECTION else limits.depth
        if depth > most:
            raise refuse(
                "QUERY_TOO_COMPLEX",
                Message(
                    "The field '{name}' is nested {depth} levels deep; the limit is {limit}. "
                    "Request the deeper records in a separate request.",
                    name=name[:60],
                    depth=depth,
                    limit=most,
                ),
                nodes=[variant.use.node],
            )


def _refuse_repetition(root: Level, limits: Limits) -> None:
    """Raise `DocumentRejected` (QUERY_TOO_COMPLEX) if an operation selects several single-use fields."""
    found = [
        variant.use.node
        for variant in root.variants()
        if variant.use.node.name.value in limits.single_use
    ]
    if len(found) > 1:
        raise refuse(
            "QUERY_TOO_COMPLEX",
            Message(
                "An operation may select only one of {fields}, "
                "and only once. Send the others in separate requests.",
                fields=", ".join(sorted(limits.single_use)),
            ),
            nodes=found,
        )


class Documents:
    """An LRU cache of admitted documents, by the SHA-256 of their text; refusals are not cached.

    Bounded by the number of documents and by their total characters: a document weighs its characters,
    and at least an equal share of the total.
    """

    def __init__(
        self, schema: GraphQLSchema, limits: Limits, size: int = 1_000, characters: int = 1_000_000
    ) -> None:
        """Start empty; a `size` of 0 disables the cache. Raises TypeError if the schema is invalid."""
        self._schema = schema
        self._limits = limits
        self._validator = Validator(schema)
        self._share = characters // size if size else characters + 1
        self._kept: LRUCache[bytes, tuple[int, Admitted]] = LRUCache(
            characters, getsizeof=lambda entry: entry[0]
        )

    def __len__(self) -> int:
        """Return the number of cached documents."""
        return len(self._kept)

    def get(self, text: str) -> Admitted:
        """Return what `admit` returns for the text; raises `DocumentRejected` as it does."""
        if len(text) > self._limits.characters:
            return _admit(text, self._schema, self._limits, self._validator)  # raises
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        cached = self._kept.get(key)
        if cached is not None:
            return cached[1]
        admitted = _admit(text, self._schema, self._limits, self._validator)
        weight = max(len(text), self._share)
        if weight <= self._kept.maxsize:
            self._kept[key] = (weight, admitted)
        return admitted
