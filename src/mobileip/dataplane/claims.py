"""Things that several wishes may ask for under one identity.

A route, a sysctl or a neighbour entry can be needed by many wishes and must stay until the last of them
goes. Where two wishes ask for different values under the same identity, the smallest claimant wins: the
outcome never depends on the order in which they came, so applying changes one by one ends where planning
the whole ends.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

from mobileip.forwarding.model import Key

I = TypeVar("I")  # noqa: E741 - an identity
V = TypeVar("V")


class Claims(Generic[I, V]):
    """Identity -> the value that is in force. `winners` may be read directly where speed counts, never
    written."""

    __slots__ = ("_claimants", "_losers", "winners")

    def __init__(self) -> None:
        self.winners: dict[I, V] = {}
        self._claimants: dict[I, Key] = {}
        self._losers: dict[I, dict[Key, V]] = {}

    def claim(self, identity: I, claimant: Key, value: V) -> None:
        """`claimant` wants `value`; an earlier claim of the same claimant is replaced."""
        holder = self._claimants.get(identity)
        if holder is None or holder == claimant:
            self._claimants[identity] = claimant
            self.winners[identity] = value
            return
        losers = self._losers.setdefault(identity, {})
        losers.pop(claimant, None)
        if holder < claimant:
            losers[claimant] = value
        else:
            losers[holder] = self.winners[identity]
            self._claimants[identity] = claimant
            self.winners[identity] = value

    def release(self, identity: I, claimant: Key) -> None:
        """`claimant` wants nothing under this identity any more; the next smallest claimant's value takes
        its place."""
        losers = self._losers.get(identity)
        if self._claimants.get(identity) != claimant:
            if losers is not None:
                losers.pop(claimant, None)
        elif losers:
            heir = min(losers)
            self._claimants[identity] = heir
            self.winners[identity] = losers.pop(heir)
        else:
            self._claimants.pop(identity, None)
            self.winners.pop(identity, None)
        if losers is not None and not losers:
            del self._losers[identity]

    def get(self, identity: I) -> V | None:
        return self.winners.get(identity)

    def claimant(self, identity: I) -> Key | None:
        """Whose value is in force."""
        return self._claimants.get(identity)

    def values(self) -> Iterator[V]:
        return iter(self.winners.values())
