"""The change log under concurrent successful, failing, cancelled and disconnected writes: dense, ordered and complete."""

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
from tests.writes.client import (
    DONE,
    TenantClient,
    mutation_text,
    outcome_of,
    own_tenant,
    public_id,
    request,
    serve,
)

WRITERS = 32
NO_ACCOUNT = f"acc_{'0' * 32}"
COMMANDS_PER_WRITER = [
    pytest.param(15, id="daily"),
    pytest.param(400, id="nightly", marks=pytest.mark.nightly),
]
LOGGED_NAMES = """
    SELECT count(*) FROM change_log WHERE position > $1 AND after ->> 'name' = $2
    AND (kind = 'CREATED' OR 'name' = ANY(changed))
"""
TWO_ROOT_FIELDS = """mutation ($a: AccountUpdateInput!, $b: AccountUpdateInput!) {
  first: accountUpdate(input: $a) { id } done: accountUpdate(input: $b) { userErrors { code } }
}"""
PARTIAL_BULK_UPDATE = """mutation ($inputs: [OpportunityUpdateInput!]!) {
  done: opportunityUpdateMany(inputs: $inputs, allOrNone: false) { results { id } userErrors { code } }
}"""
LOG_STATE = """
    SELECT h.position AS head, l.* FROM log_head h, (
        SELECT count(DISTINCT position) AS positions, coalesce(max(position), $1) AS last,
               count(*) FILTER (WHERE position <= $2) AS known, count(*) AS rows
        FROM change_log WHERE position > $1
    ) l
"""


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[TenantClient]:
    async with own_tenant(world, "change-log") as client:
        yield client


