"""Issues and verifies access and refresh tokens; Postgres stores whether their session is active."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cachetools import LRUCache
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from domain.codes import Code, Refused
from domain.message import Message

ISSUER, AUDIENCE, ALGORITHM = "relata", "relata-api", "HS256"
HEADER = {"alg": ALGORITHM, "typ": "at+jwt"}
ACCESS_LIFETIME = timedelta(minutes=15)
REFRESH_LIFETIME = timedelta(days=30)
"""Enforced by the session's expires_at, not by the token."""
LEEWAY_SECONDS = 30
"""Tolerated clock difference between processes, in seconds."""
MAX_CACHED_TOKENS = 4_096
MAX_TOKEN_LENGTH = 1_024
"""Maximum characters of an access token; valid ones have about 400."""
IDENTIFIER = re.compile(r"[0-9a-f]{32}\Z")
VERSION = 1
REFRESH_FORMAT = struct.Struct(">B16s16sI")
"""Version, tenant, session, generation.

With 32 bytes of HMAC they are 69, which base64 writes as 92 characters without padding: one spelling
per token.
"""
REFRESH_TEXT = re.compile(r"[A-Za-z0-9_-]{92}\Z")
RESET_FORMAT = struct.Struct(">16s16s16s")
"""Tenant, user, number. With 32 bytes of HMAC they are 80, which base64 writes as 107 characters."""
RESET_TEXT = re.compile(r"[A-Za-z0-9_-]{107}\Z")


@dataclass(frozen=True)
class AccessToken:
    """The content of a verified access token: user, tenant, session and expiry."""

    tenant: UUID
    user: UUID
    session: UUID
    expires_at: datetime


@dataclass(frozen=True)
class RefreshToken:
    """The content of an authentic refresh token. The session stores which generation is valid."""

    tenant: UUID
    session: UUID
    generation: int


@dataclass(frozen=True)
class PasswordReset:
    """The content of an authentic reset token. The user's credential stores which number is valid."""

    tenant: UUID
    user: UUID
    number: UUID


def derive(secret: bytes, label: str) -> bytes:
    """A key of 32 bytes for one purpose; it reveals neither the secret nor other keys."""
    if len(secret) != 32:
        raise ValueError("The secret must have 32 bytes.")
    return HKDF(SHA256(), length=32, salt=None, info=f"relata {label}".encode()).derive(secret)


