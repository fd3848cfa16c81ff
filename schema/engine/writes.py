"""Executes mutations of records: all of an operation in one transaction, which also reads the payloads (D-33)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import orjson
from graphql import FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode

from auth.engine.viewer import Viewer
from auth.viewers import Viewers
from db.engine.plan.planner import Plan
from db.engine.plan.run import run
from db.engine.plan.source import CursorOf
from db.engine.transaction import Driver, EntryRejected, RejectReason, SerializationConflict
from db.engine.write.connection import TenantConnection
from db.engine.write.idempotency import IdempotentRequest, find_outcome, lock_key
from db.engine.write.unit_of_work import CLOCK_TICK, UnitOfWork
from domain.codes import Code, Refused
from domain.message import Message
from domain.values import JsonObject
from resolvers.engine.changeset import Params
from resolvers.engine.command_registry import CommandRegistry
from resolvers.engine.context import AppContext, Caller, Context, refuse_suspended
from resolvers.engine.execute import CommandRequest, count, execute
from resolvers.engine.results import Outcome, OutcomeJson, outcome, restored, stored
from schema.engine.derived import DerivedFailed, executed_records
from schema.engine.generate_commands import Mutation
from schema.engine.keys import DocumentKey, OperationKey
from schema.engine.languages import dumps
from schema.engine.lru import Lru
from schema.engine.payloads import (
    IDS,
    Payload,
    PayloadReader,
    PayloadSelection,
    arguments,
    used_in_payloads,
)
from schema.engine.read_selection import SelectionReader
from schema.engine.reads import (
    MAX_PARSED_FIELDS,
    PARSED_OPERATIONS,
    ReadService,
    Request,
    with_denied,
)
from schema.engine.respond import MutationResult
from schema.engine.variables import Declared, Variables, coerce, shape, types

ATTEMPTS = 4
LONGEST_KEY = 200
MOST = 10_000
"""Maximum records written by one operation, including nested creates."""


class RolledBack(Exception):
    """A mutation failed, so the whole operation is rolled back."""

    def __init__(self, at: int, outcomes: Sequence[Outcome]) -> None:
        super().__init__()
        self.at = at
        self.outcomes = outcomes


@dataclass(frozen=True)
class MutationRequest:
    """A parsed mutation operation, before its transaction begins."""

    caller: Caller
    request: Request
    operation: OperationDefinitionNode
    plan_key: OperationKey
    payload_selection: PayloadSelection
    values: Variables
    requests: Sequence[CommandRequest]
    key: IdempotentRequest | None


class WriteService:
    """Executes mutations of records. One instance per process; it caches no values of callers."""

    def __init__(
        self,
        app_context: AppContext,
        schema: GraphQLSchema,
        registry: CommandRegistry,
        mutations: Mapping[str, Mutation],
        viewers: Viewers,
        reads: ReadService,
    ) -> None:
        self._app_context = app_context
        self._schema = schema
        self._registry = registry
        self._model = registry.model
        self._mutations = mutations
        self._viewers = viewers
        self._reads = reads
        self._prefixes = frozenset(self._model.by_prefix)
        self.parsed: Lru[OperationKey, PayloadSelection] = Lru(
            PARSED_OPERATIONS, MAX_PARSED_FIELDS, lambda each: each.weight
        )
        self.declared: Lru[DocumentKey, Declared] = Lru(
            PARSED_OPERATIONS, PARSED_OPERATIONS, lambda each: 1
        )

    async def answer(self, caller: Caller, request: Request, key: str | None) -> bytes:
        """The response body. Raises Refused, or the error of the transaction."""
        cost = request.admitted.cost(request.variables, request.name)
        parsed = self._parse(caller, request, key)
        records = sum(count(self._model, each) for each in parsed.requests)
        if records > MOST:
            message = Message(
                "This would write {found:,} records; the limit is {limit:,}. Split them over several requests.",
                found=records,
                limit=MOST,
            )
            raise Refused(Code.QUERY_TOO_COMPLEX, message)
        remaining = self._reads.budget.spend(caller.tenant.id, cost.nodes + records)
        refuse_suspended(caller.tenant)
        result, extensions = await self._run(parsed)
        spent = {"nodes": cost.nodes, "fields": cost.fields, "remaining": remaining}
        errors = {"errors": result.errors} if result.errors else {}
        data = {each.key: result.data[each.key] for each in parsed.payload_selection.payloads}
        data |= dict.fromkeys(parsed.payload_selection.typenames, "Mutation")
        body: JsonObject = {"data": data, **errors, "extensions": {"cost": spent, **extensions}}
        return dumps(body, caller.language)

    def _parse(self, caller: Caller, request: Request, key: str | None) -> MutationRequest:
        operation = request.admitted.operation(request.name)
        values = coerce(self._schema, operation, request.variables)
        plan_key, payload_selection = self._parse_payloads(request, operation, values)
        requests = [self._request(payload, values) for payload in payload_selection.payloads]
        known = None if key is None else _key(caller, request, key)
        return MutationRequest(
            caller, request, operation, plan_key, payload_selection, values, requests, known
        )

    def _parse_payloads(
        self, request: Request, operation: OperationDefinitionNode, values: Variables
    ) -> tuple[OperationKey, PayloadSelection]:
        """The payload selections, cached per shape of the variables that they depend on."""
        fragments = request.admitted.fragments
        used = self.declared.get(
            DocumentKey(request.text, request.name), lambda: self._declare(operation, fragments)
        )
        variable_shape = shape(values, used, self._prefixes)
        key = OperationKey(request.text, request.name, variable_shape, request.executes)

        def read() -> PayloadSelection:
            reader = SelectionReader(self._schema, self._model, {}, fragments, values, used)
            payloads = PayloadReader(
                self._schema, reader, self._mutations, executes=request.executes
            )
            return payloads.read(operation)

        return key, self.parsed.get(key, read)

    def _declare(
        self, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> Declared:
        """The declared variables that the payloads depend on: the same for every request with this document."""
        used = used_in_payloads(operation, fragments)
        declared = types(self._schema, operation)
        return {name: kind for name, kind in declared.items() if name in used}

    def _request(self, payload: Payload, values: Variables) -> CommandRequest:
        given, mutation = arguments(self._schema, payload, values), payload.mutation
        if not mutation.many:
            one = cast("Params", given["input"])
            return CommandRequest(mutation.command, ((("input",), one),))
        several = cast("list[Params]", given["inputs"])
        inputs = tuple((("inputs", str(n)), each) for n, each in enumerate(several))
        if len(inputs) > self._reads.list_items:
            message = Message(
                "`inputs` takes at most {limit} items. Split them over several requests.",
                limit=self._reads.list_items,
            )
            raise Refused(Code.BAD_USER_INPUT, message)
        return CommandRequest(mutation.command, inputs, given.get("allOrNone") is not False)

    async def _run(self, parsed: MutationRequest) -> tuple[MutationResult, JsonObject]:
        """Execute the operation; retry if the rights changed or another transaction conflicted."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._attempt(parsed)
            except EntryRejected as rejected:
                if rejected.reason is not RejectReason.STALE or attempt == ATTEMPTS:
                    raise
            except SerializationConflict:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")  # pragma: no cover - the last attempt returns or raises

    async def _attempt(self, parsed: MutationRequest) -> tuple[MutationResult, JsonObject]:
        caller, selection = parsed.caller, parsed.payload_selection.selection
        placement = caller.tenant.placement
        viewer = await self._viewers.of(placement, caller.user, caller.session)
        try:
            plan, cursor_keys = self._reads.plan_of(
                caller, parsed.request, viewer, parsed.plan_key, selection, parsed.values
            )
        except Refused:
            await self._viewers.confirm(placement, viewer, caller.session)  # as reads do
            raise
        result, extensions = MutationResult(), _denied(plan)
        on_position = result.set_position if parsed.payload_selection.has_position else None
        try:
            async with self._viewers.write(placement, viewer, caller.session) as connection:
                unit = self._unit(TenantConnection(connection, placement.schema), viewer, caller)
                outcomes = await _replayed(parsed, unit, viewer)
                if outcomes is None:
                    outcomes = await self._execute(parsed, unit, viewer)
                    if await _write_history(parsed, unit, outcomes):
                        connection.append_on_commit(on_position)  # type: ignore[attr-defined]  # ours, see transaction.py
                else:
                    extensions["idempotency"] = {"replayed": True}
                results = await _payload_records(
                    parsed, plan, connection, viewer, outcomes, cursor_keys
                )
            self._app_context.on_commit(caller.tenant.id)
            texts, failures = await self._texts(parsed, plan, results)
            for payload, each in zip(parsed.payload_selection.payloads, outcomes, strict=True):
                result.add_executed(payload, each, texts)
            for place in failures:
                result.add_derived_error(place)
        except RolledBack as failed:
            result.add_rolled_back(parsed.payload_selection.payloads, failed.at, failed.outcomes)
        return result, extensions

    def _unit(self, connection: TenantConnection, viewer: Viewer, caller: Caller) -> UnitOfWork:
        keys = {
            attribute.id: attribute.key
            for granted in viewer.rights.values()
            for attribute in granted.attributes.values()
        }
        app_context = self._app_context
        return UnitOfWork(
            connection, viewer, self._model, viewer.user, viewer.version,
            caller.session,
            app_context.now(), app_context.new_id, keys
        )  # fmt: skip

    async def _execute(
        self, parsed: MutationRequest, unit: UnitOfWork, viewer: Viewer
    ) -> list[list[Outcome]]:
        """Execute all commands in order. Raises RolledBack at the first that fails."""
        ctx = Context(unit, viewer, self._registry.hooks)
        results = []
        for number, request in enumerate(parsed.requests):
            unit.now += CLOCK_TICK  # so that each deletion has a timestamp of its own
            outcomes = [outcome(ctx, item) for item in await execute(ctx, request)]
            if request.all_or_none and any(each.failed for each in outcomes):
                raise RolledBack(number, outcomes)
            results.append(outcomes)
        return results

    async def _texts(
        self, parsed: MutationRequest, plan: Plan, results: Mapping[str, bytes]
    ) -> tuple[dict[str, list[object]], list[DerivedFailed]]:
        """The records of the payloads, and the errors of derived fields in them."""
        records = self._reads.encrypt_cursors(
            parsed.caller, plan, parsed.payload_selection.selection, parsed.values, results
        )
        failures: list[DerivedFailed] = []
        if parsed.payload_selection.records:
            rows, failures = await executed_records(
                self._schema,
                parsed.request.admitted.document,
                parsed.operation,
                parsed.payload_selection.records,
                records,
                parsed.request.variables,
            )
            records = {**records, **rows}
        return {key: orjson.loads(text) for key, text in records.items()}, failures


