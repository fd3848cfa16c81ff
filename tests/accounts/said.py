"""What the tests of accounts and people ask in few words."""

from __future__ import annotations

from typing import Any

from tests.support.world import Answer
from tests.writes.parallel import Own, kept

ROLES = ("visiting", "postal", "invoicing", "default_invoicing", "head_office")
FULL = "userErrors { code message path }"


async def errors(own: Own, persona: str, deed: str, **given: Any) -> list[tuple[str, str]]:
    """What is to be put right, by code and the last place; none if it was done."""
    kind = deed[0].upper() + deed[1:] if not deed.endswith(("Delete", "Restore")) else "Record"
    query = f"mutation($input: {kind}Input!) {{ done: {deed}(input: $input) {{ {FULL} }} }}"
    answer = await own.ask(persona, query, {"input": given})
    return [(e["code"], ".".join(e["path"][1:])) for e in answer.data["done"]["userErrors"]]


async def message(own: Own, persona: str, deed: str, **given: Any) -> str:
    """The one sentence that a person is told."""
    kind = deed[0].upper() + deed[1:]
    query = f"mutation($input: {kind}Input!) {{ done: {deed}(input: $input) {{ {FULL} }} }}"
    answer = await own.ask(persona, query, {"input": given})
    [error] = answer.data["done"]["userErrors"]
    return str(error["message"])


async def read(own: Own, persona: str, query: str, **values: str) -> Any:
    """The data of a query of which `$names` are ids."""
    for name, value in values.items():
        query = query.replace(f"${name}", f'"{value}"')
    answer: Answer = await own.ask(persona, query)
    return answer.data


async def roles(own: Own, account: str) -> dict[str, str]:
    """The roles of an account's addresses by their streets: the first letter of each, head and default in capitals."""
    rows = await own.fetch(
        "SELECT * FROM address WHERE account_id = $1 AND deleted_at IS NULL ORDER BY street",
        kept(account),
    )
    letters = dict(zip(ROLES, "vpiDH", strict=True))
    return {
        row["street"]: "".join(letter for role, letter in letters.items() if row[role])
        for row in rows
    }
