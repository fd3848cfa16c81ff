"""Runs drawn mutations against the house, one after the other, and holds each against the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.support.world import Answer
from tests.writes import compare, log_and_history, rights, seen
from tests.writes import state as states
from tests.writes.answers import read
from tests.writes.commands import Mutation
from tests.writes.draw import Drawn, Pick
from tests.writes.kinds import KINDS, RIGHTS, read_id
from tests.writes.model import Done, Wrong, apply
from tests.writes.rights import SetUp
from tests.writes.state import State
from tests.writes.stories import story
from tests.writes.tenant import PERSONAS, Tenant


@dataclass
class Kept:
    """A mutation that was done under a key, with the answer."""

    mutation: Mutation
    ids: list[list[str | None]]


@dataclass
class Run:
    """One sequence of steps in the small tenant."""

    tenant: Tenant
    setup: SetUp
    state: State
    tally: dict[str, int]
    tell: Callable[[str], None]
    plan: list[Mutation] = field(default_factory=list)
    """What comes next in a story."""
    keys: list[Kept] = field(default_factory=list)
    history: set[UUID] = field(default_factory=set)

    async def ask(self, mutation: Mutation) -> Answer:
        """Send it as its persona."""
        headers = {"idempotency_key": mutation.key} if mutation.key else {}
        return await self.tenant.world.ask(
            mutation.persona,
            mutation.document,
            mutation.variables,
            tenant=self.tenant.slug,
            **headers,
        )

    async def step(self, pick: Pick, number: int) -> None:
        """Draw something, do it, compare everything."""
        drawn = Drawn(pick, self.setup, self.state, number)
        if self.keys and drawn.chance(10):
            await self.again(drawn)
            return
        if not self.plan and drawn.chance(6):
            self.plan = story(drawn)
        mutation = self.plan.pop(0) if self.plan else drawn.mutation()
        self.tell(f"{number}: {mutation}")
        dump, head = await self.tenant.dump(), await self.tenant.head()
        images = await self.tenant.images()
        answer = await self.ask(mutation)
        self.tell(f"   -> {answer.body.decode()}")
        told = read(mutation, answer.json)
        if isinstance(told, str):
            raise Wrong(f"the whole request was refused: {told}")
        now = await self.tenant.moment(head[0])
        done = apply(self.setup, self.state, mutation, told, now)
        self.count(mutation, told, done)
        if done.failed:
            assert await self.tenant.dump() == dump, "something was left of a mutation that failed"
            return
        payloads = [one.payloads for one in told]
        await self.settled(mutation, done, payloads)
        await self.left(mutation, done, images, head, dump)
        self.shown(mutation, done, payloads)
        if mutation.key:
            self.keys.append(Kept(mutation, [[_id(p) for p in listed] for listed in payloads]))
        who = drawn.one_of(*PERSONAS)
        await seen.by(self.tenant, self.setup, who, self.state)

    async def settled(self, mutation: Mutation, done: Done, payloads: list[list[Any]]) -> None:
        """Take over what was done, with the real ids."""
        ids: dict[UUID, UUID] = {}
        for command, expected, listed in zip(mutation.commands, done.ids, payloads, strict=True):
            for identity, payload in zip(expected, listed, strict=True):
                if identity is None:
                    continue
                real = read_id(command.entity, payload["id"])
                assert real is not None, payload
                assert (
                    self.state.tables[command.entity].get(identity, {"id": real})["id"] == real
                ), payload
                ids[identity] = real
        self.state = await compare.settle(self.tenant, self.state, done, ids)
        await compare.invariants(self.tenant, self.state)

    async def left(
        self, mutation: Mutation, done: Done, images: Any, head: tuple[int, int], dump: Any
    ) -> None:
        """What stands in the log and in the history; nothing, if nothing changed."""
        user = self.setup.people[mutation.persona].user
        after = await self.tenant.images()
        await log_and_history.log(self.tenant, user, head[0], images, after)
        self.history |= await log_and_history.history(
            self.tenant, self.setup, user, self.history, self.state
        )
        position, access = await self.tenant.head()
        rights_moved = any(touch.entity in RIGHTS for touch in self.state.touches)
        assert access == head[1] + rights_moved, "the version of everybody's rights"
        self.tenant.rights_moved |= rights_moved
        if not done.state.touches and not done.state.loose:
            assert position == head[0], "a change that changes nothing has no position"
            if not mutation.key:
                assert await self.tenant.dump() == dump

    def shown(self, mutation: Mutation, done: Done, payloads: list[list[Any]]) -> None:
        """The records in the answer are as they are now; those in the bin are not shown."""
        often: dict[UUID, set[int]] = {}
        for touch in self.state.touches:
            often.setdefault(touch.id, set()).add(touch.root)
        person = self.setup.people[mutation.persona]
        for command, listed in zip(mutation.commands, payloads, strict=True):
            for payload in listed:
                if payload is None or payload["id"] is None:
                    continue
                identity = read_id(command.entity, payload["id"])
                row = self.state.tables[command.entity][identity] if identity else None
                if row is None or len(often.get(row["id"], ())) > 1:
                    continue
                node = payload[command.one]
                visible = rights.sees(person, command.entity, row, self.state.tables)
                assert (node is not None) == visible, payload
                if node is not None:
                    seen.record(self.setup, person, self.state, command.entity, row, node)

    async def again(self, drawn: Drawn) -> None:
        """The same key once more: the same ids, read anew, or another body that is refused."""
        kept = drawn.one_of(*self.keys)
        other = drawn.chance(3)
        mutation = drawn.mutation() if other else kept.mutation
        mutation = Mutation(kept.mutation.persona, mutation.commands, kept.mutation.key)
        if other and mutation == kept.mutation:
            return
        self.tell(f"again: {mutation}")
        dump = await self.tenant.dump()
        answer = await self.ask(mutation)
        self.tell(f"   -> {answer.body.decode()}")
        assert await self.tenant.dump() == dump, "a replay changed something"
        if other:
            assert set(answer.codes) == {"IDEMPOTENCY_MISMATCH"}, answer.json
            self.tally["IDEMPOTENCY_MISMATCH"] = self.tally.get("IDEMPOTENCY_MISMATCH", 0) + 1
            return
        assert answer.json["extensions"]["idempotency"]["replayed"] is True, answer.json
        told = read(mutation, answer.json)
        assert not isinstance(told, str)
        assert [[_id(p) for p in one.payloads] for one in told] == kept.ids, answer.json
        self.state.touches = []
        self.shown(mutation, Done(self.state), [one.payloads for one in told])
        self.tally["replayed"] = self.tally.get("replayed", 0) + 1

    def count(self, mutation: Mutation, told: Any, done: Done) -> None:
        """What came of it, for the table of outcomes."""
        for command, one in zip(mutation.commands, told, strict=True):
            for code in one.codes or {"done"}:
                name = f"{command.entity}{command.action} {code}"
                self.tally[name] = self.tally.get(name, 0) + 1


def _id(payload: Any) -> str | None:
    return None if payload is None else payload["id"]


async def sequence(
    tenant: Tenant, pick: Pick, steps: int, tally: dict[str, int], tell: Callable[[str], None]
) -> None:
    """A sequence of steps from the beginning."""
    await tenant.put_back()
    run = Run(tenant, await rights.load(tenant), await states.load(tenant), tally, tell)
    for number in range(1 + pick(steps)):
        await run.step(pick, number)
    for persona in PERSONAS:
        await seen.by(tenant, run.setup, persona, run.state)


assert set(seen.LISTS) == set(KINDS)
