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
from tests.oracle.comparison import comparison_for
from tests.oracle.draw import Operation, Path, draw
from tests.proof.oracle import Viewer
from tests.support.covers import covers
from tests.support.world import PERSONAS, World

TENANTS = ("acme", "globex")
OPERATIONS = 1_000
"""Operations of the daily run; the nightly run has 2,000 with the same seeds and 50,000 with others."""
NIGHTLY = 50_000
OPERATIONS_PER_USER = -(-OPERATIONS // (len(PERSONAS) * len(TENANTS)))
OPERATIONS_PER_USER_NIGHTLY = -(-NIGHTLY // (len(PERSONAS) * len(TENANTS)))
REMAINING = re.compile(rb'"remaining":\d+')
MAX_SHOWN_BYTES = 900
MAX_CHARACTERS = 1_000
"""Maximum characters of an operation; short operations cover the same kinds of values as long ones."""


@dataclass
class ReadPaths:
    """Operations of one persona over both read paths."""

    world: World
    viewer: Viewer
    caller: Caller
    request_count: int = 0
    answered_count: int = 0

    async def response(self, query: str, variables: Mapping[str, Any], *, executes: bool) -> bytes:
        """The response without the remaining budget, or the text of the refusal."""
        try:
            admitted = self.world.endpoint.documents.get(query)
            request = Request(query, admitted, None, variables, executes=executes)
            answer = await self.world.endpoint.reads.answer(self.caller, request)
        except (Refused, DocumentRejected) as refused:
            return repr(refused).encode() + str(vars(refused)).encode()
        return REMAINING.sub(b'"remaining":0', answer)

    async def assert_identical(self, query: str, variables: Mapping[str, Any]) -> bytes:
        """The response of both paths, which must be identical."""
        direct = await self.response(query, variables, executes=False)
        executed = await self.response(query, variables, executes=True)
        self.request_count += 1
        self.answered_count += direct.startswith(b'{"data"')
        assert direct == executed, _difference(query, variables, direct, executed)
        return direct

    async def compare_random(self, seed: str) -> None:
        """Compare a random operation and, if it has lists, another page of them."""
        operation = draw(seed, self.viewer, MAX_CHARACTERS)
        answer = await self.assert_identical(operation.query, operation.variables)
        if operation.paged and answer.startswith(b'{"data"'):
            variables = _next_page(operation, json.loads(answer)["data"], random.Random(seed))
            if variables:
                await self.assert_identical(operation.query, {**operation.variables, **variables})


def _next_page(operation: Operation, data: Any, rng: random.Random) -> dict[str, str]:
    """Cursor variables for other pages of the operation's lists."""
    cursors = {name: sorted(_cursors(path, data)) for name, path in operation.paged.items()}
    return {name: rng.choice(ends) for name, ends in cursors.items() if ends}


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


def _difference(query: str, variables: Mapping[str, Any], direct: bytes, executed: bytes) -> str:
    """Message with the first difference of two responses."""
    pairs = enumerate(zip(direct, executed, strict=False))
    place = next((i for i, (a, b) in pairs if a != b), min(len(direct), len(executed)))
    start = max(0, place - MAX_SHOWN_BYTES // 3)
    shown = [
        one[start : start + MAX_SHOWN_BYTES].decode(errors="replace") for one in (direct, executed)
    ]
    return f"{query}\n{json.dumps(dict(variables))}\nstraight: {shown[0]}\nexecuted: {shown[1]}"


async def read_paths(world: World, persona: str, tenant: str = "acme") -> ReadPaths:
    """Read paths of a persona with a separate session, as transactions require."""
    viewer = (await comparison_for(world, persona, tenant)).viewer
    app_context = world.endpoint.app_context
    access = app_context.tokens.verify_access(await world.token(persona, tenant), app_context.now())
    caller = Caller(world.tenants[tenant], access.user, access.session, "")
    return ReadPaths(world, viewer, caller)


async def assert_random_operations_agree(paths: ReadPaths, seed: str, count: int) -> None:
    number = 0
    while paths.request_count < count:
        await paths.compare_random(f"{seed}:{number}")
        number += 1
    assert paths.answered_count > 0.6 * paths.request_count, (
        "most operations must be answered, not refused"
    )


@covers("D-57", "D-42", "D-43", "D-31")
@pytest.mark.parametrize(
    "count", [OPERATIONS_PER_USER, pytest.param(2 * OPERATIONS_PER_USER, marks=pytest.mark.nightly)]
)
@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("persona", PERSONAS)
async def test_read_paths_return_identical_responses(
    world: World, persona: str, tenant: str, count: int
) -> None:
    await assert_random_operations_agree(
        await read_paths(world, persona, tenant), f"ways:{persona}:{tenant}", count
    )


@covers("D-57", "D-42", "D-43", "D-31")
@pytest.mark.nightly
@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("persona", PERSONAS)
async def test_read_paths_return_identical_responses_nightly(
    world: World, persona: str, tenant: str
) -> None:
    await assert_random_operations_agree(
        await read_paths(world, persona, tenant),
        f"night:{persona}:{tenant}",
        OPERATIONS_PER_USER_NIGHTLY,
    )
