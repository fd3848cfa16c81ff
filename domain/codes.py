"""The one registry of codes a caller can be answered with; nothing else may be put in `extensions.code`."""

from enum import StrEnum


class Code(StrEnum):
    """Why a request, or a part of it, was refused (D-35)."""

    BAD_REQUEST = "BAD_REQUEST"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    TENANT_MISMATCH = "TENANT_MISMATCH"
    TENANT_SUSPENDED = "TENANT_SUSPENDED"
    TENANT_UPGRADING = "TENANT_UPGRADING"
    FORBIDDEN = "FORBIDDEN"
    FIELD_FORBIDDEN = "FIELD_FORBIDDEN"
    FIELD_READ_ONLY = "FIELD_READ_ONLY"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    NOT_APPLIED = "NOT_APPLIED"
    IDEMPOTENCY_IN_PROGRESS = "IDEMPOTENCY_IN_PROGRESS"
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"
    QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    RATE_LIMITED = "RATE_LIMITED"
    BAD_CURSOR = "BAD_CURSOR"
    RESYNC_REQUIRED = "RESYNC_REQUIRED"
    RETRYABLE = "RETRYABLE"
    TIMEOUT = "TIMEOUT"
    INTERNAL = "INTERNAL"


class UserErrorCode(StrEnum):
    """Why a command was not carried out, in a payload's `userErrors`; the request itself was valid."""

    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    INVALID_TOKEN = "INVALID_TOKEN"  # noqa: S105 - a code, not a secret
    DEMO_ONLY = "DEMO_ONLY"
    WEAK_PASSWORD = "WEAK_PASSWORD"  # noqa: S105 - likewise
    REQUIRED = "REQUIRED"
    INVALID = "INVALID"
    TOO_LONG = "TOO_LONG"
    DUPLICATE = "DUPLICATE"
    IN_USE = "IN_USE"
    CYCLE = "CYCLE"
    LOCKED = "LOCKED"
    ACTIVE_QUOTE = "ACTIVE_QUOTE"
    NO_ACTIVE_QUOTE = "NO_ACTIVE_QUOTE"
    NOT_TIME_BASED = "NOT_TIME_BASED"
    INVALID_TRANSITION = "INVALID_TRANSITION"
    WHOLE_DELETED = "WHOLE_DELETED"
    LAST_ADMINISTRATOR = "LAST_ADMINISTRATOR"


class Refused(Exception):
    """A request that cannot be answered, with the code and the sentence its caller is shown."""

    def __init__(self, code: Code, message: str, **extensions: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.extensions = extensions
