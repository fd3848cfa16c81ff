"""Answers queries: parses the document, plans it as one SQL statement and returns its JSON unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import orjson
from graphql import FieldNode, GraphQLSchema, OperationDefinitionNode

from auth.engine.viewer import Viewer
from auth.viewers import Viewers
from db.engine.model import Model
from db.engine.plan.planner import Forbidden, Plan, compile_plan, resolve, resolve_as
from db.engine.plan.roots import Selection
from db.engine.plan.run import run
from db.engine.plan.selection import ConnectionSelection
from db.engine.plan.source import CursorOf, Pages
from db.engine.transaction import EntryRejected, RejectReason
from domain.codes import Refused
from domain.message import Language
from domain.values import JsonObject
from resolvers.engine.context import Caller
from schema.admission import Admitted
from schema.engine.budget import Budget
from schema.engine.cursors import Cursors
from schema.engine.derived import executed, install_resolvers
from schema.engine.failures import error_entry_of
from schema.engine.filters import LISTS
from schema.engine.forbidden import FILTER, READ, forbidden, written_as
from schema.engine.introspection import Introspections
from schema.engine.keys import OperationKey, PlanKey, encoded
from schema.engine.languages import dumps
from schema.engine.lru import Lru
from schema.engine.read_selection import SelectionReader
from schema.engine.root_fields import RootField
from schema.engine.variables import Declared, Variables, coerce, shape, types

PARSED_OPERATIONS = 2_000
MAX_PARSED_FIELDS = 300_000
"""Maximum fields and tests in all cached selections; each takes some 300 bytes."""
PLANS = 2_000
PLANNED = 16_000_000
"""Maximum characters of all cached plans; a plan takes about six times its statement."""
CHARACTERS_PER_NODE = 10
"""Compiling this many characters of a statement costs about as much as answering one object."""


@dataclass(frozen=True)
class Request:
    """One operation of an admitted document, with its variables as sent."""

    text: str
    admitted: Admitted
    name: str | None
    variables: Variables
    strict: bool = False
    """Whether denied fields refuse the operation instead of being null (D-30)."""
    revalidated: bool = False
    """Whether equal data must give equal bytes, so that clients can revalidate them: the remaining budget is omitted."""
    executes: bool = False
    """Whether every root field is executed in Python, not only those that must be; the results are equal."""


@dataclass(frozen=True)
class ParsedOperation:
    """A parsed operation: the selection for the database, and the introspection fields."""

    selection: Selection
    keys: tuple[str, ...]
    """The response keys, in order."""
    introspection: tuple[FieldNode, ...]
    """Introspection fields: `__schema`, `__type`, `__typename`."""
    executed: Mapping[str, list[FieldNode]]
    """The root fields that contain derived fields."""
    weight: int
    """Number of fields and tests."""


class ReadService:
    """Compiles and runs queries. One instance per process; it caches no values of callers."""

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
        self.budget = budget
        self.list_items = LISTS
        self._prefixes = frozenset(model.by_prefix)
        self.parsed: Lru[OperationKey, ParsedOperation] = Lru(
            PARSED_OPERATIONS, MAX_PARSED_FIELDS, lambda parsed: parsed.weight
        )
        self.plans: Lru[PlanKey, Plan | Forbidden] = Lru(PLANS, PLANNED, _length)
        self.introspections = Introspections(schema)
        install_resolvers(schema, model)

    async def answer(self, caller: Caller, request: Request) -> bytes:
        """The response body. Raises Refused, or EntryRejected if the tenant cannot be entered."""
        cost = request.admitted.cost(request.variables, request.name)
        remaining = self.budget.spend(caller.tenant.id, cost.nodes)
        operation = request.admitted.operation(request.name)
        values = coerce(self._schema, operation, request.variables)
        key, parsed = self._parse(request, operation, values)
        texts: dict[str, bytes] = {}
        if parsed.introspection:
            texts = self.introspections.answer(request, operation, parsed.introspection)
        extras: JsonObject = {"errors": [], "denied": []}
        if not parsed.selection.roots:
            await self._viewers.check_session(caller.tenant.placement, caller.session)
        else:
            plan, answered = await self._run(caller, request, key, parsed.selection, values)
            extras["denied"] = with_denied(plan)
            texts |= answered
        if parsed.executed:
            # Each value is then processed in Python, which costs as much as an object.
            remaining = self.budget.spend(caller.tenant.id, cost.fields)
            document, variables = request.admitted.document, request.variables
            rows, errors = await executed(
                self._schema, document, operation, parsed.executed, texts, variables
            )
            texts |= rows
            extras["errors"] = [error_entry_of(error) for error in errors]
        left = {} if request.revalidated else {"remaining": remaining}
        extras["cost"] = {"nodes": cost.nodes, "fields": cost.fields, **left}
        return _response(parsed.keys, texts, extras, caller.language)

    def explain(
        self, caller: Caller, viewer: Viewer, request: Request
    ) -> tuple[Plan | None, list[object]]:
        """The plan of a request and its parameters, without running it."""
        operation = request.admitted.operation(request.name)
        values = coerce(self._schema, operation, request.variables)
        key, parsed = self._parse(request, operation, values)
        if not parsed.selection.roots:
            return None, []
        plan, cursor_keys = self.plan_of(caller, request, viewer, key, parsed.selection, values)
        return plan, plan.arguments(values, viewer, cursor_keys)

    def _parse(
        self, request: Request, operation: OperationDefinitionNode, values: Variables
    ) -> tuple[OperationKey, ParsedOperation]:
        """The parsed operation, cached per shape of its variables."""
        declared = types(self._schema, operation)
        key = self._key(request, declared, values)
        return key, self.parsed.get(key, partial(self._read, request, operation, values, declared))

    def _key(self, request: Request, declared: Declared, values: Variables) -> OperationKey:
        variable_shape = shape(values, declared, self._prefixes)
        return OperationKey(request.text, request.name, variable_shape, request.executes)

    def _read(
        self,
        request: Request,
        operation: OperationDefinitionNode,
        values: Variables,
        declared: Declared,
    ) -> ParsedOperation:
        fragments = request.admitted.fragments
        reader = SelectionReader(
            self._schema, self._model, self._roots, fragments, values, declared
        )
        fields = reader.collect(operation.selection_set, "Query")
        introspection = [
            node for nodes in fields.values() for node in nodes if not self._is_root(node)
        ]
        selection = reader.read(operation, executes=request.executes)
        executed_ = {key: fields[key] for key in fields if key in selection.executed}
        return ParsedOperation(
            selection, tuple(fields), tuple(introspection), executed_, reader.weight
        )

    def _is_root(self, node: FieldNode) -> bool:
        return node.name.value in self._roots

    async def _run(
        self,
        caller: Caller,
        request: Request,
        key: OperationKey,
        selection: Selection,
        values: Variables,
    ) -> tuple[Plan, dict[str, bytes]]:
        """Plan and run; retry once if the rights changed in between."""
        try:
            return await self._attempt(caller, request, key, selection, values)
        except EntryRejected as rejected:
            if rejected.reason is not RejectReason.STALE:
                raise
            return await self._attempt(caller, request, key, selection, values)

    async def _attempt(
        self,
        caller: Caller,
        request: Request,
        key: OperationKey,
        selection: Selection,
        values: Variables,
    ) -> tuple[Plan, dict[str, bytes]]:
        viewer = await self._viewers.of(caller.tenant.placement, caller.user, caller.session)
        try:
            plan, cursor_keys = self.plan_of(caller, request, viewer, key, selection, values)
        except Refused:
            # Nothing is read, but a right that was granted meanwhile must count, and a session that
            # has ended must not learn which rights the user has.
            await self._viewers.confirm(caller.tenant.placement, viewer, caller.session)
            raise
        async with self._viewers.read(
            caller.tenant.placement, viewer, caller.session, custom_plans=plan.needs_custom_plan
        ) as connection:
            arguments = plan.arguments(values, viewer, cursor_keys)
            texts = dict(await run(connection, caller.tenant.placement, plan, arguments))
        return plan, self.encrypt_cursors(caller, plan, selection, values, texts)

    def encrypt_cursors(
        self,
        caller: Caller,
        plan: Plan,
        selection: Selection,
        values: Variables,
        texts: Mapping[str, bytes],
    ) -> dict[str, bytes]:
        """The texts with their cursors encrypted."""
        if not plan.cursors:
            return dict(texts)
        lists = {each.number: each for each in selection.connections}
        bound_to = partial(self._bound_to, caller, lists, values)
        return {name: self._cursors.seal(text, bound_to) for name, text in texts.items()}

    def plan_of(
        self,
        caller: Caller,
        request: Request,
        viewer: Viewer,
        key: OperationKey,
        selection: Selection,
        values: Variables,
    ) -> tuple[Plan, dict[CursorOf, tuple[str | None, ...]]]:
        """The plan for this permission shape, with the sort keys of the cursors that were sent."""
        cursor_keys = self._decrypted_keys(caller, selection, values)
        pages = self._pages(selection, values, cursor_keys)
        plan_key = PlanKey(key, viewer.rights_key(selection.depends_on), pages)
        plan = self.plans.get(plan_key, partial(self._compile, caller, selection, viewer, pages))
        if isinstance(plan, Forbidden):
            raise forbidden(map(written_as, plan.closed), FILTER)
        if request.strict and plan.denied:
            raise forbidden(((each.entity, each.field) for each in plan.denied), READ)
        return plan, cursor_keys

    @staticmethod
    def _pages(
        selection: Selection,
        values: Variables,
        cursor_keys: Mapping[CursorOf, tuple[str | None, ...]],
    ) -> Pages:
        """The page sizes, and which sort keys of the cursors are null."""
        return Pages(
            {number: resolve_as(int, slot, values) for number, slot in selection.sizes},
            {cursor: tuple(k is None for k in keys) for cursor, keys in cursor_keys.items()},
        )

    def _compile(
        self,
        caller: Caller,
        selection: Selection,
        viewer: Viewer,
        pages: Pages,
    ) -> Plan | Forbidden:
        """Compile a plan and charge it to the tenant's budget: the time grows with the length of the statement."""
        plan = compile_plan(selection, viewer, self._model, pages)
        self.budget.spend(caller.tenant.id, _length(plan) // CHARACTERS_PER_NODE)
        return plan

    def _decrypted_keys(
        self, caller: Caller, selection: Selection, values: Variables
    ) -> dict[CursorOf, tuple[str | None, ...]]:
        cursor_keys = {}
        for each in selection.connections:
            for side, slot in each.cursors:
                cursor = resolve(slot, values)
                if cursor is not None:
                    bound = self._bound_to(caller, {each.number: each}, values, each.number)
                    cursor_keys[each.number, side] = self._cursors.open(cursor, bound)
        return cursor_keys

    @staticmethod
    def _bound_to(
        caller: Caller, lists: Mapping[int, ConnectionSelection], values: Variables, number: int
    ) -> bytes:
        """The context of a list's cursors: tenant, user, list, order and filter."""
        connection = lists[number]
        bound = [resolve(slot, values) for slot in connection.values]
        return encoded([caller.tenant.id, caller.user, connection.signature, bound])


def _response(
    keys: tuple[str, ...], texts: Mapping[str, bytes], extras: JsonObject, language: Language
) -> bytes:
    """The texts of the root fields joined in document order."""
    data = b",".join(b'"%b":%b' % (key.encode(), texts.get(key) or b"null") for key in keys)
    extensions: JsonObject = {"cost": extras["cost"]}
    if extras["denied"]:
        extensions["access"] = {"denied": extras["denied"]}
    errors = b'"errors":%b,' % dumps(extras["errors"], language) if extras["errors"] else b""
    return b'{"data":{%b},%b"extensions":%b}' % (data, errors, orjson.dumps(extensions))


def with_denied(plan: Plan) -> list[dict[str, str]]:
    """The entries of `extensions.access.denied`."""
    return [
        {"type": each.entity, "field": each.field, "reason": each.reason} for each in plan.denied
    ]


def _length(plan: Plan | Forbidden) -> int:
    """Length of the statement: the weight of a plan in the cache, and the measure of its compile time."""
    return len(plan.compiled.sql) if isinstance(plan, Plan) and plan.compiled else 0
