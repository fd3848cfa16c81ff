"""Helpers of the tests of accounts and persons: user errors, messages, queries and address roles."""

from __future__ import annotations

from typing import Any

from tests.support.world import Answer
from tests.writes.client import TenantClient, uuid_of

ROLES = ("visiting", "postal", "invoicing", "default_invoicing", "head_office")
FULL = "userErrors { code message path }"


async def errors(
    tenant: TenantClient, persona: str, mutation: str, **params: Any
) -> list[tuple[str, str]]:
    """The user errors of a mutation as code and path; empty on success."""
    kind = (
        mutation[0].upper() + mutation[1:]
        if not mutation.endswith(("Delete", "Restore"))
        else "Record"
    )
    query = f"mutation($input: {kind}Input!) {{ done: {mutation}(input: $input) {{ {FULL} }} }}"
    answer = await tenant.ask(persona, query, {"input": params})
    return [(e["code"], ".".join(e["path"][1:])) for e in answer.data["done"]["userErrors"]]


async def message(tenant: TenantClient, persona: str, mutation: str, **params: Any) -> str:
    """The message of the only user error of a mutation."""
    kind = mutation[0].upper() + mutation[1:]
    query = f"mutation($input: {kind}Input!) {{ done: {mutation}(input: $input) {{ {FULL} }} }}"
    answer = await tenant.ask(persona, query, {"input": params})
    [error] = answer.data["done"]["userErrors"]
    return str(error["message"])


async def read(tenant: TenantClient, persona: str, query: str, **values: str) -> Any:
    """The data of a query in which each `$name` is replaced by an id."""
    for name, value in values.items():
        query = query.replace(f"${name}", f'"{value}"')
    answer: Answer = await tenant.ask(persona, query)
    return answer.data


async def roles(tenant: TenantClient, account: str) -> dict[str, str]:
    """Address roles of an account by street, one letter per role; head office and default invoicing are capitals."""
    rows = await tenant.fetch(
        "SELECT * FROM address WHERE account_id = $1 AND deleted_at IS NULL ORDER BY street",
        uuid_of(account),
    )
    letters = dict(zip(ROLES, "vpiDH", strict=True))
    return {
        row["street"]: "".join(letter for role, letter in letters.items() if row[role])
        for row in rows
    }