async def _write_history(
    parsed: MutationRequest, unit: UnitOfWork, outcomes: list[list[Outcome]]
) -> bool:
    """Save the changes, and the outcomes under the idempotency key; False if nothing was written."""
    roots = [stored(each) for each in outcomes] if parsed.key else []
    return await unit.write_history(parsed.key, {"roots": roots})


async def _replayed(
    parsed: MutationRequest, unit: UnitOfWork, viewer: Viewer
) -> list[list[Outcome]] | None:
    """The outcomes of an earlier request with this idempotency key; None if there was none. Raises Refused."""
    key = parsed.key
    if key is None:
        return None
    free = await lock_key(unit.connection, key)
    done = await find_outcome(unit.connection, key, unit.now)
    if done is None and not free:
        message = Message(
            "A request with this Idempotency-Key is still running. Try again in a moment."
        )
        raise Refused(Code.IDEMPOTENCY_IN_PROGRESS, message, retryAfter=1)
    if done is None:
        return None
    if done.digest != key.digest:
        message = Message("This Idempotency-Key was used for a different request. Use a new key.")
        raise Refused(Code.IDEMPOTENCY_MISMATCH, message)
    allowed = (
        each.command.allowed(viewer, unit.model.of(each.command.record).name)
        for each in parsed.requests
    )
    if not all(allowed):
        raise Refused(
            Code.FORBIDDEN,
            Message("You no longer have the right to do this. Ask an administrator."),
        )
    return [restored(root) for root in cast("list[list[OutcomeJson]]", done.outcome["roots"])]


