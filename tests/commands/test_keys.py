"""Idempotency keys: every mutation of records looks up its key before it does anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    build_schema,
    is_required_argument,
    is_required_input_field,
)

from tests.writes.client import DONE, TenantClient, outcome_of

SCHEMA = build_schema((Path(__file__).parents[2] / "schema" / "schema.graphql").read_text())
OF_SESSIONS = {
    *("signIn", "refresh", "passwordReset", "signOut", "passwordChange", "userPasswordReset"),
    "sessionRevoke",
}
"""Mutations of sessions: they write no records and read no key."""
SCALARS = {
    "ID": "acc_ffffffffffffffffffffffffffffffff",
    "String": "x",
    "Int": 1,
    "Boolean": True,
    "Decimal": "1",
    "Date": "2026-03-14",
    "DateTime": "2026-03-14T00:00:00Z",
    "AttributeKey": "tier",
}


def mutations() -> list[str]:
    """The mutations of records in the printed schema."""
    assert SCHEMA.mutation_type is not None
    return sorted(SCHEMA.mutation_type.fields.keys() - OF_SESSIONS)


def smallest(kind: GraphQLInputType) -> Any:
    """The smallest value that an input type accepts: only required fields."""
    if isinstance(kind, GraphQLNonNull):
        return smallest(kind.of_type)
    if isinstance(kind, GraphQLList):
        return [smallest(kind.of_type)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        required = {n: f for n, f in kind.fields.items() if is_required_input_field(f)}
        return {name: smallest(field.type) for name, field in required.items()}
    return SCALARS[kind.name]


def request(name: str) -> tuple[str, dict[str, Any]]:
    """A valid request of a mutation, for a record that does not exist."""
    assert SCHEMA.mutation_type is not None
    arguments = SCHEMA.mutation_type.fields[name].args.items()
    required = {n: each for n, each in arguments if is_required_argument(each)}
    declared = ", ".join(f"${n}: {each.type}" for n, each in required.items())
    passed = ", ".join(f"{n}: ${n}" for n in required)
    values = {n: smallest(each.type) for n, each in required.items()}
    return f"mutation ({declared}) {{ {name}({passed}) {{ userErrors {{ code }} }} }}", values


@pytest.fixture(scope="module")
async def used_key(tenant: TenantClient) -> str:
    """An idempotency key that a request of the administrator has used."""
    key = tenant.new_name()
    assert (
        outcome_of(await tenant.attempt("admin", "accountCreate", key, name=tenant.new_name()))
        == DONE
    )
    return key


@pytest.mark.parametrize("name", mutations())
async def test_any_mutation_with_the_key_of_another_request_is_refused(
    tenant: TenantClient, used_key: str, name: str
) -> None:
    query, variables = request(name)
    answer = await tenant.ask("admin", query, variables, idempotency_key=used_key)
    assert answer.codes == ["IDEMPOTENCY_MISMATCH"]