@dataclass
class Load:
    """Concurrent writers and the outcomes they received; each change sets a unique name."""

    tenant: TenantClient
    rng: random.Random
    port: int
    accounts: list[str]
    opportunities: list[str]
    external_id: str
    other_owner: str
    """Id of an employee whose opportunities the writer cannot see."""
    succeeded: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    unanswered: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)

    async def write(self, commands: int) -> None:
        """Run one writer: a fifth of its commands fail, or it does not wait for the response."""
        valid = (
            self._create,
            self._update,
            self._create_several,
            self._rename,
            self._trash_and_restore,
        )
        failing = (
            self._too_long, self._conflict, self._second_fails, self._one_of_many, self._give_away,
            self._partial, self._duplicate, self._cancel, self._disconnect,
        )  # fmt: skip
        for _ in range(commands):
            choices = failing if self.rng.random() < 0.2 else valid
            await self.rng.choice(choices)(self.tenant.new_name())

    async def _ask(self, name: str, request: Awaitable[Any]) -> None:
        answer = await request
        self.codes.add(outcome_of(answer))
        (self.succeeded if outcome_of(answer) == DONE else self.failed).add(name)

    @property
    def _account(self) -> str:
        return self.rng.choice(self.accounts)

    async def _create(self, name: str) -> None:
        await self._ask(name, self.tenant.attempt("rep1", "accountCreate", name=name))

    async def _update(self, name: str) -> None:
        await self._ask(
            name, self.tenant.attempt("rep1", "accountUpdate", id=self._account, name=name)
        )

    async def _create_several(self, name: str) -> None:
        places = [{"city": "Bonn"}]
        inputs: list[dict[str, Any]] = [
            {"name": name},
            {"name": f"{name} too", "addresses": places},
        ]
        answer = await self.tenant.attempt_many("rep1", "accountCreate", inputs)
        assert outcome_of(answer) == DONE
        self.succeeded |= {name, f"{name} too"}

    async def _rename(self, name: str) -> None:
        id = self.rng.choice(self.opportunities)
        await self._ask(name, self.tenant.attempt("rep1", "opportunityUpdate", id=id, name=name))

    async def _trash_and_restore(self, name: str) -> None:
        id = await self.tenant.mutate("rep1", "accountCreate", name=name)
        self.succeeded.add(name)
        await self.tenant.mutate("rep1", "accountDelete", id=id)
        await self.tenant.mutate("rep1", "accountRestore", id=id)

    async def _too_long(self, name: str) -> None:
        params = {"name": name, "description": "x" * 10_001}
        await self._ask(name, self.tenant.attempt("rep1", "accountCreate", **params))

    async def _conflict(self, name: str) -> None:
        params: dict[str, Any] = {"id": self.accounts[0], "version": 1, "name": name}
        await self._ask(name, self.tenant.attempt("rep1", "accountUpdate", **params))

    async def _second_fails(self, name: str) -> None:
        params = {"a": {"id": self._account, "name": name}, "b": {"id": NO_ACCOUNT, "name": name}}
        await self._ask(name, self.tenant.ask("rep1", TWO_ROOT_FIELDS, params))

    async def _one_of_many(self, name: str) -> None:
        inputs = [{"name": name}, {"name": name, "parent": NO_ACCOUNT}]
        await self._ask(name, self.tenant.attempt_many("rep1", "accountCreate", inputs))

    async def _give_away(self, name: str) -> None:
        """Refused after the write, because the caller cannot see the record with its new owner."""
        params = {
            "id": self.rng.choice(self.opportunities),
            "owner": self.other_owner,
            "name": name,
        }
        await self._ask(name, self.tenant.attempt("rep1", "opportunityUpdate", **params))

    async def _partial(self, name: str) -> None:
        """One of two inputs succeeds; it is written twice, since the failure of the other rolls the first attempt back."""
        first, second = self.rng.sample(self.opportunities, 2)
        inputs = [
            {"id": first, "name": name},
            {"id": second, "name": f"{name} given away", "owner": self.other_owner},
        ]
        answer = await self.tenant.ask("rep1", PARTIAL_BULK_UPDATE, {"inputs": inputs})
        assert answer.codes == ["FORBIDDEN"], answer.json
        self.succeeded.add(name)
        self.failed.add(f"{name} given away")

    async def _duplicate(self, name: str) -> None:
        params = {"name": name, "externalId": self.external_id}
        await self._ask(name, self.tenant.attempt("rep1", "accountCreate", **params))

    async def _cancel(self, name: str) -> None:
        self.unanswered.add(name)
        task = asyncio.create_task(
            self.tenant.attempt("rep1", "accountUpdate", id=self._account, name=name)
        )
        await asyncio.sleep(self.rng.choice((0.0, 0.001, 0.004, 0.01, 0.03)))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _disconnect(self, name: str) -> None:
        self.unanswered.add(name)
        token = await self.tenant.world.token("rep1", self.tenant.slug)
        payload = request(
            mutation_text("accountUpdate"), {"input": {"id": self._account, "name": name}}, token
        )
        _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        size = self.rng.choice((len(payload), len(payload), len(payload) // 2))
        writer.write(payload[:size])
        await writer.drain()
        await asyncio.sleep(self.rng.choice((0.0, 0.001, 0.004, 0.01)))
        writer.transport.abort()


async def _follow(tenant: TenantClient, base: int, ended: asyncio.Event) -> int:
    """Read the log until the writers end, checking that it has no gaps; return how many reads saw new positions."""
    last = rows = grown = 0
    async with tenant.operator() as operator:
        while not ended.is_set():
            [state] = await operator.fetch(LOG_STATE, base, last)
            assert state["head"] == state["last"] == base + state["positions"], state
            assert state["last"] >= last
            assert not last or state["known"] == rows, "entries read before have changed"
            grown += state["last"] > last
            last, rows = state["last"], state["rows"]
    return grown


async def _load(tenant: TenantClient, port: int) -> Load:
    accounts = [
        await tenant.mutate("rep1", "accountCreate", name=tenant.new_name()) for _ in range(10)
    ]
    await tenant.mutate("rep1", "accountUpdate", id=accounts[0], name=tenant.new_name())
    external_id = tenant.new_name()
    await tenant.mutate("admin", "accountCreate", name=tenant.new_name(), externalId=external_id)
    opportunities = [await tenant.opportunity("rep1", account=accounts[0]) for _ in range(10)]
    other_owner = public_id("emp", await tenant.employee_id("rep2"))
    return Load(tenant, random.Random(7), port, accounts, opportunities, external_id, other_owner)


@covers("D-60", "D-58")
@pytest.mark.parametrize("commands", COMMANDS_PER_WRITER)
async def test_change_log_is_dense_and_correct_with_failing_writers(
    tenant: TenantClient, commands: int
) -> None:
    ended = asyncio.Event()
    async with serve(tenant) as port:
        load = await _load(tenant, port)
        base = (await tenant.log())[0]
        readers = [asyncio.create_task(_follow(tenant, base, ended)) for _ in range(2)]
        await asyncio.gather(*(load.write(commands) for _ in range(WRITERS)))
    ended.set()
    assert all(grown > 10 for grown in await asyncio.gather(*readers))
    failures = {"TOO_LONG", "CONFLICT", "NOT_FOUND", "NOT_APPLIED", "FORBIDDEN", "DUPLICATE"}
    assert load.codes <= failures | {DONE}
    assert load.codes >= failures - {"NOT_APPLIED", "NOT_FOUND"}
    async with tenant.operator() as operator:
        for names, times in ((load.succeeded, {1}), (load.failed, {0}), (load.unanswered, {0, 1})):
            assert len(names) > WRITERS // 4
            for name in names:
                assert await operator.fetchval(LOGGED_NAMES, base, name) in times, name
        for check in (_check_last_rows, _check_chain, _check_history):
            await check(operator, base)


async def _check_last_rows(operator: Any, base: int) -> None:
    """Check that the last log entry of every record equals its table row."""
    names = await operator.fetch("SELECT DISTINCT entity FROM change_log WHERE position > $1", base)
    assert {row["entity"] for row in names} == {"Account", "Address", "Opportunity"}
    for [name] in names:
        table = MODEL.entities[name].table.name
        mismatches = await operator.fetch(
            "SELECT l.record_id FROM (SELECT DISTINCT ON (record_id) record_id, after "  # noqa: S608 - a constant table name
            "FROM change_log WHERE entity = $1 ORDER BY record_id, position DESC, number DESC) l "
            f'LEFT JOIN "{table}" t ON t.id = l.record_id '
            f'WHERE jsonb_populate_record(NULL::"{table}", l.after) IS DISTINCT FROM t',
            name,
        )
        assert not mismatches, (name, mismatches)


async def _check_chain(operator: Any, base: int) -> None:
    """Check that the old row of each entry is the new row of the record's entry before it."""
    mismatches = await operator.fetch(
        "SELECT * FROM (SELECT position, kind, before, changed, after ->> 'version' AS version, "
        "lag(after) OVER each AS earlier, row_number() OVER each AS ordinal FROM change_log "
        "WINDOW each AS (PARTITION BY record_id ORDER BY position, number)) l "
        "WHERE before IS DISTINCT FROM earlier OR version::bigint <> ordinal "
        "OR (kind = 'CREATED') <> (ordinal = 1)"
    )
    assert not [row for row in mismatches if row["position"] > base], mismatches[:3]
    assert not await operator.fetch(
        "SELECT position FROM change_log WHERE position > $1 GROUP BY position "
        "HAVING min(number) <> 0 OR max(number) + 1 <> count(*)",
        base,
    )


async def _check_history(operator: Any, base: int) -> None:
    """Check that the history and the log contain the same changes of names."""
    logged = """
        SELECT record_id, (after ->> 'version')::bigint AS version, after ->> 'name' AS name
        FROM change_log WHERE kind = 'UPDATED' AND 'name' = ANY(changed)
    """
    recorded = """
        SELECT record_id, record_version AS version, after AS name
        FROM history WHERE kind = 'UPDATED' AND field = 'name'
    """
    for one, other in ((logged, recorded), (recorded, logged)):
        assert not await operator.fetch(f"{one} EXCEPT {other}")
