"""What a TUN device does to a kernel that only pretends; tests/netns has true ones."""

import contextlib
import errno
import os
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.offloads import tcp_train, udp_train

from mobileip.dataplane.userspace.segment import packets_of
from mobileip.linux import tun as module
from mobileip.linux.errors import DeviceUnavailable, PermissionMissing
from mobileip.linux.tun import (
    IFF_NO_PI,
    IFF_TUN,
    IFF_VNET_HDR,
    TUN_F_USO4,
    TUNGETFEATURES,
    TUNGETIFF,
    TUNSETIFF,
    TUNSETOFFLOAD,
    TUNSETPERSIST,
    TUNSETVNETHDRSZ,
    TunnelDevice,
)
from mobileip.linux.turn import OCTETS_PER_WAKE_UP


class Kernel:
    """Answers ioctls. `refusals`: request -> errno; `name`: of the device behind the descriptor."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.refusals: dict[int, int] = {}
        self.name: bytes | None = None
        self.persistence: list[int] = []
        self.features = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR
        self.knows_udp = True
        self.kind = 0
        """As TUNSETIFF had it."""
        self.offloads: int | None = None

    def ioctl(self, _: object, request: int, argument: bytes | int) -> bytes:
        self.asked.append(request)
        if request in self.refusals:
            raise OSError(self.refusals[request], os.strerror(self.refusals[request]))
        if request == TUNSETPERSIST and isinstance(argument, int):
            self.persistence.append(argument)
        if request == TUNSETIFF:
            assert isinstance(argument, bytes)
            self.name, self.kind = b"mip0", int.from_bytes(argument[16:18], sys.byteorder)
        if request == TUNGETFEATURES:
            return self.features.to_bytes(4, sys.byteorder)
        if request == TUNSETOFFLOAD:
            assert isinstance(argument, int)
            if argument & TUN_F_USO4 and not self.knows_udp:
                raise OSError(errno.EINVAL, "not known")
            self.offloads = argument
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
    assert kernel.asked == [TUNGETIFF, TUNSETPERSIST, TUNSETIFF, TUNSETOFFLOAD, *UP, TUNSETPERSIST]


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


PLAIN, WITH_HEADER = IFF_TUN | IFF_NO_PI, IFF_TUN | IFF_NO_PI | IFF_VNET_HDR
TCP, TCP_AND_UDP = 0x0B, 0x6B
"""Checksums and segments, the latter with marks of congestion too; of UDP besides (linux/if_tun.h)."""


@pytest.fixture
def with_offloads(kernel: Kernel) -> Iterator[TunnelDevice]:
    made = TunnelDevice("mip0", 1480, with_offloads=True)
    yield made
    made.close()


def test_offloads_are_taken_where_they_are_wanted_and_given(with_offloads: TunnelDevice, kernel: Kernel) -> None:
    assert (kernel.kind, kernel.offloads) == (WITH_HEADER, TCP_AND_UDP)
    assert TUNSETVNETHDRSZ in kernel.asked
    assert (with_offloads.has_offloads, with_offloads.takes_udp_trains) == (True, True)


def test_a_kernel_without_those_of_udp_gives_those_of_tcp(kernel: Kernel) -> None:
    kernel.knows_udp = False
    made = TunnelDevice("mip0", 1480, with_offloads=True)
    assert (kernel.kind, kernel.offloads) == (WITH_HEADER, TCP)
    assert (made.has_offloads, made.takes_udp_trains) == (True, False)
    made.close()


def test_a_kernel_that_gives_no_offloads_may_still_have_the_header(kernel: Kernel) -> None:
    kernel.refusals = {TUNSETOFFLOAD: errno.EINVAL}
    made = TunnelDevice("mip0", 1480, with_offloads=True)
    assert (made.has_offloads, made.takes_udp_trains) == (True, False)
    made.close()


@pytest.mark.parametrize("refused", [False, True])
def test_a_kernel_without_offload_headers_has_plain_packets(refused: bool, kernel: Kernel) -> None:
    kernel.features = PLAIN
    if refused:
        kernel.refusals = {TUNGETFEATURES: errno.EINVAL}
    made = TunnelDevice("mip0", 1480, with_offloads=True)
    assert (kernel.kind, kernel.offloads) == (PLAIN, 0)
    assert TUNSETVNETHDRSZ not in kernel.asked
    assert (made.has_offloads, made.takes_udp_trains) == (False, False)
    made.close()


def test_offloads_that_a_former_daemon_left_are_switched_off_where_none_are_wanted(kernel: Kernel) -> None:
    kernel.offloads = TCP_AND_UDP
    made = TunnelDevice("mip0", 1480)
    assert (kernel.kind, kernel.offloads) == (PLAIN, 0)
    made.close()


class Ends:
    """A pair of sockets in the device's place."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kernel: Kernel, *, with_offloads: bool) -> None:
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        monkeypatch.setattr(module.os, "open", lambda *_: self.ours.fileno())
        self.device = TunnelDevice("mip0", 1480, with_offloads=with_offloads)

    def came(self) -> list[bytes]:
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                found.append(self.theirs.recv(70_000))
        return found


@pytest.fixture(params=[False, True], ids=["plain", "with offloads"])
def ends(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, kernel: Kernel) -> Iterator[Ends]:
    made = Ends(monkeypatch, kernel, with_offloads=request.param)
    yield made
    made.ours.close()
    made.theirs.close()


def test_a_packet_is_written_behind_an_empty_offload_header_where_there_is_one(ends: Ends) -> None:
    assert ends.device.write(b"packet") == 0
    assert ends.came() == [bytes(10) + b"packet" if ends.device.has_offloads else b"packet"]


@pytest.mark.parametrize("onwards", [False, True])
def test_packets_in_a_row_are_written_as_one_where_the_kernel_takes_them_so(ends: Ends, onwards: bool) -> None:
    train = tcp_train((100, 100, 100)) + udp_train((9,))
    assert ends.device.write_all(train, onwards=onwards) == (4, 0)
    came = ends.came()
    if not ends.device.has_offloads:
        assert came == train
        return
    assert [came[0][0], came[0][1], len(came)] == [onwards, 1, 2]
    assert [packet for octets in came for packet in packets_of(octets)] == train


def test_what_the_kernel_refuses_is_told_with_what_went_before(ends: Ends) -> None:
    ends.theirs.close()
    train = tcp_train((100, 100, 100))
    assert ends.device.write_all(train, onwards=False) == (0, errno.ECONNREFUSED)


def test_no_more_is_read_at_once_than_others_can_wait_for(ends: Ends) -> None:
    ends.theirs.setblocking(True)
    ends.theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
    assert ends.device.read_all() == []
    sent = [bytes(60_000) for _ in range(5)]
    for packet in [*sent, b"later"]:
        ends.theirs.send(packet)
    assert list(map(len, ends.device.read_all())) == [60_000] * 5
    assert OCTETS_PER_WAKE_UP <= 5 * 60_000
    assert ends.device.read_all() == [b"later"]
    ends.theirs.send(b"next")
    assert ends.device.read_all() == [b"next"]
