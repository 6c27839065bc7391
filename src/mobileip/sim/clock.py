"""Virtual time: what happens next, and the clocks of hosts, which are never quite right."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from mobileip.agents.instant import Instant

NTP_AT_START = 0xE0000000 << 32
"""64-bit NTP time of a right clock at virtual time 0 (2019)."""

_MOST_AT_ONCE = 1_000_000


class StuckError(AssertionError):
    """Time does not go on: something asks again and again to happen now."""


class Schedule:
    """The queue of all that is to happen. What comes due at one time happens in the order in which it was set."""

    __slots__ = ("_heap", "_serial", "happened", "now")

    def __init__(self) -> None:
        self.now = 0.0
        """Virtual time, seconds."""
        self.happened = 0
        self._heap: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self._serial = 0

    def at(self, time: float, action: Callable[[Any], None], argument: Any = None) -> None:
        self._serial += 1
        heappush(self._heap, (time, self._serial, action, argument))

    def after(self, seconds: float, action: Callable[[Any], None], argument: Any = None) -> None:
        self.at(self.now + seconds, action, argument)

    def run(self, until: float) -> None:
        """Everything up to `until`, which is the time then."""
        heap, same, happened = self._heap, 0, 0
        while heap and heap[0][0] <= until:
            at, _, action, argument = heappop(heap)
            if at > self.now:
                self.now, same = at, 0
            else:
                same += 1
                if same > _MOST_AT_ONCE:
                    raise StuckError(f"time stands still at {at} s: {action}")
            happened += 1
            action(argument)
        self.happened += happened
        self.now = until

    def __len__(self) -> int:
        return len(self._heap)


class HostClock:
    """One machine's two times: seconds since its start, and a time of day that drifts and jumps.

    `drift`: seconds that the time of day gains each second; `ahead`: how far it is off at virtual time 0.
    """

    __slots__ = ("_ahead", "_drift", "_last", "_started_at")

    def __init__(self, started_at: float = 0.0, drift: float = 0.0, ahead: float = 0.0) -> None:
        self._started_at = started_at
        self._drift = drift
        self._ahead = ahead
        self._last = 0.0

    def instant(self, now: float, not_before: float = 0.0) -> Instant:
        """What the machine's clocks show at virtual time `now`; boot time at least `not_before`, where it was woken
        for that (sums of fractions are not exact) and never less than before."""
        boot = now - self._started_at
        boot = self._last = max(boot, not_before, self._last)
        ntp = NTP_AT_START + round((now + now * self._drift + self._ahead) * 4294967296.0)
        return Instant(boot, ntp & 0xFFFFFFFF_FFFFFFFF)

    def virtual(self, boot: float) -> float:
        """The virtual time at which the machine's boot time is `boot`."""
        return boot + self._started_at

    def jump(self, seconds: float) -> None:
        """Somebody set the time of day."""
        self._ahead += seconds

    def restart(self, now: float) -> None:
        """The machine boots: boot time begins with 0."""
        self._started_at, self._last = now, 0.0
