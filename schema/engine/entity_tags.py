"""Responses that clients revalidate: `ETag`, and 304 where the client has the same bytes."""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from resolvers.engine.context import Caller
from schema.engine.compression import Coding, coding_of, compress, off_loop
from schema.engine.transport import HEADERS, respond

TAG_BYTES = 16
CACHE = "private, no-cache"
"""Only the client itself stores the response, and asks before each use, so that rights are checked every time."""


class EntityTags:
    """Computes entity tags under a key, so that no one can test guesses about a response with its tag."""

    def __init__(self, secret: bytes) -> None:
        self._key = hashlib.blake2b(secret, digest_size=32, person=b"entity tags").digest()

    async def respond(self, request: Request, caller: Caller, body: bytes, media: str) -> Response:
        """The response to a GET, without a body if it is the one that `If-None-Match` names."""
        coding = coding_of(body, ",".join(request.headers.getlist("accept-encoding")))
        tag = await off_loop(self.tag, body, caller, media, coding)
        headers = {"ETag": tag, "Cache-Control": CACHE}
        if matches(",".join(request.headers.getlist("if-none-match")), tag):
            return Response(status_code=304, headers={**HEADERS, **headers})
        return await compress(respond(body, media, 200, **headers), coding)

    def tag(self, body: bytes, caller: Caller, media: str, coding: Coding | None) -> str:
        """A strong entity tag of the body as sent to this user. Users never share one, even for equal bodies."""
        digest = hashlib.blake2b(key=self._key, digest_size=TAG_BYTES)
        digest.update(caller.tenant.id.bytes + caller.user.bytes)
        digest.update(f"{media};{coding};".encode())
        digest.update(body)
        return f'"{digest.hexdigest()}"'


def matches(if_none_match: str, tag: str) -> bool:
    """Whether a header `If-None-Match` names the tag; compared weakly, since proxies may weaken tags."""
    names = [each.strip().removeprefix("W/") for each in if_none_match.split(",")[:100]]
    return tag in names or names == ["*"]
