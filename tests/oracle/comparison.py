"""Sends operations to the application and to the oracle, and reports the differences."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.compare import cursors, mismatch, report
from tests.oracle.draw import Operation, Path, draw
from tests.oracle.oracle import expect
from tests.oracle.pages import Cursor
from tests.proof.oracle import Viewer, viewer
from tests.proof.rows import load
from tests.support.world import Answer, World

MAX_REPORTED = 3


@dataclass
class Comparison:
    """Operations of one persona, with the differences between application and oracle so far."""

    world: World
    persona: str
    tenant: str
    viewer: Viewer
    request_count: int = 0
    too_large_count: int = 0
    differences: list[str] = field(default_factory=list)

    async def ask(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        known: Mapping[str, Cursor] | None = None,
    ) -> tuple[Any, Answer]:
        """The expected data and the application's response, after their comparison."""
        self.request_count += 1
        expected = expect(self.viewer, query, variables, known)
        answer = await self.answer(query, variables)
        if answer.codes == ["QUERY_TOO_COMPLEX"]:  # the generator only estimates the cost
            self.too_large_count += 1
            return None, answer
        if found := mismatch(expected, answer):
            who = f"{self.persona} of {self.tenant}"
            self.differences.append(report(who, query, variables or {}, found))
        return expected.data, answer

    async def answer(self, query: str, variables: Mapping[str, Any] | None = None) -> Answer:
        """The application's response; repeats a rate-limited request after the given time."""
        while True:
            answer = await self.world.ask(self.persona, query, variables, tenant=self.tenant)
            if answer.codes != ["RATE_LIMITED"]:
                return answer
            await asyncio.sleep(answer.json["errors"][0]["extensions"]["retryAfter"])

    async def assert_matches(self, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The data of the response, which must equal the expected data."""
        _, answer = await self.ask(query, variables)
        self.check()
        return answer.data

    async def error_codes(
        self, query: str, variables: Mapping[str, Any] | None = None
    ) -> list[str]:
        """The error codes of the response, which the oracle must expect."""
        _, answer = await self.ask(query, variables)
        self.check()
        return answer.codes

    def check(self) -> None:
        """Fail if any response differed."""
        reports = "\n\n".join(self.differences[:MAX_REPORTED])
        assert not self.differences, (
            f"{len(self.differences)} of {self.request_count} responses differ\n{reports}"
        )

    async def compare_random(self, seed: str) -> None:
        """Compare a random operation and, if it has lists, another page of them."""
        operation = draw(f"{seed}:{self.persona}:{self.tenant}", self.viewer)
        expected, answer = await self.ask(operation.query, operation.variables)
        if expected and not answer.codes and operation.paged:
            await self._next_page(operation, expected, answer.json["data"], random.Random(seed))

    async def _next_page(
        self, operation: Operation, expected: Any, data: Any, rng: random.Random
    ) -> None:
        """Compare the same operation with cursors from the first response."""
        variables, known = dict(operation.variables), {}
        for variable, path in operation.paged.items():
            ends = list(at(path, expected, data)) if rng.random() < 0.9 else []
            if ends:
                variables[variable], target = rng.choice(ends)
                known[variables[variable]] = target
        if known:
            await self.ask(operation.query, variables, known)


def at(path: Path, expected: Any, data: Any) -> Iterator[tuple[str, Cursor]]:
    """The cursors of the lists at a path, without nested lists."""
    if isinstance(expected, list) and isinstance(data, list):
        for one, other in zip(expected, data, strict=False):
            yield from at(path, one, other)
    elif isinstance(expected, dict) and isinstance(data, dict):
        if path:
            yield from at(path[1:], expected.get(path[0]), data.get(path[0]))
            return
        yield from cursors(expected.get("pageInfo"), data.get("pageInfo"))
        for one, other in zip(expected.get("edges", []), data.get("edges", []), strict=False):
            yield from cursors(one.get("cursor"), other.get("cursor"))


async def comparison_for(world: World, persona: str, tenant: str = "acme") -> Comparison:
    """A comparison for a persona with the current rows of the tenant."""
    await world.token(persona, tenant)  # first, because signing in adds a row
    all_rows = await load(world.admin, world.schema(tenant))
    return Comparison(world, persona, tenant, viewer(all_rows, persona, tenant))
