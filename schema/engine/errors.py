"""How refusals are spoken: the GraphQL error, its code, and the HTTP status that goes with it (D-35)."""

from __future__ import annotations

import re

import orjson

from domain.codes import Code, Refused
from resolvers.engine.results import ErrorEntry, as_error
from schema import admission

STATUS: dict[str, int] = {
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.FIELD_FORBIDDEN: 403,
    Code.TENANT_MISMATCH: 403,
    Code.TENANT_SUSPENDED: 403,
    Code.TENANT_UPGRADING: 503,
    Code.PAYLOAD_TOO_LARGE: 413,
    Code.RATE_LIMITED: 429,
    Code.RETRYABLE: 503,
    Code.TIMEOUT: 503,
    Code.INTERNAL: 500,
}
"""The status of a refusal; 400 for all others."""

WELL_FORMED = {
    Code.GRAPHQL_PARSE_FAILED,
    Code.GRAPHQL_VALIDATION_FAILED,
    Code.BAD_USER_INPUT,
    Code.QUERY_TOO_COMPLEX,
    Code.BAD_CURSOR,
    Code.FIELD_FORBIDDEN,
}
"""Refusals that a client which accepts only `application/json` is told with status 200."""

SIGN_IN = "Authentication required. Send the access token as `Authorization: Bearer …`."

LONGEST = 500
"""Characters of a message: graphql-core quotes what it was sent, and the way to it."""
_SUGGESTION = re.compile(r" Did you mean [^?]*\?")


def errors_of(refused: Refused | admission.DocumentRejected) -> list[ErrorEntry]:
    """The entries of `errors`."""
    if isinstance(refused, Refused):
        entry = as_error(refused)
        return [{"message": _said(entry["message"]), "extensions": entry["extensions"]}]
    return [
        {
            "message": _said(problem.message),
            "locations": [{"line": line, "column": column} for line, column in problem.locations],
            "extensions": {"code": problem.code},
        }
        for problem in refused.errors
    ]


def _said(message: str) -> str:
    """A message as it leaves us: wherever it was made, it names nothing that was not asked for."""
    message = _SUGGESTION.sub("", message)
    return message if len(message) <= LONGEST else message[:LONGEST] + "…"


def code_of(refused: Refused | admission.DocumentRejected) -> str:
    """The code that decides about the status: that of the first error."""
    return refused.code if isinstance(refused, Refused) else refused.errors[0].code


def body_of(refused: Refused | admission.DocumentRejected) -> bytes:
    """The response that says why. There is no `data` in it: nothing was done."""
    return orjson.dumps({"errors": errors_of(refused)})
