import time

import pytest

from mobileip.linux import clock


def test_both_clocks_are_the_systems() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME), time.time()
    now = clock.now()
    after = time.clock_gettime(time.CLOCK_BOOTTIME), time.time()
    assert before[0] <= now.boot <= after[0]
    unix = now.ntp / 2**32 - clock.NTP_EPOCH_OFFSET
    # A step of the time of day in between would be the only reason for a failure.
    assert before[1] - 0.001 <= unix <= after[1] + 0.001


@pytest.mark.parametrize(
    ("unix_nanoseconds", "ntp"),
    [
        # RFC 5905 figure 4: the Unix epoch, and the first day of NTP era 1.
        (0, 2_208_988_800 << 32),
        (500_000_000, 2_208_988_800 << 32 | 1 << 31),
        (2_085_978_496 * 10**9, 0),
        (999_999_999, 2_208_988_800 << 32 | 4_294_967_291),
    ],
)
def test_ntp_time_of_known_moments(unix_nanoseconds: int, ntp: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: unix_nanoseconds)
    assert clock.now().ntp == ntp
