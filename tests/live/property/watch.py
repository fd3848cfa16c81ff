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
PLAIN = ("kind", "cursor", "changes", "kind", "id", "node")
ALIASED = ("k", "c", "them", "how", "which", "what")
Denied = frozenset[tuple[str, str, str]]


@dataclass(frozen=True)
class Event:
    """A parsed event of a live list."""

    kind: str
    cursor: str
    changes: tuple[tuple[str, str, str | None], ...]
    """Kind, id and JSON text of the node of each change."""
    denied: Denied


@dataclass(frozen=True)
class QueryResult:
    """The result of the equivalent query: the records, or an error code."""

    rows: Rows = field(default_factory=dict)
    denied: Denied = frozenset()
    code: str | None = None


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
    assert tuple(event) == names[:3], text
    changes = []
    for each in event[names[2]]:
        assert tuple(each) == names[3:], text
        kind, id, node = each.values()
        assert kind in ("ENTERED", "UPDATED", "LEFT"), text
        assert (node is None) == (kind == "LEFT"), text
        changes.append((kind, id, None if node is None else json.dumps(node)))
    ids = [id for _, id, _ in changes]
    assert len(set(ids)) == len(ids), f"an id twice: {text}"
    return Event(event[names[0]], event[names[1]], tuple(changes), denied_of(payload))


def denied_of(payload: dict[str, Any]) -> Denied:
    """The denied fields that a payload lists in its extensions."""
    listed = payload.get("extensions", {}).get("access", {}).get("denied", [])
    return frozenset((each["type"], each["field"], each["reason"]) for each in listed)


def apply(rows: Rows, event: Event, *, resumed: bool = False) -> Rows:
    """The rows after an event, which must be consistent with the rows before and contain no redundant change."""
    if event.kind in FULL:
        assert {kind for kind, _, _ in event.changes} <= {"ENTERED"}, event
        ids = [id for _, id, _ in event.changes]
        assert ids == sorted(ids), f"not in the order of ids: {ids}"
        return {id: str(node) for _, id, node in event.changes}
    after = dict(rows)
    for kind, id, node in event.changes:
        if kind == "ENTERED":
            assert id not in rows, f"ENTERED for a present record: {event}"
        else:
            assert id in rows, f"{kind} for an absent record: {event}"
        if kind == "LEFT":
            del after[id]
            continue
        # A resumed list may repeat a value that changed and changed back meanwhile.
        assert resumed or after.get(id) != node, f"nothing differs: {event}"
        after[id] = str(node)
    return after


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
        if not page["pageInfo"]["hasNextPage"]:
            return QueryResult(rows, denied)
        cursor = page["pageInfo"]["endCursor"]


async def _error_code(tenant: ServedTenant, persona: str, code: str) -> str:
    """The code a subscription reports: FORBIDDEN takes precedence if the whole entity is closed to the persona."""
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
            assert event.kind != "DELTA" or event.changes, f"{self}: a DELTA without changes"
            try:
                self.rows = apply(self.rows, event, resumed=event.kind == "RESUMED")
            except AssertionError as error:
                raise AssertionError(f"{self}: {error}\nrows: {self.rows}") from error
            if event.kind in FULL:
                self.denied = event.denied
            self.cursor = event.cursor
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
            and self.rows == expected.rows
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
                *differs,
            )
        )
