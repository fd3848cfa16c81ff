"""A program that knows nothing but the address: HTTP and JSON of the standard library reach every kind of record."""

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
from tests.writes.parallel import own_tenant, served

CONTRACT = """{ __schema {
  queryType { fields { name args { name } type { kind name } } }
  mutationType { fields { name } }
  types { name kind interfaces { name } }
} }"""
SECONDS = 30
CRUD = ("Create", "Update", "Delete", "Restore")
CUSTOM = """mutation ($i: AttributeCreateInput!) {
  attributeCreate(input: $i) { userErrors { code message } attribute { id } } }"""
MADE = """mutation ($i: AccountCreateInput!) {
  accountCreate(input: $i) { userErrors { code message } account { id attributes { key number } } } }"""
KEPT = """query ($i: AccountFilter!) {
  accounts(filter: $i) { nodes { id name attributes { key number } } } }"""


@dataclass
class Program:
    """Another program, on the other side of a socket."""

    port: int
    token: str | None = None

    async def ask(self, query: str, **variables: Any) -> Any:
        """The data of an answer without errors."""
        return await asyncio.to_thread(self._asked, query, variables)

    def _asked(self, query: str, variables: dict[str, Any]) -> Any:
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
    """One that has signed in as the administrator of a tenant of its own."""
    async with own_tenant(world, "program") as own, served(own) as port:
        made = Program(port)
        given = {
            "tenant": own.slug,
            "email": f"admin@{own.slug}.example",
            "password": "relata-demo",
        }
        made.token = (await made.ask(SIGN_IN, input=given))["signIn"]["accessToken"]
        yield made


def kinds(contract: Any) -> set[str]:
    """The kinds of records that the contract has."""
    return {
        each["name"]
        for each in contract["types"]
        if each["kind"] == "OBJECT" and {"name": "Record"} in each["interfaces"]
    }


def roots(contract: Any, fits: Callable[[set[str]], bool]) -> dict[str, str]:
    """By what they return, the fields of the query type that take such arguments."""
    return {
        each["type"]["name"]: each["name"]
        for each in contract["queryType"]["fields"]
        if each["type"]["kind"] == "OBJECT" and fits({a["name"] for a in each["args"]})
    }


@covers("EP-028")
async def test_every_kind_of_record_is_open_to_programs(program: Program) -> None:
    """Each is listed in the contract, is read in lists and by its id, and what people keep up is written."""
    contract = (await program.ask(CONTRACT))["__schema"]
    one = roots(contract, lambda names: names == {"id"})
    lists = roots(contract, {"first", "after"}.__le__)
    mutations = {each["name"] for each in contract["mutationType"]["fields"]}
    found = kinds(contract)
    assert {"Account", "Person", "Opportunity", "Quote", "Contract", "Case", "Product"} < found
    assert roots(contract, lambda names: not names).keys() - {"User"} == {"Preferences"}
    for kind in sorted(found - {"Preferences"}):
        root, listed = one[kind], lists[f"{kind}Connection"]
        nodes = (await program.ask(f"{{ {listed}(first: 1) {{ nodes {{ id }} }} }}"))[listed][
            "nodes"
        ]
        for each in nodes:
            read = await program.ask(
                f"query ($id: ID!) {{ {root}(id: $id) {{ id }} }}", id=each["id"]
            )
            assert read == {root: each}
        if f"{root}Restore" in mutations:
            assert {f"{root}{verb}" for verb in CRUD} <= mutations, kind


@covers("EP-028")
async def test_a_program_adds_a_field_of_its_own_and_uses_it(program: Program) -> None:
    given = {"entity": "Account", "key": "rating", "label": "Rating", "kind": "NUMBER"}
    assert not (await program.ask(CUSTOM, i=given))["attributeCreate"]["userErrors"]
    value = {"key": "rating", "number": "7"}
    account = {"name": "From outside", "attributes": [value]}
    made = (await program.ask(MADE, i=account))["accountCreate"]
    assert not made["userErrors"]
    [kept] = (await program.ask(KEPT, i={"name": {"eq": "From outside"}}))["accounts"]["nodes"]
    assert kept["id"] == made["account"]["id"]
    assert value in kept["attributes"]
