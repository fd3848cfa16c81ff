"""Explains a query: its SQL, its parameters, the denied fields and the plan of Postgres."""

from __future__ import annotations

import json
import re
from uuid import UUID

import orjson
from graphql import OperationType

from auth.engine.viewer import Viewer
from auth.rights import load
from db import sessions
from db.api import MODEL
from db.engine.gate import VisibilityForm
from db.engine.plan.planner import Plan
from db.engine.plan.run import explain as how
from db.engine.transaction import TransactionStart
from domain.codes import Refused
from resolvers.engine.context import Caller
from schema import admission
from schema.endpoint import Endpoint
from schema.engine.errors import errors_of
from schema.engine.reads import Request


async def explain(endpoint: Endpoint, query: str, email: str, variables: str) -> str:
    """The SQL, the parameters, the denied fields and the query plan, as readable text.

    `email` is `user@tenant.example`, as in the demonstration, or `user@example.com@tenant`.
    """
    tenant, address = _who(email)
    try:
        caller, viewer = await _caller(endpoint, tenant, address)
        admitted = endpoint.documents.get(query)
        request = Request(query, admitted, None, orjson.loads(variables))
        if admitted.operation().operation is OperationType.SUBSCRIPTION:
            plan, values = _followed(endpoint, caller, viewer, request)
        else:
            plan, values = endpoint.reads.explain(caller, viewer, request)
    except (Refused, admission.DocumentRejected) as refused:
        return json.dumps({"errors": errors_of(refused)}, indent=2)
    if plan is None or plan.compiled is None:
        return "The database is not asked: everything in this query is closed, or about the schema."
    placement = caller.tenant.placement
    async with endpoint.app_context.database.read(placement, TransactionStart()) as connection:
        steps = await how(connection, placement, plan, values)
    return "\n".join([pretty(plan.compiled.sql), "", *_details(plan, values), "", *steps])


def _followed(
    endpoint: Endpoint, caller: Caller, viewer: Viewer, request: Request
) -> tuple[Plan | None, list[object]]:
    """The plan that reads all records of a live list; changed records are read the same way, by ids."""
    watch = endpoint.lives.parse(caller, request).compile(viewer)
    return watch.plan.full, watch.plan.full.arguments(watch.values, viewer, {})


def _who(email: str) -> tuple[str, str]:
    address, _, tenant = email.rpartition("@")
    if "@" in address:
        return tenant, address
    return tenant.removesuffix(".example"), email


async def _caller(endpoint: Endpoint, slug: str, address: str) -> tuple[Caller, Viewer]:
    """The user with this address and their rights, without a session, since nothing is sent to them."""
    app_context = endpoint.app_context
    tenant = await app_context.directory.by_slug(slug)
    if tenant is None:
        raise LookupError(f"There is no tenant {slug!r}: see `tenant list`.")
    async with app_context.database.read(tenant.placement, TransactionStart()) as connection:
        known = await sessions.find_credential(connection, sessions.fold(address))
        policies = endpoint.viewers.policies
        viewer = await load(connection, MODEL, policies, known.user) if known else None
    if known is None or viewer is None:
        raise LookupError(f"{slug} has no user {address}.")
    return Caller(tenant, known.user, UUID(int=0), ""), viewer


def _details(plan: Plan, values: list[object]) -> list[str]:
    names = plan.compiled.parameters if plan.compiled else ()
    lines = [
        f"${i} = {value!r}  ({name})"
        for i, (name, value) in enumerate(zip(names, values, strict=True), 1)
    ]
    lines += [f"denied: {each.entity}.{each.field} ({each.reason})" for each in plan.denied]
    form = VisibilityForm.ID_IN if plan.uses_id_in else VisibilityForm.PREDICATE
    return [*lines, f"form: {form}{', planned for its values' if plan.needs_custom_plan else ''}"]


def pretty(sql: str) -> str:
    """The statement, indented by one level for each open parenthesis that contains a SELECT."""
    lines: list[str] = []
    depth: list[int] = []
    for line in re.sub(r"\s*\(\s*SELECT ", "\n(SELECT ", sql).splitlines():
        lines.append("  " * sum(depth) + line.strip())
        for character in line:
            if character == "(":
                depth.append(0)
            elif character == ")" and depth:
                depth.pop()
        if line.lstrip().startswith("(SELECT") and depth:
            opened = line.count("(") - line.count(")")
            if opened > 0:
                depth[-opened] = 1
    return "\n".join(lines)
