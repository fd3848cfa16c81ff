"""Searches responses for internal details and checks their format."""

from __future__ import annotations

import re

from domain.codes import Code
from tests.http.asgi import Got

INTERNAL = re.compile(
    rb"\bt_[a-z2-7]{20,}|pg_[a-z]|asyncpg|sqlalchemy|strawberry|starlette|orjson|graphql-core"
    rb"|Traceback|RecursionError|(?!User)[A-Z][a-z]+Error\b|NoneType|object has no attribute|codec can't"
    rb"|site-packages|/home/|/root/|/usr/|/tmp/|\.py\b|SELECT |\bFROM |WHERE |platform\.|log_head|postgres"
)
SEALED = re.compile(rb"[A-Za-z0-9_-]{40,}")
"""Cursors and tokens, which are random, so that matches in them are ignored. Names of schemas are shorter."""
CODES = {code.value for code in Code}


def wrong(got: Got) -> list[str]:
    """Return the defects of a response to any request; normally none."""
    defects = []
    if not 200 <= got.status < 500:
        defects.append(f"status {got.status}")
    if got.headers.get("cache-control") != "no-store":
        defects.append("may be cached")
    everything = got.body + "".join(got.headers.values()).encode("latin-1")
    defects += [
        f"contains {match.group()!r}" for match in INTERNAL.finditer(SEALED.sub(b"", everything))
    ]
    if got.status == 200 and not got.body.startswith(b'{"errors"'):
        return defects + _wrong_data(got)
    try:
        errors = got.json["errors"]
        assert errors
        for error in errors:
            assert error["extensions"]["code"] in CODES
            assert error["extensions"]["code"] != Code.INTERNAL
            assert isinstance(error["message"], str)
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        defects.append(f"no proper errors ({type(error).__name__})")
    return defects


def _wrong_data(got: Got) -> list[str]:
    try:
        response = got.json
    except ValueError:
        return ["not JSON"]
    codes = [error["extensions"]["code"] for error in response.get("errors", [])]
    fine = "data" in response and set(codes) <= CODES - {Code.INTERNAL.value}
    return [] if fine else ["neither data nor proper errors"]
