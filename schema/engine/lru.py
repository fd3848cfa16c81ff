"""An LRU cache with two bounds: the number of its values, and their total weight (D-55)."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from cachetools import LRUCache

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lru(Generic[K, V]):
    """At most `size` values with a total weight of at most `most`; the least recently used is evicted.

    A value heavier than `most` evicts all others. `made` counts the values that were computed.
    """

    def __init__(
        self, size: int, most: int = 64_000_000, weigh: Callable[[V], int] = lambda _: 1
    ) -> None:
        self._size = size
        self._kept: LRUCache[K, V] = LRUCache(most, lambda value: min(most, weigh(value)))
        self.made = 0

    @property
    def weight(self) -> float:
        """Total weight of the values."""
        return self._kept.currsize

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of a key, computed by `make` if missing; nothing is cached if `make` raises."""
        try:
            return self._kept[key]
        except KeyError:
            pass
        value = make()
        self.made += 1
        while len(self._kept) >= self._size:
            self._kept.popitem()
        self._kept[key] = value
        return value

    def __len__(self) -> int:
        return len(self._kept)
