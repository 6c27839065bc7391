"""How often a foreign agent denies: one answer a second to one mobile node (RFC 5944 §3.7.2)."""

INTERVAL = 1.0
"""Seconds. RFC 5944 §3.7.2: no denial where that "would be required to send out more than one such denial per
second to the same mobile node"."""


class DenialLimit:
    """Remembers whom we have just denied, by link-layer address: at most `capacity` of them at once. When there are
    more, the earliest is forgotten: a crowd gets a few denials too many, and silences nobody."""

    __slots__ = ("_capacity", "_until")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._until: dict[bytes, float] = {}
        """In the order of time: all wait equally long."""

    def take(self, link_address: bytes, now: float) -> bool:
        """Whether a denial may be sent at boot time `now`; it is counted then."""
        while self._until and self._until[earliest := next(iter(self._until))] <= now:
            del self._until[earliest]
        if link_address in self._until:
            return False
        if len(self._until) >= self._capacity:
            del self._until[next(iter(self._until))]
        self._until[link_address] = now + INTERVAL
        return True

    def __len__(self) -> int:
        return len(self._until)
