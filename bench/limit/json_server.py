"""A minimal HTTP server: a function of path and JSON body."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import uvicorn

HEAD = [(b"content-type", b"application/json")]
Message = dict[str, Any]


class JsonServer(ABC):
    """An ASGI application that responds to every POST with JSON."""

    @abstractmethod
    async def answer(self, path: str, params: Any) -> bytes:
        """The `data` of the response, as JSON."""

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """The ASGI interface."""
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        data = await self.answer(scope["path"], orjson.loads(body))
        content = b'{"data":' + data + b"}"
        head = [*HEAD, (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": content})

    async def serve(self, port: int) -> None:
        """Serve until a signal arrives."""
        config = uvicorn.Config(
            self,
            port=port,
            http="httptools",
            lifespan="off",
            log_level="warning",
            server_header=False,
        )
        await uvicorn.Server(config).serve()
