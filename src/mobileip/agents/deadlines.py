"""Deadlines of many things at once: set, moved and taken away by key, the earliest at hand.

A heap with lazy removal: an entry that no longer holds is skipped when it comes up, and the heap is rebuilt
when such entries outnumber the others; so memory follows the number of keys, whatever happens in between.
"""

from heapq import heapify, heappop, heappush
from math import inf
from typing import Generic, TypeVar

K = TypeVar("K")

_SPARE_ENTRIES = 64
"""The heap is rebuilt when it holds this many more than twice the keys."""


class Deadlines(Generic[K]):
    """Boot times (seconds) by key. Equal times come due in the order in which they were set."""

    __slots__ = ("_heap", "_serial", "_times")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, K]] = []
        self._times: dict[K, tuple[float, int]] = {}
        self._serial = 0

    def set(self, key: K, at: float) -> None:
        """`key` comes due at `at`, and no more at the time set before. Infinite: never."""
        if at == inf:
            self.cancel(key)
            return
        self._serial += 1
        self._times[key] = (at, self._serial)
        heappush(self._heap, (at, self._serial, key))
        if len(self._heap) > 2 * len(self._times) + _SPARE_ENTRIES:
            self._heap = [(time, serial, key) for key, (time, serial) in self._times.items()]
            heapify(self._heap)

    def cancel(self, key: K) -> None:
        """`key` comes due no more."""
        self._times.pop(key, None)

    def time_of(self, key: K) -> float:
        """When `key` comes due, infinite for never."""
        entry = self._times.get(key)
        return inf if entry is None else entry[0]

    def take_due(self, now: float) -> list[K]:
        """The keys whose time has come, earliest first; each is told once."""
        due = []
        while self._heap and self._heap[0][0] <= now:
            at, serial, key = heappop(self._heap)
            if self._times.get(key) == (at, serial):
                del self._times[key]
                due.append(key)
        return due

    def next(self) -> float:
        """The earliest time, infinite when there is none."""
        while self._heap and self._times.get(self._heap[0][2]) != self._heap[0][:2]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else inf

    def __len__(self) -> int:
        return len(self._times)
