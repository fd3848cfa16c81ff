"""A subscriber that applies events as the contract prescribes and compares its rows with the result of a query."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.live.property.client import Operation, Socket, until
from tests.live.property.documents import Document
from tests.live.property.served_tenant import ServedTenant

Rows = dict[str, str]
"""The JSON text of each record's selection, by its id."""
FIRST = frozenset({"SNAPSHOT", "RESUMED", "RESYNC"})
FULL = frozenset({"SNAPSHOT", "RESYNC"})
PLAIN = ("kind", "cursor", "changes", "kind", "id", "afterId", "node")
ALIASED = ("k", "c", "them", "how", "which", "prior", "what")
Denied = frozenset[tuple[str, str, str]]
Window = tuple[list[tuple[str, str]], bool]


@dataclass(frozen=True)
class Event:
    """A parsed event of a live list."""

    kind: str
    cursor: str
    changes: tuple[tuple[str, str, str | None, str | None], ...]
    """Kind, id, id of the preceding record, and JSON text of the node of each change."""
    denied: Denied
    has_more: bool = False
    """Whether the window has fewer records than the list; False if the list is not a window."""


@dataclass(frozen=True)
class QueryResult:
    """The result of the equivalent query: the records, or an error code."""

    rows: Rows = field(default_factory=dict)
    denied: Denied = frozenset()
    code: str | None = None
    has_more: bool = False

    @property
    def window(self) -> Window:
        """The rows in order, and whether there are more."""
        return list(self.rows.items()), self.has_more


def read(document: Document, text: str) -> Event:
    """Parse a frame and check every part of it."""
    message = json.loads(text)
    assert message.keys() == {"id", "type", "payload"}, text
    payload = message["payload"]
    assert payload.keys() <= {"data", "extensions"}, text
    names = ALIASED if document.aliased else PLAIN
    root = "wall" if document.aliased else "opportunities"
    assert payload["data"].keys() == {root}, text
    event = payload["data"][root]
    has_more = event.pop("hasMore") if document.is_window else False
    assert tuple(event) == names[:3], text
    changes = []
    for each in event[names[2]]:
        assert tuple(each) == names[3:], text
        kind, id, previous, node = each.values()
        assert kind in ("ENTERED", "UPDATED", "LEFT"), text
        assert (node is None) == (kind == "LEFT"), text
        assert kind != "LEFT" or previous is None, text
        changes.append((kind, id, previous, None if node is None else json.dumps(node)))
    ids = [id for _, id, _, _ in changes]
    assert len(set(ids)) == len(ids), f"an id twice: {text}"
    return Event(event[names[0]], event[names[1]], tuple(changes), denied_of(payload), has_more)


def denied_of(payload: dict[str, Any]) -> Denied:
    """The denied fields that a payload lists in its extensions."""
    listed = payload.get("extensions", {}).get("access", {}).get("denied", [])
    return frozenset((each["type"], each["field"], each["reason"]) for each in listed)


def apply(rows: Rows, event: Event, *, resumed: bool = False) -> Rows:
    """The rows after an event, which must be consistent with the rows before and contain no redundant change."""
    if event.kind in FULL:
        assert {kind for kind, _, _, _ in event.changes} <= {"ENTERED"}, event
        ids = [id for _, id, _, _ in event.changes]
        assert [previous for _, _, previous, _ in event.changes] == [None, *ids][: len(ids)]
        return {id: str(node) for _, id, _, node in event.changes}
    after = dict(rows)
    for kind, id, previous, node in event.changes:
        if kind == "ENTERED":
            assert id not in rows, f"ENTERED for a present record: {event}"
        else:
            assert id in rows, f"{kind} for an absent record: {event}"
        if kind == "LEFT":
            del after[id]
            continue
        placed = placed_after(after, id, previous, str(node))
        # A resumed list may repeat a value that changed and changed back meanwhile.
        assert resumed or list(after.items()) != list(placed.items()), f"nothing differs: {event}"
        after = placed
    return after


def placed_after(rows: Rows, id: str, previous: str | None, node: str) -> Rows:
    """The rows with one of them set, at the place after `previous`."""
    others = [item for item in rows.items() if item[0] != id]
    place = 0 if previous is None else [other for other, _ in others].index(previous) + 1
    return dict([*others[:place], (id, node), *others[place:]])


async def query_result(tenant: ServedTenant, persona: str, document: Document) -> QueryResult:
    """Run the equivalent query of the persona, over all pages."""
    rows: Rows = {}
    cursor = None
    while True:
        variables = {**document.variables, "after": cursor}
        response = await tenant.client.ask(persona, document.query, variables)
        if response.codes:
            return QueryResult(code=await _error_code(tenant, persona, response.codes[0]))
        page, denied = response.data["opportunities"], denied_of(response.json)
        if page is None:
            return QueryResult(code="FORBIDDEN", denied=denied)
        for node in page["nodes"]:
            id = node.pop("rowId")
            # Without the added id, the order of keys is the same as in the frames.
            rows[id] = json.dumps(node)
        if document.is_window or not page["pageInfo"]["hasNextPage"]:
            return QueryResult(rows, denied, has_more=page["pageInfo"]["hasNextPage"])
        cursor = page["pageInfo"]["endCursor"]


