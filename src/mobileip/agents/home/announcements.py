"""Gratuitous ARPs on the home link, repeated a second apart (RFC 5944 §4.6: "retransmitted a small number
of times").
"""

from ipaddress import IPv4Address

from mobileip.agents.deadlines import Deadlines
from mobileip.agents.outputs import AnnounceAddress

_INTERVAL = 1.0
"""Seconds between repetitions."""


class Announcements:
    """Who owns which home address now; newer state ends the series before it."""

    __slots__ = ("_count", "_deadlines", "_interface", "_series")

    def __init__(self, interface: str | None, count: int) -> None:
        self._interface = interface
        self._count = count
        self._series: dict[int, tuple[AnnounceAddress, int]] = {}
        """By home address (as a number): what is still to be announced, and how often."""
        self._deadlines: Deadlines[int] = Deadlines()

    def begin(self, address: IPv4Address, link_address: bytes | None, now: float) -> list[AnnounceAddress]:
        """The first announcement at once, the others by deadlines. `link_address` None: ours, we
        intercept.
        """
        if self._interface is None:
            return []
        # R5944-4.6-g, R5944-4.6-m: "as a broadcast on the link associated with the mobile node's home address".
        announcement = AnnounceAddress(interface=self._interface, address=address, link_address=link_address)
        # R5944-4.6-h, R5944-4.6-n: "and SHOULD be retransmitted a small number of times".
        self._follow(announcement, self._count - 1, now)
        return [announcement]

    def end(self, address: IPv4Address) -> None:
        """Nothing more is announced about `address`."""
        self._series.pop(int(address), None)
        self._deadlines.cancel(int(address))

    def due(self, now: float) -> list[AnnounceAddress]:
        """The repetitions whose time has come."""
        outputs = []
        for home in self._deadlines.take_due(now):
            announcement, left = self._series[home]
            outputs.append(announcement)
            self._follow(announcement, left - 1, now)
        return outputs

    def next_deadline(self) -> float:
        """Boot time of the next repetition, infinite when none is left."""
        return self._deadlines.next()

    def _follow(self, announcement: AnnounceAddress, left: int, now: float) -> None:
        if left < 1:
            self.end(announcement.address)
            return
        home = int(announcement.address)
        self._series[home] = (announcement, left)
        self._deadlines.set(home, now + _INTERVAL)
