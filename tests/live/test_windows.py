"""Windows of live lists: what enters and leaves, in which order, and which orders are refused."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from domain.live import LiveChangeKind
from subscriptions.engine.contracts import RecordChange, Row, RowsById
from subscriptions.engine.window import advance, changes_between, state_of
from tests.leaks.channels import DIRECTIONS, edges, sortable
from tests.live.property.client import Socket
from tests.live.property.documents import Document
from tests.live.property.seen import ENTITY
from tests.live.property.served_tenant import ServedTenant, open_tenant
from tests.live.property.watch import Event, Watcher, read
from tests.proof.rights import PERSONA_PER_PROFILE, PERSONAS, Level, is_closed, level
from tests.support.covers import covers
from tests.support.world import World

MARK = "window"
FIRST = Document(
    "names", "name", f'name: {{ startsWith: "{MARK}" }}', first=3, order="{ name: ASC }"
)
AMOUNT = Document(
    "amounts", "id", f'name: {{ startsWith: "{MARK}" }}', first=3, order="{ amount: DESC }"
)
SIZES = (1, 2, 3, 7)


@pytest.fixture(scope="module")
async def tenant(world: World) -> AsyncIterator[ServedTenant]:
    async with open_tenant(world, "windows") as served:
        yield served


async def _next(watcher: Watcher) -> Event:
    """The next event, after which the rows must equal the query's."""
    had = len(watcher.kinds)
    await watcher.settle()
    assert watcher.kinds[had:] == ["DELTA"], watcher.kinds
    assert watcher.operation is not None
    return read(watcher.document, watcher.operation.frames[-1])


def _brief(event: Event) -> list[tuple[str, str, str | None]]:
    return [(kind, id, previous) for kind, id, previous, _ in event.changes]


@covers("D-62")
async def test_records_enter_and_leave_a_full_window(tenant: ServedTenant) -> None:
    client = tenant.client
    one, two, four = [await client.opportunity("admin", name=f"{MARK} {n}") for n in (1, 2, 4)]
    socket = await tenant.connect("admin")
    watcher = Watcher(tenant, "admin", FIRST)
    await watcher.subscribe(socket)
    assert list(watcher.rows) == [one, two, four]
    assert not watcher.has_more
    three = await client.opportunity("admin", name=f"{MARK} 3")
    event = await _next(watcher)
    assert _brief(event) == [("LEFT", four, None), ("ENTERED", three, two)]
    assert event.has_more
    await client.mutate("admin", "opportunityUpdate", id=one, name=f"{MARK} 25")
    assert _brief(await _next(watcher)) == [("UPDATED", one, two)]
    await client.mutate("admin", "opportunityDelete", id=two)
    event = await _next(watcher)
    assert _brief(event) == [("LEFT", two, None), ("ENTERED", four, three)]
    assert not event.has_more
    await client.mutate("admin", "opportunityRestore", id=two)
    await _next(watcher)
    await client.mutate("admin", "opportunityDelete", id=four)
    event = await _next(watcher)
    assert (event.changes, event.has_more) == ((), False)
    for id in (one, two, three):
        await client.mutate("admin", "opportunityDelete", id=id)
    await watcher.settle()
    await socket.close()


async def test_equal_keys_are_sorted_by_id(tenant: ServedTenant) -> None:
    client = tenant.client
    names = [f"{MARK} {n}" for n in range(4)]
    ids = [await client.opportunity("admin", name=name, amount="5") for name in names]
    socket = await tenant.connect("admin")
    watcher = Watcher(tenant, "admin", AMOUNT)
    await watcher.subscribe(socket)
    assert list(watcher.rows) == sorted(ids, reverse=True)[:3]
    await client.mutate("admin", "opportunityUpdate", id=ids[0], amount="6")
    assert _brief(await _next(watcher))[-1] == ("ENTERED", ids[0], None)
    await client.mutate("admin", "opportunityUpdate", id=ids[0], amount="5")
    assert _brief(await _next(watcher))[0] == ("LEFT", ids[0], None)
    for id in ids:
        await client.mutate("admin", "opportunityDelete", id=id)
    await watcher.settle()
    await socket.close()


@pytest.mark.parametrize("many", ["1001", "$first"])
async def test_window_that_is_too_long_is_refused_with_the_limit(
    tenant: ServedTenant, many: str
) -> None:
    text = f"subscription ($first: Int) {{ opportunities(first: {many}) {{ kind }} }}"
    text = text if many.startswith("$") else text.replace("($first: Int) ", "")
    socket = await tenant.connect("rep1")
    operation = await socket.subscribe(text, {"first": 1001} if many.startswith("$") else {})
    await socket.wait_first(operation)
    assert operation.code == "LIST_TOO_LONG"
    assert operation.errors is not None
    assert operation.errors[0]["extensions"]["limit"] == 1000
    await socket.close()


