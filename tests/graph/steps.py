"""Runs generated requests and checks their effects."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from domain.codes import Code, UserErrorCode
from schema.api import GRAPHQL, MUTATIONS
from tests.graph import step_effects
from tests.graph.checks import assert_invariants
from tests.graph.generator import Generator, Input
from tests.graph.graph_tenant import GraphTenant
from tests.support.world import Answer
from tests.writes.client import uuid_of

REFUSALS = {
    *map(str, UserErrorCode),
    *map(str, (Code.FORBIDDEN, Code.FIELD_FORBIDDEN, Code.FIELD_READ_ONLY, Code.NOT_FOUND)),
    *map(str, (Code.NOT_APPLIED, Code.UNAUTHENTICATED)),
}
"""Codes with which a request that is valid in form may be refused, including for users disabled meanwhile."""
SELECTION = "id userErrors { code path message }"
Root = tuple[str, Any, bool | None]


@dataclass(frozen=True)
class Request:
    """One request of a persona: several mutations, or one bulk mutation."""

    persona: str
    roots: tuple[Root, ...]
    """For each root field the mutation, its input or inputs, and `allOrNone` if it is sent."""
    key: str | None = None

    @property
    def query(self) -> str:
        """The text of the mutation."""
        root_type = GRAPHQL.mutation_type
        assert root_type is not None
        named, roots = [], []
        for n, (mutation, _, choice) in enumerate(self.roots):
            name, argument = next(iter(root_type.fields[mutation].args.items()))
            all_or_none = "" if choice is None else f", allOrNone: {str(choice).lower()}"
            selection = (
                f"results {{ {SELECTION} }} userErrors {{ code }}"
                if MUTATIONS[mutation].many
                else SELECTION
            )
            named.append(f"$r{n}: {argument.type}")
            roots.append(f"r{n}: {mutation}({name}: $r{n}{all_or_none}) {{ {selection} }}")
        return f"mutation ({', '.join(named)}) {{ {' '.join(roots)} }}"

    @property
    def variables(self) -> dict[str, Any]:
        """The inputs as variables."""
        return {f"r{n}": params for n, (_, params, _) in enumerate(self.roots)}

    def __str__(self) -> str:
        calls = "; ".join(
            f"{mutation}{'' if c is None else c}({params})" for mutation, params, c in self.roots
        )
        return f"{self.persona}{f' [{self.key}]' if self.key else ''}: {calls}"


@dataclass
class Run:
    """A sequence of steps with counts of their outcomes."""

    tenant: GraphTenant
    done: Counter[str]
    outcomes: Counter[str]
    report: Callable[[str], None]
    number: int = 0

    async def step(self, rng: random.Random, names: tuple[str, ...]) -> None:
        """Run a request with one of the named mutations and check its effects."""
        self.number += 1
        request = self._generate(rng, names)
        self.report(str(request))
        response = await self._send(request)
        self.report(f"   -> {response.body.decode()[:2000]}")
        assert response.status < 500, response.body
        refused = set(response.codes)
        assert refused <= REFUSALS, response.json
        before = self.tenant.records
        await self._refresh()
        self._count(request, response)
        after = self.tenant.records
        violations = [
            *step_effects.frozen_violations(before, after),
            *step_effects.stage_violations(before, after),
        ]
        for mutation, payload in self._succeeded(request, response):
            if mutation.startswith("opportunitySell") and len(request.roots) == 1:
                violations += step_effects.sale_violations(after, uuid_of(payload["id"]))
        assert not violations, "\n".join(violations)
        assert_invariants(after)
        if request.key and response.status == 200:
            await self._replay(request, response)

    def _generate(self, rng: random.Random, names: tuple[str, ...]) -> Request:
        generator = Generator(rng, self.tenant.records, f"n{self.number}")
        persona, mutation = generator.persona(), generator.choose_mutation(names)
        name = mutation.name
        key = f"key {self.number}" if generator.chance(8) else None
        if mutation.many:
            inputs = [generator.input(mutation) for _ in range(generator.one_of(1, 2, 3))]
            choice = generator.one_of(None, True, False)
            return Request(persona, ((name, inputs, choice),), None if choice is False else key)
        roots: list[Root] = [(name, generator.input(mutation), None)]
        if generator.chance(8):
            other = generator.choose_mutation(names)
            params: Any = generator.input(other)
            roots.append((other.name, [params] if other.many else params, None))
        return Request(persona, tuple(roots), key)

    async def _send(self, request: Request) -> Answer:
        headers = {"idempotency_key": request.key} if request.key else {}
        return await self.tenant.client.ask(
            request.persona, request.query, request.variables, **headers
        )

    async def _refresh(self) -> None:
        tenant, before = self.tenant, self.tenant.records
        log = await step_effects.new_entries(tenant)
        tenant.records = await tenant.read({each["entity"] for each in log}) if log else before
        violations = [*step_effects.log_violations(log, before, tenant.records)]
        violations += await step_effects.history_violations(tenant, before, tenant.records, log)
        assert not violations, "\n".join(violations)

    async def _replay(self, request: Request, response: Answer) -> None:
        """Repeat a request with its idempotency key: it must not run again."""
        second = await self._send(request)
        assert not await step_effects.new_entries(self.tenant), "the repeated request was executed"
        if "UNAUTHENTICATED" in second.codes or not self._succeeded(request, response):
            return
        assert second.json["extensions"]["idempotency"]["replayed"] is True, second.json
        assert _ids(second) == _ids(response), second.json
        self.outcomes["replayed"] += 1

    def _succeeded(self, request: Request, response: Answer) -> list[tuple[str, Input]]:
        """The mutations that succeeded, with their payloads."""
        succeeded = []
        data = response.json.get("data") or {}
        for n, (mutation, _, _) in enumerate(request.roots):
            payload = data.get(f"r{n}") or {}
            listed = (payload.get("results") or ()) if MUTATIONS[mutation].many else [payload]
            succeeded += [
                (mutation, each)
                for each in listed
                if each and each["id"] and not each["userErrors"]
            ]
        return succeeded

    def _count(self, request: Request, response: Answer) -> None:
        succeeded = self._succeeded(request, response)
        for mutation, _ in succeeded:
            self.done[mutation] += 1
        for mutation, _, choice in request.roots if succeeded else ():
            if MUTATIONS[mutation].many:
                self.outcomes[f"allOrNone {choice}"] += 1
        self.outcomes.update(response.codes)
        self.outcomes.update(f"{request.persona} {code}" for code in response.codes or ["-"])
        for payload in (response.json.get("data") or {}).values():
            self.outcomes.update(each["code"] for each in (payload or {}).get("userErrors", ()))

    async def end(self) -> None:
        """Check that the rows known from the log equal all current rows."""
        assert (await self.tenant.read()).rows == self.tenant.records.rows


def _ids(response: Answer) -> Any:
    """The ids of the records in a response."""
    return {
        name: [each and each["id"] for each in payload.get("results", [payload])]
        for name, payload in response.data.items()
    }
