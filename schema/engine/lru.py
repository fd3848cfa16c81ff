"""A dictionary that forgets what was not asked for longest: every cache of ours is bounded (D-55)."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lru(Generic[K, V]):
    """At most `size` values, weighing at most `most` together. `made` counts how many were made."""

    def __init__(
        self, size: int, most: int = 64_000_000, weigh: Callable[[V], int] = lambda _: 1
    ) -> None:
        self._size = size
        self._most = most
        self._weigh = weigh
        self._kept: OrderedDict[K, V] = OrderedDict()
        self.weight = 0
        self.made = 0

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of a key, made if it is missing; what `make` raises is not kept."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        value = self._kept[key] = make()
        self.made += 1
        self.weight += self._weigh(value)
        while len(self._kept) > self._size or (self.weight > self._most and len(self._kept) > 1):
            _, forgotten = self._kept.popitem(last=False)
            self.weight -= self._weigh(forgotten)
        return value

    def __len__(self) -> int:
        return len(self._kept)