async def test_window_that_is_too_large_is_refused_with_the_number_that_fits(
    tenant: ServedTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscriptions.engine.shared_subscription.MAX_LIST_BYTES", 2_000)
    selection = "id name version updatedAt note"
    socket = await tenant.connect("admin")
    operation = await socket.subscribe(Document("all", selection).subscription, {})
    await socket.wait_first(operation)
    assert operation.code == "LIST_TOO_LONG"
    assert operation.errors is not None
    limit = operation.errors[0]["extensions"]["limit"]
    assert limit > 1
    smaller = Document("some", selection, first=limit - 1)
    watcher = Watcher(tenant, "admin", smaller)
    await watcher.subscribe(socket)
    assert len(watcher.rows) == limit - 1
    await socket.close()


def _orders(persona: str) -> list[tuple[bool, str]]:
    """Sort keys of own and related fields, and whether the persona may use each."""
    usable = (Level.OPEN, Level.RULED)
    orders = [
        (level(persona, ENTITY, name) in usable, f"{{ {name}: %s }}") for name in sortable(ENTITY)
    ]
    for edge in (edge for edge in edges(ENTITY) if not edge.many):
        for name in sortable(edge.target):
            levels = {level(persona, ENTITY, edge.name), level(persona, edge.target, name)}
            may = not is_closed(persona, edge.target) and levels <= set(usable)
            orders.append((may, f"{{ {edge.name}: {{ {name}: %s }} }}"))
    return orders


async def _try(socket: Socket, order: str) -> str | None:
    document = Document("sorted", "id", first=3, order=order)
    operation = await socket.subscribe(document.subscription, {"after": None})
    await socket.wait_first(operation)
    if operation.frames:
        await socket.complete(operation)
    return json.dumps(operation.errors) if operation.errors else None


@covers("D-31")
@pytest.mark.parametrize("persona", [each for each in PERSONAS if each in PERSONA_PER_PROFILE])
async def test_order_by_a_hidden_field_is_refused(tenant: ServedTenant, persona: str) -> None:
    """The error is the same for each direction, and wherever the key stands."""
    rng = random.Random(persona)
    socket = await tenant.connect(persona)
    tried: Counter[bool] = Counter()
    for number, (may, order) in enumerate(_orders(persona)):
        if number % 20 == 19:  # the rate of messages per socket is limited
            await socket.close()
            socket = await tenant.connect(persona)
        errors = {
            await _try(socket, order % each) for each in rng.sample(DIRECTIONS, 1 + (not may))
        }
        if not may:
            errors.add(await _try(socket, f"{{ name: ASC }}, {order % 'DESC'}"))
        assert len(errors) == 1, f"{persona}: {order}: {errors}"
        [error] = errors
        assert (error is None) == may, f"{persona}: {order}: {error}"
        assert may or "FIELD_FORBIDDEN" in str(error)
        tried[may] += 1
    assert tried[True], tried
    assert persona in ("admin", "rep1") or tried[False] > 1, tried
    await socket.close()


# --- the functions, with random lists ------------------------------------------------------------


def _rows(records: dict[int, tuple[int, int]], ids: set[int] | None = None) -> RowsById:
    """Records by number, with their sort key and text, in order."""
    rows = {
        UUID(int=n): Row((key, n), (b"%d" % text,), 1)
        for n, (key, text) in records.items()
        if ids is None or n in ids
    }
    return dict(sorted(rows.items(), key=lambda item: item[1].place))


def _folded(texts: dict[UUID, bytes], changes: list[RecordChange]) -> list[tuple[UUID, bytes]]:
    """The list of a client that applies the changes as the guide describes."""
    order, current = list(texts), dict(texts)
    for kind, id, previous, text in changes:
        if id in current:
            order.remove(id)
            del current[id]
        if kind is not LiveChangeKind.LEFT:
            order.insert(0 if previous is None else order.index(previous) + 1, id)
            current[id] = text[0]
    return [(id, current[id]) for id in order]


def _written(rng: random.Random, records: dict[int, tuple[int, int]]) -> set[int]:
    """Write some records; few keys, so that many are equal."""
    changed = set(rng.sample(range(14), rng.randint(1, 4)))
    for n in changed:
        if rng.random() < 0.35:
            records.pop(n, None)
        else:
            records[n] = (rng.randint(0, 6), rng.randint(0, 2))
    return changed


@covers("D-62")
@pytest.mark.parametrize("size", SIZES)
def test_changes_lead_from_one_window_to_the_next(size: int) -> None:
    """A window that is kept current by changed records equals the one that is read; so does the client's list."""
    rng, tally = random.Random(size), Counter[str]()
    records: dict[int, tuple[int, int]] = {}
    held: RowsById = {}
    client: list[tuple[UUID, bytes]] = []
    for _ in range(3_000):
        before, was = dict(records), state_of(held, size)
        changed = _written(rng, records)
        expected = dict(list(_rows(records).items())[: size + 1])
        ids = {UUID(int=n) for n in changed}
        following = advance(held, size, ids, _rows(records, changed))
        tally["read again" if following is None else "advanced"] += 1
        if following is not None:
            assert list(following.items()) == list(expected.items())
        # Backwards, as for a client that resumes.
        earlier = advance(expected, size, ids, _rows(before, changed))
        assert earlier is None or list(earlier.items()) == list(held.items())
        tally["backwards"] += earlier is not None
        earlier = advance(expected, size, ids, _rows(before, changed), only_visible=True)
        assert earlier is None or state_of(earlier, size).texts == was.texts
        assert earlier is None or list(earlier)[:size] == list(was.texts)
        tally["visible ones"] += earlier is not None
        held, now = expected, state_of(expected, size)
        changes = changes_between(was.texts, now.texts)
        client = _folded(dict(client), changes)
        assert client == [(id, text) for id, (text,) in now.texts.items()]
        tally["moved"] += any(
            was.texts[id] == text for kind, id, _, text in changes if kind is LiveChangeKind.UPDATED
        )
    assert min(tally["advanced"], tally["read again"], tally["backwards"]) > 100, tally
    assert tally["visible ones"] > tally["backwards"], tally
    assert size == 1 or tally["moved"] > 5, tally
