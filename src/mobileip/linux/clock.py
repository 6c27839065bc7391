"""The two clocks of an `Instant`."""

import time
from pathlib import Path

from mobileip.agents.instant import Instant

NTP_EPOCH_OFFSET = 2_208_988_800
"""Seconds from 1900 (NTP) to 1970 (Unix)."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def now() -> Instant:
    """CLOCK_BOOTTIME for lifetimes (it runs through suspend), CLOCK_REALTIME as 64-bit NTP time for Identification."""
    real = time.time_ns()
    seconds, nanoseconds = divmod(real, 1_000_000_000)
    ntp = (seconds + NTP_EPOCH_OFFSET) % (1 << 32) << 32 | (nanoseconds << 32) // 1_000_000_000
    return Instant(time.clock_gettime(time.CLOCK_BOOTTIME), ntp)


def boot_id() -> str:
    """Differs after each start of the machine: CLOCK_BOOTTIME is another then."""
    return _BOOT_ID.read_text().strip()
