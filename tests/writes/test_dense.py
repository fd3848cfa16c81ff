"""The change log while many write, fail, are cancelled and go away: dense, in the order of the commits, and true."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from db.api import MODEL
from tests.support.covers import covers
from tests.support.world import World
from tests.writes.parallel import (
    DONE,
    TenantClient,
    mutation_text,
    outcome_of,
    own_tenant,
    public_id,
    request,
    served,
)

WRITERS = 32
DEEDS = [pytest.param(15, id="everyday"), pytest.param(400, marks=pytest.mark.nightly)]
TOLD = """
    SELECT count(*) FROM change_log WHERE position > $1 AND after ->> 'name' = $2
    AND (kind = 'CREATED' OR 'name' = ANY(changed))
"""
TWO = """mutation ($a: AccountUpdateInput!, $b: AccountUpdateInput!) {
  first: accountUpdate(input: $a) { id } done: accountUpdate(input: $b) { userErrors { code } }
}"""
SOME = """mutation ($inputs: [OpportunityUpdateInput!]!) {
  done: opportunityUpdateMany(inputs: $inputs, allOrNone: false) { results { id } userErrors { code } }
}"""
STATE = """
    SELECT h.position AS head, l.* FROM log_head h, (
        SELECT count(DISTINCT position) AS positions, coalesce(max(position), $1) AS last,
               count(*) FILTER (WHERE position <= $2) AS known, count(*) AS rows
        FROM change_log WHERE position > $1
    ) l
