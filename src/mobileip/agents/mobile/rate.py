"""A limit on how often something may be sent: one each interval on average, and a small burst."""

import math


class RateLimit:
    """At most `burst` at once and one each `interval` seconds on average. Times are boot time, seconds."""

    __slots__ = ("_full_at", "_interval", "_slack")

    def __init__(self, interval: float, burst: int = 1) -> None:
        self._interval = interval
        self._slack = (burst - 1) * interval
        self._full_at = -math.inf
        """When the whole burst may be used again."""

    def ready_at(self, now: float) -> float:
        """The earliest time at which one more may be sent; `now` when that is at once."""
        return max(now, self._full_at - self._slack)

    def take(self, now: float) -> None:
        """One was sent."""
        self._full_at = max(now, self._full_at) + self._interval
