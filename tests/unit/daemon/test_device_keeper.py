"""The tunnel device is read whatever descriptor it has, and tried again while others have its name."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from mobileip.daemon import device_keeper as module
from mobileip.daemon.device_keeper import LONGEST_PAUSE_SECONDS, DeviceKeeper
from mobileip.linux.errors import DeviceUnavailable, MachineError

TAKEN = DeviceUnavailable("the name is taken", "rename that device")


class Device:
    """A TUN device of a socket pair. `refusal`: what a repair says; it is closed then, as the true one."""

    def __init__(self) -> None:
        self.refusal: MachineError | None = None
        self.is_deleted = False
        self.repairs = 0
        self._open()

    def _open(self) -> None:
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)

    def fileno(self) -> int:
        return self.ours.fileno()

    def repair(self) -> bool:
        self.repairs += 1
        if self.refusal is not None:
            self.close()
            raise self.refusal
        if self.fileno() < 0 or self.is_deleted:
            self.close()
            self._open()
            self.is_deleted = False
            return True
        return False

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()


class Kept:
    """A keeper and what it tells."""

    def __init__(self) -> None:
        self.device = Device()
        self.read: list[bytes] = []
        self.troubles: list[MachineError | None] = []
        self.keeper = DeviceKeeper(
            self.device,  # type: ignore[arg-type]
            lambda: self.read.append(self.device.ours.recv(100)),
            self.again,
            self.troubles.append,
        )
        self.results: list[bool] = []

    def again(self) -> None:
        self.results.append(self.keeper.changed())

    async def hears(self, packet: bytes) -> None:
        """Whether what comes to the device is read."""
        self.device.theirs.send(packet)
        await until(lambda: packet in self.read)


async def until(condition: object) -> None:
    async with asyncio.timeout(10):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0)


@pytest.fixture
def kept() -> Iterator[Kept]:
    made = Kept()
    yield made
    made.device.close()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the keeper waits each time; none of them passes."""
    asked: list[float] = []
    monkeypatch.setattr(DeviceKeeper, "_arm", lambda _self, seconds: asked.append(seconds))
    return asked


async def test_a_device_that_is_there_is_read(kept: Kept) -> None:
    kept.keeper.start()
    await kept.hears(b"one")
    assert kept.keeper.changed()
    await kept.hears(b"two")
    assert kept.troubles == []
    kept.keeper.stop()


async def test_a_device_that_is_made_anew_is_read(kept: Kept) -> None:
    kept.keeper.start()
    kept.device.is_deleted = True
    assert kept.keeper.changed()
    await kept.hears(b"one")
    kept.keeper.stop()


async def test_a_device_that_is_not_to_be_had_is_told_of_once_for_each_reason(kept: Kept, pauses: list[float]) -> None:
    kept.keeper.start()
    kept.device.refusal = TAKEN
    for _ in range(3):
        assert not kept.keeper.changed()
    assert kept.troubles == [TAKEN]
    kept.device.refusal = other = DeviceUnavailable("no TUN device")
    assert not kept.keeper.changed()
    assert kept.troubles == [TAKEN, other]
    assert len(pauses) == 4
    kept.keeper.stop()


async def test_pauses_grow_to_a_bound_and_begin_anew_after_success(kept: Kept, pauses: list[float]) -> None:
    kept.keeper.start()
    kept.device.refusal = TAKEN
    for _ in range(9):
        kept.keeper.changed()
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, LONGEST_PAUSE_SECONDS]
    kept.device.refusal = None
    assert kept.keeper.changed()
    kept.device.refusal = TAKEN
    kept.keeper.changed()
    assert pauses[-1] == 1.0
    assert kept.troubles == [TAKEN, None, TAKEN]
    kept.keeper.stop()


async def test_it_recovers_by_itself_when_the_name_is_free(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_PAUSE_SECONDS", 0.0)
    kept.keeper._pause = 0.0
    kept.keeper.start()
    kept.device.refusal = TAKEN
    assert not kept.keeper.changed()
    await until(lambda: len(kept.results) > 2)
    kept.device.refusal = None
    await until(lambda: kept.troubles == [TAKEN, None])
    assert kept.results[-1]
    assert not any(kept.results[:-1])
    await kept.hears(b"one")
    kept.keeper.stop()


async def test_a_change_while_it_is_lost_is_no_try_but_hastens_the_next(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our own vain try may be the change that is told of."""
    kept.keeper.start()
    kept.device.refusal = TAKEN
    kept.keeper._pause = LONGEST_PAUSE_SECONDS
    kept.keeper.changed()
    for _ in range(3):
        assert not kept.keeper.changed()
    assert kept.device.repairs == 1
    assert kept.keeper._timer is not None
    assert kept.keeper._timer.when() <= asyncio.get_running_loop().time() + module.FIRST_PAUSE_SECONDS
    monkeypatch.setattr(module, "FIRST_PAUSE_SECONDS", 0.0)
    kept.keeper.changed()
    await until(lambda: kept.device.repairs == 2)
    kept.keeper.stop()


async def test_nothing_is_tried_after_the_end(kept: Kept) -> None:
    kept.keeper.start()
    kept.device.refusal = TAKEN
    kept.keeper._pause = 0.0
    kept.keeper.changed()
    kept.keeper.stop()
    for _ in range(5):
        await asyncio.sleep(0)
    assert kept.device.repairs == 1


async def test_an_end_before_the_start(kept: Kept) -> None:
    kept.keeper.stop()
    assert kept.troubles == []
