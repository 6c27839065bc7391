"""The two clocks of an `Instant`."""

import time

from mobileip.agents.instant import Instant

NTP_EPOCH_OFFSET = 2_208_988_800
"""Seconds from 1900 (NTP) to 1970 (Unix)."""


def now() -> Instant:
    """CLOCK_BOOTTIME for lifetimes (it runs through suspend), CLOCK_REALTIME as 64-bit NTP time for Identification."""
    real = time.time_ns()
    seconds, nanoseconds = divmod(real, 1_000_000_000)
    ntp = (seconds + NTP_EPOCH_OFFSET) % (1 << 32) << 32 | (nanoseconds << 32) // 1_000_000_000
    return Instant(time.clock_gettime(time.CLOCK_BOOTTIME), ntp)
