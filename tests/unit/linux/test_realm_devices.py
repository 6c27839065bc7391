"""Which devices there are; tests/netns has true ones."""

import asyncio
import os
import socket
from collections.abc import Iterator

import pytest

from mobileip.linux import realm_devices
from mobileip.linux.errors import DeviceUnavailable
from mobileip.linux.realm_devices import RealmDevices
from mobileip.linux.turn import PACKETS_PER_WAKE_UP


class Device:
    """A TUN device of a socket pair."""

    made: list["Device"] = []  # noqa: RUF012 - emptied for each test

    def __init__(self, name: str, mtu: int) -> None:
        if name == "mip0-9":
            raise DeviceUnavailable("no device")
        self.name, self.mtu, self.is_closed, self.is_persistent = name, mtu, False, False
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ours.setblocking(False)
        Device.made.append(self)

    def fileno(self) -> int:
        return self.ours.fileno()

    def read(self) -> bytes | None:
        try:
            return os.read(self.ours.fileno(), 100)
        except BlockingIOError:
            return None

    def persist(self, on: bool) -> None:
        self.is_persistent = on

    def close(self) -> None:
        self.is_closed = True
        self.ours.close()
        self.theirs.close()


@pytest.fixture(autouse=True)
def devices(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Device]]:
    Device.made = []
    monkeypatch.setattr(realm_devices, "TunnelDevice", Device)
    yield Device.made
    for device in Device.made:
        device.close()


async def test_devices_come_and_go_with_their_realms(devices: list[Device]) -> None:
    realms = RealmDevices("mip0", 1480, on_packet=lambda *_: None)
    realms.open(frozenset({1, 2}))
    assert [(device.name, device.mtu) for device in devices] == [("mip0-1", 1480), ("mip0-2", 1480)]
    realms.open(frozenset({2, 3}))
    assert [device.is_closed for device in devices] == [True, False, False]
    assert [device.is_persistent for device in devices] == [False, True, True]
    realms.stop()
    assert all(device.is_closed for device in devices)
    assert [device.is_persistent for device in devices] == [False, True, True], "the next daemon adopts them"


async def test_all_that_waits_is_handed_on_when_that_is_wanted(devices: list[Device]) -> None:
    got: list[tuple[bytes, int]] = []
    realms = RealmDevices("mip0", 1480, on_packet=lambda packet, realm: got.append((packet, realm)))
    realms.open(frozenset({1, 2}))
    waiting = [b"%d" % number for number in range(PACKETS_PER_WAKE_UP + 1)]
    rest = iter([*waiting, None])
    devices[0].read = lambda: next(rest)  # type: ignore[method-assign]
    devices[1].theirs.send(b"other")
    realms.empty()
    assert got == [*((packet, 1) for packet in waiting), (b"other", 2)]
    realms.stop()


async def test_devices_of_a_former_daemon_go_if_their_realms_are_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    removed: list[str] = []
    monkeypatch.setattr(realm_devices, "device_names", lambda: ["lo", "mip0", "mip0-2", "mip0-63", "mip0-64", "mip0-x"])
    monkeypatch.setattr(realm_devices, "remove_leftover", removed.append)
    RealmDevices("mip0", 1480, on_packet=lambda *_: None).remove_leftovers()
    assert removed == ["mip0-2", "mip0-63"]


async def test_a_device_that_the_kernel_refuses_is_missing_and_the_rest_is_there(devices: list[Device]) -> None:
    realms = RealmDevices("mip0", 1480, on_packet=lambda *_: None)
    realms.open(frozenset({9, 10}))
    assert [device.name for device in devices] == ["mip0-10"]
    realms.stop()


async def test_packets_come_with_the_number_of_their_realm(devices: list[Device]) -> None:
    heard: list[tuple[bytes, int]] = []
    realms = RealmDevices("mip0", 1480, on_packet=lambda packet, realm: heard.append((packet, realm)))
    realms.open(frozenset({1, 2}))
    devices[1].theirs.send(b"of two")
    async with asyncio.timeout(10):
        while not heard:
            await asyncio.sleep(0)
    assert heard == [(b"of two", 2)]
    realms.stop()


async def test_one_realm_does_not_keep_the_others_waiting(
    devices: list[Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[int] = []
    realms = RealmDevices("mip0", 1480, on_packet=lambda _, realm: heard.append(realm))
    realms.open(frozenset({1}))
    monkeypatch.setattr(devices[0], "read", lambda: b"more")
    realms._read(1)
    assert heard == [1] * PACKETS_PER_WAKE_UP
    realms.stop()
