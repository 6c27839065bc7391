"""How many ICMP errors may leave (RFC 1812 §4.3.2.8: a router MUST be able to limit their rate), or broadcasts."""


class RateLimit:
    """A bucket of `burst` that fills by `rate` a second. Times are boot time, s."""

    __slots__ = ("_at", "_left", "burst", "rate")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = burst
        self._left = burst
        self._at = 0.0

    def allows(self, now: float, cost: float = 1.0) -> bool:
        """Takes `cost` out of the bucket, if one is there; a debt is paid off before the next is allowed."""
        self._left = min(self.burst, self._left + max(0.0, now - self._at) * self.rate)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= cost
        return True
