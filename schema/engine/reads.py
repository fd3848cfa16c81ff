"""Answers reads: text to document, document to plan, plan to one statement, its bytes straight to the caller."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    execute_sync,
)

from auth.engine.viewer import Viewer
from auth.viewers import Viewers
from db.engine.model import Model
from db.engine.plan.ask import Connection, Outline
from db.engine.plan.planner import Forbidden, Plan, plan, resolve
from db.engine.plan.run import run
from db.engine.transaction import Turned, TurnedAway
from domain.codes import Code, Refused
from resolvers.engine.context import Caller
from schema.engine.admission import Admitted
from schema.engine.budget import Budget
from schema.engine.cursors import Cursors
from schema.engine.lru import Lru
from schema.engine.outline import Reader, RootField
from schema.engine.variables import coerce, shape, types

OUTLINES = 2_000
PLANS = 2_000
INTROSPECTIONS = 50
CHARACTERS_PER_NODE = 10
"""Compiling this much of a statement costs about as much as answering one object."""


@dataclass(frozen=True)
class Request:
    """One operation of an admitted document, with its variables as they were sent."""

    text: str
    admitted: Admitted
    name: str | None
    variables: Mapping[str, Any]
    strict: bool = False
    """Whether what is denied refuses the operation instead of being null (D-30)."""


@dataclass(frozen=True)
class Drawn:
    """An operation read: what the database answers, and what the schema itself does."""

    outline: Outline
    keys: tuple[str, ...]
    """The response keys, in order."""
    own: OperationDefinitionNode | None
    """The part that is asked of the schema: `__schema`, `__type`, `__typename`."""


class Reads:
    """Compiles and runs queries. One for the process; nothing of a caller is kept in it but plans' shapes."""

    def __init__(
        self,
        schema: GraphQLSchema,
        model: Model,
        roots: Mapping[str, RootField],
        viewers: Viewers,
        cursors: Cursors,
        budget: Budget,
    ) -> None:
        self._schema = schema
        self._model = model
        self._roots = roots
        self._viewers = viewers
        self._cursors = cursors
        self._budget = budget
        self._prefixes = frozenset(model.by_prefix)
        self.drawn: Lru[Hashable, Drawn] = Lru(OUTLINES)
        self.plans: Lru[Hashable, Plan | Forbidden] = Lru(PLANS, weigh=_length)
        self.introspections: Lru[Hashable, bytes] = Lru(INTROSPECTIONS)

    async def answer(self, caller: Caller, request: Request) -> bytes:
        """The whole response. Raises Refused, or TurnedAway where the tenant cannot be entered."""
        cost = request.admitted.cost(request.variables, request.name)
        remaining = self._budget.spend(caller.tenant.id, cost.nodes)
        operation = request.admitted.operation(request.name)
        values = coerce(self._schema, operation, request.variables)
        key, drawn = self._draw(request, operation, values)
        own = self._own(request, drawn) if drawn.own else {}
        found: dict[str, bytes] = {}
        denied: list[dict[str, str]] = []
        if not drawn.outline.roots:
            await self._viewers.stands(caller.tenant.placement, caller.session)
        else:
            made, found = await self._run(caller, request, key, drawn.outline, values)
            denied = [
                {"type": each.entity, "field": each.field, "reason": each.reason}
                for each in made.denied
            ]
        data = b",".join(
            b'"%b":%b' % (name.encode(), found.get(name) or own.get(name) or b"null")
            for name in drawn.keys
        )
        extensions: dict[str, Any] = {
            "cost": {"nodes": cost.nodes, "fields": cost.fields, "remaining": remaining}
        }
        if denied:
            extensions["access"] = {"denied": denied}
        return b'{"data":{%b},"extensions":%b}' % (data, orjson.dumps(extensions))

    def explain(
        self, caller: Caller, viewer: Viewer, request: Request
    ) -> tuple[Plan | None, list[Any]]:
        """The plan of a request and the values it would be run with, without running it."""
        operation = request.admitted.operation(request.name)
        values = coerce(self._schema, operation, request.variables)
        key, drawn = self._draw(request, operation, values)
        if not drawn.outline.roots:
            return None, []
        made, opened = self._plan(caller, request, viewer, key, drawn.outline, values)
        return made, made.arguments(values, viewer, opened)

    def _draw(
        self, request: Request, operation: OperationDefinitionNode, values: dict[str, Any]
    ) -> tuple[Hashable, Drawn]:
        """The operation read, once for each shape of its variables."""
        declared = types(self._schema, operation)
        key = (request.text, request.name, shape(values, declared, self._prefixes))
        return key, self.drawn.get(key, partial(self._read, request, operation, values, declared))

    def _read(
        self,
        request: Request,
        operation: OperationDefinitionNode,
        values: dict[str, Any],
        declared: dict[str, Any],
    ) -> Drawn:
        document = request.admitted.document
        fragments = {
            each.name.value: each
            for each in document.definitions
            if isinstance(each, FragmentDefinitionNode)
        }
        reader = Reader(self._schema, self._model, self._roots, fragments, values, declared)
        fields = reader.collect(operation.selection_set, "Query")
        own = [
            node
            for nodes in fields.values()
            for node in nodes
            if node.name.value not in self._roots
        ]
        return Drawn(reader.read(operation), tuple(fields), _only(operation, own))

    def _own(self, request: Request, drawn: Drawn) -> dict[str, bytes]:
        """What the schema tells of itself: the same for everybody, so it is kept."""
        variables = orjson.dumps(request.variables, option=orjson.OPT_SORT_KEYS)
        key = (request.text, request.name, variables)
        kept = self.introspections.get(key, partial(self._introspect, request, drawn))
        return {name: orjson.dumps(value) for name, value in orjson.loads(kept).items()}

    def _introspect(self, request: Request, drawn: Drawn) -> bytes:
        others = [
            each
            for each in request.admitted.document.definitions
            if isinstance(each, FragmentDefinitionNode)
        ]
        document = DocumentNode(definitions=tuple(filter(None, (drawn.own, *others))))
        result = execute_sync(self._schema, document, variable_values=dict(request.variables))
        if result.errors:
            raise Refused(Code.BAD_USER_INPUT, result.errors[0].message)
        return orjson.dumps(result.data)

    async def _run(
        self,
        caller: Caller,
        request: Request,
        key: Hashable,
        outline: Outline,
        values: dict[str, Any],
    ) -> tuple[Plan, dict[str, bytes]]:
        """Plan and run, and once more if the rights changed in between."""
        try:
            return await self._attempt(caller, request, key, outline, values)
        except TurnedAway as away:
            if away.reason is not Turned.STALE:
                raise
            return await self._attempt(caller, request, key, outline, values)

    async def _attempt(
        self,
        caller: Caller,
        request: Request,
        key: Hashable,
        outline: Outline,
        values: dict[str, Any],
    ) -> tuple[Plan, dict[str, bytes]]:
        viewer = await self._viewers.of(caller.tenant.placement, caller.user, caller.session)
        try:
            made, opened = self._plan(caller, request, viewer, key, outline, values)
        except Refused:
            # Nothing is read, but a right that was granted meanwhile must count, and a session that
            # has ended must not be told what it may not do.
            await self._viewers.confirm(caller.tenant.placement, viewer, caller.session)
            raise
        async with self._viewers.read(
            caller.tenant.placement, viewer, caller.session, custom_plans=made.narrow
        ) as connection:
            arguments = made.arguments(values, viewer, opened)
            found = dict(await run(connection, caller.tenant.placement, made, arguments))
        if made.cursors:
            bound_to = partial(
                self._bound_to, caller, {c.number: c for c in outline.connections}, values
            )
            found = {name: self._cursors.seal(text, bound_to) for name, text in found.items()}
        return made, found

    def _plan(
        self,
        caller: Caller,
        request: Request,
        viewer: Viewer,
        key: Hashable,
        outline: Outline,
        values: dict[str, Any],
    ) -> tuple[Plan, dict[int, tuple[str | None, ...]]]:
        """The plan for this permission shape, with the sort keys of the cursors that were passed."""
        opened = self._open(caller, outline, values)
        nulls = {number: tuple(k is None for k in keys) for number, keys in opened.items()}
        whole = (key, viewer.project(outline.touched), tuple(nulls.items()))
        made = self.plans.get(whole, partial(self._compile, caller, outline, viewer, nulls))
        if isinstance(made, Forbidden):
            raise _forbidden(made.names, "filter, sort, search or aggregate by")
        if request.strict and made.denied:
            raise _forbidden(tuple((each.entity, each.field) for each in made.denied), "read")
        return made, opened

    def _compile(
        self, caller: Caller, outline: Outline, viewer: Viewer, nulls: dict[int, tuple[bool, ...]]
    ) -> Plan | Forbidden:
        """A new plan. It takes processor time as its statement is long, so the tenant pays for it."""
        made = plan(outline, viewer, self._model, nulls)
        self._budget.spend(caller.tenant.id, _length(made) // CHARACTERS_PER_NODE)
        return made

    def _open(
        self, caller: Caller, outline: Outline, values: dict[str, Any]
    ) -> dict[int, tuple[str | None, ...]]:
        opened = {}
        for each in outline.connections:
            cursor = None if each.after is None else resolve(each.after, values)
            if cursor is not None:
                bound = self._bound_to(caller, {each.number: each}, values, each.number)
                opened[each.number] = self._cursors.open(cursor, bound)
        return opened

    @staticmethod
    def _bound_to(
        caller: Caller, lists: Mapping[int, Connection], values: dict[str, Any], number: int
    ) -> bytes:
        """What the cursors of a list are good for: this tenant, this user, this list, order and filter."""
        asked = lists[number]
        given = [resolve(slot, values) for slot in asked.values]
        bound = [str(caller.tenant.id), str(caller.user), asked.signature, given]
        return orjson.dumps(bound, default=str)


def _only(
    operation: OperationDefinitionNode, nodes: list[FieldNode]
) -> OperationDefinitionNode | None:
    if not nodes:
        return None
    return OperationDefinitionNode(
        operation=operation.operation,
        name=operation.name,
        variable_definitions=operation.variable_definitions,
        directives=(),
        selection_set=SelectionSetNode(selections=tuple(nodes)),
    )


def _forbidden(names: tuple[tuple[str, str], ...], deed: str) -> Refused:
    shown = ", ".join(
        f"{entity}.{name}".rstrip(".").replace("attribute:", "") for entity, name in names
    )
    message = f"You may not {deed} {shown}. Leave it out, or ask an administrator for the right."
    fields = [{"type": entity, "field": name.removeprefix("attribute:")} for entity, name in names]
    return Refused(Code.FIELD_FORBIDDEN, message, fields=fields)


def _length(made: Plan | Forbidden) -> int:
    """How long the statement is: what a plan weighs in the cache, and what it took to compile."""
    return len(made.compiled.sql) if isinstance(made, Plan) and made.compiled else 0
