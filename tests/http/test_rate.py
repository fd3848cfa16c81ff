"""The rate limit counts cost per tenant; every response contains its cost and the remaining budget."""

from __future__ import annotations

from typing import Any

import pytest

from schema.engine.budget import Budget
from tests.support.covers import covers
from tests.support.world import Answer, World

PER_MINUTE = 100
LARGE = "{ accounts(first: 60) { nodes { id name } } }"
SMALL = "{ accounts(first: 30) { nodes { id } } }"
REST = "{ accounts(first: 10) { nodes { id } } }"
CREATE = 'mutation { accountCreate(input: { name: "Beyond the limit" }) { userErrors { code } } }'
COUNT = '{ accounts(first: 1, filter: { name: { eq: "Beyond the limit" } }) { totalCount } }'


@pytest.fixture
async def clock(world: World, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Clock of the rate limit in seconds, at the start of a minute; the limit is 100 objects per minute."""
    for tenant in ("acme", "globex"):
        for persona, query in (
            ("admin", LARGE),
            ("admin", SMALL),
            ("rep1", SMALL),
            ("admin", REST),
            ("admin", COUNT),
        ):
            await world.ask(
                persona, query, tenant=tenant
            )  # the first execution also costs the compilation
    seconds = [600.0]
    monkeypatch.setattr(world.endpoint.reads, "budget", Budget(lambda: seconds[0], PER_MINUTE))
    return seconds


def cost(answer: Answer) -> Any:
    """Return the cost in a response."""
    assert answer.data
    return answer.json["extensions"]["cost"]


@covers("D-39")
async def test_rate_limit_counts_cost_instead_of_requests(world: World, clock: list[float]) -> None:
    assert cost(await world.ask("admin", LARGE)) == {"nodes": 60, "fields": 120, "remaining": 40}
    refused = await world.ask("admin", LARGE)
    assert refused.codes == ["RATE_LIMITED"]
    assert refused.json["errors"][0]["extensions"]["retryAfter"] == 61
    assert "data" not in refused.json
    assert cost(await world.ask("admin", SMALL))["remaining"] == 10, "a refusal costs nothing"
    assert (await world.ask("rep1", SMALL)).codes == ["RATE_LIMITED"], "users of a tenant share it"
    other_tenant = await world.ask("admin", LARGE, tenant="globex")
    assert cost(other_tenant)["remaining"] == 40, "each tenant has a separate budget"
    clock[0] += 60
    assert cost(await world.ask("admin", LARGE))["remaining"] == 40


@covers("D-39")
async def test_a_mutation_beyond_the_rate_limit_is_refused_and_writes_nothing(
    world: World, clock: list[float]
) -> None:
    costs = [cost(await world.ask("admin", query)) for query in (LARGE, SMALL, REST)]
    assert costs[-1]["remaining"] == 0
    assert (await world.ask("admin", CREATE)).codes == ["RATE_LIMITED"]
    clock[0] += 60
    assert (await world.ask("admin", COUNT)).data["accounts"]["totalCount"] == 0
