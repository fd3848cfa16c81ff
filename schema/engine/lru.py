"""A dictionary that forgets what was not asked for longest: every cache of ours is bounded (D-55)."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lru(Generic[K, V]):
    """At most `size` values, made when they are missing. `made` counts how often."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[K, V] = OrderedDict()
        self.made = 0

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of a key; what `make` raises is not kept."""
        try:
            value = self._kept[key]
        except KeyError:
            value = self._kept[key] = make()
            self.made += 1
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
            return value
        self._kept.move_to_end(key)
        return value

    def __len__(self) -> int:
        return len(self._kept)
