"""Caches evict by number, by weight, and the least recently used value first."""

from __future__ import annotations

import pytest

from schema.engine.lru import Lru


def test_least_recently_used_value_is_evicted_first() -> None:
    cache: Lru[str, str] = Lru(2)
    for key in ("a", "b", "a", "c"):
        cache.get(key, lambda key=key: key.upper())  # type: ignore[misc]  # bound now on purpose
    assert cache.made == 3
    assert cache.get("a", lambda: "made again") == "A"
    assert cache.get("b", lambda: "made again") == "made again"
    assert len(cache) == 2


def test_heavy_value_evicts_others() -> None:
    cache: Lru[int, str] = Lru(100, most=10, weigh=len)
    for number in range(5):
        cache.get(number, lambda: "four")
    assert len(cache) == 2
    assert cache.weight == 8
    assert cache.get(9, lambda: "longer than all") == "longer than all"
    assert len(cache) == 1, "one value is kept, however heavy"
    assert cache.get(9, lambda: "made again") == "longer than all"


def test_value_is_not_cached_if_make_raises() -> None:
    cache: Lru[str, int] = Lru(2)

    def refuse() -> int:
        raise ValueError("not today")

    with pytest.raises(ValueError, match="not today"):
        cache.get("a", refuse)
    assert len(cache) == 0
