"""The smallest server there can be: one function of a path and a JSON body, over HTTP."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import uvicorn

HEAD = [(b"content-type", b"application/json")]
Message = dict[str, Any]


class Served(ABC):
    """An ASGI application that answers every POST."""

    @abstractmethod
    async def answer(self, path: str, given: Any) -> bytes:
        """The data of the answer, as JSON."""

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """The ASGI of it."""
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        found = await self.answer(scope["path"], orjson.loads(body))
        answer = b'{"data":' + found + b"}"
        head = [*HEAD, (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": answer})

    async def serve(self, port: int) -> None:
        """Listen until a signal ends it."""
        config = uvicorn.Config(
            self,
            port=port,
            http="httptools",
            lifespan="off",
            log_level="warning",
            server_header=False,
        )
        await uvicorn.Server(config).serve()
