"""Gratuitous ARPs on the home link, repeated a second apart (RFC 5944 §4.6: "retransmitted a small number
of times").
"""

from heapq import heappop, heappush
from ipaddress import IPv4Address
from math import inf

from mobileip.agents.outputs import AnnounceAddress

_INTERVAL = 1.0
"""Seconds between repetitions."""


class _Series:
    """What is still to be announced for one home address."""

    __slots__ = ("address", "left", "link_address")

    def __init__(self, address: IPv4Address, link_address: bytes | None, left: int) -> None:
        self.address = address
        self.link_address = link_address
        self.left = left


class Announcements:
    """Who owns which home address now; newer state ends the series before it."""

    __slots__ = ("_count", "_heap", "_interface", "_serial", "_series")

    def __init__(self, interface: str | None, count: int) -> None:
        self._interface = interface
        self._count = count
        self._series: dict[int, _Series] = {}
        self._heap: list[tuple[float, int, _Series]] = []
        self._serial = 0

    def begin(self, address: IPv4Address, link_address: bytes | None, now: float) -> list[AnnounceAddress]:
        """The first announcement at once, the others by deadlines. `link_address` None: ours, we
        intercept.
        """
        if self._interface is None or self._count < 1:
            return []
        series = _Series(address, link_address, self._count)
        self._series[int(address)] = series
        return [self._announce(series, self._interface, now)]

    def end(self, address: IPv4Address) -> None:
        """Nothing more is announced about `address`."""
        self._series.pop(int(address), None)

    def due(self, now: float) -> list[AnnounceAddress]:
        """The repetitions whose time has come."""
        outputs = []
        while self._interface is not None and self._heap and self._heap[0][0] <= now:
            series = heappop(self._heap)[2]
            if self._series.get(int(series.address)) is series:
                outputs.append(self._announce(series, self._interface, now))
        return outputs

    def next_deadline(self) -> float:
        """Boot time of the next repetition, infinite when none is left."""
        while self._heap and self._series.get(int(self._heap[0][2].address)) is not self._heap[0][2]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else inf

    def _announce(self, series: _Series, interface: str, now: float) -> AnnounceAddress:
        series.left -= 1
        if series.left:
            self._serial += 1
            heappush(self._heap, (now + _INTERVAL, self._serial, series))
        else:
            del self._series[int(series.address)]
        return AnnounceAddress(interface=interface, address=series.address, link_address=series.link_address)
