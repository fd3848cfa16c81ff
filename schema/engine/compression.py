"""Compresses responses by `Accept-Encoding`: brotli or gzip, each response in a context of its own."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, TypeVar

import brotli
from starlette.responses import Response

from schema.engine.preferences import alternatives, weight_of

T = TypeVar("T")
Coding = Literal["br", "gzip"]
CODINGS: tuple[Coding, ...] = ("br", "gzip")
"""Supported content codings; of those that the client prefers equally, the first is used."""
MINIMUM_BYTES = 1024
"""Bodies below this size fit in one packet, so compressing them saves nothing."""
INLINE_BYTES = 64 * 1024
"""Bodies up to this size are processed on the event loop, in less than a millisecond."""
# Measured by bench/compression.py; ADR 37 has the figures.
BR_QUALITY = 4
GZIP_LEVEL = 5
GZIP_WINDOW = 31
"""The window size of zlib, 15, plus 16: with header and trailer of gzip."""
# One thread: compression never takes more than one core from the event loop.
_POOL = ThreadPoolExecutor(1, thread_name_prefix="compression")


def negotiate(accept_encoding: str) -> Coding | None:
    """The coding that an `Accept-Encoding` header prefers; None for an uncompressed response."""
    qualities = {name: weight_of(parameters) for name, parameters in alternatives(accept_encoding)}
    best = max(CODINGS, key=lambda each: _quality_of(each, qualities))
    chosen = _quality_of(best, qualities)
    return best if chosen > 0 and chosen >= qualities.get("identity", 0.0) else None


def _quality_of(coding: Coding, qualities: dict[str, float]) -> float:
    return qualities.get(coding, qualities.get("*", 0.0))


def encode(body: bytes, coding: Coding) -> bytes:
    """The compressed body. Equal bodies have equal results."""
    if coding == "br":
        return brotli.compress(body, brotli.MODE_TEXT, BR_QUALITY)
    return zlib.compress(body, GZIP_LEVEL, GZIP_WINDOW)


def coding_of(body: bytes, accept_encoding: str) -> Coding | None:
    """The coding of a response with this body; None if the client accepts none or the body is too small."""
    return negotiate(accept_encoding) if len(body) >= MINIMUM_BYTES else None


async def off_loop(work: Callable[..., T], body: bytes, *arguments: object) -> T:
    """The result of `work` with the body and the arguments; a thread computes it if the body is large."""
    if len(body) <= INLINE_BYTES:
        return work(body, *arguments)
    return await asyncio.get_running_loop().run_in_executor(_POOL, work, body, *arguments)


async def compress(response: Response, coding: Coding | None) -> Response:
    """The response with its body in this coding.

    Responses with tokens must not be passed: their length depends on the tokens (ADR 37).
    """
    if coding is not None:
        response.body = await off_loop(encode, bytes(response.body), coding)
        response.headers["Content-Encoding"] = coding
        response.headers["Content-Length"] = str(len(response.body))
    return response
