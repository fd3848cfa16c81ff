"""Asks the house for something drawn, and looks at what came of it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from domain.codes import Code, UserErrorCode
from schema.api import GRAPHQL, MUTATIONS
from tests.graph import step_effects
from tests.graph.checks import hold
from tests.graph.draw import Drawn, Input
from tests.graph.place import Place
from tests.support.world import Answer
from tests.writes.client import uuid_of

REFUSALS = {
    *map(str, UserErrorCode),
    *map(str, (Code.FORBIDDEN, Code.FIELD_FORBIDDEN, Code.FIELD_READ_ONLY, Code.NOT_FOUND)),
    *map(str, (Code.CONFLICT, Code.NOT_APPLIED, Code.UNAUTHENTICATED)),
}
"""What may come of what is valid in form. Whoever was shut out is not known any more."""
TOLD = "id userErrors { code path message }"
Root = tuple[str, Any, bool | None]


@dataclass(frozen=True)
class Request:
    """What one persona asks for at once: some deeds, or one for many."""

    persona: str
    roots: tuple[Root, ...]
    """Each a deed, its input or inputs, and `allOrNone`, if it is said."""
    key: str | None = None

    @property
    def query(self) -> str:
        """The mutation."""
        mutation = GRAPHQL.mutation_type
        assert mutation is not None
        named, roots = [], []
        for n, (deed, _, choice) in enumerate(self.roots):
            name, argument = next(iter(mutation.fields[deed].args.items()))
            all_or_none = "" if choice is None else f", allOrNone: {str(choice).lower()}"
            told = f"results {{ {TOLD} }} userErrors {{ code }}" if MUTATIONS[deed].many else TOLD
            named.append(f"$r{n}: {argument.type}")
            roots.append(f"r{n}: {deed}({name}: $r{n}{all_or_none}) {{ {told} }}")
        return f"mutation ({', '.join(named)}) {{ {' '.join(roots)} }}"

    @property
    def variables(self) -> dict[str, Any]:
        """Its inputs."""
        return {f"r{n}": given for n, (_, given, _) in enumerate(self.roots)}

    def __str__(self) -> str:
        told = "; ".join(
            f"{deed}{'' if c is None else c}({given})" for deed, given, c in self.roots
        )
        return f"{self.persona}{f' [{self.key}]' if self.key else ''}: {told}"


@dataclass
class Run:
    """A sequence of steps, and what came of all of them."""

    place: Place
    done: Counter[str]
    outcomes: Counter[str]
    tell: Callable[[str], None]
    number: int = 0
    asked: list[Request] = field(default_factory=list)

    async def step(self, rng: random.Random, names: tuple[str, ...]) -> None:
        """Ask for one of these deeds, perhaps with others, or for many records."""
        self.number += 1
        request = self._drawn(rng, names)
        self.tell(str(request))
        answer = await self._ask(request)
        self.tell(f"   -> {answer.body.decode()[:2000]}")
        assert answer.status < 500, answer.body
        refused = set(answer.codes)
        assert refused <= REFUSALS, answer.json
        before = self.place.facts
        await self._look()
        self._count(request, answer)
        after = self.place.facts
        wrong = [*step_effects.bound(before, after), *step_effects.begun(before, after)]
        for deed, payload in self._came(request, answer):
            if deed.startswith("opportunitySell") and len(request.roots) == 1:
                wrong += step_effects.sold(after, uuid_of(payload["id"]))
        assert not wrong, "\n".join(wrong)
        hold(after)
        if request.key and answer.status == 200:
            await self._again(request, answer)

    def _drawn(self, rng: random.Random, names: tuple[str, ...]) -> Request:
        drawn = Drawn(rng, self.place.facts, f"n{self.number}")
        persona, deed = drawn.persona(), drawn.deed(names)
        name = deed.name
        key = f"key {self.number}" if drawn.chance(8) else None
        if deed.many:
            inputs = [drawn.input(deed) for _ in range(drawn.one_of(1, 2, 3))]
            choice = drawn.one_of(None, True, False)
            return Request(persona, ((name, inputs, choice),), None if choice is False else key)
        roots: list[Root] = [(name, drawn.input(deed), None)]
        if drawn.chance(8):
            other = drawn.deed(names)
            given: Any = drawn.input(other)
            roots.append((other.name, [given] if other.many else given, None))
        return Request(persona, tuple(roots), key)

    async def _ask(self, request: Request) -> Answer:
        headers = {"idempotency_key": request.key} if request.key else {}
        return await self.place.own.ask(
            request.persona, request.query, request.variables, **headers
        )

    async def _look(self) -> None:
        place, before = self.place, self.place.facts
        log = await step_effects.entries(place)
        place.facts = await place.look({each["entity"] for each in log}) if log else before
        wrong = [*step_effects.told(log, before, place.facts)]
        wrong += await step_effects.in_history(place, before, place.facts, log)
        assert not wrong, "\n".join(wrong)

    async def _again(self, request: Request, answer: Answer) -> None:
        """Sent once more, it is not done once more."""
        second = await self._ask(request)
        assert not await step_effects.entries(self.place), "it was done twice"
        if "UNAUTHENTICATED" in second.codes or not self._came(request, answer):
            return
        assert second.json["extensions"]["idempotency"]["replayed"] is True, second.json
        assert _ids(second) == _ids(answer), second.json
        self.outcomes["replayed"] += 1

    def _came(self, request: Request, answer: Answer) -> list[tuple[str, Input]]:
        """What was done: the deed, and its payload."""
        found = []
        data = answer.json.get("data") or {}
        for n, (deed, _, _) in enumerate(request.roots):
            payload = data.get(f"r{n}") or {}
            listed = (payload.get("results") or ()) if MUTATIONS[deed].many else [payload]
            found += [
                (deed, each) for each in listed if each and each["id"] and not each["userErrors"]
            ]
        return found

    def _count(self, request: Request, answer: Answer) -> None:
        came = self._came(request, answer)
        for deed, _ in came:
            self.done[deed] += 1
        for deed, _, choice in request.roots if came else ():
            if MUTATIONS[deed].many:
                self.outcomes[f"allOrNone {choice}"] += 1
        self.outcomes.update(answer.codes)
        self.outcomes.update(f"{request.persona} {code}" for code in answer.codes or ["-"])
        for payload in (answer.json.get("data") or {}).values():
            self.outcomes.update(each["code"] for each in (payload or {}).get("userErrors", ()))

    async def end(self) -> None:
        """Whatever changed was in the log: so what is known by that is what there is."""
        assert (await self.place.look()).rows == self.place.facts.rows


def _ids(answer: Answer) -> Any:
    """The records that were told of."""
    return {
        name: [each and each["id"] for each in payload.get("results", [payload])]
        for name, payload in answer.data.items()
    }