class TokenIssuer:
    """Issues tokens, and verifies those of all processes with the same secret."""

    def __init__(self, secret: bytes) -> None:
        self._access = OctKey.import_key(derive(secret, "access token"))
        self._refresh = derive(secret, "refresh token")
        self._reset = derive(secret, "password reset token")
        self._registry = jws.JWSRegistry(algorithms=[ALGORITHM])
        self._common_prefix = self._sign(b"").partition(".")[0] + "."
        self._verified: LRUCache[str, tuple[int, int, AccessToken]] = LRUCache(MAX_CACHED_TOKENS)

    def issue_access(self, tenant: UUID, user: UUID, session: UUID, now: datetime) -> str:
        """An access token, valid for ACCESS_LIFETIME from `now`."""
        issued = int(now.timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user.hex,
            "ten": tenant.hex,
            "sid": session.hex,
            "iat": issued,
            "exp": issued + int(ACCESS_LIFETIME.total_seconds()),
        }
        return self._sign(json.dumps(claims, separators=(",", ":")).encode())

    def verify_access(self, token: str, now: datetime) -> AccessToken:
        """The content of the token. Raises the same Refused(UNAUTHENTICATED) for every defect.

        Verified tokens are cached. That is safe: the same text under the same key stays authentic, its
        times are compared on every call, only verified tokens are cached, and every transaction checks
        whether the session has ended.
        """
        verified = self._verified.get(token) or self._verify(token)
        issued, expires, access = verified
        if not issued - LEEWAY_SECONDS <= now.timestamp() < expires + LEEWAY_SECONDS:
            raise _refused()
        if token not in self._verified:
            self._verified[token] = verified
        return access

    def issue_refresh(self, tenant: UUID, session: UUID, generation: int) -> str:
        """The refresh token for a session's generation."""
        body = REFRESH_FORMAT.pack(VERSION, tenant.bytes, session.bytes, generation)
        return base64.urlsafe_b64encode(body + self._refresh_signature(body)).decode()

    def verify_refresh(self, token: str) -> RefreshToken | None:
        """The content of the token, or None if it is not authentic."""
        if not REFRESH_TEXT.match(token):
            return None
        raw = base64.urlsafe_b64decode(token)
        body, signature = raw[: REFRESH_FORMAT.size], raw[REFRESH_FORMAT.size :]
        version, tenant, session, generation = REFRESH_FORMAT.unpack(body)
        if not hmac.compare_digest(signature, self._refresh_signature(body)) or version != VERSION:
            return None
        return RefreshToken(UUID(bytes=tenant), UUID(bytes=session), generation)

    def issue_reset(self, tenant: UUID, user: UUID, number: UUID) -> str:
        """A token for choosing a new password, valid as long as its number is the latest."""
        body = RESET_FORMAT.pack(tenant.bytes, user.bytes, number.bytes)
        signed = body + hmac.new(self._reset, body, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(signed).decode().rstrip("=")

    def verify_reset(self, token: str) -> PasswordReset | None:
        """The content of the token, or None if it is not authentic."""
        if not RESET_TEXT.match(token):
            return None
        raw = base64.urlsafe_b64decode(token + "=")
        body, signature = raw[: RESET_FORMAT.size], raw[RESET_FORMAT.size :]
        expected = hmac.new(self._reset, body, hashlib.sha256).digest()
        if not hmac.compare_digest(signature, expected):
            return None
        tenant, user, number = (UUID(bytes=part) for part in RESET_FORMAT.unpack(body))
        return PasswordReset(tenant, user, number)

    def _refresh_signature(self, body: bytes) -> bytes:
        return hmac.new(self._refresh, body, hashlib.sha256).digest()

    def _sign(self, payload: bytes) -> str:
        return jws.serialize_compact(dict(HEADER), payload, self._access, registry=self._registry)

    def _verify(self, token: str) -> tuple[int, int, AccessToken]:
        # All issued tokens begin with the same characters. Anything else, such as another algorithm
        # or type, `kid`, `jku`, `crit` or encryption, is refused before it is parsed.
        if (
            len(token) > MAX_TOKEN_LENGTH
            or not token.isascii()
            or not token.startswith(self._common_prefix)
        ):
            raise _refused()
        try:
            signed = jws.deserialize_compact(token, self._access, registry=self._registry)
            claims = json.loads(signed.payload)
        except (JoseError, ValueError) as error:
            raise _refused() from error
        return _read_claims(claims)


def _read_claims(claims: object) -> tuple[int, int, AccessToken]:
    """The issue time, expiry and content; refused if this server would not have issued it."""
    if not isinstance(claims, dict) or claims.get("iss") != ISSUER or claims.get("aud") != AUDIENCE:
        raise _refused()
    issued, expires = _seconds(claims, "iat"), _seconds(claims, "exp")
    lifetime = int(ACCESS_LIFETIME.total_seconds())
    # `nbf` is not used: a token that is not valid yet was not issued by this server.
    if "nbf" in claims or not 0 < expires - issued <= lifetime:
        raise _refused()
    user, tenant, session = (_identifier(claims, name) for name in ("sub", "ten", "sid"))
    try:
        expires_at = datetime.fromtimestamp(expires, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise _refused() from error
    return issued, expires, AccessToken(tenant, user, session, expires_at)


def _seconds(claims: Mapping[str, object], name: str) -> int:
    value = claims.get(name)
    if type(value) is not int:  # neither true nor 1.5e9
        raise _refused()
    return value


def _identifier(claims: Mapping[str, object], name: str) -> UUID:
    value = claims.get(name)
    if not isinstance(value, str) or not IDENTIFIER.match(value):
        raise _refused()
    return UUID(hex=value)


def _refused() -> Refused:
    return Refused(
        Code.UNAUTHENTICATED,
        Message("The access token is missing, invalid or expired. Sign in again."),
    )
