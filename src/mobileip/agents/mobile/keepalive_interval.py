"""How long a NAT remembers a tunnel that is not used: found out by waiting longer and longer (RFC 3519 §4.10)."""

import math

SHORTEST = 10.0
LONGEST = 110.0
"""RFC 3519 §4.9: the default of its K, which is the longest that we try by ourselves."""
RESOLUTION = 15.0
"""Seconds between what worked and what did not, below which it is of no use to try what lies between."""
NEARLY = 0.9
"""Part of the interval that the tunnel must have been unused for the answer to tell something."""


class IntervalSearch:
    """For one NAT. Seconds."""

    __slots__ = ("failed", "interval", "told", "worked")

    def __init__(self, own: float, told: int) -> None:
        self.told = told
        """The home agent's number, 0 without one."""
        # R3519-3.2-a: "SHOULD use" the home agent's. R3519-3.2-c: 0 says that the node "MUST use its default configured
        # value". R3519-4.10-b: "MUST NOT use a keepalive less than 10 seconds".
        self.interval = max(SHORTEST, float(told) if told else own)
        self.worked = 0.0
        """The longest that the NAT remembered an unused tunnel."""
        self.failed = math.inf
        """The shortest after which it had forgotten it."""

    def answered(self, unused: float) -> None:
        """A keepalive after `unused` seconds was answered."""
        if unused < NEARLY * self.interval:
            return
        self.worked = max(self.worked, self.interval)
        if self.told:
            return
        if math.isinf(self.failed):
            self.interval = max(self.interval, min(LONGEST, 2 * self.interval))
        elif self.failed - self.worked > RESOLUTION:
            self.interval = (self.worked + self.failed) / 2

    def lost(self, unused: float) -> None:
        """Keepalives after `unused` seconds were answered no more, though such were before."""
        if unused < NEARLY * self.interval:
            return
        self.failed = min(self.failed, self.interval)
        if self.worked >= self.failed:
            self.worked = 0.0  # it forgets sooner than it did
        # R3519-4.10-b
        self.interval = max(SHORTEST, self.worked or self.failed / 2)
