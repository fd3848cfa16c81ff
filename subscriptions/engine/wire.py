"""Writes WebSocket frames directly to the transport: a message to many clients costs a write each and no task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

WIRE_EXTENSION = "relata.wire"
"""Key of the `Wire` in the extensions of the ASGI scope."""
TEXT_FRAME = 0x81
"""First byte of an unfragmented text frame (RFC 6455, 5.2)."""
CLOSE_TIMEOUT_SECONDS = 5.0
MAX_MESSAGE_BYTES = 64 * 1024
"""Maximum bytes of a message from a client."""


def text_frame(*parts: bytes) -> bytes:
    """A text message that consists of these parts, as one server frame."""
    length = sum(map(len, parts))
    if length < 126:
        return b"".join((bytes((TEXT_FRAME, length)), *parts))
    if length < 65_536:
        return b"".join((bytes((TEXT_FRAME, 126)), length.to_bytes(2, "big"), *parts))
    return b"".join((bytes((TEXT_FRAME, 127)), length.to_bytes(8, "big"), *parts))


class Wire(WebSocketsSansIOProtocol):
    """A connection with non-blocking writes; callers check first whether the client reads."""

    drained: Callable[[], None] | None = None
    """Called when the client reads again."""
    on_read: Callable[[], None] | None = None
    """Called with every received frame."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        scope: Any = getattr(self, "scope", None)  # absent if the handshake was refused
        if scope is not None:
            scope["extensions"][WIRE_EXTENSION] = self

    def is_ready(self) -> bool:
        """Whether the client reads what is sent."""
        return self.writable.is_set() and self.is_open()

    def is_open(self) -> bool:
        """Whether anything may still be sent."""
        return not (self.close_sent or self.disconnected or self.transport.is_closing())

    def push(self, *parts: bytes) -> None:
        """Send a text message, if the connection is open."""
        if self.is_open():
            self.transport.write(text_frame(*parts))

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.drained is not None:
            self.drained()

    def end(self, code: int, reason: str) -> None:
        """Close with a code; a client that does not read is cut off."""
        if not self.writable.is_set():
            self.transport.abort()
        elif self.is_open():
            task = self.loop.create_task(self._close(code, reason))
            self.tasks.add(task)
            task.add_done_callback(self.on_task_complete)

    async def _close(self, code: int, reason: str) -> None:
        if self.is_open():
            await self.send({"type": "websocket.close", "code": code, "reason": reason})
            self._abort_later()

    def _abort_later(self) -> None:
        """Cut off clients that do not answer the close frame: otherwise closing waits until they have read everything."""
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(CLOSE_TIMEOUT_SECONDS, self.transport.abort)

    def shutdown(self) -> None:
        """Close because the server stops, with a short timeout."""
        if self.writable.is_set():
            super().shutdown()
            self._abort_later()
        else:
            self.transport.abort()

    def handle_cont(self, event: Frame) -> None:
        self._notify_read()
        if not self.close_sent:  # the parts would not be assembled any more
            super().handle_cont(event)

    def handle_text(self, event: Frame) -> None:
        self._notify_read()
        super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        self._notify_read()
        super().handle_bytes(event)

    def _notify_read(self) -> None:
        if self.on_read is not None:
            self.on_read()

    def handle_ping(self) -> None:
        """Answer a ping, or drop the answer if the client does not read: the library has queued one already."""
        self._notify_read()
        output = self.conn.data_to_send()
        if self.is_ready():
            self.transport.write(b"".join(output))

    def send_receive_event_to_app(self) -> None:
        """Close the socket on invalid UTF-8 instead of logging an error of the server."""
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.conn.fail(1007, "The text is not valid UTF-8")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    async def send(self, message: Any) -> None:
        """Send a message, and mark the handshake as complete when it was refused; the library does not."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            self.handshake_complete = True

    def handle_pong(self, event: Frame) -> None:
        """Ignored: liveness is checked by messages of the protocol above."""
