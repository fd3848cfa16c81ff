"""The registry of error codes: every code that a caller can receive, when it is returned, and what to do about it.

The reference of errors (docs/api/errors.md) and the descriptions in the GraphQL schema are generated from it.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Self

from domain.message import Message


class _DocumentedCode(StrEnum):
    """A code with its documentation. Each member is declared as value, when and remedy."""

    _value_: str
    when: str
    """The situation in which the code is returned."""
    remedy: str
    """What the client or the user does about it."""

    def __new__(cls, value: str, when: str, remedy: str) -> Self:
        """Keep the documentation beside the value."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.when, member.remedy = when, remedy
        return member


class Code(_DocumentedCode):
    """Why a request, or a part of it, was refused: `errors[].extensions.code`."""

    BAD_REQUEST = (
        "BAD_REQUEST",
        "The request does not follow GraphQL over HTTP or its WebSocket protocol.",
        "Correct the client: method, headers and body as `docs/api/conventions.md` describes.",
    )
    GRAPHQL_PARSE_FAILED = (
        "GRAPHQL_PARSE_FAILED",
        "The document is not valid GraphQL syntax.",
        "Correct the syntax at `locations`.",
    )
    GRAPHQL_VALIDATION_FAILED = (
        "GRAPHQL_VALIDATION_FAILED",
        "The document does not match the schema, such as an unknown field or a missing argument.",
        "Correct the document at `locations`; compare it with the schema.",
    )
    DOCUMENT_NOT_FOUND = (
        "DOCUMENT_NOT_FOUND",
        "No document with this `documentId` is registered for the tenant.",
        "Register the manifest that contains the document, or send its text.",
    )
    PERSISTED_QUERY_NOT_FOUND = (
        "PERSISTED_QUERY_NOT_FOUND",
        "No client has registered a document with this `sha256Hash` yet, where automatic persisted queries are enabled.",
        "Send the same request with the text in `query`. Clients of automatic persisted queries do so by themselves.",
    )
    TRUSTED_DOCUMENT_REQUIRED = (
        "TRUSTED_DOCUMENT_REQUIRED",
        "The tenant accepts only the documents of its manifest, and the request has the text of one.",
        "Send the `documentId` of a registered document.",
    )
    BAD_USER_INPUT = (
        "BAD_USER_INPUT",
        "An argument or variable has an invalid value, or a combination that is not supported.",
        "Correct the value that the message names.",
    )
    UNAUTHENTICATED = (
        "UNAUTHENTICATED",
        "The access token is missing, invalid or expired, or its session has ended.",
        "Call `refresh`; if that fails, sign in again.",
    )
    TENANT_MISMATCH = (
        "TENANT_MISMATCH",
        "The header `X-Tenant` names another tenant than the access token.",
        "Send the token of that tenant, or omit the header.",
    )
    TENANT_SUSPENDED = (
        "TENANT_SUSPENDED",
        "The tenant is suspended (read only) or closed.",
        "Contact the operator of the server.",
    )
    TENANT_UPGRADING = (
        "TENANT_UPGRADING",
        "Reserved. This version returns `RETRYABLE` while a tenant is moved or migrated.",
        "Handle it like `RETRYABLE`.",
    )
    FORBIDDEN = (
        "FORBIDDEN",
        "The caller can see the record or type, but has no right to do this with it.",
        "Request the right from an administrator. Repeating the request does not help.",
    )
    FIELD_FORBIDDEN = (
        "FIELD_FORBIDDEN",
        "The operation uses or writes fields that the caller cannot read; `extensions.fields` lists them.",
        "Omit these fields, or request the right from an administrator.",
    )
    FIELD_READ_ONLY = (
        "FIELD_READ_ONLY",
        "The input sets fields that the caller can read but not write. `extensions.fields` lists them.",
        "Omit these fields, or request the right from an administrator.",
    )
    NOT_FOUND = (
        "NOT_FOUND",
        "No record that the caller can see has this ID. Deleted, invisible and unknown records are not distinguished.",
        "Check the ID and its type. Search the trash for a deleted record.",
    )
    NOT_APPLIED = (
        "NOT_APPLIED",
        "Another mutation of the same operation failed, so this one was rolled back.",
        "Correct the mutation that failed, and send the operation again.",
    )
    IDEMPOTENCY_IN_PROGRESS = (
        "IDEMPOTENCY_IN_PROGRESS",
        "A request with the same `Idempotency-Key` is still running.",
        "Repeat the request after `extensions.retryAfter` seconds.",
    )
    IDEMPOTENCY_MISMATCH = (
        "IDEMPOTENCY_MISMATCH",
        "The `Idempotency-Key` was used for a different request within the last 24 hours.",
        "Use a new key for every new request.",
    )
    QUERY_TOO_COMPLEX = (
        "QUERY_TOO_COMPLEX",
        "The operation exceeds a limit of size, depth or number of records.",
        "Split the operation, or request fewer records and fields.",
    )
    LIST_TOO_LONG = (
        "LIST_TOO_LONG",
        "The window of a live list exceeds 1,000 records or 2 MiB; `limit` is the largest possible `first`.",
        "Send a smaller `first`, or select fewer fields; read further records with queries.",
    )
    PAYLOAD_TOO_LARGE = (
        "PAYLOAD_TOO_LARGE",
        "The request body exceeds the size limit.",
        "Send the data in several requests.",
    )
    RATE_LIMITED = (
        "RATE_LIMITED",
        "The caller or tenant exceeds its quota of requests, sign-in attempts or open subscriptions.",
        "Wait for `extensions.retryAfter` seconds, or end open subscriptions.",
    )
    BAD_CURSOR = (
        "BAD_CURSOR",
        "The cursor is invalid, or was issued for another list, filter, order or user.",
        "Read the list from its beginning.",
    )
    RESYNC_REQUIRED = (
        "RESYNC_REQUIRED",
        "Reserved. A subscription that cannot resume receives a message of kind `RESYNC` instead.",
        "Discard local state and subscribe without `after`.",
    )
    RETRYABLE = (
        "RETRYABLE",
        "A temporary condition: a concurrent change, a change of rights, maintenance, or a lost connection.",
        "Repeat the request after `extensions.retryAfter` seconds, or a second where it is absent.",
    )
    TIMEOUT = (
        "TIMEOUT",
        "The database did not finish within the time limit.",
        "Request fewer records, or filter more narrowly.",
    )
    INTERNAL = (
        "INTERNAL",
        "An unexpected error on the server.",
        "Report `extensions.requestId` to the operator of the server.",
    )


