"""What a TUN device does to a kernel that only pretends; tests/netns has true ones."""

import errno
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from mobileip.linux import tun as module
from mobileip.linux.errors import DeviceUnavailable, PermissionMissing
from mobileip.linux.tun import TUNGETIFF, TUNSETIFF, TUNSETPERSIST, TunnelDevice


class Kernel:
    """Answers ioctls. `refusals`: request -> errno; `name`: of the device behind the descriptor."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.refusals: dict[int, int] = {}
        self.name: bytes | None = None
        self.persistence: list[int] = []

    def ioctl(self, _: object, request: int, argument: bytes | int) -> bytes:
        self.asked.append(request)
        if request in self.refusals:
            raise OSError(self.refusals[request], os.strerror(self.refusals[request]))
        if request == TUNSETPERSIST and isinstance(argument, int):
            self.persistence.append(argument)
        if request == TUNSETIFF:
            self.name = b"mip0"
        if request == TUNGETIFF:
            if self.name is None:
                raise OSError(errno.EBADFD, "gone")
            return struct.pack("16s24x", self.name)
        return bytes(40)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel()
    monkeypatch.setattr(module.fcntl, "ioctl", made.ioctl)
    monkeypatch.setattr(module, "CONTROL", Path(os.devnull))
    monkeypatch.setattr(module, "_switch_ipv6_off", lambda _: None)
    return made


@pytest.fixture
def device(kernel: Kernel) -> Iterator[TunnelDevice]:
    made = TunnelDevice("mip0", 1480)
    kernel.asked.clear()
    yield made
    made.close()


UP = [module.SIOCSIFMTU, module.SIOCGIFFLAGS, module.SIOCSIFFLAGS]


def test_a_device_that_is_ours_is_only_brought_up(device: TunnelDevice, kernel: Kernel) -> None:
    before = device.fileno()
    assert device.repair() is False
    assert kernel.asked == [TUNGETIFF, *UP]
    assert device.fileno() == before


@pytest.mark.parametrize("name", [None, b"renamed"])
def test_a_device_that_others_deleted_or_renamed_is_made_anew(
    name: bytes | None, device: TunnelDevice, kernel: Kernel
) -> None:
    kernel.name = name
    assert device.repair() is True
    assert kernel.persistence == [0, 0], "what bears another name now goes"
    assert kernel.asked == [TUNGETIFF, TUNSETPERSIST, TUNSETIFF, *UP, TUNSETPERSIST]


def test_a_device_that_is_made_anew_outlives_us_like_the_one_before(device: TunnelDevice, kernel: Kernel) -> None:
    device.persist(True)
    kernel.name = None
    assert device.repair() is True
    assert kernel.persistence == [1, 0, 1]


def test_a_device_that_is_in_another_namespace_is_made_anew(device: TunnelDevice, kernel: Kernel) -> None:
    real = kernel.ioctl

    def ioctl(descriptor: object, request: int, argument: bytes | int) -> bytes:
        if request == module.SIOCSIFMTU and TUNSETIFF not in kernel.asked:
            raise OSError(errno.ENODEV, "no such device")
        return real(descriptor, request, argument)

    kernel.asked.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.fcntl, "ioctl", ioctl)
        assert device.repair() is True


def test_what_others_deleted_is_not_there_to_outlive_us(device: TunnelDevice, kernel: Kernel) -> None:
    kernel.refusals = {TUNSETPERSIST: errno.EBADFD}
    device.persist(True)


def test_a_name_that_others_took_is_said_and_their_device_is_not_touched(device: TunnelDevice, kernel: Kernel) -> None:
    kernel.name = None
    kernel.refusals = {TUNSETIFF: errno.EINVAL}
    with pytest.raises(DeviceUnavailable, match="the name mip0 is taken") as caught:
        device.repair()
    assert "rename that device" in caught.value.hint
    assert not set(kernel.asked) & set(UP)
    assert device.fileno() == -1
    assert (device.read(), device.write(b"x")) == (None, errno.EBADF)


def test_without_a_device_nothing_is_left_for_the_next_daemon(device: TunnelDevice, kernel: Kernel) -> None:
    device.persist(True)
    assert kernel.asked == [TUNSETPERSIST]
    device.close()
    device.persist(True)
    assert kernel.asked == [TUNSETPERSIST]


def test_a_device_comes_back_when_the_name_is_free_again(device: TunnelDevice, kernel: Kernel) -> None:
    kernel.name = None
    kernel.refusals = {TUNSETIFF: errno.EINVAL}
    for _ in range(2):
        with pytest.raises(DeviceUnavailable):
            device.repair()
    kernel.refusals = {}
    assert device.repair() is True
    assert device.fileno() >= 0


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.EBUSY, DeviceUnavailable, "held by another process"),
        (errno.EPERM, PermissionMissing, "may not make the device"),
        (errno.ENOMEM, DeviceUnavailable, "can't make the device mip0: Cannot allocate memory"),
    ],
)
def test_other_refusals(number: int, kind: type[Exception], words: str, kernel: Kernel) -> None:
    kernel.refusals = {TUNSETIFF: number}
    with pytest.raises(kind, match=words):
        TunnelDevice("mip0", 1480)


@pytest.mark.parametrize("request_", [module.SIOCSIFMTU, module.SIOCSIFFLAGS])
def test_a_device_that_can_not_be_brought_up(request_: int, device: TunnelDevice, kernel: Kernel) -> None:
    kernel.refusals = {request_: errno.EPERM}
    with pytest.raises(DeviceUnavailable, match="can't bring mip0 up: Operation not permitted"):
        device.repair()
    assert device.fileno() >= 0, "it is still ours"
    with pytest.raises(DeviceUnavailable, match="can't bring mip0 up"):
        TunnelDevice("mip0", 1480)
