"""Asks Postgres how it answers an operation: the server's own statement, prepared and begun as the server does."""

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
    """A file in shapes/: who asks, with which variables, and the document."""

    name: str
    persona: str
    variables: Mapping[str, Any]
    after: str | None
    """How many rows the page begins after, if it is not the first."""
    ruled: str | None
    """A field of opportunities that may be read of those that were won, only."""
    text: str


def operation(name: str) -> Operation:
    """The operation in shapes/`name`.graphql."""
    text = (SHAPES / f"{name}.graphql").read_text()
    found = dict(HEADER.findall(text))
    variables = json.loads(found.get("variables", "{}"))
    return Operation(name, found["as"], variables, found.get("after"), found.get("ruled"), text)


OPERATIONS = sorted(file.stem for file in SHAPES.glob("*.graphql"))


async def cursor(world: World, asked: Operation, variables: Mapping[str, Any], rows: int) -> str:
    """The cursor of the row number `rows`, reached page by page as a client does."""
    after: str | None = None
    while rows > 0:
        given = {**variables, "first": min(rows, 100), "after": after}
        answer = await world.ask(asked.persona, asked.text, given)
        (found,) = answer.data.values()
        after = found["pageInfo"]["endCursor"]
        rows -= 100
    assert after is not None
    return after


@asynccontextmanager
async def rule(world: World, field: str | None) -> AsyncIterator[None]:
    """For as long as it lasts, the field may be read of opportunities that were won, only."""
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
    """The persona with the rights that he has now."""
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


async def planned(world: World, asked: Operation, **changed: Any) -> tuple[Plan, list[Any]]:
    """The statement that the server would run for this operation, and the values."""
    variables = {**asked.variables, **changed}
    if asked.after is not None:
        variables["after"] = await cursor(world, asked, variables, int(asked.after))
    async with rule(world, asked.ruled):
        viewer = await viewer_of(world, asked.persona)
    caller = Caller(world.tenants["acme"], viewer.user, viewer.user, "")
    request = Request(asked.text, world.endpoint.documents.get(asked.text), None, variables)
    made, values = world.endpoint.reads.explain(caller, viewer, request)
    assert made is not None
    assert made.compiled is not None
    return made, values


async def literals(connection: asyncpg.Connection[Any], statement: Any, values: list[Any]) -> str:
    """The values as SQL, written by Postgres itself: EXECUTE takes no parameters."""
    written = []
    for kind, value in zip(statement.get_parameters(), values, strict=True):
        as_text = f"SELECT quote_nullable(CAST($1::{kind.schema}.{kind.name} AS text))"
        written.append(await connection.fetchval(as_text, value))
    return f"({', '.join(written)})" if written else ""


async def explained(
    world: World, asked: Operation, *, times: int = 1, **changed: Any
) -> list[Node]:
    """The root nodes of EXPLAIN (ANALYZE) of so many executions of one prepared statement.

    From the sixth on Postgres may take a plan that was made for any values at all, as it may on
    every connection of the pool; where the server forbids it, as for narrow lists, so does this.
    """
    made, values = await planned(world, asked, **changed)
    assert made.compiled is not None
    placement = world.tenants["acme"].placement
    database = world.endpoint.app_context.database
    async with database.read(placement, TransactionStart(), custom_plans=made.custom) as connection:
        statement = await connection.prepare(tagged(placement, made.compiled))
        given = await literals(connection, statement, values)
        explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE {statement.get_name()}"
        told = [await connection.fetchval(explain + given) for _ in range(times)]
    return [json.loads(each)[0]["Plan"] for each in told]


def nodes(root: Node) -> Iterator[Node]:
    """Every node of a plan, from the top down."""
    yield root
    for below in root.get("Plans", ()):
        yield from nodes(below)


def rows_read(root: Node) -> Counter[str]:
    """How many rows were read of each table, those that a condition then threw away included."""
    found: Counter[str] = Counter()
    for node in nodes(root):
        if "Relation Name" in node:
            each = node["Actual Rows"] + sum(node.get(f"Rows Removed by {why}", 0) for why in WHY)
            found[node["Relation Name"]] += round(each * node["Actual Loops"])
    return found


WHY = ("Filter", "Index Recheck")
