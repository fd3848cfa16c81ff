"""Idempotency keys: a request that is sent twice with the same key is executed once (D-37)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from db.engine.write.connection import TenantConnection
from domain.values import JsonObject

RETENTION = timedelta(hours=24)
LOCK = "SELECT pg_try_advisory_xact_lock($1)"
FIND = "SELECT digest, outcome FROM idempotency_key WHERE user_id = $1 AND key = $2 AND at > $3"


@dataclass(frozen=True)
class IdempotentRequest:
    """A request's idempotency key, and the digest of its contents."""

    tenant: UUID
    user: UUID
    key: str
    digest: bytes

    @property
    def lock(self) -> int:
        """Number of the advisory lock held while a request with this key runs."""
        text = f"{self.tenant}:{self.user}:{self.key}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), signed=True)

    def row(self, outcome: JsonObject, at: datetime) -> JsonObject:
        """The row to store, with the request's outcome."""
        digest = "\\x" + self.digest.hex()
        return {
            "user_id": self.user, "key": self.key, "digest": digest, "outcome": outcome, "at": at,
        }  # fmt: skip


@dataclass(frozen=True)
class StoredOutcome:
    """Outcome of the first request with a key, and that request's digest."""

    digest: bytes
    outcome: JsonObject


async def lock_key(connection: TenantConnection, key: IdempotentRequest) -> bool:
    """Lock the key until the transaction ends; False if another request has locked it.

    The stored outcome is read by a separate statement, because this statement's snapshot is older than the lock.
    """
    rows = await connection.fetch(LOCK, key.lock)
    return bool(rows[0][0])


async def find_outcome(
    connection: TenantConnection, key: IdempotentRequest, now: datetime
) -> StoredOutcome | None:
    """The stored outcome of the request with this key, if it is not older than `RETENTION`."""
    rows = await connection.fetch(FIND, key.user, key.key, now - RETENTION)
    if not rows:
        return None
    return StoredOutcome(rows[0]["digest"], orjson.loads(rows[0]["outcome"]))
