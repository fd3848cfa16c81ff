"""The operations of the examples, and a tenant with the ids that their variables refer to."""

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
from tests.writes.client import TenantClient
from web.served import examples

FOLDER = Path(__file__).parents[2] / "docs" / "examples"
FILES = sorted(FOLDER.glob("*.graphql"))
EXAMPLES = dict(zip([file.stem for file in FILES], examples(FOLDER), strict=True))
PERSONA = {stem: each["persona"] for stem, each in EXAMPLES.items()}
"""Demo user that runs each example."""
DATE = re.compile(r"\$today([+-]\d+)?(T.*)?")


@dataclass(frozen=True)
class Operation:
    """One operation of an example with the variables of its JSON file."""

    example: str
    name: str
    kind: str
    text: str
    variables: dict[str, Any]

    @property
    def persona(self) -> str:
        """Persona that runs the example."""
        return PERSONA[self.example]


def read(file: Path) -> list[Operation]:
    """The operations of an example, in order."""
    text, json_file = file.read_text(), file.with_suffix(".json")
    variables = json.loads(json_file.read_text()) if json_file.exists() else {}
    return [
        Operation(file.stem, each.name.value, each.operation.value, text, variables)
        for each in parse(text).definitions
        if isinstance(each, OperationDefinitionNode) and each.name
    ]


OPERATIONS = [each for file in FILES for each in read(file)]
READS = [each for each in OPERATIONS if each.kind == "query"]


def operation_named(name: str) -> Operation:
    """The operation with this name."""
    return next(each for each in OPERATIONS if each.name == name)


VARIABLES: dict[tuple[str, str], dict[str, Any]] = {}
"""Variables by tenant and example; looked up once as in GraphiQL, because later operations change the records."""


async def variables_of(world: World, one: Operation, tenant: str = "acme") -> dict[str, Any]:
    """Variables of an example, with the ids that its lookup finds in a tenant."""
    if (tenant, one.example) not in VARIABLES:
        ids: dict[str, str] = {}
        if lookup := EXAMPLES[one.example].get("lookup"):
            data = (await world.ask(one.persona, lookup, tenant=tenant)).data
            ids = {name: each["nodes"][0]["id"] for name, each in data.items()}
        VARIABLES[tenant, one.example] = filled(one.variables, ids)
    return VARIABLES[tenant, one.example]


def filled(value: Any, ids: Mapping[str, str]) -> Any:
    """A value with `$name` replaced by the id of that name, and `$today+2` by the date two days after TODAY."""
    if isinstance(value, dict):
        return {key: filled(each, ids) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, ids) for each in value]
    if not isinstance(value, str) or not value.startswith("$"):
        return value
    if match := DATE.fullmatch(value):
        return f"{TODAY + timedelta(days=int(match[1] or 0))}{match[2] or ''}"
    return ids[value.removeprefix("$")]


async def ask(world: World, one: Operation, tenant: str = "acme", **overrides: Any) -> Answer:
    """Response to an operation, run by the persona of its example."""
    variables = await variables_of(world, one, tenant) | overrides
    return await world.ask(one.persona, one.text, variables, tenant=tenant, operation=one.name)


@pytest.fixture(scope="module")
async def acme_copy(world: World, request: pytest.FixtureRequest) -> AsyncIterator[TenantClient]:
    """A copy of the tenant `acme` with the same ids, for mutations; dropped when the module ends."""
    slug = "copy-" + request.module.__name__.rpartition("test_")[2]  # unique per module
    tenant = await create(world.admin, slug, "Copy of Acme", demo=True)
    credential = f"SELECT password FROM {world.schema()}.credential LIMIT 1"  # noqa: S608 - a generated schema name
    hashed = await world.admin.fetchval(credential)
    await seed(world.admin, replace(tenant, slug="acme"), password_hash=hashed, now=TODAY)
    world.tenants[slug] = tenant
    for persona in {*PERSONA.values(), "admin"}:
        params = {"tenant": slug, "email": f"{persona}@acme.example", "password": "relata-demo"}
        body = json.dumps({"query": SIGN_IN, "variables": {"input": params}}).encode()
        session = (await world.post(body)).data["signIn"]
        world.tokens[persona, slug] = session["accessToken"]
    yield TenantClient(world, slug)
    for key in [key for key in [*world.tokens] if key[1] == slug]:
        del world.tokens[key]
    del world.tenants[slug]
    schema = tenant.placement.schema
    await world.admin.execute(
        f"DROP SCHEMA {schema} CASCADE; DROP ROLE {schema};"  # noqa: S608 - a generated schema name
        f"DELETE FROM catalog.tenant WHERE id = '{tenant.id}'"
    )
