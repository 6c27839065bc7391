"""Tells when the machine has slept: CLOCK_BOOTTIME runs through a suspend and CLOCK_MONOTONIC does not.

The kernel wakes us by a timer that it cancels whenever the wall clock is set, which a resume does (timerfd_create(2)).
"""

import asyncio
import ctypes
import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar, Protocol

SHORTEST_SLEEP = 1.0
"""Seconds; what is shorter is no worse than a gap in the coverage."""

TFD_NONBLOCK, TFD_CLOEXEC = os.O_NONBLOCK, os.O_CLOEXEC
TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET = 1, 2
_NEVER = (1 << 8 * ctypes.sizeof(ctypes.c_long) - 1) - 1
_libc = ctypes.CDLL(None, use_errno=True)


class _TimerValue(ctypes.Structure):
    """struct itimerspec."""

    _fields_: ClassVar = [(name, ctypes.c_long) for name in ("interval_s", "interval_ns", "value_s", "value_ns")]


class Timer(Protocol):
    """A descriptor that becomes readable when the wall clock was set."""

    def fileno(self) -> int: ...
    def arm(self) -> None:
        """Waits for the next time; to be called again after each."""
        ...

    def close(self) -> None: ...


class ClockSetTimer:
    """Implements `Timer`. Raises: OSError."""

    def __init__(self) -> None:
        self._descriptor = _checked(_libc.timerfd_create(time.CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC))
        self.arm()

    def fileno(self) -> int:
        return self._descriptor

    def arm(self) -> None:
        with suppress(OSError):  # ECANCELED: the clock was set; EAGAIN: it was not
            os.read(self._descriptor, 8)
        value = ctypes.byref(_TimerValue(value_s=_NEVER))
        flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET
        # ECANCELED here too: it was set once more meanwhile; the timer is armed all the same.
        with suppress(OSError):
            _checked(_libc.timerfd_settime(self._descriptor, flags, value, None))

    def close(self) -> None:
        os.close(self._descriptor)


def slept() -> float:
    """Seconds that the machine has slept since it started."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)


class SleepWatch:
    """Calls `on_resumed` after each sleep, from the event loop."""

    def __init__(
        self,
        on_resumed: Callable[[], None],
        timer: Callable[[], Timer] = ClockSetTimer,
        slept: Callable[[], float] = slept,
    ) -> None:
        self._on_resumed = on_resumed
        self._make_timer = timer
        self._slept = slept
        self._known = 0.0
        self._timer: Timer | None = None

    def start(self) -> None:
        """Raises: OSError."""
        self._known = self._slept()
        self._timer = self._make_timer()
        asyncio.get_running_loop().add_reader(self._timer.fileno(), self._clock_was_set)

    def stop(self) -> None:
        if self._timer is not None:
            asyncio.get_running_loop().remove_reader(self._timer.fileno())
            self._timer.close()
            self._timer = None

    def _clock_was_set(self) -> None:
        """By a resume, or by somebody: that is of no interest."""
        if self._timer is not None:
            self._timer.arm()
        before, self._known = self._known, self._slept()
        if self._known - before >= SHORTEST_SLEEP:
            self._on_resumed()


def _checked(result: int) -> int:
    """Raises: OSError."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
