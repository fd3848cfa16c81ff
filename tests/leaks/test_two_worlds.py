"""Two worlds that differ only in what a persona may not see answer him with the same bytes."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from tests.leaks.changes import Change, knowledge
from tests.leaks.operations import Author, Operation, corpus
from tests.leaks.truth import Truth, load, own_tenant
from tests.proof.rights import PERSONAS
from tests.support.covers import covers
from tests.support.world import Answer, World

EXCEPTIONS = {
    "cost.remaining": re.compile(rb'"remaining":\d+'),
    "requestId": re.compile(rb"[0-9a-f]{32}(?=[.\"])(?<![_][0-9a-f]{32})"),
}
"""What may differ: the budget of the minute, which all of a tenant's people use up together, and
the number of a request that failed, which is drawn."""

EVERYDAY, AT_NIGHT = 160, 5_000


@dataclass(frozen=True)
class Seen:
    """What a client sees of an answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def seen(answer: Answer) -> Seen:
    """All of it but the date and the listed exceptions; the length is of what remains."""
    body = EXCEPTIONS["cost.remaining"].sub(b"", answer.body)
    if answer.codes == ["INTERNAL"]:
        body = EXCEPTIONS["requestId"].sub(b"", body)
    headers = dict(answer.headers) | {"content-length": str(len(body))}
    headers.pop("date", None)
    assert int(answer.headers["content-length"]) == len(answer.body)
    return Seen(answer.status, tuple(sorted(headers.items())), body)


async def run(world: World, persona: str, tenant: str, operation: Operation) -> list[Seen]:
    """The answer to an operation, or for a walk those of its pages."""
    variables: dict[str, Any] = dict(operation.variables)
    found = []
    for _ in range(6):
        answer = await world.ask(
            persona, operation.query, variables, tenant=tenant, operation=None, **operation.headers
        )
        assert "RATE_LIMITED" not in answer.codes, "the test asks for too much in a minute"
        found.append(seen(answer))
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
    """The corpus, filled up with drawn ones."""
    by_hand = corpus(truth, persona)
    author = Author(random.Random(f"two worlds of {persona}, {count}"), truth, persona)
    return [*by_hand, *(author.operation() for _ in range(count - len(by_hand)))]


async def compare(world: World, persona: str, count: int, tally: Counter[str]) -> None:
    """Ask, change what is out of sight, ask again."""
    async with own_tenant(world, f"worlds-{persona}") as tenant:
        truth = await load(world, tenant)
        asked = operations(truth, persona, count)
        before = [await run(world, persona, tenant, one) for one in asked]
        for_all = [await run(world, "admin", tenant, one) for one in asked[:60]]
        change = Change(world, truth, persona, random.Random(f"change for {persona}"))
        await change.apply()
        changed = await load(world, tenant)
        assert knowledge(changed, persona) == knowledge(truth, persona)
        assert changed.rows != truth.rows
        assert change.touched > 50
        after = [await run(world, persona, tenant, one) for one in asked]
        different = [
            (operation.query, one, other)
            for operation, one, other in zip(asked, before, after, strict=True)
            if one != other
        ]
        assert not different, (
            f"{len(different)} of {len(asked)} differ for {persona}, first {different[0]}"
        )
        noticed = [await run(world, "admin", tenant, one) for one in asked[:60]]
        differing = sum(one != other for one, other in zip(for_all, noticed, strict=True))
        assert differing > 12 or persona == "admin", (
            f"Even an administrator notices only {differing} of 60."
        )
        answered = sum(pages[0].body.startswith(b'{"data"') for pages in before)
        assert answered > len(asked) // 2, "Most operations are refused: they show too little."
        tally[f"pairs {persona}"] += len(asked)


@covers("D-31", "D-32", "D-38", "D-51")
@pytest.mark.parametrize("persona", PERSONAS)
async def test_what_is_out_of_sight_changes_nothing(
    world: World, persona: str, pairs: Counter[str]
) -> None:
    """Cases 1, 4, 7, 9, 19, 29, 30, 31, 34, 36, 50 without knowing the attack."""
    await compare(world, persona, EVERYDAY, pairs)


@pytest.mark.nightly
@pytest.mark.parametrize("persona", PERSONAS)
async def test_what_is_out_of_sight_changes_nothing_at_length(
    world: World, persona: str, pairs: Counter[str]
) -> None:
    await compare(world, persona, AT_NIGHT, pairs)


TOO_MUCH = {
    "field": "INSERT INTO {s}.field_permission (id, profile_id, entity, field) "
    "SELECT gen_random_uuid(), id, 'Opportunity', 'margin' FROM {s}.profile WHERE name = 'Junior sales'",
    "rule": "DELETE FROM {s}.status_rule",
    "rows": "UPDATE {s}.object_permission SET rows = 'ALL' WHERE entity = 'Opportunity'",
}


@covers("D-31")
@pytest.mark.parametrize("mistake", TOO_MUCH)
async def test_a_mistake_would_be_noticed(world: World, mistake: str) -> None:
    """With one right too many, the same comparison of the same operations fails."""
    async with own_tenant(world, f"mistaken-{mistake}") as tenant:
        await world.admin.execute(TOO_MUCH[mistake].format(s=world.schema(tenant)))
        await world.rights_changed(tenant)
        truth = await load(world, tenant)
        asked = operations(truth, "limited", 60)
        before = [await run(world, "limited", tenant, one) for one in asked]
        await Change(world, truth, "limited", random.Random("a mistake")).apply()
        after = [await run(world, "limited", tenant, one) for one in asked]
        assert before != after
