"""Executes introspection queries. The result is the same for every caller, so it is cached."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Protocol

import orjson
from graphql import FieldNode, GraphQLSchema, OperationDefinitionNode, execute_sync

from domain.codes import Code, Refused
from domain.message import Message
from schema.admission import Admitted
from schema.engine.derived import only
from schema.engine.keys import IntrospectionKey
from schema.engine.lru import Lru
from schema.engine.variables import Variables

KEPT = 50
BYTES = 8_000_000
"""Maximum bytes of the cache; the full introspection result is about one megabyte."""


class IntrospectionRequest(Protocol):
    """An operation with its variables as sent."""

    @property
    def text(self) -> str: ...
    @property
    def admitted(self) -> Admitted: ...
    @property
    def name(self) -> str | None: ...
    @property
    def variables(self) -> Variables: ...


class Introspections:
    """Answers `__schema`, `__type` and `__typename` at the root."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self.cache: Lru[IntrospectionKey, Mapping[str, bytes]] = Lru(KEPT, BYTES, _bytes)

    def answer(
        self,
        request: IntrospectionRequest,
        operation: OperationDefinitionNode,
        fields: tuple[FieldNode, ...],
    ) -> dict[str, bytes]:
        """The texts of these fields. Raises Refused."""
        variables = orjson.dumps(request.variables, option=orjson.OPT_SORT_KEYS)
        key = IntrospectionKey(request.text, request.name, variables)
        return dict(self.cache.get(key, partial(self._execute, request, operation, fields)))

    def _execute(
        self,
        request: IntrospectionRequest,
        operation: OperationDefinitionNode,
        fields: tuple[FieldNode, ...],
    ) -> Mapping[str, bytes]:
        document = only(request.admitted.document, operation, list(fields))
        result = execute_sync(self._schema, document, variable_values=dict(request.variables))
        if result.errors:
            raise Refused(Code.BAD_USER_INPUT, Message(result.errors[0].message))
        return {key: orjson.dumps(value) for key, value in (result.data or {}).items()}


def _bytes(texts: Mapping[str, bytes]) -> int:
    return sum(map(len, texts.values()))
