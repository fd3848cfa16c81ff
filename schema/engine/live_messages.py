"""Messages of live lists as JSON text, built once for all subscribers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson

from db.engine.entity import Entity
from domain.live import LiveChangeKind, LiveKind
from schema.engine.generate_live import CHANGE, LIVE
from subscriptions.engine.contracts import RecordChange


@dataclass(frozen=True)
class Changes:
    """The fields of each change: by response key, the name of a field or the number of the record's text."""

    parts: tuple[tuple[str, str | int], ...]


@dataclass(frozen=True)
class LiveMessage:
    """The shape of a message: its response keys, and the content of each."""

    key: str
    entity: Entity
    parts: tuple[tuple[str, str | Changes], ...]

    def text(
        self,
        kind: LiveKind,
        cursor: bytes,
        position: str,
        changes: Iterable[RecordChange],
        *,
        has_more: bool,
        denied: Sequence[Mapping[str, str]] = (),
    ) -> bytes:
        """The result in the payload of a `next` message."""
        all_changes = list(changes)
        values = {
            "kind": b'"%b"' % kind.encode(),
            "cursor": b'"%b"' % cursor,
            "livePosition": b'"%b"' % position.encode(),
            "hasMore": b"true" if has_more else b"false",
            "__typename": b'"%b%b"' % (self.entity.name.encode(), LIVE.encode()),
        }
        fields = (
            (k, values[p] if isinstance(p, str) else self._all(p, all_changes))
            for k, p in self.parts
        )
        extensions = b""
        if denied:
            extensions = b',"extensions":%b' % orjson.dumps({"access": {"denied": denied}})
        return b'{"data":{"%b":%b}%b}' % (self.key.encode(), _object(fields), extensions)

    def contains(self, field: str) -> bool:
        """Whether the message contains this field."""
        return any(part == field for _, part in self.parts)

    def _all(self, selection: Changes, all_changes: Sequence[RecordChange]) -> bytes:
        return b"[%b]" % b",".join(self._one(selection, *each) for each in all_changes)

    def _one(
        self,
        selection: Changes,
        kind: LiveChangeKind,
        id: UUID,
        previous: UUID | None,
        texts: Sequence[bytes],
    ) -> bytes:
        values = {
            "kind": b'"%b"' % kind.encode(),
            "id": self._id(id),
            "afterId": b"null" if previous is None else self._id(previous),
            "__typename": b'"%b%b"' % (self.entity.name.encode(), CHANGE.encode()),
        }
        return _object(
            (key, values[part] if isinstance(part, str) else texts[part] if texts else b"null")
            for key, part in selection.parts
        )

    def _id(self, id: UUID) -> bytes:
        return b'"%b_%b"' % (self.entity.prefix.encode(), id.hex.encode())


def _object(parts: Iterable[tuple[str, bytes]]) -> bytes:
    return b"{%b}" % b",".join(b'"%b":%b' % (key.encode(), text) for key, text in parts)
