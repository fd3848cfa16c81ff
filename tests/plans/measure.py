"""EXPLAIN of an operation: the statement of the server, in a transaction and prepared as by the server."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from auth.api import POLICIES
from auth.engine.viewer import Viewer
from auth.rights import load
from db.api import MODEL
from db.engine.plan.planner import Plan
from db.engine.plan.run import tagged
from db.engine.transaction import TransactionStart
from resolvers.engine.context import Caller
from schema.engine.reads import Request
from tests.support.world import World

SHAPES = Path(__file__).parent / "shapes"
HEADER = re.compile(r"^# (as|variables|after|ruled): (.*)$", re.MULTILINE)
Node = Mapping[str, Any]


@dataclass(frozen=True)
class Operation:
    """A file in shapes/: persona, variables and document."""

    name: str
    persona: str
    variables: Mapping[str, Any]
    after: str | None
    """Number of rows before the page, or None for the first page."""
    ruled: str | None
    """Opportunity field with a status rule that opens it for won opportunities only."""
    text: str


def operation(name: str) -> Operation:
    """The operation in shapes/`name`.graphql."""
    text = (SHAPES / f"{name}.graphql").read_text()
    header = dict(HEADER.findall(text))
    variables = json.loads(header.get("variables", "{}"))
    return Operation(name, header["as"], variables, header.get("after"), header.get("ruled"), text)


OPERATIONS = sorted(file.stem for file in SHAPES.glob("*.graphql"))


async def cursor(
    world: World, operation: Operation, variables: Mapping[str, Any], rows: int
) -> str:
    """Cursor of the row number `rows`, reached page by page."""
    after: str | None = None
    while rows > 0:
        params = {**variables, "first": min(rows, 100), "after": after}
        answer = await world.ask(operation.persona, operation.text, params)
        (page,) = answer.data.values()
        after = page["pageInfo"]["endCursor"]
        rows -= 100
    assert after is not None
    return after


@asynccontextmanager
async def rule(world: World, field: str | None) -> AsyncIterator[None]:
    """Add a status rule that opens a field for won opportunities only, and remove it at the end."""
    if field is None:
        yield
        return
    rules = f"{world.schema()}.status_rule"
    made = f"INSERT INTO {rules} (id, entity, field, status) VALUES (gen_random_uuid(), 'Opportunity', $1, 'WON')"  # noqa: S608
    await world.admin.execute(made, field)
    try:
        yield
    finally:
        await world.admin.execute(f"DELETE FROM {rules} WHERE field = $1", field)  # noqa: S608


async def viewer_of(world: World, persona: str) -> Viewer:
    """Viewer of a persona with current rights."""
    tenant = world.tenants["acme"]
    user = await world.admin.fetchval(
        f"SELECT user_id FROM {world.schema()}.credential WHERE email = $1",  # noqa: S608
        f"{persona}@acme.example",
    )
    async with world.endpoint.app_context.database.read(
        tenant.placement, TransactionStart()
    ) as connection:
        viewer = await load(connection, MODEL, POLICIES, user)
    assert viewer is not None
    return viewer


async def planned(world: World, operation: Operation, **changed: Any) -> tuple[Plan, list[Any]]:
    """The plan that the server uses for an operation, and the values of its parameters."""
    variables = {**operation.variables, **changed}
    if operation.after is not None:
        variables["after"] = await cursor(world, operation, variables, int(operation.after))
    async with rule(world, operation.ruled):
        viewer = await viewer_of(world, operation.persona)
    caller = Caller(world.tenants["acme"], viewer.user, viewer.user, "")
    request = Request(operation.text, world.endpoint.documents.get(operation.text), None, variables)
    made, values = world.endpoint.reads.explain(caller, viewer, request)
    assert made is not None
    assert made.compiled is not None
    return made, values


async def literals(connection: asyncpg.Connection[Any], statement: Any, values: list[Any]) -> str:
    """The values as SQL literals quoted by Postgres, because EXECUTE takes no bind parameters."""
    written = []
    for kind, value in zip(statement.get_parameters(), values, strict=True):
        as_text = f"SELECT quote_nullable(CAST($1::{kind.schema}.{kind.name} AS text))"
        written.append(await connection.fetchval(as_text, value))
    return f"({', '.join(written)})" if written else ""


async def explained(
    world: World, operation: Operation, *, times: int = 1, **changed: Any
) -> list[Node]:
    """The root nodes of EXPLAIN (ANALYZE) for `times` executions of one prepared statement.

    From the sixth execution on, Postgres may use a generic plan, as on every connection of the
    pool, unless the server forces a custom plan, as for narrow lists.
    """
    made, values = await planned(world, operation, **changed)
    assert made.compiled is not None
    placement = world.tenants["acme"].placement
    database = world.endpoint.app_context.database
    async with database.read(
        placement, TransactionStart(), custom_plans=made.needs_custom_plan
    ) as connection:
        statement = await connection.prepare(tagged(placement, made.compiled))
        arguments = await literals(connection, statement, values)
        explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE {statement.get_name()}"
        results = [await connection.fetchval(explain + arguments) for _ in range(times)]
    return [json.loads(each)[0]["Plan"] for each in results]


def nodes(root: Node) -> Iterator[Node]:
    """Every node of a plan, from the top down."""
    yield root
    for below in root.get("Plans", ()):
        yield from nodes(below)


def rows_read(root: Node) -> Counter[str]:
    """Number of rows read per table, including those that a condition removed."""
    rows: Counter[str] = Counter()
    for node in nodes(root):
        if "Relation Name" in node:
            each = node["Actual Rows"] + sum(
                node.get(f"Rows Removed by {why}", 0) for why in REMOVED_BY
            )
            rows[node["Relation Name"]] += round(each * node["Actual Loops"])
    return rows


REMOVED_BY = ("Filter", "Index Recheck")
