"""The bytes of a socket: frames go straight to the transport, so that telling many costs a write each and no task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

NAME = "relata.wire"
"""Under this an application finds the wire among the extensions of its scope."""
TEXT = 0x81
"""The first byte of a frame that is a whole text (RFC 6455, 5.2)."""
CLOSE_SECONDS = 5.0
LONGEST = 64 * 1024
"""Bytes of a message that a client may send."""


def framed(*parts: bytes) -> bytes:
    """A text that consists of these parts, as one frame of a server."""
    length = sum(map(len, parts))
    if length < 126:
        return b"".join((bytes((TEXT, length)), *parts))
    if length < 65_536:
        return b"".join((bytes((TEXT, 126)), length.to_bytes(2, "big"), *parts))
    return b"".join((bytes((TEXT, 127)), length.to_bytes(8, "big"), *parts))


class Wire(WebSocketsSansIOProtocol):
    """A connection that can be written to without waiting, by whoever looks first whether the peer reads."""

    drained: Callable[[], None] | None = None
    """Called when the peer reads again."""
    heard: Callable[[], None] | None = None
    """Called with every frame that comes."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        scope: Any = getattr(self, "scope", None)  # there is none where the handshake was refused
        if scope is not None:
            scope["extensions"][NAME] = self

    def is_ready(self) -> bool:
        """Whether the peer reads what it is sent."""
        return self.writable.is_set() and self.is_open()

    def is_open(self) -> bool:
        """Whether anything may still be sent."""
        return not (self.close_sent or self.disconnected or self.transport.is_closing())

    def push(self, *parts: bytes) -> None:
        """Send a text, if the connection is open."""
        if self.is_open():
            self.transport.write(framed(*parts))

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.drained is not None:
            self.drained()

    def end(self, code: int, reason: str) -> None:
        """Close with a code; a peer that does not read is cut off."""
        if not self.writable.is_set():
            self.transport.abort()
        elif self.is_open():
            task = self.loop.create_task(self._close(code, reason))
            self.tasks.add(task)
            task.add_done_callback(self.on_task_complete)

    async def _close(self, code: int, reason: str) -> None:
        if self.is_open():
            await self.send({"type": "websocket.close", "code": code, "reason": reason})
            self._give_up()

    def _give_up(self) -> None:
        """Whoever does not answer our close is cut off: closing would wait until he has read everything."""
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

    def shutdown(self) -> None:
        """The server stops: so it tells, and waits for nobody long."""
        if self.writable.is_set():
            super().shutdown()
            self._give_up()
        else:
            self.transport.abort()

    def handle_cont(self, event: Frame) -> None:
        self._count()
        if not self.close_sent:  # nobody would put the parts together any more
            super().handle_cont(event)

    def handle_text(self, event: Frame) -> None:
        self._count()
        super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        self._count()
        super().handle_bytes(event)

    def _count(self) -> None:
        if self.heard is not None:
            self.heard()

    def handle_ping(self) -> None:
        """Answered, or forgotten where the answers are not read: the library has queued one by now."""
        self._count()
        output = self.conn.data_to_send()
        if self.is_ready():
            self.transport.write(b"".join(output))

    def send_receive_event_to_app(self) -> None:
        """A text that is no UTF-8 is the client's fault, and no news for the log."""
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.conn.fail(1007, "This is not UTF-8")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    async def send(self, message: Any) -> None:
        """As it is; but a handshake that was answered by a refusal is complete, which is said nowhere else."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            self.handshake_complete = True

    def handle_pong(self, event: Frame) -> None:
        """Nothing waits for one: the protocol above has its own."""
