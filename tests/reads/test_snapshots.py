"""Snapshots of queries with their responses and SQL, for review."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from auth.api import POLICIES
from auth.rights import load
from db.api import MODEL
from db.engine.transaction import TransactionStart
from resolvers.engine.context import Caller
from schema.engine.reads import Request
from schema.explain import pretty
from tests.support.covers import covers
from tests.support.history import with_history_entries
from tests.support.world import World

QUERIES = sorted((Path(__file__).parent / "queries").glob("*.graphql"))
CURSOR = re.compile(r'("(?:cursor|endCursor|startCursor)": )"[^"]*"')


@pytest.fixture(scope="module", autouse=True)
async def history(world: World) -> AsyncIterator[None]:
    """Add history entries for the module."""
    async with with_history_entries(world.admin, world.schema()):
        yield


def read(file: Path) -> tuple[str, dict[str, Any], str]:
    """The persona, the variables and the query in a file."""
    text = file.read_text()
    persona = re.findall(r"^# as (\w+):", text, re.MULTILINE)[0]
    variables = re.findall(r"^# variables: (.*)$", text, re.MULTILINE)
    return persona, json.loads(variables[0]) if variables else {}, text


async def sql_of(world: World, persona: str, text: str, variables: dict[str, Any]) -> str:
    """SQL of a query for a persona."""
    tenant = world.tenants["acme"]
    async with world.endpoint.app_context.database.read(
        tenant.placement, TransactionStart()
    ) as connection:
        user = await world.admin.fetchval(
            f"SELECT user_id FROM {world.schema()}.credential WHERE email = $1",  # noqa: S608
            f"{persona}@acme.example",
        )
        viewer = await load(connection, MODEL, POLICIES, user)
    assert viewer is not None
    request = Request(text, world.endpoint.documents.get(text), None, variables)
    made, _ = world.endpoint.reads.explain(Caller(tenant, user, user, ""), viewer, request)
    assert made is not None
    if made.compiled is None:
        return "-- no statement\n"
    names = "".join(f"-- ${i}: {name}\n" for i, name in enumerate(made.compiled.parameters, 1))
    denied = "".join(f"-- denied: {d.entity}.{d.field} ({d.reason})\n" for d in made.denied)
    return f"{pretty(made.compiled.sql)}\n{names}{denied}"


def assert_snapshot(file: Path, text: str, write: bool) -> None:
    """Assert that a snapshot is unchanged; with --write-snapshots, write it."""
    if write:
        file.write_text(text)
    assert file.exists(), f"{file.name} is missing: run with --write-snapshots and review it"
    assert file.read_text() == text, f"{file.name} differs: if intended, run with --write-snapshots"


@covers("D-38", "D-50", "D-51", "D-54", "D-56")
@pytest.mark.parametrize("file", QUERIES, ids=lambda file: file.stem)
async def test_query_equals_its_snapshots(
    world: World, file: Path, request: pytest.FixtureRequest
) -> None:
    write = request.config.getoption("--write-snapshots")
    persona, variables, text = read(file)
    answer = await world.ask(persona, text, variables)
    shown = answer.json
    shown["extensions"]["cost"].pop("remaining")
    response = CURSOR.sub(r'\1"…"', json.dumps(shown, indent=2, ensure_ascii=False))
    assert_snapshot(file.with_suffix(".json"), response + "\n", write)
    assert_snapshot(file.with_suffix(".sql"), await sql_of(world, persona, text, variables), write)
