"""The mobility binding list (RFC 5944 §3.8.1), by home address, with its deadlines.

Made for 10^6 bindings: nothing here walks the whole list but `__iter__`. A renewal leaves the deadline as it
is; only when that comes due is it set to the later time.
"""

from collections.abc import Iterator

from mobileip.agents.deadlines import Deadlines
from mobileip.agents.home.snapshot import MobilityBinding


class BindingTable:
    """Bindings by home address (as a number, `int(address)`); several for one mobile node at once
    (§3.8.2.2).
    """

    __slots__ = ("_bindings", "_deadlines")

    def __init__(self) -> None:
        self._bindings: dict[int, tuple[MobilityBinding, ...]] = {}
        self._deadlines: Deadlines[int] = Deadlines()

    def of(self, home: int) -> tuple[MobilityBinding, ...]:
        """One mobile node's bindings, oldest first; empty when it is at home."""
        return self._bindings.get(home, ())

    def put(self, home: int, bindings: tuple[MobilityBinding, ...]) -> None:
        """Makes `bindings` the whole list of one mobile node."""
        if not bindings:
            self._bindings.pop(home, None)
            self._deadlines.cancel(home)
            return
        self._bindings[home] = bindings
        earliest = min([b.expires_at for b in bindings])
        if earliest < self._deadlines.time_of(home):
            self._deadlines.set(home, earliest)

    def expire(self, now: float) -> list[tuple[int, tuple[MobilityBinding, ...]]]:
        """Drops what has ended at boot time `now`: each mobile node concerned with its bindings that are
        gone.
        """
        gone = []
        for home in self._deadlines.take_due(now):
            bindings = self._bindings[home]
            # R5944-4.2.3-j: the others stay.
            left = tuple(b for b in bindings if b.expires_at > now)
            ended = tuple(b for b in bindings if b.expires_at <= now)
            # R5944-3.8.2.2-l, R5944-4.2.3-i: "After the expiration of this registration Lifetime, the home agent MUST
            # delete its entry".
            self.put(home, left)
            if ended:
                gone.append((home, ended))
        return gone

    def next_deadline(self) -> float:
        """Boot time of the next look at a binding, infinite when there is none; never later than its end."""
        return self._deadlines.next()

    def __iter__(self) -> Iterator[tuple[MobilityBinding, ...]]:
        return iter(self._bindings.values())
