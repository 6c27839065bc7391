"""What a link does to packets: delay, jitter, loss, duplication, reordering."""

from random import Random

import msgspec

LATE = 4.0
"""A reordered packet takes so many times the link's delay (and at least some milliseconds more): others overtake it."""
LATE_AT_LEAST = 0.02


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds, and parts of 1. `mtu` in octets of IPv4."""

    delay: float = 0.002
    jitter: float = 0.0
    """At most so much more, evenly spread."""
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    mtu: int = 1500

    @property
    def is_plain(self) -> bool:
        """Whether every packet arrives once, after the same time."""
        return not (self.jitter or self.loss or self.duplicate or self.reorder)

    @property
    def longest(self) -> float:
        """The longest that a packet can take, s."""
        late = max(self.delay * LATE, LATE_AT_LEAST) if self.reorder else 0.0
        return self.delay + self.jitter + late

    def arrivals(self, chance: Random) -> tuple[float, ...]:
        """After how many seconds a packet arrives: nothing when it is lost, twice when it is duplicated."""
        if self.is_plain:
            return (self.delay,)
        if self.loss and chance.random() < self.loss:
            return ()
        if self.duplicate and chance.random() < self.duplicate:
            return (self._once(chance), self._once(chance))
        return (self._once(chance),)

    def _once(self, chance: Random) -> float:
        seconds = self.delay + self.jitter * chance.random()
        if self.reorder and chance.random() < self.reorder:
            seconds += max(self.delay * LATE, LATE_AT_LEAST)
        return seconds

    def healed(self) -> "Wire":
        """The same link without faults."""
        return Wire(delay=self.delay, jitter=self.jitter, mtu=self.mtu)
