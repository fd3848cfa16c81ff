"""Converts exceptions to the errors that clients receive, without SQL or internal names (D-35)."""

from __future__ import annotations

import uuid

import structlog
from graphql import GraphQLError
from structlog.contextvars import get_contextvars

from db.engine.transaction import (
    LOST,
    EntryRejected,
    LockTimeout,
    RejectReason,
    SerializationConflict,
    StatementTimeout,
)
from domain.codes import Code, Refused
from domain.message import Message
from resolvers.engine.results import ErrorEntry
from schema import admission
from schema.engine.errors import errors_of

log = structlog.get_logger()

Failure = Refused | admission.DocumentRejected


def error_entry_of(error: GraphQLError) -> ErrorEntry:
    """The error entry of an exception raised while an operation was executed."""
    if error.original_error is None or not error.path:  # errors of variables have no path
        refusal: Failure = Refused(Code.BAD_USER_INPUT, Message(error.message))
    else:
        refusal = failure(error.original_error)
    entry = errors_of(refusal)[0]
    if error.path:
        entry["path"] = list(error.path)
    return entry


def failure(error: Exception) -> Failure:
    """The refusal to send for an exception."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, EntryRejected):
        return _rejected(error)
    if isinstance(error, StatementTimeout):
        message = Message(
            "The database query timed out. Request fewer records, or filter more narrowly."
        )
        return Refused(Code.TIMEOUT, message)
    if isinstance(error, SerializationConflict | LockTimeout):
        message = Message("Another request is changing the same records. Try again in a moment.")
        return Refused(Code.RETRYABLE, message, retryAfter=1)
    if isinstance(error, LOST):
        log.warning("database lost", error=type(error).__name__)
        return Refused(
            Code.RETRYABLE, Message("The database is not available. Try again in a moment.")
        )
    return _internal(error)


def _rejected(rejected: EntryRejected) -> Refused:
    if rejected.reason is RejectReason.REVOKED:
        return Refused(Code.UNAUTHENTICATED, Message("The session has ended. Sign in again."))
    if rejected.reason is RejectReason.STALE:
        message = Message("Permissions are being changed. Try again in a moment.")
        return Refused(Code.RETRYABLE, message, retryAfter=1)
    return Refused(
        Code.RETRYABLE, Message("The tenant's data is being moved. Try again in a moment.")
    )


def _internal(error: Exception) -> Refused:
    """An internal error: its details are logged under an id that the client receives."""
    request_id = get_contextvars().get("request_id") or uuid.uuid4().hex
    log.error("request failed", request_id=request_id, exc_info=error)
    message = Message("Internal error. Report the request ID {id} to the operator.", id=request_id)
    return Refused(Code.INTERNAL, message, requestId=request_id)
