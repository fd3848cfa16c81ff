"""Origins of web pages: which of them may connect, and which may use sessions in cookies."""

from __future__ import annotations

from collections.abc import Container

from starlette.datastructures import Headers

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


def may_connect(headers: Headers, allowed: Container[str]) -> bool:
    """Whether the page's origin is this server or an allowed one. Programs send no origin; they need a token anyway."""
    origin = headers.get("origin")
    if origin is None or origin in allowed:
        return True
    scheme, _, host = origin.partition("://")
    return scheme in ("http", "https") and bool(host) and host == headers.get("host")


def may_use_cookies(headers: Headers, allowed: Container[str]) -> bool:
    """As `may_connect`, except that a page of this server must have come by HTTPS or from this computer.

    Otherwise an attacker in the network could send one by HTTP, and use cookies that are meant for HTTPS.
    """
    origin = headers.get("origin")
    if origin is None or origin in allowed:
        return True
    scheme, _, host = origin.partition("://")
    is_local = host.rpartition(":")[0] in LOOPBACK or host in LOOPBACK
    return may_connect(headers, allowed) and (scheme == "https" or is_local)
