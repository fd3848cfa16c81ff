"""A client without a GraphQL library: HTTP and JSON of the standard library reach every object type."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.support.covers import covers
from tests.support.world import SIGN_IN, World
from tests.writes.client import own_tenant, serve

CONTRACT = """{ __schema {
  queryType { fields { name args { name } type { kind name } } }
  mutationType { fields { name } }
  types { name kind interfaces { name } }
} }"""
SECONDS = 30
CRUD = ("Create", "Update", "Delete", "Restore")
CREATE_ATTRIBUTE = """mutation ($i: AttributeCreateInput!) {
  attributeCreate(input: $i) { userErrors { code message } attribute { id } } }"""
CREATE_ACCOUNT = """mutation ($i: AccountCreateInput!) {
  accountCreate(input: $i) { userErrors { code message } account { id attributes { key number } } } }"""
ACCOUNTS_BY_FILTER = """query ($i: AccountFilter!) {
  accounts(filter: $i) { nodes { id name attributes { key number } } } }"""


@dataclass
class Program:
    """A client program that connects over a socket."""

    port: int
    token: str | None = None

    async def ask(self, query: str, **variables: Any) -> Any:
        """The data of a response without errors."""
        return await asyncio.to_thread(self._send, query, variables)

    def _send(self, query: str, variables: dict[str, Any]) -> Any:
        headers = {"content-type": "application/json"}
        if self.token is not None:
            headers["authorization"] = f"Bearer {self.token}"
        connection = HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        body = json.dumps({"query": query, "variables": variables})
        connection.request("POST", "/graphql", body, headers)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]


@pytest.fixture(scope="module")
async def program(world: World) -> AsyncIterator[Program]:
    """A program signed in as the administrator of a separate tenant."""
    async with own_tenant(world, "program") as tenant, serve(tenant) as port:
        client = Program(port)
        params = {
            "tenant": tenant.slug,
            "email": f"admin@{tenant.slug}.example",
            "password": "relata-demo",
        }
        client.token = (await client.ask(SIGN_IN, input=params))["signIn"]["accessToken"]
        yield client


def record_types(contract: Any) -> set[str]:
    """Names of the object types that implement Record."""
    return {
        each["name"]
        for each in contract["types"]
        if each["kind"] == "OBJECT" and {"name": "Record"} in each["interfaces"]
    }


def roots(contract: Any, fits: Callable[[set[str]], bool]) -> dict[str, str]:
    """Query fields whose arguments satisfy the predicate, by return type."""
    return {
        each["type"]["name"]: each["name"]
        for each in contract["queryType"]["fields"]
        if each["type"]["kind"] == "OBJECT" and fits({a["name"] for a in each["args"]})
    }


@covers("EP-028")
async def test_every_object_type_is_accessible_to_programs(program: Program) -> None:
    """Each type has a list field and a field by id; types that users maintain have create, update, delete and restore."""
    contract = (await program.ask(CONTRACT))["__schema"]
    one = roots(contract, lambda names: names == {"id"})
    lists = roots(contract, {"first", "after"}.__le__)
    mutations = {each["name"] for each in contract["mutationType"]["fields"]}
    types = record_types(contract)
    assert {"Account", "Person", "Opportunity", "Quote", "Contract", "Case", "Product"} < types
    assert roots(contract, lambda names: not names).keys() - {"User"} == {"Preferences"}
    for name in sorted(types - {"Preferences"}):
        root, listed = one[name], lists[f"{name}Connection"]
        nodes = (await program.ask(f"{{ {listed}(first: 1) {{ nodes {{ id }} }} }}"))[listed][
            "nodes"
        ]
        for each in nodes:
            read = await program.ask(
                f"query ($id: ID!) {{ {root}(id: $id) {{ id }} }}", id=each["id"]
            )
            assert read == {root: each}
        if f"{root}Restore" in mutations:
            assert {f"{root}{action}" for action in CRUD} <= mutations, name


@covers("EP-028")
async def test_a_program_adds_and_uses_a_custom_attribute(program: Program) -> None:
    params = {"entity": "Account", "key": "rating", "label": "Rating", "kind": "NUMBER"}
    assert not (await program.ask(CREATE_ATTRIBUTE, i=params))["attributeCreate"]["userErrors"]
    value = {"key": "rating", "number": "7"}
    account = {"name": "From outside", "attributes": [value]}
    made = (await program.ask(CREATE_ACCOUNT, i=account))["accountCreate"]
    assert not made["userErrors"]
    [stored] = (await program.ask(ACCOUNTS_BY_FILTER, i={"name": {"eq": "From outside"}}))[
        "accounts"
    ]["nodes"]
    assert stored["id"] == made["account"]["id"]
    assert value in stored["attributes"]
