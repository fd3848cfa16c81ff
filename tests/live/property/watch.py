"""One subscriber as a client is told to be one: reduces what it is sent, and is compared with what its viewer is answered."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.live.property.client import Operation, Socket, until
from tests.live.property.documents import Document
from tests.live.property.place import Place

Rows = dict[str, str]
"""The texts of the records' selections by their ids."""
FIRST = frozenset({"SNAPSHOT", "RESUMED", "RESYNC"})
WHOLE = frozenset({"SNAPSHOT", "RESYNC"})
PLAIN = ("kind", "cursor", "changes", "kind", "id", "node")
ALIASED = ("k", "c", "them", "how", "which", "what")
Denied = frozenset[tuple[str, str, str]]


@dataclass(frozen=True)
class Event:
    """One event, read."""

    kind: str
    cursor: str
    changes: tuple[tuple[str, str, str | None], ...]
    """Of each change its kind, the id and the text of the node."""
    denied: Denied


@dataclass(frozen=True)
class Answered:
    """What a viewer is answered: the records, or the code of a refusal."""

    rows: Rows = field(default_factory=dict)
    denied: Denied = frozenset()
    code: str | None = None


def read(document: Document, text: str) -> Event:
    """An event of a frame, of which every part is looked at."""
    message = json.loads(text)
    assert message.keys() == {"id", "type", "payload"}, text
    payload = message["payload"]
    assert payload.keys() <= {"data", "extensions"}, text
    names = ALIASED if document.aliased else PLAIN
    root = "wall" if document.aliased else "opportunities"
    assert payload["data"].keys() == {root}, text
    told = payload["data"][root]
    assert tuple(told) == names[:3], text
    changes = []
    for each in told[names[2]]:
        assert tuple(each) == names[3:], text
        kind, id, node = each.values()
        assert kind in ("ENTERED", "UPDATED", "LEFT"), text
        assert (node is None) == (kind == "LEFT"), text
        changes.append((kind, id, None if node is None else json.dumps(node)))
    ids = [id for _, id, _ in changes]
    assert len(set(ids)) == len(ids), f"an id twice: {text}"
    return Event(told[names[0]], told[names[1]], tuple(changes), denied_of(payload))


def denied_of(payload: dict[str, Any]) -> Denied:
    """What is named as denied."""
    listed = payload.get("extensions", {}).get("access", {}).get("denied", [])
    return frozenset((each["type"], each["field"], each["reason"]) for each in listed)


def apply(rows: Rows, event: Event, *, resumed: bool = False) -> Rows:
    """The rows after an event; it must say what is so, and nothing that need not be said."""
    if event.kind in WHOLE:
        assert {kind for kind, _, _ in event.changes} <= {"ENTERED"}, event
        ids = [id for _, id, _ in event.changes]
        assert ids == sorted(ids), f"not in the order of ids: {ids}"
        return {id: str(node) for _, id, node in event.changes}
    after = dict(rows)
    for kind, id, node in event.changes:
        if kind == "ENTERED":
            assert id not in rows, f"it was there: {event}"
        else:
            assert id in rows, f"{kind} of what was never told: {event}"
        if kind == "LEFT":
            del after[id]
            continue
        # What came back to what it was while nobody listened may be told again.
        assert resumed or after.get(id) != node, f"nothing differs: {event}"
        after[id] = str(node)
    return after


async def answered(place: Place, persona: str, document: Document) -> Answered:
    """What the persona's query finds now."""
    rows: Rows = {}
    cursor = None
    while True:
        asked = {**document.variables, "after": cursor}
        answer = await place.own.ask(persona, document.query, asked)
        if answer.codes:
            return Answered(code=await _refused(place, persona, answer.codes[0]))
        found, denied = answer.data["opportunities"], denied_of(answer.json)
        if found is None:
            return Answered(code="FORBIDDEN", denied=denied)
        for node in found["nodes"]:
            id = node.pop("rowId")
            # The same order of keys as in the frames, but without the one that we asked for.
            rows[id] = json.dumps(node)
        if not found["pageInfo"]["hasNextPage"]:
            return Answered(rows, denied)
        cursor = found["pageInfo"]["endCursor"]


