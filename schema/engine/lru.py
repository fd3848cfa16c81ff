"""A bounded cache with two bounds: the number of its values, and what they weigh together (D-55)."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from cachetools import LRUCache

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lru(Generic[K, V]):
    """At most `size` values that weigh at most `most` together; the least recently used is evicted.

    A value that is heavier than `most` evicts all others. `made` counts the values that were made.
    """

    def __init__(
        self, size: int, most: int = 64_000_000, weigh: Callable[[V], int] = lambda _: 1
    ) -> None:
        self._size = size
        self._kept: LRUCache[K, V] = LRUCache(most, lambda value: min(most, weigh(value)))
        self.made = 0

    @property
    def weight(self) -> float:
        """What the values weigh together."""
        return self._kept.currsize

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of a key, made if it is missing; nothing is kept if `make` raises."""
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
