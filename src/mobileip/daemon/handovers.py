"""The handovers of a mobile node as this daemon has seen them: the latest ones, and how long all of them took."""

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence

import msgspec

from mobileip.agents.notices import HandedOver

KEPT = 100

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds: upper ends of a histogram's buckets; all that is longer is in one more."""


class Histogram:
    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        """In each bucket, those of the others not counted."""
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.sum += seconds


class Kind(msgspec.Struct, frozen=True):
    """What is told apart in the histograms."""

    trigger: str
    make_before_break: bool


class Handovers:
    def __init__(self) -> None:
        self._latest: deque[tuple[float, HandedOver]] = deque(maxlen=KEPT)
        self.durations: dict[Kind, Histogram] = {}
        """From what happened to the link until the Reply was here."""
        self.silences: dict[Kind, Histogram] = {}

    def note(self, notice: HandedOver, now: float) -> None:
        """`now` is boot time, s."""
        self._latest.append((now, notice))
        kind = Kind(notice.trigger, notice.make_before_break)
        duration = notice.detection_ms + notice.waiting_ms + notice.registration_ms
        self.durations.setdefault(kind, Histogram()).observe(duration / 1000)
        self.silences.setdefault(kind, Histogram()).observe(notice.silence_ms / 1000)

    def latest(self) -> Sequence[tuple[float, HandedOver]]:
        """With their boot times, oldest first."""
        return tuple(self._latest)
