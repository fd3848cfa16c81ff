"""Idempotency keys: every mutation of records looks its key up before it does anything."""

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

from tests.writes.parallel import DONE, Own, came

SCHEMA = build_schema((Path(__file__).parents[2] / "schema" / "schema.graphql").read_text())
OF_SESSIONS = {
    *("signIn", "refresh", "passwordReset", "signOut", "passwordChange", "userPasswordReset"),
    "sessionRevoke",
}
"""They write no records and read no key."""
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
    """The mutations of records, as the printed schema lists them."""
    assert SCHEMA.mutation_type is not None
    return sorted(SCHEMA.mutation_type.fields.keys() - OF_SESSIONS)


def least(kind: GraphQLInputType) -> Any:
    """The least value that an input type admits: what is not required is left out."""
    if isinstance(kind, GraphQLNonNull):
        return least(kind.of_type)
    if isinstance(kind, GraphQLList):
        return [least(kind.of_type)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        required = {n: f for n, f in kind.fields.items() if is_required_input_field(f)}
        return {name: least(field.type) for name, field in required.items()}
    return SCALARS[kind.name]


def request(name: str) -> tuple[str, dict[str, Any]]:
    """A valid request of a mutation that concerns no record there is."""
    assert SCHEMA.mutation_type is not None
    arguments = SCHEMA.mutation_type.fields[name].args.items()
    required = {n: each for n, each in arguments if is_required_argument(each)}
    declared = ", ".join(f"${n}: {each.type}" for n, each in required.items())
    passed = ", ".join(f"{n}: ${n}" for n in required)
    values = {n: least(each.type) for n, each in required.items()}
    return f"mutation ({declared}) {{ {name}({passed}) {{ userErrors {{ code }} }} }}", values


@pytest.fixture(scope="module")
async def taken(own: Own) -> str:
    """A key that a request of the administrator has used."""
    key = own.name()
    assert came(await own.do("admin", "accountCreate", key, name=own.name())) == DONE
    return key


@pytest.mark.parametrize("name", mutations())
async def test_a_key_of_another_request_refuses_any_mutation(
    own: Own, taken: str, name: str
) -> None:
    query, variables = request(name)
    answer = await own.ask("admin", query, variables, idempotency_key=taken)
    assert answer.codes == ["IDEMPOTENCY_MISMATCH"]
