"""Searches responses for internal details, and checks their form."""

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
"""Cursors and tokens are random, so matches in them mean nothing. Names of schemas are shorter."""
CODES = {code.value for code in Code}


def wrong(got: Got) -> list[str]:
    """Return the defects of a response to any request; normally none."""
    found = []
    if not 200 <= got.status < 500:
        found.append(f"status {got.status}")
    if got.headers.get("cache-control") != "no-store":
        found.append("may be kept by caches")
    everything = got.body + "".join(got.headers.values()).encode("latin-1")
    found += [
        f"tells {match.group()!r}" for match in INTERNAL.finditer(SEALED.sub(b"", everything))
    ]
    if got.status == 200 and not got.body.startswith(b'{"errors"'):
        return found + _wrong_data(got)
    try:
        errors = got.json["errors"]
        assert errors
        for error in errors:
            assert error["extensions"]["code"] in CODES
            assert error["extensions"]["code"] != Code.INTERNAL
            assert isinstance(error["message"], str)
            assert "Did you mean" not in error["message"]
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        found.append(f"no proper errors ({type(error).__name__})")
    return found


def _wrong_data(got: Got) -> list[str]:
    try:
        read = got.json
    except ValueError:
        return ["not JSON"]
    codes = [error["extensions"]["code"] for error in read.get("errors", [])]
    fine = "data" in read and set(codes) <= CODES - {Code.INTERNAL.value}
    return [] if fine else ["neither data nor proper errors"]
