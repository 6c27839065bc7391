"""What passed, counted for its direction as a whole and for its tunnel."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from mobileip.dataplane.userspace.fast_path import FastPath
from mobileip.dataplane.userspace.tunnels import Use
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import Key
from mobileip.forwarding.tunnel import Tunnel


class Watch(Protocol):
    """Hears of packets that went into a tunnel (`is_outgoing`) or came out of it; `now` is boot time, s."""

    def __call__(self, tunnel: Tunnel, packets: Sequence[bytes], now: float, *, is_outgoing: bool) -> None: ...


def count(total: Use, part: Use, octets: int, now: float) -> None:
    """One packet; only its tunnel remembers when."""
    total.packets += 1
    total.octets += octets
    part.packets += 1
    part.octets += octets
    part.at = now


def count_all(total: Use, part: Use, packets: Sequence[bytes], now: float) -> None:
    """As `count`, of each of them."""
    if packets:
        octets = sum(map(len, packets))
        for use in (total, part):
            use.packets += len(packets)
            use.octets += octets
        part.at = now


class Tally:
    """What has passed and died in user space. `straight`: for ourselves or a visitor of ours, without a tunnel."""

    def __init__(self) -> None:
        self.encapsulated = Use()
        self.decapsulated = Use()
        self.straight = Use()
        self.drops: Counter[DropReason] = Counter()

    def take(self, fast: FastPath, use_of: Callable[[Key, Tunnel], Use]) -> None:
        """What a fast path that ends has counted goes on here; `use_of` tells where, by wish and tunnel."""
        totals = fast.totals()
        for direction, use in self._directions():
            use.add(*totals.get(direction, (0, 0)))
        self.drops.update(fast.drops())
        for key, tunnel, packets, octets, at in fast.uses():
            use_of(key, tunnel).add(packets, octets, at)

    def with_those_of(self, fast: FastPath | None) -> tuple[dict[str, int], Counter[DropReason]]:
        """Packets and octets by direction, and deaths by reason, on both paths."""
        totals = fast.totals() if fast is not None else {}
        counters = {}
        for direction, use in self._directions():
            packets, octets = totals.get(direction, (0, 0))
            counters[f"{direction}_packets"] = use.packets + packets
            counters[f"{direction}_octets"] = use.octets + octets
        return counters, self.drops + Counter(fast.drops() if fast is not None else {})

    def _directions(self) -> Iterator[tuple[str, Use]]:
        yield "encapsulated", self.encapsulated
        yield "decapsulated", self.decapsulated
        yield "straight", self.straight
