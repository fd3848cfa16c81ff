"""Access and refresh tokens: forged, altered and expired ones are refused, access tokens with one error."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwe, jwk, jws

from auth.engine.tokens import (
    ACCESS_LIFETIME,
    LEEWAY_SECONDS,
    MAX_CACHED_TOKENS,
    AccessToken,
    RefreshToken,
    TokenIssuer,
    derive,
)
from domain.codes import Code, Refused

SECRET = bytes(range(32))
KEY = derive(SECRET, "access token")
NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
TENANT, USER, SESSION = UUID(int=1), UUID(int=2), UUID(int=3)
HEADER = {"alg": "HS256", "typ": "at+jwt"}
CLAIMS: dict[str, Any] = {
    "iss": "relata",
    "aud": "relata-api",
    "sub": USER.hex,
    "ten": TENANT.hex,
    "sid": SESSION.hex,
    "iat": AT,
    "exp": AT + 900,
}
RSA = rsa.generate_private_key(65537, 2048)
PEM = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def forge(
    header: Any = HEADER, claims: Any = CLAIMS, key: bytes = KEY, digest: str = "sha256"
) -> str:
    """A token signed with any key, header and claims."""
    texts = [
        value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
        for value in (header, claims)
    ]
    signed = ".".join(part(text) for text in texts)
    return f"{signed}.{part(hmac.new(key, signed.encode(), digest).digest())}"


def issuer() -> TokenIssuer:
    return TokenIssuer(SECRET)


def issued() -> str:
    return issuer().issue_access(TENANT, USER, SESSION, NOW)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in CLAIMS.items() if key != name}


def unsigned(header: Any) -> str:
    return forge(header).rpartition(".")[0] + "."


def by_rsa() -> str:
    algorithms = ["RS256"]
    header = {"alg": "RS256", "typ": "at+jwt"}
    payload = json.dumps(CLAIMS)
    return jws.serialize_compact(header, payload, jwk.RSAKey.import_key(RSA), algorithms)


def encrypted() -> str:
    header = {"alg": "dir", "enc": "A128CBC-HS256", "typ": "at+jwt"}
    return jwe.encrypt_compact(header, json.dumps(CLAIMS).encode(), jwk.OctKey.import_key(KEY))


def as_json() -> str:
    protected, payload, signature = forge().split(".")
    return json.dumps({"protected": protected, "payload": payload, "signature": signature})


def changed(token: str, index: int) -> str:
    other = "A" if token[index] != "A" else "B"
    return token[:index] + other + token[index + 1 :]


HEADERS: dict[str, Any] = {
    "alg HS384": {"alg": "HS384", "typ": "at+jwt"},
    "alg RS256, signed as HS256": {"alg": "RS256", "typ": "at+jwt"},
    "no alg": {"typ": "at+jwt"},
    "typ JWT": {"alg": "HS256", "typ": "JWT"},
    "no typ": {"alg": "HS256"},
    "typ of an id token": {"alg": "HS256", "typ": "id+jwt"},
    "typ in capitals": {"alg": "HS256", "typ": "AT+JWT"},
    "kid a path": HEADER | {"kid": "../../dev/null"},
    "kid SQL": HEADER | {"kid": "x' UNION SELECT 'key"},
    "jku": HEADER | {"jku": "https://evil.example/keys"},
    "x5u": HEADER | {"x5u": "https://evil.example/cert"},
    "jwk": HEADER | {"jwk": {"kty": "oct", "k": part(KEY)}},
    "unknown crit": HEADER | {"crit": ["trust-me"], "trust-me": True},
    "empty crit": HEADER | {"crit": []},
    "unencoded payload": HEADER | {"crit": ["b64"], "b64": False},
    "zip": HEADER | {"zip": "DEF"},
    "another order": {"typ": "at+jwt", "alg": "HS256"},
    "an array": ["HS256"],
    "no JSON": b"HS256",
}
BODIES: dict[str, Any] = {
    "iss wrong": CLAIMS | {"iss": "relata2"},
    "iss missing": without("iss"),
    "aud wrong": CLAIMS | {"aud": "relata-partner"},
    "aud a list": CLAIMS | {"aud": ["relata-api", "other"]},
    "aud missing": without("aud"),
    "exp missing": without("exp"),
    "exp null": CLAIMS | {"exp": None},
    "exp in ms": CLAIMS | {"exp": (AT + 900) * 1000},
    "exp and iat in ms": CLAIMS | {"exp": (AT + 900) * 1000, "iat": AT * 1000},
    "exp text": CLAIMS | {"exp": str(AT + 900)},
    "exp no whole number": CLAIMS | {"exp": AT + 900.5},
    "exp true": CLAIMS | {"exp": True},
    "exp not a number": CLAIMS | {"exp": float("nan")},
    "exp beyond all clocks": CLAIMS | {"exp": 10**30, "iat": 10**30 - 1},
    "exp of thousands of digits": json.dumps(CLAIMS).replace(str(AT + 900), "9" * 900).encode(),
    "exp too far": CLAIMS | {"exp": AT + 901},
    "exp before iat": CLAIMS | {"exp": AT - 1},
    "expired": CLAIMS | {"iat": AT - 931, "exp": AT - 31},
    "iat missing": without("iat"),
    "iat in the future": CLAIMS | {"iat": AT + 31, "exp": AT + 931},
    "nbf in the future": CLAIMS | {"nbf": AT + 600},
    "sub missing": without("sub"),
    "sub a number": CLAIMS | {"sub": 2},
    "sub no id": CLAIMS | {"sub": "admin"},
    "ten missing": without("ten"),
    "ten with a line's end": CLAIMS | {"ten": TENANT.hex + "\n"},
    "sid missing": without("sid"),
    "an array": [CLAIMS],
    "a number": 1,
    "no JSON": b"{",
    "no UTF-8": b'{"iss": "\xff"}',
    "too deep": b"[" * 700,
}
TEXTS: dict[str, str] = {
    "alg none": unsigned({"alg": "none", "typ": "at+jwt"}),
    "alg none, signed": forge({"alg": "none", "typ": "at+jwt"}),
    "alg nOnE": unsigned({"alg": "nOnE", "typ": "at+jwt"}),
    "no signature": unsigned(HEADER),
    "a real HS512": forge({"alg": "HS512", "typ": "at+jwt"}, digest="sha512"),
    "signed by RSA": by_rsa(),
    "a public key as the secret": forge(key=PEM),
    "empty key": forge(key=b""),
    "another secret": TokenIssuer(bytes(32)).issue_access(TENANT, USER, SESSION, NOW),
    "the secret itself": forge(key=SECRET),
    "the refresh tokens' key": forge(key=derive(SECRET, "refresh token")),
    "encrypted": encrypted(),
    "as JSON": as_json(),
    "a refresh token": issuer().issue_refresh(TENANT, SESSION, 1),
    "truncated": issued()[:-1],
    "half": issued()[: len(issued()) // 2],
    "signature changed": changed(issued(), -10),
    "claims changed": changed(issued(), 60),
    "unused bits of the signature": issued()[:-1] + chr(ord(issued()[-1]) + 1),
    "padded": issued() + "=",
    "a fourth part": issued() + ".e30",
    "a line's end": issued() + "\n",
    "a blank before": " " + issued(),
    "not ASCII": issued() + "é",
    "NUL": issued() + "\x00",
    "long": issued() + "A" * 100_000,
    "header only": issued().partition(".")[0] + ".",
    "empty": "",
    "dots": "..",
}
FORGED = (
    {f"header: {name}": forge(header) for name, header in HEADERS.items()}
    | {f"claims: {name}": forge(claims=claims) for name, claims in BODIES.items()}
    | {f"text: {name}": text for name, text in TEXTS.items()}
)


def test_issued_token_is_accepted() -> None:
    expected = AccessToken(TENANT, USER, SESSION, NOW + ACCESS_LIFETIME)
    assert issuer().verify_access(issued(), NOW) == expected
    assert (
        issuer().verify_access(forge(), NOW) == expected
    )  # control: the helper can create valid tokens


@pytest.mark.covers("D-40")
@pytest.mark.parametrize("name", FORGED)
def test_forged_tokens_are_refused(name: str) -> None:
    with pytest.raises(Refused) as refused:
        issuer().verify_access(FORGED[name], NOW)
    plain = Refused(Code.UNAUTHENTICATED, refused.value.message)
    assert refused.value.code is plain.code
    assert (refused.value.message, refused.value.extensions) == (MESSAGE, {})


MESSAGE = "The access token is missing, invalid or expired. Sign in again."


@pytest.mark.parametrize(
    ("seconds", "valid"),
    [
        (-LEEWAY_SECONDS - 1, False),
        (-LEEWAY_SECONDS, True),
        (929, True),
        (930, False),
        (10**6, False),
    ],
)
@pytest.mark.parametrize("cached", [False, True])
def test_expiry_of_a_cached_token_is_checked(seconds: int, valid: bool, cached: bool) -> None:
    tokens = issuer()
    if cached:
        tokens.verify_access(issued(), NOW)
    now = NOW + timedelta(seconds=seconds)
    if valid:
        assert tokens.verify_access(issued(), now).user == USER
    else:
        with pytest.raises(Refused):
            tokens.verify_access(issued(), now)


def test_token_cache_is_bounded_and_contains_no_refused_tokens() -> None:
    tokens = issuer()
    for index in range(MAX_CACHED_TOKENS + 10):
        tokens.verify_access(tokens.issue_access(TENANT, UUID(int=index), SESSION, NOW), NOW)
    for text in FORGED.values():
        with pytest.raises(Refused):
            tokens.verify_access(text, NOW)
    assert len(tokens._verified) == MAX_CACHED_TOKENS
    assert not set(FORGED.values()) & set(tokens._verified)


def test_refresh_token_contains_what_was_issued() -> None:
    tenant, session = uuid4(), uuid4()
    token = issuer().issue_refresh(tenant, session, 7)
    assert issuer().verify_refresh(token) == RefreshToken(tenant, session, 7)


def test_altered_refresh_tokens_are_refused() -> None:
    token = issuer().issue_refresh(TENANT, SESSION, 1)
    assert all(issuer().verify_refresh(changed(token, index)) is None for index in range(92))
    others = ["", "A" * 92, token + "A", token + "\n", token[:-1], token[:-1] + "é", issued()]
    assert [issuer().verify_refresh(other) for other in others] == [None] * len(others)
    assert TokenIssuer(bytes(32)).verify_refresh(token) is None
    body = b"\x02" + base64.urlsafe_b64decode(token)[1:-32]  # of a future version
    seal = hmac.new(derive(SECRET, "refresh token"), body, "sha256").digest()
    assert issuer().verify_refresh(part(body + seal)) is None


def test_keys_differ_by_label_and_require_the_full_secret() -> None:
    keys = {derive(SECRET, label) for label in ("access token", "refresh token", "throttle")}
    assert len(keys | {SECRET, hashlib.sha256(SECRET).digest()}) == 5
    with pytest.raises(ValueError, match="32 bytes"):
        derive(b"short", "access token")
