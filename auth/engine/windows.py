"""Counts per window of time, bounded, in this process: what there is when Valkey is down."""

from __future__ import annotations

AT_MOST = 100_000
"""More than a window can fill: each account counted anew costs a password's verification."""


class Windows:
    """How often something happened since the first time; forgotten when its window has passed."""

    def __init__(self, at_most: int = AT_MOST) -> None:
        self._at_most = at_most
        self._kept: dict[str, tuple[int, float]] = {}

    def add(self, name: str, amount: int, seconds: float, now: float) -> int:
        """Count `amount` more, within a window of `seconds`; how many there are. Never below 0."""
        count, ends = self._live(name, now)
        total = max(0, count + amount)
        self._put(name, total, ends if ends > now else now + seconds)
        return total

    def note(self, name: str, count: int, seconds: float, now: float) -> None:
        """Take over a count from elsewhere, unless ours is higher: answers overtake each other."""
        known, ends = self._live(name, now)
        self._put(name, max(known, count), ends if ends > now else now + seconds)

    def drop(self, name: str) -> None:
        """Begin anew."""
        self._kept.pop(name, None)

    def left(self, name: str, now: float) -> float:
        """Seconds until the window ends."""
        return max(0.0, self._live(name, now)[1] - now)

    def _put(self, name: str, count: int, ends: float) -> None:
        """The least recently counted goes when there is no room."""
        self._kept.pop(name, None)
        while len(self._kept) >= self._at_most:
            del self._kept[next(iter(self._kept))]
        self._kept[name] = (count, ends)

    def _live(self, name: str, now: float) -> tuple[int, float]:
        count, ends = self._kept.get(name, (0, now))
        return (count, ends) if ends > now else (0, now)
