"""Noninterference of reads: changing data that a persona may not see does not change their responses by a byte."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from tests.leaks.hidden_change import HiddenChange, visible_data
from tests.leaks.operations import Operation, OperationGenerator, corpus
from tests.leaks.truth import Truth, load, scratch_tenant
from tests.proof.rights import PERSONAS
from tests.support.covers import covers
from tests.support.world import Answer, World

EXCEPTIONS = {
    "cost.remaining": re.compile(rb'"remaining":\d+'),
    "requestId": re.compile(rb"[0-9a-f]{32}(?=[.\"])(?<![_][0-9a-f]{32})"),
}
"""Parts of a response that may differ: the remaining cost budget, which the tenant's users share, and the
random ID of a failed request."""

DAILY_COUNT, NIGHTLY_COUNT = 160, 5_000


@dataclass(frozen=True)
class ObservedResponse:
    """The part of a response that must not depend on hidden data."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def observed(answer: Answer) -> ObservedResponse:
    """Status, headers and body without the date and the exceptions; the content length is adjusted."""
    body = EXCEPTIONS["cost.remaining"].sub(b"", answer.body)
    if answer.codes == ["INTERNAL"]:
        body = EXCEPTIONS["requestId"].sub(b"", body)
    headers = dict(answer.headers) | {"content-length": str(len(body))}
    headers.pop("date", None)
    assert int(answer.headers["content-length"]) == len(answer.body)
    return ObservedResponse(answer.status, tuple(sorted(headers.items())), body)


async def run(
    world: World, persona: str, tenant: str, operation: Operation
) -> list[ObservedResponse]:
    """The response to an operation; for a paged operation, those of up to six pages."""
    variables: dict[str, Any] = dict(operation.variables)
    found = []
    for _ in range(6):
        answer = await world.ask(
            persona, operation.query, variables, tenant=tenant, operation=None, **operation.headers
        )
        assert "RATE_LIMITED" not in answer.codes, "the test exceeds the cost budget of a minute"
        found.append(observed(answer))
        if operation.walked is None or answer.codes:
            break
        page = (answer.data[operation.walked] or {"pageInfo": {}})["pageInfo"]
        if page.get("hasNextPage"):
            variables = {"after": page["endCursor"]}
        elif page.get("hasPreviousPage"):
            variables = {"before": page["startCursor"]}
        else:
            break
    return found


def operations(truth: Truth, persona: str, count: int) -> list[Operation]:
    """The fixed operations, filled up with random ones."""
    fixed = corpus(truth, persona)
    generator = OperationGenerator(
        random.Random(f"two worlds of {persona}, {count}"), truth, persona
    )
    return [*fixed, *(generator.operation() for _ in range(count - len(fixed)))]


async def compare(world: World, persona: str, count: int, tally: Counter[str]) -> None:
    """Run the operations, change hidden data, run them again, and compare the responses."""
    async with scratch_tenant(world, f"worlds-{persona}") as tenant:
        truth = await load(world, tenant)
        generated = operations(truth, persona, count)
        before = [await run(world, persona, tenant, one) for one in generated]
        admin_before = [await run(world, "admin", tenant, one) for one in generated[:60]]
        change = HiddenChange(world, truth, persona, random.Random(f"change for {persona}"))
        await change.apply()
        changed = await load(world, tenant)
        assert visible_data(changed, persona) == visible_data(truth, persona)
        assert changed.rows != truth.rows
        assert change.changed_values > 50
        after = [await run(world, persona, tenant, one) for one in generated]
        different = [
            (operation.query, one, other)
            for operation, one, other in zip(generated, before, after, strict=True)
            if one != other
        ]
        assert not different, (
            f"{len(different)} of {len(generated)} differ for {persona}, first {different[0]}"
        )
        admin_after = [await run(world, "admin", tenant, one) for one in generated[:60]]
        differing = sum(one != other for one, other in zip(admin_before, admin_after, strict=True))
        assert differing > 12 or persona == "admin", (
            f"only {differing} of 60 responses to an administrator changed"
        )
        answered = sum(pages[0].body.startswith(b'{"data"') for pages in before)
        assert answered > len(generated) // 2, (
            "most operations are refused, too few succeed to be meaningful"
        )
        tally[f"pairs {persona}"] += len(generated)


@covers("D-31", "D-32", "D-38", "D-51")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_responses_are_independent_of_hidden_data(
    world: World, persona: str, pairs: Counter[str]
) -> None:
    """Fixed and random operations have the same responses in both worlds."""
    await compare(world, persona, DAILY_COUNT, pairs)


@pytest.mark.nightly
@pytest.mark.parametrize("persona", PERSONAS)
async def test_responses_are_independent_of_hidden_data_nightly(
    world: World, persona: str, pairs: Counter[str]
) -> None:
    await compare(world, persona, NIGHTLY_COUNT, pairs)


EXCESS_RIGHTS = {
    "field": "INSERT INTO {s}.field_permission (id, profile_id, entity, field) "
    "SELECT gen_random_uuid(), id, 'Opportunity', 'margin' FROM {s}.profile WHERE name = 'Junior sales'",
    "rule": "DELETE FROM {s}.status_rule",
    "rows": "UPDATE {s}.object_permission SET rows = 'ALL' WHERE entity = 'Opportunity'",
}


@covers("D-31")
@pytest.mark.parametrize("excess", EXCESS_RIGHTS)
async def test_comparison_detects_excess_right(world: World, excess: str) -> None:
    """With one additional right, the comparison fails."""
    async with scratch_tenant(world, f"excess-{excess}") as tenant:
        await world.admin.execute(EXCESS_RIGHTS[excess].format(s=world.schema(tenant)))
        await world.bump_access_version(tenant)
        truth = await load(world, tenant)
        generated = operations(truth, "limited", 60)
        before = [await run(world, "limited", tenant, one) for one in generated]
        await HiddenChange(world, truth, "limited", random.Random("a mistake")).apply()
        after = [await run(world, "limited", tenant, one) for one in generated]
        assert before != after