async def _payload_records(
    parsed: MutationRequest,
    plan: Plan,
    connection: Driver,
    viewer: Viewer,
    outcomes: list[list[Outcome]],
    cursor_keys: Mapping[CursorOf, tuple[str | None, ...]],
) -> Mapping[str, bytes]:
    """The records of the payloads as JSON, before their cursors are encrypted."""
    values = {**parsed.values, **_ids(parsed.payload_selection, outcomes)}
    bound = plan.arguments(values, viewer, cursor_keys)
    return await run(connection, parsed.caller.tenant.placement, plan, bound)


def _ids(
    payload_selection: PayloadSelection, outcomes: list[list[Outcome]]
) -> dict[str, list[str | None]]:
    """The parameters of the payload texts: the record id of each input."""
    ids: dict[str, list[str | None]] = {}
    for payload, each in zip(payload_selection.payloads, outcomes, strict=True):
        shown = [*payload.shown, *(s for several in payload.results.values() for s in several)]
        ids |= {IDS + s.text: [one.id for one in each] for s in shown if s.text}
    return ids


def _denied(plan: Plan) -> JsonObject:
    denied = with_denied(plan)
    return {"access": {"denied": denied}} if denied else {}


def _key(caller: Caller, request: Request, key: str) -> IdempotentRequest:
    """The idempotency key with a digest of the whole request. Raises Refused."""
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        message = Message(
            "The Idempotency-Key must have 1 to {limit} printable characters. Send a UUID, for example.",
            limit=LONGEST_KEY,
        )
        raise Refused(Code.BAD_USER_INPUT, message)
    content = [request.text, request.name, request.variables]
    digest = hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()
    return IdempotentRequest(caller.tenant.id, caller.user, key, digest)