class UserErrorCode(_DocumentedCode):
    """Why a command was not carried out: `userErrors[].code` of a payload. The request itself was valid."""

    INVALID_CREDENTIALS = (
        "INVALID_CREDENTIALS",
        "Tenant, email address and password do not match.",
        "Check all three. An administrator can issue a token to reset the password.",
    )
    INVALID_TOKEN = (
        "INVALID_TOKEN",
        "The refresh or reset token is unknown, expired or was used before.",
        "Sign in again, or request a new reset token.",
    )
    DEMO_ONLY = (
        "DEMO_ONLY",
        "The operation is disabled for users of the demonstration tenants.",
        "Use a tenant of your own.",
    )
    WEAK_PASSWORD = (
        "WEAK_PASSWORD",
        "The new password is too short, too long or publicly known.",
        "Choose a password of at least 10 characters.",
    )
    REQUIRED = (
        "REQUIRED",
        "A required value is missing or null.",
        "Provide a value for the field at `path`.",
    )
    INVALID = (
        "INVALID",
        "A value violates a rule of its field or record.",
        "Correct the value at `path` as the message describes.",
    )
    TOO_LONG = (
        "TOO_LONG",
        "A text exceeds the maximum length of its field.",
        "Shorten the text.",
    )
    DUPLICATE = (
        "DUPLICATE",
        "Another record has the same unique value or combination of values.",
        "Choose another value, or use the record that `record` names.",
    )
    CONFLICT = (
        "CONFLICT",
        "Fields of the input were changed since the `version` that was sent. `conflict` has both values.",
        "Show both values, and send the new `version` with the ones that the user chooses.",
    )
    IN_USE = (
        "IN_USE",
        "Other records refer to this record.",
        "Change or delete those first, or name a replacement where the mutation has `replaceWith`.",
    )
    CYCLE = (
        "CYCLE",
        "The record would be its own ancestor.",
        "Choose a parent that is not below the record.",
    )
    LOCKED = (
        "LOCKED",
        "The record is closed to changes, because it was sold, closed, approved or accepted.",
        "Reopen it with the mutation that the message names, then repeat the change.",
    )
    ACTIVE_QUOTE = (
        "ACTIVE_QUOTE",
        "The active quote of an opportunity cannot be deleted.",
        "Deactivate the quote or activate another one, then delete it.",
    )
    NO_ACTIVE_QUOTE = (
        "NO_ACTIVE_QUOTE",
        "The opportunity has no active quote, and the preferences require one to sell.",
        "Activate the accepted quote, then sell.",
    )
    NOT_TIME_BASED = (
        "NOT_TIME_BASED",
        "The contract is of a kind without a term.",
        "Choose a contract whose kind has a term.",
    )
    INVALID_TRANSITION = (
        "INVALID_TRANSITION",
        "The record cannot change from its current stage or status to the requested one.",
        "Choose a stage or status that the message allows.",
    )
    PARENT_DELETED = (
        "PARENT_DELETED",
        "A record that this one belongs to or requires is in the trash.",
        "Restore that record first.",
    )
    LAST_ADMINISTRATOR = (
        "LAST_ADMINISTRATOR",
        "The change would leave the tenant without an active administrator.",
        "Make another user an administrator first.",
    )


class CloseCode(IntEnum):
    """Why the server closed a WebSocket."""

    when: str
    """The situation in which the server closes the socket with the code."""
    remedy: str
    """What the client does about it."""

    def __new__(cls, value: int, when: str, remedy: str) -> Self:
        """Keep the documentation beside the value."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.when, member.remedy = when, remedy
        return member

    OVERLOAD = (
        1013,
        "A limit of connections, messages or unread data is exceeded, or the server cannot continue.",
        "Connect again after a delay that grows with every attempt.",
    )
    BAD_MESSAGE = (
        4400,
        "A message does not follow the protocol.",
        "Correct the client.",
    )
    UNAUTHORIZED = (
        4401,
        "An operation was sent before `connection_init` was acknowledged.",
        "Wait for `connection_ack`.",
    )
    FORBIDDEN = (
        4403,
        "The token is missing, invalid or expired, its session has ended, or the tenant is closed.",
        "Connect again with a new access token.",
    )
    NO_SUBPROTOCOL = (
        4406,
        "The client does not offer the subprotocol `graphql-transport-ws`.",
        "Request this subprotocol.",
    )
    TIMED_OUT = (
        4408,
        "The client sent no `connection_init`, or did not answer pings.",
        "Connect again.",
    )
    DUPLICATE_ID = (
        4409,
        "The ID belongs to an operation that is still open.",
        "Use a new ID for every operation.",
    )
    TOO_MANY_INITS = (
        4429,
        "A second `connection_init` was sent.",
        "Send `connection_init` once per connection.",
    )


class Refused(Exception):
    """A refused request, with the code and message of the response."""

    def __init__(self, code: Code, message: Message, **extensions: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.extensions = extensions
