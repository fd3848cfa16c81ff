"""Every read has two ways, straight from the statement and executed over its rows; nobody can tell them apart (D-57)."""

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
from tests.oracle.draw import Operation, Path, draw
from tests.oracle.held import held
from tests.proof.oracle import Viewer
from tests.support.covers import covers
from tests.support.world import PERSONAS, World

TENANTS = ("acme", "globex")
OPERATIONS = 1_000
"""By day; by night 2,000 with the same seeds, and 50,000 with others."""
NIGHTLY = 50_000
EACH = -(-OPERATIONS // (len(PERSONAS) * len(TENANTS)))
EACH_NIGHTLY = -(-NIGHTLY // (len(PERSONAS) * len(TENANTS)))
REMAINING = re.compile(rb'"remaining":\d+')
TOLD = 900
SHORT = 1_000
"""Characters at most: what is told of one kind of value is found in short operations as in long ones."""


@dataclass
class Ways:
    """One persona, answered both ways."""

    world: World
    sight: Viewer
    caller: Caller
    asked: int = 0
    answered: int = 0

    async def told(self, query: str, variables: Mapping[str, Any], *, executes: bool) -> bytes:
        """The whole response but for what is left of the budget, or what refuses it."""
        try:
            admitted = self.world.endpoint.documents.get(query)
            request = Request(query, admitted, None, variables, executes=executes)
            answer = await self.world.endpoint.reads.answer(self.caller, request)
        except (Refused, DocumentRejected) as refused:
            return repr(refused).encode() + str(vars(refused)).encode()
        return REMAINING.sub(b'"remaining":0', answer)

    async def same(self, query: str, variables: Mapping[str, Any]) -> bytes:
        """What both ways say."""
        straight = await self.told(query, variables, executes=False)
        executed = await self.told(query, variables, executes=True)
        self.asked += 1
        self.answered += straight.startswith(b'{"data"')
        assert straight == executed, _difference(query, variables, straight, executed)
        return straight

    async def drawn(self, seed: str) -> None:
        """A random operation, and another page of its lists where it has any."""
        operation = draw(seed, self.sight, SHORT)
        answer = await self.same(operation.query, operation.variables)
        if operation.paged and answer.startswith(b'{"data"'):
            found = _turned(operation, json.loads(answer)["data"], random.Random(seed))
            if found:
                await self.same(operation.query, {**operation.variables, **found})


def _turned(operation: Operation, data: Any, rng: random.Random) -> dict[str, str]:
    """Variables that turn the page."""
    known = {name: sorted(_cursors(path, data)) for name, path in operation.paged.items()}
    return {name: rng.choice(found) for name, found in known.items() if found}


def _cursors(path: Path, data: Any) -> Iterator[str]:
    """The ends of the pages of the lists at a path."""
    if isinstance(data, list):
        for one in data:
            yield from _cursors(path, one)
    elif isinstance(data, dict) and path:
        yield from _cursors(path[1:], data.get(path[0]))
    elif isinstance(data, dict):
        ends = (data.get("pageInfo") or {}).items()
        yield from (end for name, end in ends if name.endswith("Cursor") and end)


def _difference(query: str, variables: Mapping[str, Any], straight: bytes, executed: bytes) -> str:
    """The first place where they differ."""
    pairs = enumerate(zip(straight, executed, strict=False))
    place = next((i for i, (a, b) in pairs if a != b), min(len(straight), len(executed)))
    start = max(0, place - TOLD // 3)
    shown = [one[start : start + TOLD].decode(errors="replace") for one in (straight, executed)]
    return f"{query}\n{json.dumps(dict(variables))}\nstraight: {shown[0]}\nexecuted: {shown[1]}"


async def ways(world: World, persona: str, tenant: str = "acme") -> Ways:
    """A persona with a session of his own, so that transactions let him in."""
    sight = (await held(world, persona, tenant)).sight
    app_context = world.endpoint.app_context
    access = app_context.tokens.verify_access(await world.token(persona, tenant), app_context.now())
    caller = Caller(world.tenants[tenant], access.user, access.session, "")
    return Ways(world, sight, caller)


async def hold(both: Ways, seed: str, count: int) -> None:
    number = 0
    while both.asked < count:
        await both.drawn(f"{seed}:{number}")
        number += 1
    assert both.answered > 0.6 * both.asked, "most operations must be answered, not refused"


@covers("D-57", "D-42", "D-43", "D-31")
@pytest.mark.parametrize("count", [EACH, pytest.param(2 * EACH, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("persona", PERSONAS)
async def test_both_ways_answer_alike(world: World, persona: str, tenant: str, count: int) -> None:
    await hold(await ways(world, persona, tenant), f"ways:{persona}:{tenant}", count)


@covers("D-57", "D-42", "D-43", "D-31")
@pytest.mark.nightly
@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("persona", PERSONAS)
async def test_both_ways_answer_alike_all_night(world: World, persona: str, tenant: str) -> None:
    await hold(await ways(world, persona, tenant), f"night:{persona}:{tenant}", EACH_NIGHTLY)
