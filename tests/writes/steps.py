"""Runs generated mutations against the application and compares the result of each with the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.support.world import Answer
from tests.writes import compare, log_and_history, rights, visibility
from tests.writes import state as states
from tests.writes.commands import Mutation
from tests.writes.entity_types import ENTITY_TYPES, RIGHTS_ENTITIES, parse_api_id
from tests.writes.generator import InputGenerator, Pick
from tests.writes.model import Mismatch, Outcome, apply
from tests.writes.responses import read
from tests.writes.rights import SetUp
from tests.writes.scenarios import scenario
from tests.writes.state import State
from tests.writes.tenant import PERSONAS, Tenant


@dataclass
class StoredResult:
    """A mutation that succeeded with an idempotency key, and the ids in its payloads."""

    mutation: Mutation
    ids: list[list[str | None]]


@dataclass
class Run:
    """One sequence of steps in the small tenant."""

    tenant: Tenant
    setup: SetUp
    state: State
    tally: dict[str, int]
    report: Callable[[str], None]
    plan: list[Mutation] = field(default_factory=list)
    """Remaining mutations of the current scenario."""
    stored: list[StoredResult] = field(default_factory=list)
    history: set[UUID] = field(default_factory=set)

    async def ask(self, mutation: Mutation) -> Answer:
        """Send the mutation as its persona."""
        headers = {"idempotency_key": mutation.key} if mutation.key else {}
        return await self.tenant.world.ask(
            mutation.persona,
            mutation.document,
            mutation.variables,
            tenant=self.tenant.slug,
            **headers,
        )

    async def step(self, pick: Pick, number: int) -> None:
        """Run one generated mutation and compare response, tables, log, history and visible records."""
        generator = InputGenerator(pick, self.setup, self.state, number)
        if self.stored and generator.chance(10):
            await self.replay(generator)
            return
        if not self.plan and generator.chance(6):
            self.plan = scenario(generator)
        mutation = self.plan.pop(0) if self.plan else generator.mutation()
        self.report(f"{number}: {mutation}")
        dump, head = await self.tenant.dump(), await self.tenant.head()
        json_rows = await self.tenant.json_rows()
        answer = await self.ask(mutation)
        self.report(f"   -> {answer.body.decode()}")
        results = read(mutation, answer.json)
        if isinstance(results, str):
            raise Mismatch(f"the whole request was refused: {results}")
        now = await self.tenant.changed_at(head[0])
        outcome = apply(self.setup, self.state, mutation, results, now)
        self.count(mutation, results, outcome)
        if outcome.failed:
            assert await self.tenant.dump() == dump, "a failed mutation changed a table"
            return
        payloads = [one.payloads for one in results]
        await self.reconcile(mutation, outcome, payloads)
        await self.check_log_and_history(mutation, outcome, json_rows, head, dump)
        self.check_payloads(mutation, outcome, payloads)
        if mutation.key:
            self.stored.append(
                StoredResult(mutation, [[_id(p) for p in listed] for listed in payloads])
            )
        persona = generator.one_of(*PERSONAS)
        await visibility.check_all(self.tenant, self.setup, persona, self.state)

    async def reconcile(
        self, mutation: Mutation, outcome: Outcome, payloads: list[list[Any]]
    ) -> None:
        """Check the tables and adopt the model's state with real ids."""
        ids: dict[UUID, UUID] = {}
        for command, expected, listed in zip(mutation.commands, outcome.ids, payloads, strict=True):
            for identity, payload in zip(expected, listed, strict=True):
                if identity is None:
                    continue
                real = parse_api_id(command.entity, payload["id"])
                assert real is not None, payload
                assert (
                    self.state.tables[command.entity].get(identity, {"id": real})["id"] == real
                ), payload
                ids[identity] = real
        self.state = await compare.reconcile(self.tenant, self.state, outcome, ids)
        await compare.check_invariants(self.tenant, self.state)

    async def check_log_and_history(
        self, mutation: Mutation, outcome: Outcome, json_rows: Any, head: tuple[int, int], dump: Any
    ) -> None:
        """Check the change log and the history; a mutation without changes adds nothing."""
        user = self.setup.people[mutation.persona].user
        after = await self.tenant.json_rows()
        await log_and_history.check_log(self.tenant, user, head[0], json_rows, after)
        self.history |= await log_and_history.check_history(
            self.tenant, self.setup, user, self.history, self.state
        )
        position, access = await self.tenant.head()
        bump_access_version = any(change.entity in RIGHTS_ENTITIES for change in self.state.changes)
        assert access == head[1] + bump_access_version, "access version"
        self.tenant.bump_access_version |= bump_access_version
        if not outcome.state.changes and not outcome.state.unspecified:
            assert position == head[0], "a mutation without changes has a position"
            if not mutation.key:
                assert await self.tenant.dump() == dump

    def check_payloads(
        self, mutation: Mutation, outcome: Outcome, payloads: list[list[Any]]
    ) -> None:
        """Check that payloads contain the current records, and null for invisible and trashed ones."""
        roots: dict[UUID, set[int]] = {}
        for change in self.state.changes:
            roots.setdefault(change.id, set()).add(change.root)
        person = self.setup.people[mutation.persona]
        for command, listed in zip(mutation.commands, payloads, strict=True):
            for payload in listed:
                if payload is None or payload["id"] is None:
                    continue
                identity = parse_api_id(command.entity, payload["id"])
                row = self.state.tables[command.entity][identity] if identity else None
                if row is None or len(roots.get(row["id"], ())) > 1:
                    continue
                node = payload[command.one]
                visible = rights.sees(person, command.entity, row, self.state.tables)
                assert (node is not None) == visible, payload
                if node is not None:
                    visibility.check_record(
                        self.setup, person, self.state, command.entity, row, node
                    )

    async def replay(self, generator: InputGenerator) -> None:
        """Repeat a key: the same body is replayed with the same ids, another body is refused."""
        stored = generator.one_of(*self.stored)
        other = generator.chance(3)
        mutation = generator.mutation() if other else stored.mutation
        mutation = Mutation(stored.mutation.persona, mutation.commands, stored.mutation.key)
        if other and mutation == stored.mutation:
            return
        self.report(f"replay: {mutation}")
        dump = await self.tenant.dump()
        answer = await self.ask(mutation)
        self.report(f"   -> {answer.body.decode()}")
        assert await self.tenant.dump() == dump, "a replay changed something"
        if other:
            assert set(answer.codes) == {"IDEMPOTENCY_MISMATCH"}, answer.json
            self.tally["IDEMPOTENCY_MISMATCH"] = self.tally.get("IDEMPOTENCY_MISMATCH", 0) + 1
            return
        assert answer.json["extensions"]["idempotency"]["replayed"] is True, answer.json
        results = read(mutation, answer.json)
        assert not isinstance(results, str)
        assert [[_id(p) for p in one.payloads] for one in results] == stored.ids, answer.json
        self.state.changes = []
        self.check_payloads(mutation, Outcome(self.state), [one.payloads for one in results])
        self.tally["replayed"] = self.tally.get("replayed", 0) + 1

    def count(self, mutation: Mutation, results: Any, outcome: Outcome) -> None:
        """Count the outcomes by command and error code."""
        for command, one in zip(mutation.commands, results, strict=True):
            for code in one.codes or {"done"}:
                name = f"{command.entity}{command.action} {code}"
                self.tally[name] = self.tally.get(name, 0) + 1


def _id(payload: Any) -> str | None:
    return None if payload is None else payload["id"]


async def sequence(
    tenant: Tenant, pick: Pick, steps: int, tally: dict[str, int], report: Callable[[str], None]
) -> None:
    """Reset the tenant and run a sequence of steps."""
    await tenant.reset()
    run = Run(tenant, await rights.load(tenant), await states.load(tenant), tally, report)
    for number in range(1 + pick(steps)):
        await run.step(pick, number)
    for persona in PERSONAS:
        await visibility.check_all(tenant, run.setup, persona, run.state)


assert set(visibility.LISTS) == set(ENTITY_TYPES)
