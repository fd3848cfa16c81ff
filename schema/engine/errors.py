"""Converts refusals to GraphQL errors, with their codes and HTTP statuses (D-35)."""

from __future__ import annotations

from domain.codes import Code, Refused
from domain.message import Message
from domain.values import JsonObject
from resolvers.engine.results import ErrorEntry, as_error
from schema import admission

STATUS: dict[str, int] = {
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.FIELD_FORBIDDEN: 403,
    Code.TENANT_MISMATCH: 403,
    Code.TENANT_SUSPENDED: 403,
    Code.TRUSTED_DOCUMENT_REQUIRED: 403,
    Code.DOCUMENT_NOT_FOUND: 404,
    Code.PERSISTED_QUERY_NOT_FOUND: 404,
    Code.TENANT_UPGRADING: 503,
    Code.PAYLOAD_TOO_LARGE: 413,
    Code.RATE_LIMITED: 429,
    Code.RETRYABLE: 503,
    Code.TIMEOUT: 503,
    Code.INTERNAL: 500,
}
"""HTTP status per code; 400 for all others."""

WELL_FORMED = {
    Code.GRAPHQL_PARSE_FAILED,
    Code.GRAPHQL_VALIDATION_FAILED,
    Code.BAD_USER_INPUT,
    Code.QUERY_TOO_COMPLEX,
    Code.BAD_CURSOR,
    Code.DOCUMENT_NOT_FOUND,
    Code.PERSISTED_QUERY_NOT_FOUND,
    Code.FIELD_FORBIDDEN,
}
"""Codes that are sent with status 200 to clients that accept only `application/json`."""

SIGN_IN = Message("Authentication required. Send the access token as `Authorization: Bearer …`.")

LONGEST = 500
"""Maximum length of a message, in characters: graphql-core quotes the input and its path."""


def errors_of(refused: Refused | admission.DocumentRejected) -> list[ErrorEntry]:
    """The entries of `errors`."""
    if isinstance(refused, Refused):
        entry = as_error(refused)
        return [{"message": _shortened(entry["message"]), "extensions": entry["extensions"]}]
    return [_document_error(problem) for problem in refused.errors]


def _document_error(problem: admission.DocumentError) -> ErrorEntry:
    extensions: JsonObject = {"code": problem.code}
    if problem.input:
        extensions["input"] = list(map(str, problem.input))  # as in `userErrors.path`
    if problem.limit is not None:
        extensions["limit"] = problem.limit
    entry = ErrorEntry(message=_shortened(problem.message), extensions=extensions)
    if problem.locations:
        entry["locations"] = [
            {"line": line, "column": column} for line, column in problem.locations
        ]
    return entry


def _shortened(message: str) -> Message:
    """The message; if it is too long, its beginning in English."""
    if len(message) > LONGEST:
        return Message(message[:LONGEST] + "…")
    return message if isinstance(message, Message) else Message(message)


def code_of(refused: Refused | admission.DocumentRejected) -> str:
    """The code that determines the status: that of the first error."""
    return refused.code if isinstance(refused, Refused) else refused.errors[0].code
