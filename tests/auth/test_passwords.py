"""Password hashing with argon2id; a check does not reveal whether a hash exists."""

from __future__ import annotations

import asyncio

import pytest

from auth.engine.passwords import DEMO_PASSWORD, MAX_PASSWORD_LENGTH, MAX_WAITING_CALLS, is_demo
from domain.codes import Code, Refused
from tests.auth.world import PASSWORD, Counting, World


async def test_a_password_matches_its_own_hash_only(world: World) -> None:
    hash = await world.passwords.hash(PASSWORD)
    assert hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await world.passwords.verify(hash, PASSWORD)
    assert not await world.passwords.verify(hash, PASSWORD + " ")
    assert not world.passwords.outdated(hash)
    assert world.passwords.outdated(hash.replace("t=2", "t=1"))


async def test_every_check_is_one_verification(world: World) -> None:
    hash = await world.passwords.hash(PASSWORD)
    long = "x" * (MAX_PASSWORD_LENGTH + 1)
    not_encodable = "\ud800\x00"
    for known, password in [
        (None, PASSWORD),
        (None, "dummy"),  # the password of the hash that stands in for a missing one
        ("", PASSWORD),
        ("!", PASSWORD),
        ("$argon2id$broken", PASSWORD),
        ("$2b$12$old", PASSWORD),
        (hash, long),
        (hash, not_encodable),
        (None, "x" * 10_000_000),
    ]:
        before = world.passwords.verified
        assert not await world.passwords.verify(known, password)
        assert world.passwords.verified == before + 1


async def test_password_matches_in_both_unicode_normalizations(world: World) -> None:
    hash = await world.passwords.hash("caf\u00e9 au lait")
    assert await world.passwords.verify(hash, "cafe\u0301 au lait")


async def test_demo_password_is_hashed_for_demo_tenants_only(
    world: World,
) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) for c in DEMO_PASSWORD)
    assert is_demo(DEMO_PASSWORD)
    assert is_demo(wide)
    for password in (DEMO_PASSWORD, wide):
        with pytest.raises(ValueError, match="public"):
            await world.passwords.hash(password)
    assert await world.passwords.verify(
        await world.passwords.hash(DEMO_PASSWORD, demo=True), DEMO_PASSWORD
    )


async def test_flood_of_hashes_is_refused_and_does_not_block_other_threads() -> None:
    passwords = Counting(threads=1)
    flood = [passwords.verify(None, PASSWORD) for _ in range(MAX_WAITING_CALLS + 5)]
    waiting = asyncio.gather(*flood, return_exceptions=True)
    assert await asyncio.to_thread(lambda: "free") == "free"
    assert not waiting.done()
    answers = await waiting
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert len(refused) == 5
    assert {answer.code for answer in refused} == {Code.RATE_LIMITED}
    assert passwords.verified == MAX_WAITING_CALLS
    passwords.close()
