"""One direction of a wire: when does each frame come out at the other end, if at all? Pure; the time is an argument."""

import random
from collections import deque

from mobileip.lab.topology import Wire

QUEUE_LIMIT_FRAMES = 1000
"""As Linux's own devices: more frames than this that wait for the rate are dropped at the tail. What is on the cable
already, however long that is, waits for nothing."""


LATE_SECONDS = 0.002
"""From here on a late turn of the relay is remembered by its time."""
LATE_TURNS_KEPT = 1000


class Lane:
    """Frames go in at `accept` and out at `due`, in order: first the rate, then the delay, as on a long cable."""

    def __init__(self, wire: Wire, seed: int) -> None:
        self.wire = wire
        self.forwarded = 0
        self.lost = 0
        """Frames lost because the wire has a loss."""
        self.overflowed = 0
        """Frames dropped because the queue before the wire was full."""
        self.worst_added = 0.0
        """Seconds: how late the relay came at worst, beyond the delay that was asked for."""
        self.late: deque[tuple[float, float]] = deque(maxlen=LATE_TURNS_KEPT)
        """From when to when a frame waited for a late relay; the latest ones."""
        self._random = random.Random(seed)  # noqa: S311 - losses shall be the same at each run
        self._unsent: deque[float] = deque()
        """When the last bit of each frame that waits for the rate is on the cable."""
        self._waiting: deque[tuple[float, bytes]] = deque()
        """All frames, unsent and on the cable, with the time at which each comes out."""
        self._idle_at = 0.0

    def accept(self, frame: bytes, now: float) -> None:
        """A frame enters the wire at `now` (seconds)."""
        if self.wire.loss and self._random.random() < self.wire.loss:
            self.lost += 1
            return
        while self._unsent and self._unsent[0] <= now:
            self._unsent.popleft()
        if len(self._unsent) >= QUEUE_LIMIT_FRAMES:
            self.overflowed += 1
            return
        start = max(now, self._idle_at)
        self._idle_at = start + len(frame) * 8 / (self.wire.rate_mbit * 1e6)
        self._unsent.append(self._idle_at)
        self._waiting.append((self._idle_at + self.wire.delay_ms / 1e3, frame))

    def due(self, now: float) -> list[bytes]:
        """The frames that leave the wire by `now`."""
        frames: list[bytes] = []
        while self._waiting and self._waiting[0][0] <= now:
            planned, frame = self._waiting.popleft()
            self.worst_added = max(self.worst_added, now - planned)
            if not frames and now - planned > LATE_SECONDS:
                self.late.append((planned, now))
            frames.append(frame)
        self.forwarded += len(frames)
        return frames

    def forget_lateness(self) -> None:
        """The worst, and the late turns, begin anew."""
        self.worst_added = 0.0
        self.late.clear()

    def next_at(self) -> float | None:
        """When the next frame leaves; None = nothing waits."""
        return self._waiting[0][0] if self._waiting else None
