"""Two times that are never mixed, and the deadline that says why."""

import msgspec


class Instant(msgspec.Struct, frozen=True):
    """`boot`: seconds of CLOCK_BOOTTIME, for lifetimes. `ntp`: 64-bit NTP time, only for Identification.

    RFC 5944 §5.7.1.
    """

    boot: float
    ntp: int


class Deadline(msgspec.Struct, frozen=True, order=True):
    """When an agent wants to be woken (boot time, seconds) and for what."""

    at: float
    reason: str
