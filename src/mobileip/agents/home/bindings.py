"""The mobility binding list (RFC 5944 §3.8.1), by home address, with its deadlines.

Made for 10^6 bindings: nothing here walks the whole list but `__iter__`. Deadlines are a heap with about one
entry for each mobile node: a renewal leaves the entry as it is, and only when it comes due is it put back for
the later time.
"""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from math import inf

from mobileip.agents.home.snapshot import MobilityBinding

_STALE_ENTRIES = 64
"""The heap is cleaned when it holds this many more than twice the mobile nodes (lifetimes that shrank
leave entries).
"""


class _Entry:
    """One mobile node's bindings, and when we will look at them next."""

    __slots__ = ("bindings", "wake")

    def __init__(self) -> None:
        self.bindings: tuple[MobilityBinding, ...] = ()
        self.wake = inf


class BindingTable:
    """Bindings by home address (as a number, `int(address)`); several for one mobile node at once
    (§3.8.2.2).
    """

    __slots__ = ("_entries", "_heap")

    def __init__(self) -> None:
        self._entries: dict[int, _Entry] = {}
        self._heap: list[tuple[float, int]] = []

    def of(self, home: int) -> tuple[MobilityBinding, ...]:
        """One mobile node's bindings, oldest first; empty when it is at home."""
        entry = self._entries.get(home)
        return () if entry is None else entry.bindings

    def put(self, home: int, bindings: tuple[MobilityBinding, ...]) -> None:
        """Makes `bindings` the whole list of one mobile node."""
        if not bindings:
            self._entries.pop(home, None)
            return
        entry = self._entries.get(home)
        if entry is None:
            entry = self._entries[home] = _Entry()
        entry.bindings = bindings
        self._schedule(home, entry)

    def expire(self, now: float) -> list[tuple[int, tuple[MobilityBinding, ...]]]:
        """Drops what has ended at boot time `now`: each mobile node concerned with its bindings that are
        gone.
        """
        gone = []
        while self._heap and self._heap[0][0] <= now:
            at, home = heappop(self._heap)
            entry = self._entries.get(home)
            if entry is None or entry.wake != at:
                continue
            entry.wake = inf
            # RFC 5944 §3.8.2.2: "After the expiration of this registration Lifetime, the home agent MUST
            # delete its entry".
            ended = tuple(b for b in entry.bindings if b.expires_at <= now)
            self.put(home, tuple(b for b in entry.bindings if b.expires_at > now))
            if ended:
                gone.append((home, ended))
        return gone

    def next_deadline(self) -> float:
        """Boot time of the next look at a binding, infinite when there is none; never later than its end."""
        heap = self._heap
        while heap:
            at, home = heap[0]
            entry = self._entries.get(home)
            if entry is not None and entry.wake == at:
                return at
            heappop(heap)
        return inf

    def __iter__(self) -> Iterator[tuple[MobilityBinding, ...]]:
        return (entry.bindings for entry in self._entries.values())

    def _schedule(self, home: int, entry: _Entry) -> None:
        earliest = (
            min(b.expires_at for b in entry.bindings)
            if len(entry.bindings) > 1
            else entry.bindings[0].expires_at
        )
        if earliest < entry.wake:
            entry.wake = earliest
            heappush(self._heap, (earliest, home))
            if len(self._heap) > 2 * len(self._entries) + _STALE_ENTRIES:
                self._heap = [(e.wake, h) for h, e in self._entries.items() if e.wake < inf]
                heapify(self._heap)
