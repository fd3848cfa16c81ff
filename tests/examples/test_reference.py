"""The examples of the API reference are valid and return data without errors in the demo tenants."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, parse, validate

from cli.common import ROOT
from cli.reference.contract import AREAS
from cli.reference.files import EXAMPLES, examples_of
from tests.examples.conftest import Operation, read
from tests.support.world import World
from tests.writes.client import TenantClient

FILES = sorted(EXAMPLES.glob("*.graphql"))
PERSONA = re.compile(r"# Runs (?:as (\w+)|without a token)\.")


def persona(file: Path) -> str | None:
    """Persona of an example, from its second line; None if it runs without a token."""
    match = PERSONA.fullmatch(file.read_text().splitlines()[1])
    assert match, f"{file.name}: write '# Runs as rep1.' in the second line"
    return match[1]


def test_every_page_has_an_example() -> None:
    assert [name for name in AREAS if not examples_of(name)] == []
    assert {file for name in AREAS for file in examples_of(name)} == {*FILES}


def test_every_example_is_valid() -> None:
    schema = build_schema((ROOT / "schema" / "schema.graphql").read_text())
    for file in FILES:
        assert validate(schema, parse(file.read_text())) == [], file.name


async def answer(world: World, tenant: TenantClient, file: Path, one: Operation) -> Any:
    """Response data of one operation."""
    runs_as = persona(file)
    if runs_as is None:
        body = {"query": one.text, "operationName": one.name, "variables": one.variables}
        return (await world.post(json.dumps(body).encode())).data
    slug = tenant.slug if one.kind == "mutation" else "acme"
    return (await world.ask(runs_as, one.text, one.variables, tenant=slug, operation=one.name)).data


@pytest.mark.parametrize(
    ("file", "one"),
    [pytest.param(file, one, id=f"{file.stem}-{one.name}") for file in FILES for one in read(file)],
)
async def test_example_returns_data_without_errors(
    world: World, acme_copy: TenantClient, file: Path, one: Operation
) -> None:
    for name, value in (await answer(world, acme_copy, file, one)).items():
        if one.kind == "mutation":
            assert value["userErrors"] == [], name
        else:
            assert value not in (None, [], {"nodes": []}), name
            assert value.get("nodes", True), name
            assert value.get("groups", True), name
