"""Sessions of browsers in cookies that scripts cannot read, used by requests with `X-Session: cookie`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime

from starlette.datastructures import Headers
from starlette.responses import Response

from auth.engine.tokens import REFRESH_LIFETIME
from domain.codes import Code
from resolvers.sessions import Tokens
from schema.engine.origins import may_use_cookies
from schema.engine.transport import HttpRefused

ACCESS = "__Host-relata-access"
REFRESH = "__Secure-relata-refresh"
SESSION_PATH = "/graphql/session"
"""Path of the refresh cookie, so that other requests do not carry it: there, the endpoint answers the operations
that need no access token, and looks at none."""
HEADER, VALUE = "x-session", "cookie"


@dataclass(frozen=True)
class CookieSettings:
    """Whether browsers may hold sessions in cookies, and other origins whose pages may use them."""

    enabled: bool = False
    origins: frozenset[str] = frozenset()

    def of(self, headers: Headers) -> SessionCookies | None:
        """The cookies of a request; None if it does not use them. Raises HttpRefused.

        Cookies count only beside the header, which a page of another origin cannot send unless CORS
        permits it: browsers attach cookies to requests that any page makes.
        """
        values = headers.getlist(HEADER)
        if not values:
            return None
        if values != [VALUE]:
            raise HttpRefused(400, "`X-Session` must be `cookie`. Correct or omit it.")
        if not self.enabled:
            message = "Sessions in cookies are disabled. Set RELATA_COOKIES=on on the server, or omit `X-Session`."
            raise HttpRefused(400, message)
        if not may_use_cookies(headers, self.origins):
            message = "This origin may not use sessions in cookies. Use HTTPS, and add it to RELATA_ORIGINS."
            raise HttpRefused(403, message, Code.FORBIDDEN)
        return SessionCookies(value_of(headers, ACCESS), value_of(headers, REFRESH))

    def access_token(self, handshake: Headers) -> str | None:
        """The access token in the cookies of a WebSocket handshake; None unless a permitted page sends it."""
        is_page = handshake.get("origin") is not None
        if not self.enabled or not is_page or not may_use_cookies(handshake, self.origins):
            return None
        return value_of(handshake, ACCESS)


NO_COOKIES = CookieSettings()


@dataclass
class SessionCookies:
    """The tokens in the cookies of one request, and what its response does to the cookies."""

    access: str | None = field(repr=False)
    refresh: str | None = field(repr=False)
    _issued: Tokens | None = field(default=None, repr=False)
    _ended: bool = False

    def keep(self, tokens: Tokens) -> None:
        """Store these tokens with the response."""
        self._issued = tokens

    def clear(self) -> None:
        """Remove the tokens with the response."""
        self._ended = True

    def apply(self, response: Response, now: datetime) -> Response:
        """The response, with `Set-Cookie` headers if the tokens have changed."""
        if self._issued is not None:
            left = math.ceil((self._issued.expires_at - now).total_seconds())
            _set(response, ACCESS, self._issued.access, "/", left)
            lifetime = int(REFRESH_LIFETIME.total_seconds())
            _set(response, REFRESH, self._issued.refresh, SESSION_PATH, lifetime)
        elif self._ended:
            _set(response, ACCESS, "", "/", 0)
            _set(response, REFRESH, "", SESSION_PATH, 0)
        return response


def value_of(headers: Headers, name: str) -> str | None:
    """The value of a cookie; None if it is absent, empty or ambiguous.

    Another host of the domain can add a second cookie of the name, with which it would choose the session.
    """
    pairs = [each.strip().partition("=") for each in ";".join(headers.getlist("cookie")).split(";")]
    values = [value for key, _, value in pairs if key == name]
    return values[0] or None if len(values) == 1 else None


def _set(response: Response, name: str, value: str, path: str, seconds: int) -> None:
    response.set_cookie(
        name, value, max_age=seconds, path=path, secure=True, httponly=True, samesite="strict"
    )