async def _refused(place: Place, persona: str, code: str) -> str:
    """Of two reasons to refuse a list, the one that subscriptions tell: that all of it is closed."""
    if code != "FIELD_FORBIDDEN":
        return code
    answer = await place.own.ask(persona, "{ opportunities { nodes { id } } }")
    return code if answer.data["opportunities"] else "FORBIDDEN"


@dataclass
class Watcher:
    """A persona's subscription to a document, through disconnections."""

    place: Place
    persona: str
    document: Document
    socket: Socket | None = None
    operation: Operation | None = None
    rows: Rows = field(default_factory=dict)
    cursor: str | None = None
    denied: Denied = frozenset()
    taken: int = 0
    """How many frames of the operation are in the rows."""
    kinds: list[str] = field(default_factory=list)
    """Of all events so far."""
    past: list[tuple[str, Rows]] = field(default_factory=list)
    """Cursors with what was known at them."""

    def __str__(self) -> str:
        return f"{self.persona} watching {self.document.name}"

    async def begin(self, socket: Socket, after: str | None = None) -> None:
        """Subscribe, and take the first event."""
        self.socket, self.taken = socket, 0
        asked = {**self.document.variables, "after": after}
        self.operation = await socket.subscribe(self.document.subscription, asked)
        await socket.first(self.operation)
        if self.operation.frames:
            first = read(self.document, self.operation.frames[0]).kind
            expected = {"SNAPSHOT"} if after is None else {"RESUMED", "RESYNC"}
            assert first in expected, f"{self}: it opened with {first}, cursor given: {after}"
        self.take()

    async def resume(self, socket: Socket) -> None:
        """Go on where it was, or anew where it had not begun."""
        await self.begin(socket, self.cursor)

    def take(self) -> list[Event]:
        """Apply what has come since it was looked at last."""
        assert self.operation is not None
        found = []
        while self.taken < len(self.operation.frames):
            event = read(self.document, self.operation.frames[self.taken])
            assert (event.kind in FIRST - {"RESYNC"}) <= (self.taken == 0), f"{self}: {event}"
            assert event.kind != "DELTA" or event.changes, f"{self}: a frame of nothing"
            try:
                self.rows = apply(self.rows, event, resumed=event.kind == "RESUMED")
            except AssertionError as wrong:
                raise AssertionError(f"{self}: {wrong}\nrows: {self.rows}") from wrong
            if event.kind in WHOLE:
                self.denied = event.denied
            self.cursor = event.cursor
            self.past.append((event.cursor, self.rows))
            self.kinds.append(event.kind)
            self.taken += 1
            found.append(event)
        assert not self.operation.late, f"{self}: after its end came {self.operation.late}"
        return found

    def agrees(self, answer: Answered) -> bool:
        """Whether it knows what its viewer is answered."""
        assert self.operation is not None
        assert self.socket is not None
        self.take()
        if answer.code == "UNAUTHENTICATED":
            return self.socket.closed == 4403
        if answer.code is not None:
            return self.operation.code == answer.code
        return (
            self.is_alive()
            and self.rows == answer.rows
            and self.denied == answer.denied
        )  # fmt: skip

    def is_alive(self) -> bool:
        """Whether it may be sent something."""
        known = self.operation is not None and self.socket is not None
        return known and not self.operation.is_over and self.socket.closed is None  # type: ignore[union-attr]

    async def settle(self) -> Answered:
        """Wait until it knows what its viewer is answered; nobody writes meanwhile."""
        answer = await answered(self.place, self.persona, self.document)
        await until(lambda: self.agrees(answer), lambda: self.complaint(answer))
        return answer

    def complaint(self, answer: Answered) -> str:
        """What it knows and what it should."""
        assert self.operation is not None
        assert self.socket is not None
        ids = sorted({*self.rows, *answer.rows})
        differs = [
            f"{id}: has {self.rows.get(id)}\n  should {answer.rows.get(id)}"
            for id in ids
            if self.rows.get(id) != answer.rows.get(id)
        ]
        return "\n".join(
            (
                f"{self}: its viewer is answered {answer.code or f'{len(answer.rows)} records'}, "
                f"and it has {len(self.rows)}, error {self.operation.code}, closed {self.socket.closed}, "
                f"events {self.kinds[-6:]}",
                f"denied {sorted(self.denied)}, should be {sorted(answer.denied)}",
                *differs,
            )
        )
