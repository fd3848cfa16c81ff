"""Hashes and verifies passwords with argon2id, in a small thread pool."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from domain.codes import Code, Refused
from domain.message import Message

MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
"""The OWASP minimum for argon2id: about 25 ms and 19 MiB per hash."""
MAX_PASSWORD_LENGTH = 1_024
"""Maximum length in characters; longer passwords never match."""
MAX_WAITING_CALLS = 64
DEMO_PASSWORD = "relata-demo"  # noqa: S105 - public
"""Password of the demonstration users. It is public, so only demonstration tenants accept it."""
HASH_PREFIX = "$argon2id$"

T = TypeVar("T")


class Passwords:
    """Hashes passwords. Close it to end its threads."""

    def __init__(
        self, threads: int = 2, *, passes: int = PASSES, memory_kib: int = MEMORY_KIB
    ) -> None:
        """`threads` bounds the cores, and with `memory_kib` the memory, used by sign-ins.

        Tests, which sign in hundreds of times, use fewer passes and less memory.
        """
        self._hasher = PasswordHasher(passes, memory_kib, LANES)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._waiting = 0
        self._dummy = self._hasher.hash("dummy", salt=bytes(16))

    def close(self) -> None:
        """Drop the queue, and let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str, *, demo: bool = False) -> str:
        """A new hash. Raises ValueError for the demonstration's password unless `demo`."""
        if is_demo(password) and not demo:
            raise ValueError("The demonstration password is public. Choose another one.")
        text = _normalized_bytes(password)
        return await self._run_in_thread(lambda: self._hasher.hash(text))

    async def verify(self, hash: str | None, password: str) -> bool:
        """Whether the password matches the hash. Without a hash it does not, after the same work.

        Raises Refused(RATE_LIMITED) if too many calls wait already.
        """
        is_supported = hash is not None and hash.startswith(HASH_PREFIX)
        compared = hash if hash is not None and is_supported else self._dummy
        text = _normalized_bytes(password) if len(password) <= MAX_PASSWORD_LENGTH else b""
        matches = await self._run_in_thread(lambda: self._matches(compared, text))
        return matches and is_supported and len(password) <= MAX_PASSWORD_LENGTH

    def outdated(self, hash: str) -> bool:
        """Whether a hash was made with other than the current parameters."""
        return self._hasher.check_needs_rehash(hash)

    def _matches(self, hash: str, text: bytes) -> bool:
        try:
            return self._hasher.verify(hash, text)
        except VerificationError:
            return False

    async def _run_in_thread(self, work: Callable[[], T]) -> T:
        """Run in the thread pool: many sign-ins wait here without delaying other work."""
        if self._waiting >= MAX_WAITING_CALLS:
            raise Refused(
                Code.RATE_LIMITED,
                Message("Too many sign-ins at once. Try again in 2 seconds."),
                retryAfter=2,
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def is_demo(password: str) -> bool:
    """Whether this is the demonstration password, in any Unicode normalization."""
    return (
        len(password) <= MAX_PASSWORD_LENGTH
        and _normalized_bytes(password) == DEMO_PASSWORD.encode()
    )


def _normalized_bytes(password: str) -> bytes:
    """The NFC form: é can arrive as one character or as two. Never raises."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
