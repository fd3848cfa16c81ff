"""Passwords as argon2id hashes, made and verified in a few threads of their own."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from domain.codes import Code, Refused

MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
"""The least that OWASP recommends for argon2id: about 25 ms here, and 19 MiB while it lasts."""
LONGEST = 1_024
"""Characters; a longer password is nobody's."""
WAITING_AT_MOST = 64
DEMO = "relata-demo"
"""The password of the demonstration's users. It is public, so it opens nothing but demo tenants."""
PREFIX = "$argon2id$"

T = TypeVar("T")


class Passwords:
    """Hashes passwords. Close it to end its threads."""

    def __init__(
        self, threads: int = 2, *, passes: int = PASSES, memory_kib: int = MEMORY_KIB
    ) -> None:
        """`threads` is also how many cores, and how much memory times `memory_kib`, sign-ins may take.

        Fewer passes over less memory are for tests, which sign in hundreds of times.
        """
        self._hasher = PasswordHasher(passes, memory_kib, LANES)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._waiting = 0
        self._dummy = self._hasher.hash("nobody's", salt=bytes(16))

    def close(self) -> None:
        """Drop what waits, and let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str, *, demo: bool = False) -> str:
        """A new hash. Raises ValueError for the demonstration's password unless `demo`."""
        if is_demo(password) and not demo:
            raise ValueError("The demonstration's password is public: choose another one.")
        text = _bytes(password)
        return await self._apart(lambda: self._hasher.hash(text))

    async def verify(self, hash: str | None, password: str) -> bool:
        """Whether the password is the one hashed. Without a hash it is not, after the same work.

        Raises Refused(RATE_LIMITED) when too many wait already, whoever asks.
        """
        known = hash is not None and hash.startswith(PREFIX)
        against = hash if hash is not None and known else self._dummy
        text = _bytes(password) if len(password) <= LONGEST else b""
        matches = await self._apart(lambda: self._matches(against, text))
        return matches and known and len(password) <= LONGEST

    def outdated(self, hash: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(hash)

    def _matches(self, hash: str, text: bytes) -> bool:
        try:
            return self._hasher.verify(hash, text)
        except VerificationError:
            return False

    async def _apart(self, work: Callable[[], T]) -> T:
        """Run in our few threads: a flood of sign-ins waits here, and other work goes on."""
        if self._waiting >= WAITING_AT_MOST:
            raise Refused(
                Code.RATE_LIMITED,
                "Too many sign-ins at once. Try again in 2 seconds.",
                retryAfter=2,
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def is_demo(password: str) -> bool:
    """Whether this is the demonstration's password, in any of the ways to write it."""
    return len(password) <= LONGEST and _bytes(password) == DEMO.encode()


def _bytes(password: str) -> bytes:
    """One spelling: an é may arrive as one character or as two. Never raises."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