"""


@pytest.fixture(scope="module")
async def own(world: World) -> AsyncIterator[TenantClient]:
    async with own_tenant(world, "dense") as made:
        yield made


@dataclass
class Load:
    """Writers, and what they were told: each change has a name of its own."""

    own: TenantClient
    rng: random.Random
    port: int
    accounts: list[str]
    opportunities: list[str]
    outer: str
    others: str
    """The employee to whom opportunities are given away."""
    done: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)

    async def write(self, deeds: int) -> None:
        """One writer: a fifth of what he does fails, or he does not wait for the answer."""
        good = (self._create, self._update, self._several, self._rename, self._in_and_out)
        bad = (
            self._too_long, self._conflict, self._second_fails, self._one_of_many, self._given_away,
            self._some, self._duplicate, self._cancel, self._go_away,
        )  # fmt: skip
        for _ in range(deeds):
            choices = bad if self.rng.random() < 0.2 else good
            await self.rng.choice(choices)(self.own.name())

    async def _ask(self, name: str, asked: Awaitable[Any]) -> None:
        answer = await asked
        self.codes.add(outcome_of(answer))
        (self.done if outcome_of(answer) == DONE else self.refused).add(name)

    @property
    def _account(self) -> str:
        return self.rng.choice(self.accounts)

    async def _create(self, name: str) -> None:
        await self._ask(name, self.own.do("rep1", "accountCreate", name=name))

    async def _update(self, name: str) -> None:
        await self._ask(name, self.own.do("rep1", "accountUpdate", id=self._account, name=name))

    async def _several(self, name: str) -> None:
        places = [{"city": "Bonn"}]
        inputs: list[dict[str, Any]] = [
            {"name": name},
            {"name": f"{name} too", "addresses": places},
        ]
        answer = await self.own.many("rep1", "accountCreate", inputs)
        assert outcome_of(answer) == DONE
        self.done |= {name, f"{name} too"}

    async def _rename(self, name: str) -> None:
        id = self.rng.choice(self.opportunities)
        await self._ask(name, self.own.do("rep1", "opportunityUpdate", id=id, name=name))

    async def _in_and_out(self, name: str) -> None:
        id = await self.own.done("rep1", "accountCreate", name=name)
        self.done.add(name)
        await self.own.done("rep1", "accountDelete", id=id)
        await self.own.done("rep1", "accountRestore", id=id)

    async def _too_long(self, name: str) -> None:
        given = {"name": name, "description": "x" * 10_001}
        await self._ask(name, self.own.do("rep1", "accountCreate", **given))

    async def _conflict(self, name: str) -> None:
        given: dict[str, Any] = {"id": self.accounts[0], "version": 1, "name": name}
        await self._ask(name, self.own.do("rep1", "accountUpdate", **given))

    async def _second_fails(self, name: str) -> None:
        given = {"a": {"id": self._account, "name": name}, "b": {"id": "acc_0", "name": name}}
        await self._ask(name, self.own.ask("rep1", TWO, given))

    async def _one_of_many(self, name: str) -> None:
        inputs = [{"name": name}, {"name": name, "parent": "acc_0"}]
        await self._ask(name, self.own.many("rep1", "accountCreate", inputs))

    async def _given_away(self, name: str) -> None:
        """He would not see it afterwards: known only when it was written."""
        given = {"id": self.rng.choice(self.opportunities), "owner": self.others, "name": name}
        await self._ask(name, self.own.do("rep1", "opportunityUpdate", **given))

    async def _some(self, name: str) -> None:
        """One of two stands, and it is written twice, for the other takes it back once."""
        first, second = self.rng.sample(self.opportunities, 2)
        inputs = [
            {"id": first, "name": name},
            {"id": second, "name": f"{name} away", "owner": self.others},
        ]
        answer = await self.own.ask("rep1", SOME, {"inputs": inputs})
        assert answer.codes == ["FORBIDDEN"], answer.json
        self.done.add(name)
        self.refused.add(f"{name} away")

    async def _duplicate(self, name: str) -> None:
        given = {"name": name, "externalId": self.outer}
        await self._ask(name, self.own.do("rep1", "accountCreate", **given))

    async def _cancel(self, name: str) -> None:
        self.unknown.add(name)
        task = asyncio.create_task(
            self.own.do("rep1", "accountUpdate", id=self._account, name=name)
        )
        await asyncio.sleep(self.rng.choice((0.0, 0.001, 0.004, 0.01, 0.03)))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _go_away(self, name: str) -> None:
        self.unknown.add(name)
        token = await self.own.world.token("rep1", self.own.slug)
        said = request(
            mutation_text("accountUpdate"), {"input": {"id": self._account, "name": name}}, token
        )
        _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(said[: self.rng.choice((len(said), len(said), len(said) // 2))])
        await writer.drain()
        await asyncio.sleep(self.rng.choice((0.0, 0.001, 0.004, 0.01)))
        writer.transport.abort()


async def _follow(own: TenantClient, base: int, ended: asyncio.Event) -> int:
    """Read the log until all is written: never a position without those before it. How often it had grown."""
    last = rows = grown = 0
    async with own.operator() as operator:
        while not ended.is_set():
            [found] = await operator.fetch(STATE, base, last)
            assert found["head"] == found["last"] == base + found["positions"], found
            assert found["last"] >= last
            assert not last or found["known"] == rows, "what was told once has changed"
            grown += found["last"] > last
            last, rows = found["last"], found["rows"]
    return grown


async def _load(own: TenantClient, port: int) -> Load:
    accounts = [await own.done("rep1", "accountCreate", name=own.name()) for _ in range(10)]
    await own.done("rep1", "accountUpdate", id=accounts[0], name=own.name())
    outer = own.name()
    await own.done("admin", "accountCreate", name=own.name(), externalId=outer)
    opportunities = [await own.opportunity("rep1", account=accounts[0]) for _ in range(10)]
    others = public_id("emp", await own.employee("rep2"))
    return Load(own, random.Random(7), port, accounts, opportunities, outer, others)


@covers("D-60", "D-58")
@pytest.mark.parametrize("deeds", DEEDS)
async def test_change_log_is_dense_and_correct_with_failing_writers(
    own: TenantClient, deeds: int
) -> None:
    ended = asyncio.Event()
    async with served(own) as port:
        load = await _load(own, port)
        base = (await own.log())[0]
        readers = [asyncio.create_task(_follow(own, base, ended)) for _ in range(2)]
        await asyncio.gather(*(load.write(deeds) for _ in range(WRITERS)))
    ended.set()
    assert all(grown > 10 for grown in await asyncio.gather(*readers))
    failures = {"TOO_LONG", "CONFLICT", "NOT_FOUND", "NOT_APPLIED", "FORBIDDEN", "DUPLICATE"}
    assert load.codes <= failures | {DONE}
    assert load.codes >= failures - {"NOT_APPLIED", "NOT_FOUND"}
    async with own.operator() as operator:
        for names, times in ((load.done, {1}), (load.refused, {0}), (load.unknown, {0, 1})):
            assert len(names) > WRITERS // 4
            for name in names:
                assert await operator.fetchval(TOLD, base, name) in times, name
        for check in (_check_images, _check_chain, _check_history):
            await check(operator, base)


async def _check_images(operator: Any, base: int) -> None:
    """The last image of every record is what the table holds."""
    names = await operator.fetch("SELECT DISTINCT entity FROM change_log WHERE position > $1", base)
    assert {row["entity"] for row in names} == {"Account", "Address", "Opportunity"}
    for [name] in names:
        table = MODEL.entities[name].table.name
        wrong = await operator.fetch(
            "SELECT l.record_id FROM (SELECT DISTINCT ON (record_id) record_id, after "  # noqa: S608 - a table of ours
            "FROM change_log WHERE entity = $1 ORDER BY record_id, position DESC, number DESC) l "
            f'LEFT JOIN "{table}" t ON t.id = l.record_id '
            f'WHERE jsonb_populate_record(NULL::"{table}", l.after) IS DISTINCT FROM t',
            name,
        )
        assert not wrong, (name, wrong)


async def _check_chain(operator: Any, base: int) -> None:
    """What a record was before a change is what it was after the change before."""
    wrong = await operator.fetch(
        "SELECT * FROM (SELECT position, kind, before, changed, after ->> 'version' AS version, "
        "lag(after) OVER each AS earlier, row_number() OVER each AS place FROM change_log "
        "WINDOW each AS (PARTITION BY record_id ORDER BY position, number)) l "
        "WHERE before IS DISTINCT FROM earlier OR version::bigint <> place "
        "OR (kind = 'CREATED') <> (place = 1)"
    )
    assert not [row for row in wrong if row["position"] > base], wrong[:3]
    assert not await operator.fetch(
        "SELECT position FROM change_log WHERE position > $1 GROUP BY position "
        "HAVING min(number) <> 0 OR max(number) + 1 <> count(*)",
        base,
    )


async def _check_history(operator: Any, base: int) -> None:
    """The history tells the same: every change of a name, and nothing that is not in the log."""
    logged = """
        SELECT record_id, (after ->> 'version')::bigint AS version, after ->> 'name' AS name
        FROM change_log WHERE kind = 'UPDATED' AND 'name' = ANY(changed)
    """
    noted = """
        SELECT record_id, record_version AS version, after AS name
        FROM history WHERE kind = 'UPDATED' AND field = 'name'
    """
    for one, other in ((logged, noted), (noted, logged)):
        assert not await operator.fetch(f"{one} EXCEPT {other}")
