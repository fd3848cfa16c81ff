"""Concurrent requests of several tenants and personas give each the same response as a single request."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.leaks.channels import leaf
from tests.leaks.test_noninterference import observed
from tests.leaks.truth import leaks, load, stored_texts
from tests.oracle.comparison import comparison_for
from tests.proof.contract import LIST_ROOT, LISTED, PERMISSION_TYPES, named, object_type, spelled_id
from tests.proof.rights import PERSONAS
from tests.support.covers import covers
from tests.support.world import World

TENANTS = ("acme", "globex")
QUERIES = (
    "{ viewer { id employee { id name email } } }",
    "{ opportunities(first: 20, orderBy: [{ amount: DESC }]) { totalCount nodes { id name note commission { amount } } } }",
    "{ accounts(first: 20, orderBy: [{ number: ASC }]) { nodes { number website phone employeeCount } } }",
    "{ employees { nodes { email opportunities(first: 1) { totalCount } } } }",
    '{ opportunities(filter: { margin: { gt: "1" } }) { totalCount } }',
    "{ roles { totalCount } stages { nodes { description } } }",
    "query ($n: Int) { opportunities(first: $n) { aggregate { count min { commission { amount } } } } }",
)


@covers("D-55", "D-71")
async def test_500_concurrent_requests_are_isolated(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No cache shares data between users or tenants.

    The pool's wait limit is raised, as a slow machine would otherwise refuse some of the requests.
    """
    monkeypatch.setattr("db.engine.transaction.ACQUIRE_SECONDS", 120.0)
    cases = [(p, t, q) for p in PERSONAS for t in TENANTS for q in QUERIES]
    expected = {c: observed(await world.ask(c[0], c[2], {"n": 5}, tenant=c[1])) for c in cases}
    await _assert_correct(world)
    assert len(set(expected.values())) > len(cases) // 3, "too few distinct responses"
    requests = random.Random("five hundred").choices(cases, k=500)
    answers = await asyncio.gather(*(world.ask(p, q, {"n": 5}, tenant=t) for p, t, q in requests))
    for case, answer in zip(requests, answers, strict=True):
        assert observed(answer) == expected[case], case


async def _assert_correct(world: World) -> None:
    """Assert by the oracle that each single response is correct, as it could already come from a wrong cache."""
    for persona in PERSONAS:
        for tenant in TENANTS:
            comparison = await comparison_for(world, persona, tenant)
            for query in QUERIES:
                await comparison.ask(query, {"n": 5})
            comparison.check()


@covers("D-71")
async def test_same_ids_in_two_tenants_are_isolated(world: World) -> None:
    """An ID that exists in both reads the caller's row, and no value of the other tenant is returned."""
    truths = {tenant: await load(world, tenant) for tenant in TENANTS}
    for mine, other in (TENANTS, TENANTS[::-1]):
        own, foreign = stored_texts(truths[mine]), stored_texts(truths[other])
        only_foreign = frozenset(text for text in foreign - own if len(text) > 5)
        assert len(only_foreign) > 500
        for type_name in LISTED:
            # Permissions name fields, and another tenant may store one of these names as a text.
            root = LIST_ROOT[type_name]
            inner = " ".join(
                leaf(type_name, name)
                for name, field in object_type(type_name).fields.items()
                if named(field) not in PERMISSION_TYPES
            )
            query = f"{{ {root}(first: 100) {{ nodes {{ {inner} }} }} }}"
            answer = await world.ask("admin", query, tenant=mine)
            assert not leaks(answer, only_foreign), type_name
            for id in list(truths[other].live(type_name))[:10]:
                one = await world.ask(
                    "admin",
                    f'{{ node(id: "{spelled_id(type_name, id)}") {{ ... on {type_name} {{ {inner} }} }} }}',
                    tenant=mine,
                )
                assert not leaks(one, only_foreign), type_name
                assert (one.data["node"] is not None) == (
                    id in truths[mine].visible("admin", type_name)
                )


@pytest.mark.parametrize("tenant", TENANTS)
async def test_tenant_header_that_contradicts_token_is_refused(world: World, tenant: str) -> None:
    """TENANT_MISMATCH with the same response, whether or not the named tenant exists."""
    query = "{ viewer { id } }"
    plain = await world.ask("rep1", query, tenant=tenant)
    fitting = await world.ask("rep1", query, tenant=tenant, x_tenant=tenant)
    assert observed(plain) == observed(fitting)
    refused = set()
    other = next(one for one in TENANTS if one != tenant)
    own = world.tenants[tenant]
    strange = (other, "nonesuch", str(own.id), own.placement.schema, f"{tenant},{other}")
    for value in strange:
        answer = await world.ask("rep1", query, tenant=tenant, x_tenant=value)
        assert answer.status == 403, value
        assert answer.codes == ["TENANT_MISMATCH"]
        refused.add(observed(answer))
    assert len(refused) == 1
