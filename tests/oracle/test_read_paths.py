"""The two read paths, JSON from the statement and execution over its rows, return identical responses (D-57)."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from domain.codes import Refused
from resolvers.engine.context import Caller
from schema.admission import DocumentRejected
from schema.engine.reads import Request
from tests.oracle.comparison import comparison
from tests.oracle.draw import Operation, Path, draw
from tests.proof.oracle import Viewer
from tests.support.covers import covers
from tests.support.world import PERSONAS, World

TENANTS = ("acme", "globex")
OPERATIONS = 1_000
"""Operations of the daily run; the nightly run has 2,000 with the same seeds and 50,000 with others."""
NIGHTLY = 50_000
EACH = -(-OPERATIONS // (len(PERSONAS) * len(TENANTS)))
EACH_NIGHTLY = -(-NIGHTLY // (len(PERSONAS) * len(TENANTS)))
REMAINING = re.compile(rb'"remaining":\d+')
MOST_SHOWN = 900
SHORT = 1_000
"""Maximum characters of an operation; short operations cover the same kinds of values as long ones."""


@dataclass
class ReadPaths:
    """Operations of one persona over both read paths."""

    world: World
    sight: Viewer
    caller: Caller
    asked: int = 0
    answered: int = 0

    async def response(self, query: str, variables: Mapping[str, Any], *, executes: bool) -> bytes:
        """The response without the remaining budget, or the text of the refusal."""
        try:
            admitted = self.world.endpoint.documents.get(query)
            request = Request(query, admitted, None, variables, executes=executes)
            answer = await self.world.endpoint.reads.answer(self.caller, request)
        except (Refused, DocumentRejected) as refused:
            return repr(refused).encode() + str(vars(refused)).encode()
        return REMAINING.sub(b'"remaining":0', answer)

    async def same(self, query: str, variables: Mapping[str, Any]) -> bytes:
        """The response of both paths, which must be identical."""
        straight = await self.response(query, variables, executes=False)
        executed = await self.response(query, variables, executes=True)
        self.asked += 1
        self.answered += straight.startswith(b'{"data"')
        assert straight == executed, _difference(query, variables, straight, executed)
        return straight

    async def compare_random(self, seed: str) -> None:
        """Compare a random operation and, if it has lists, another page of them."""
        operation = draw(seed, self.sight, SHORT)
        answer = await self.same(operation.query, operation.variables)
        if operation.paged and answer.startswith(b'{"data"'):
            variables = _next_page(operation, json.loads(answer)["data"], random.Random(seed))
            if variables:
                await self.same(operation.query, {**operation.variables, **variables})


def _next_page(operation: Operation, data: Any, rng: random.Random) -> dict[str, str]:
    """Cursor variables for other pages of the operation's lists."""
    known = {name: sorted(_cursors(path, data)) for name, path in operation.paged.items()}
    return {name: rng.choice(ends) for name, ends in known.items() if ends}


def _cursors(path: Path, data: Any) -> Iterator[str]:
    """The start and end cursors of the lists at a path."""
    if isinstance(data, list):
        for one in data:
            yield from _cursors(path, one)
    elif isinstance(data, dict) and path:
        yield from _cursors(path[1:], data.get(path[0]))
    elif isinstance(data, dict):
        ends = (data.get("pageInfo") or {}).items()
        yield from (end for name, end in ends if name.endswith("Cursor") and end)


def _difference(query: str, variables: Mapping[str, Any], straight: bytes, executed: bytes) -> str:
    """Message with the first difference of two responses."""
    pairs = enumerate(zip(straight, executed, strict=False))
    place = next((i for i, (a, b) in pairs if a != b), min(len(straight), len(executed)))
    start = max(0, place - MOST_SHOWN // 3)
    shown = [
        one[start : start + MOST_SHOWN].decode(errors="replace") for one in (straight, executed)
    ]
    return f"{query}\n{json.dumps(dict(variables))}\nstraight: {shown[0]}\nexecuted: {shown[1]}"


async def read_paths(world: World, persona: str, tenant: str = "acme") -> ReadPaths:
    """Read paths of a persona with a separate session, as transactions require."""
    sight = (await comparison(world, persona, tenant)).sight
    app_context = world.endpoint.app_context
    access = app_context.tokens.verify_access(await world.token(persona, tenant), app_context.now())
    caller = Caller(world.tenants[tenant], access.user, access.session, "")
    return ReadPaths(world, sight, caller)


async def assert_same(both: ReadPaths, seed: str, count: int) -> None:
    number = 0
    while both.asked < count:
        await both.compare_random(f"{seed}:{number}")
        number += 1
    assert both.answered > 0.6 * both.asked, "most operations must be answered, not refused"


@covers("D-57", "D-42", "D-43", "D-31")
@pytest.mark.parametrize("count", [EACH, pytest.param(2 * EACH, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("persona", PERSONAS)
async def test_read_paths_return_identical_responses(
    world: World, persona: str, tenant: str, count: int
) -> None:
    await assert_same(await read_paths(world, persona, tenant), f"ways:{persona}:{tenant}", count)


@covers("D-57", "D-42", "D-43", "D-31")
@pytest.mark.nightly
@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("persona", PERSONAS)
async def test_read_paths_return_identical_responses_nightly(
    world: World, persona: str, tenant: str
) -> None:
    await assert_same(
        await read_paths(world, persona, tenant), f"night:{persona}:{tenant}", EACH_NIGHTLY
    )
