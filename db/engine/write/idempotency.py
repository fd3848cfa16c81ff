"""Keys that callers give their requests, so that what is sent twice is done once (D-37)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from db.engine.write.connection import TenantConnection
from domain.values import JsonObject

KEPT = timedelta(hours=24)
LOCK = "SELECT pg_try_advisory_xact_lock($1)"
FIND = "SELECT digest, outcome FROM idempotency_key WHERE user_id = $1 AND key = $2 AND at > $3"


@dataclass(frozen=True)
class IdempotentRequest:
    """What a caller called a request, and the digest of all that was in it."""

    tenant: UUID
    user: UUID
    key: str
    digest: bytes

    @property
    def lock(self) -> int:
        """Number of the advisory lock that a request with this key holds while it runs."""
        text = f"{self.tenant}:{self.user}:{self.key}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), signed=True)

    def kept(self, outcome: JsonObject, at: datetime) -> JsonObject:
        """The row that remembers it."""
        digest = "\\x" + self.digest.hex()
        return {
            "user_id": self.user, "key": self.key, "digest": digest, "outcome": outcome, "at": at,
        }  # fmt: skip


@dataclass(frozen=True)
class Done:
    """What came of the request that had this key first."""

    digest: bytes
    outcome: JsonObject


async def take(connection: TenantConnection, key: IdempotentRequest) -> bool:
    """Lock the key until the transaction ends; False if another request has locked it.

    What that one did is asked for by a statement of its own: this one's snapshot is older than the lock.
    """
    rows = await connection.fetch(LOCK, key.lock)
    return bool(rows[0][0])


async def find(connection: TenantConnection, key: IdempotentRequest, now: datetime) -> Done | None:
    """What came of the request with this key, if it was done and not long ago."""
    rows = await connection.fetch(FIND, key.user, key.key, now - KEPT)
    return Done(rows[0]["digest"], orjson.loads(rows[0]["outcome"])) if rows else None