async def _error_code(tenant: ServedTenant, persona: str, code: str) -> str:
    """The code a subscription reports: FORBIDDEN takes precedence if the whole entity is closed to the persona."""
    assert code != "GRAPHQL_VALIDATION_FAILED", "the document of the test is invalid"
    if code != "FIELD_FORBIDDEN":
        return code
    response = await tenant.client.ask(persona, "{ opportunities { nodes { id } } }")
    return code if response.data["opportunities"] else "FORBIDDEN"


@dataclass
class Watcher:
    """A persona's subscription to a document, which survives reconnections."""

    tenant: ServedTenant
    persona: str
    document: Document
    socket: Socket | None = None
    operation: Operation | None = None
    rows: Rows = field(default_factory=dict)
    cursor: str | None = None
    denied: Denied = frozenset()
    applied: int = 0
    """How many frames of the operation have been applied to the rows."""
    kinds: list[str] = field(default_factory=list)
    """Kinds of all events so far."""
    has_more: bool = False
    past: list[tuple[str, Rows]] = field(default_factory=list)
    """Earlier cursors, each with the rows at it."""

    def __str__(self) -> str:
        return f"{self.persona} watching {self.document.name}"

    async def subscribe(self, socket: Socket, after: str | None = None) -> None:
        """Subscribe, wait for the first event or an error, and apply it."""
        self.socket, self.applied = socket, 0
        variables = {**self.document.variables, "after": after}
        self.operation = await socket.subscribe(self.document.subscription, variables)
        await socket.wait_first(self.operation)
        if self.operation.frames:
            first = read(self.document, self.operation.frames[0]).kind
            expected = {"SNAPSHOT"} if after is None else {"RESUMED", "RESYNC"}
            assert first in expected, f"{self}: the first event is {first} with cursor {after}"
        self.apply_new()

    async def resume(self, socket: Socket) -> None:
        """Subscribe again from the last cursor, or from the beginning if there is none."""
        await self.subscribe(socket, self.cursor)

    def apply_new(self) -> list[Event]:
        """Apply and return the events received since the last call."""
        assert self.operation is not None
        events = []
        while self.applied < len(self.operation.frames):
            event = read(self.document, self.operation.frames[self.applied])
            assert (event.kind in FIRST - {"RESYNC"}) <= (self.applied == 0), f"{self}: {event}"
            differs = bool(event.changes) or event.has_more != self.has_more
            assert event.kind != "DELTA" or differs, f"{self}: a DELTA without changes"
            try:
                self.rows = apply(self.rows, event, resumed=event.kind == "RESUMED")
            except AssertionError as error:
                raise AssertionError(f"{self}: {error}\nrows: {self.rows}") from error
            if event.kind in FULL:
                self.denied = event.denied
            self.cursor, self.has_more = event.cursor, event.has_more
            self.past.append((event.cursor, self.rows))
            self.kinds.append(event.kind)
            self.applied += 1
            events.append(event)
        assert not self.operation.late, f"{self}: messages after its end: {self.operation.late}"
        return events

    def matches(self, expected: QueryResult) -> bool:
        """Whether the subscriber is in the state that the query result implies."""
        assert self.operation is not None
        assert self.socket is not None
        self.apply_new()
        if expected.code == "UNAUTHENTICATED":
            return self.socket.closed == 4403
        if expected.code is not None:
            return self.operation.code == expected.code
        return (
            self.is_alive()
            and (list(self.rows.items()), self.has_more) == expected.window
            and self.denied == expected.denied
        )  # fmt: skip

    def is_alive(self) -> bool:
        """Whether the operation and its socket are still open."""
        subscribed = self.operation is not None and self.socket is not None
        return subscribed and not self.operation.is_over and self.socket.closed is None  # type: ignore[union-attr]

    async def settle(self) -> QueryResult:
        """Wait until the rows equal the query result and return the result. No test writes meanwhile."""
        expected = await query_result(self.tenant, self.persona, self.document)
        await until(lambda: self.matches(expected), lambda: self.mismatch(expected))
        return expected

    def mismatch(self, expected: QueryResult) -> str:
        """Describe the difference between the subscriber and the query result."""
        assert self.operation is not None
        assert self.socket is not None
        ids = sorted({*self.rows, *expected.rows})
        differs = [
            f"{id}: has {self.rows.get(id)}\n  expected {expected.rows.get(id)}"
            for id in ids
            if self.rows.get(id) != expected.rows.get(id)
        ]
        return "\n".join(
            (
                f"{self}: the query returns {expected.code or f'{len(expected.rows)} records'}, "
                f"the subscriber has {len(self.rows)}, error {self.operation.code}, closed {self.socket.closed}, "
                f"events {self.kinds[-6:]}",
                f"denied {sorted(self.denied)}, expected {sorted(expected.denied)}",
                f"order {list(self.rows)}, expected {list(expected.rows)}",
                f"more {self.has_more}, expected {expected.has_more}",
                *differs,
            )
        )
