"""Fixtures of the examples: their operations, and a tenant with the IDs that their variables name."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse

from tenancy.demo import seed
from tenancy.engine.provision import create
from tests.support.world import SIGN_IN, TODAY, Answer, World
from tests.writes.parallel import TenantClient
from web.served import examples

FOLDER = Path(__file__).parents[2] / "docs" / "examples"
FILES = sorted(FOLDER.glob("*.graphql"))
EXAMPLES = dict(zip([file.stem for file in FILES], examples(FOLDER), strict=True))
PERSONA = {stem: each["persona"] for stem, each in EXAMPLES.items()}
"""The user of the demo who runs each example."""
DATE = re.compile(r"\$today([+-]\d+)?(T.*)?")


@dataclass(frozen=True)
class Operation:
    """One operation of an example, with the variables of its JSON file."""

    example: str
    name: str
    kind: str
    text: str
    variables: dict[str, Any]

    @property
    def persona(self) -> str:
        """The persona that runs it."""
        return PERSONA[self.example]


def read(file: Path) -> list[Operation]:
    """The operations of an example, in order."""
    text, beside = file.read_text(), file.with_suffix(".json")
    given = json.loads(beside.read_text()) if beside.exists() else {}
    return [
        Operation(file.stem, each.name.value, each.operation.value, text, given)
        for each in parse(text).definitions
        if isinstance(each, OperationDefinitionNode) and each.name
    ]


OPERATIONS = [each for file in FILES for each in read(file)]
READS = [each for each in OPERATIONS if each.kind == "query"]


def called(name: str) -> Operation:
    """The operation of that name."""
    return next(each for each in OPERATIONS if each.name == name)


VARIABLES: dict[tuple[str, str], dict[str, Any]] = {}
"""By tenant and example: looked up once, as GraphiQL does, since later operations change the records."""


async def variables_of(world: World, one: Operation, tenant: str = "acme") -> dict[str, Any]:
    """The variables of an example, with the records that its lookup finds in a tenant."""
    if (tenant, one.example) not in VARIABLES:
        found: dict[str, str] = {}
        if lookup := EXAMPLES[one.example].get("lookup"):
            data = (await world.ask(one.persona, lookup, tenant=tenant)).data
            found = {name: each["nodes"][0]["id"] for name, each in data.items()}
        VARIABLES[tenant, one.example] = filled(one.variables, found)
    return VARIABLES[tenant, one.example]


def filled(value: Any, found: Mapping[str, str]) -> Any:
    """A value with `$name` replaced by the ID of that name, and `$today+2` by the date two days after TODAY."""
    if isinstance(value, dict):
        return {key: filled(each, found) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, found) for each in value]
    if not isinstance(value, str) or not value.startswith("$"):
        return value
    if match := DATE.fullmatch(value):
        return f"{TODAY + timedelta(days=int(match[1] or 0))}{match[2] or ''}"
    return found[value.removeprefix("$")]


async def ask(world: World, one: Operation, tenant: str = "acme", **given: Any) -> Answer:
    """The answer to an operation, run by the persona of its example."""
    variables = await variables_of(world, one, tenant) | given
    return await world.ask(one.persona, one.text, variables, tenant=tenant, operation=one.name)


@pytest.fixture(scope="module")
async def twin(world: World, request: pytest.FixtureRequest) -> AsyncIterator[TenantClient]:
    """A tenant with the rows of `acme`, IDs included, to write in; dropped when the module ends."""
    slug = "twin-" + request.module.__name__.rpartition("test_")[2]  # no name is used again
    made = await create(world.admin, slug, "Twin", demo=True)
    credential = f"SELECT password FROM {world.schema()}.credential LIMIT 1"  # noqa: S608 - a name of ours
    hashed = await world.admin.fetchval(credential)
    await seed(world.admin, replace(made, slug="acme"), password_hash=hashed, now=TODAY)
    world.tenants[slug] = made
    for persona in {*PERSONA.values(), "admin"}:
        given = {"tenant": slug, "email": f"{persona}@acme.example", "password": "relata-demo"}
        body = json.dumps({"query": SIGN_IN, "variables": {"input": given}}).encode()
        signed = (await world.post(body)).data["signIn"]
        world.tokens[persona, slug] = signed["accessToken"]
    yield TenantClient(world, slug)
    for key in [key for key in [*world.tokens] if key[1] == slug]:
        del world.tokens[key]
    del world.tenants[slug]
    schema = made.placement.schema
    await world.admin.execute(
        f"DROP SCHEMA {schema} CASCADE; DROP ROLE {schema};"  # noqa: S608 - names of ours
        f"DELETE FROM catalog.tenant WHERE id = '{made.id}'"
    )
