"""A machine that sleeps, without one: a timer that a test fires, and clocks that it sets."""

import asyncio
import os
import select

import pytest

from mobileip.linux import sleep_watch
from mobileip.linux.sleep_watch import SHORTEST_SLEEP, ClockSetTimer, SleepWatch


class FakeTimer:
    def __init__(self) -> None:
        self._ours, self._theirs = os.pipe()
        self.armed = 0

    def fileno(self) -> int:
        return self._ours

    def arm(self) -> None:
        os.read(self._ours, 1)
        self.armed += 1

    def close(self) -> None:
        os.close(self._ours)
        os.close(self._theirs)

    def fire(self) -> None:
        os.write(self._theirs, b"!")


class Machine:
    """`slept`: seconds since its start."""

    def __init__(self) -> None:
        self.timer = FakeTimer()
        self.slept = 40.0
        self.resumed = 0
        self.watch = SleepWatch(self._resumed, lambda: self.timer, lambda: self.slept)

    def _resumed(self) -> None:
        self.resumed += 1

    async def set_clock(self) -> None:
        armed = self.timer.armed
        self.timer.fire()
        async with asyncio.timeout(10):
            while self.timer.armed == armed:
                await asyncio.sleep(0)


async def test_a_sleep_is_told_once() -> None:
    machine = Machine()
    machine.watch.start()
    machine.slept += SHORTEST_SLEEP
    await machine.set_clock()
    await machine.set_clock()
    assert machine.resumed == 1
    machine.slept += 3600.0
    await machine.set_clock()
    assert machine.resumed == 2
    machine.watch.stop()


@pytest.mark.parametrize("slept", [0.0, SHORTEST_SLEEP / 2])
async def test_a_clock_that_somebody_sets_is_no_sleep(slept: float) -> None:
    machine = Machine()
    machine.watch.start()
    machine.slept += slept
    await machine.set_clock()
    assert machine.resumed == 0
    machine.watch.stop()


async def test_a_stop_without_a_start_is_harmless() -> None:
    machine = Machine()
    machine.watch.stop()
    machine.timer.close()


def test_the_kernels_timer_waits_for_ever_and_can_be_armed_again() -> None:
    timer = ClockSetTimer()
    for _ in range(2):
        assert select.select([timer.fileno()], [], [], 0) == ([], [], [])
        timer.arm()
    timer.close()


def test_a_timer_that_is_not_to_be_had_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        def timerfd_create(self, *_: object) -> int:
            return -1

    monkeypatch.setattr(sleep_watch, "_libc", Refusing())
    with pytest.raises(OSError):  # noqa: PT011 - whatever the kernel says
        ClockSetTimer()


def test_a_machine_that_is_awake_sleeps_no_further() -> None:
    before = sleep_watch.slept()
    assert abs(sleep_watch.slept() - before) < SHORTEST_SLEEP
