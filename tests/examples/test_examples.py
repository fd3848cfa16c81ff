"""The examples: valid, documented and executable; a query runs one SQL statement."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from graphql import build_schema, parse, validate

from db.engine.transaction import CleanConnection
from tests.examples.conftest import (
    FOLDER,
    OPERATIONS,
    PERSONA,
    READS,
    Operation,
    ask,
    operation_named,
)
from tests.support.covers import covers
from tests.support.world import World
from tests.writes.client import TenantClient

SCHEMA = FOLDER.parents[1] / "schema" / "schema.graphql"


def test_every_example_is_documented_and_valid() -> None:
    schema = build_schema(SCHEMA.read_text())
    files = sorted(FOLDER.glob("*.graphql"))
    assert {file.stem for file in files} == set(PERSONA)
    for file in files:
        title, purpose = file.read_text().splitlines()[:2]
        assert re.fullmatch(r"# \w.{5,60}", title), f"{file.name}: the title that GraphiQL shows"
        assert re.match(r"# For \w+", purpose), f"{file.name}: write who it is for"
        assert validate(schema, parse(file.read_text())) == []
    for file in FOLDER.glob("lookups/*.graphql"):
        assert (FOLDER / file.name).exists()
        assert validate(schema, parse(file.read_text())) == []


@covers("D-54", "X-21")
@pytest.mark.parametrize("one", READS, ids=lambda one: one.name)
async def test_query_is_one_statement(
    world: World, one: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = (await ask(world, one)).data
    for name, value in data.items():
        assert value not in (None, [], {"nodes": []}), name
    statements: list[str] = []
    for method in ("fetch", "fetchrow", "fetchval"):
        original = getattr(CleanConnection, method)

        async def recorded(
            self: CleanConnection, query: str, *args: Any, call: Any = original, **kw: Any
        ) -> Any:
            statements.append(query)
            return await call(self, query, *args, **kw)

        monkeypatch.setattr(CleanConnection, method, recorded)
    assert (await ask(world, one)).data == data
    assert len(statements) == 1, [each[:80] for each in statements]


@pytest.mark.parametrize(
    "example", sorted({each.example for each in OPERATIONS if each.kind == "mutation"})
)
async def test_mutations_of_an_example_succeed_in_order(
    world: World, acme_copy: TenantClient, example: str
) -> None:
    for one in [each for each in OPERATIONS if each.example == example]:
        for name, done in (await ask(world, one, acme_copy.slug)).data.items():
            assert done, name
            assert one.kind == "query" or done["userErrors"] == []


async def test_mutation_payloads_contain_the_written_records(
    world: World, acme_copy: TenantClient
) -> None:
    """Runs the mutations that can be repeated."""
    saved = (await ask(world, operation_named("SaveLines"), acme_copy.slug)).data["quoteSetItems"][
        "quote"
    ]
    assert [each["kind"] for each in saved["items"]["nodes"]] == ["ITEM", "ITEM", "ROUNDING"]
    total = sum(Decimal(each["total"]["amount"]) for each in saved["items"]["nodes"])
    assert Decimal(saved["total"]["amount"]) == total
    lead = (await ask(world, operation_named("NewLead"), acme_copy.slug)).data["personCreate"][
        "person"
    ]
    [affiliation] = lead["affiliations"]["nodes"]
    assert (lead["fullName"], affiliation["account"]["displayName"]) == (
        "Sanne van der Meulen",
        "Meulen Wonen",
    )
    assert [each["headOffice"] for each in affiliation["account"]["addresses"]["nodes"]] == [True]
