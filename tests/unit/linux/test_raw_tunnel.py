"""Which sockets there are, and what becomes of errors; tests/netns sends real packets."""

import errno
import itertools
import socket
import struct
import sys
from collections.abc import Sequence
from ipaddress import IPv4Address

import pytest
from tests.support.fake_socket import FakeSocket, maker

from mobileip.dataplane.ports import SIGNALLING_MARK
from mobileip.linux import raw_tunnel
from mobileip.linux.errors import PermissionMissing
from mobileip.linux.packet_info import IP_PKTINFO
from mobileip.linux.raw_tunnel import ERRORS_IN_A_ROW, ICMP_FILTER, IP_MTU, SOL_RAW, RawTunnelSocket

FAR = IPv4Address("192.0.2.2")
NEAR = IPv4Address("192.0.2.7")
MARK = (socket.SOL_SOCKET, socket.SO_MARK)


class Sockets:
    """One for each encapsulation, the others of a tunnel socket, and the one that asks for a path MTU."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        *self.tunnels, self.out, self.icmp, self.probe = (FakeSocket(number=number) for number in range(6))
        self.tunnel = self.tunnels[0]
        monkeypatch.setattr(raw_tunnel.socket, "socket", maker(*self.tunnels, self.out, self.icmp, self.probe))
        monkeypatch.setattr(raw_tunnel, "ReceiveBatch", lambda *_: Receiving(self))
        monkeypatch.setattr(raw_tunnel, "SendBatch", Sending)

    def closed(self) -> list[bool]:
        return [fake.is_closed for fake in (*self.tunnels, self.out, self.icmp)]


def arrival(packet: bytes, index: int) -> tuple[bytes, bytes]:
    """What a `ReceiveBatch` gives: a packet, and ancillary data that begins with a struct in_pktinfo."""
    return packet, bytes(socket.CMSG_LEN(0)) + index.to_bytes(4, sys.byteorder) + bytes(12)


class Receiving:
    """A `ReceiveBatch` of fake sockets: all that waits, up to the first error."""

    def __init__(self, sockets: "Sockets") -> None:
        self._by_number = {fake.fileno(): fake for fake in sockets.tunnels}

    def receive(self, descriptor: int) -> list[tuple[bytes, bytes]]:
        incoming = self._by_number[descriptor].incoming
        if not incoming:
            raise BlockingIOError
        if isinstance(incoming[0], OSError):
            raise incoming.pop(0)
        found = list(itertools.takewhile(lambda given: not isinstance(given, OSError), incoming))
        del incoming[: len(found)]
        return found


class Sending:
    """A `SendBatch` that notes."""

    def __init__(self, name_length: int, control_length: int) -> None:
        assert (name_length, control_length) == (16, socket.CMSG_SPACE(12))
        self.sent: list[tuple[int, bytes, bytes, bytes]] = []

    def send(
        self, descriptor: int, packets: Sequence[bytes], names: Sequence[bytes], controls: Sequence[bytes]
    ) -> tuple[int, int]:
        self.sent += [(descriptor, *parts) for parts in zip(packets, names, controls, strict=True)]
        return len(packets), 0


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> Sockets:
    return Sockets(monkeypatch)


def test_a_raw_socket_for_each_encapsulation_and_one_that_sends(sockets: Sockets) -> None:
    opened = RawTunnelSocket()
    protocols = [fake.arguments[2] for fake in (*sockets.tunnels, sockets.out, sockets.icmp)]
    assert protocols == [4, 47, 55, socket.IPPROTO_RAW, socket.IPPROTO_ICMP]
    assert sockets.out.options[MARK] == SIGNALLING_MARK
    assert opened.sources == sockets.tunnels
    assert opened.icmp_fileno() == 4
    assert [fake.options[socket.IPPROTO_IP, IP_PKTINFO] for fake in sockets.tunnels] == [1] * 3
    opened.close()
    assert sockets.closed() == [True] * 5


def test_only_unreachable_and_time_exceeded_are_heard(sockets: Sockets) -> None:
    RawTunnelSocket()
    blocked = int.from_bytes(sockets.icmp.options[SOL_RAW, ICMP_FILTER], sys.byteorder)
    assert [kind for kind in range(32) if not blocked >> kind & 1] == [3, 11]


@pytest.mark.parametrize("call", ["socket", MARK])
def test_without_the_right_nothing_stays_open(sockets: Sockets, call: str | tuple[int, int]) -> None:
    sockets.out.refusals = {call: PermissionError(errno.EPERM, "")}
    with pytest.raises(PermissionMissing, match="may not open raw sockets") as caught:
        RawTunnelSocket()
    assert caught.value.hint == "CAP_NET_RAW and CAP_NET_ADMIN are needed"
    assert sockets.tunnel.is_closed


def test_any_other_refusal_is_no_matter_of_rights_and_leaves_nothing_open(sockets: Sockets) -> None:
    sockets.icmp.refusals = {(SOL_RAW, ICMP_FILTER): OSError(errno.EINVAL, "odd filter")}
    with pytest.raises(OSError, match="odd filter"):
        RawTunnelSocket()
    assert sockets.closed() == [True] * 5


def test_packets_are_read_until_there_is_none(sockets: Sockets) -> None:
    opened = RawTunnelSocket()
    sockets.tunnel.incoming = [arrival(b"one", 3), arrival(b"two", 0)]
    sockets.icmp.incoming = [b"an error"]
    assert [opened.read(sockets.tunnel) for _ in range(2)] == [[(b"one", 3), (b"two", 0)], []]
    assert [opened.read_icmp() for _ in range(2)] == [b"an error", None]


def test_pending_errors_stand_before_the_next_packet(sockets: Sockets) -> None:
    opened = RawTunnelSocket()
    sockets.tunnel.incoming = [ConnectionRefusedError(), OSError(errno.EHOSTUNREACH, ""), arrival(b"packet", 1)]
    assert opened.read(sockets.tunnel) == [(b"packet", 1)]


def test_errors_without_end_do_not_hold_up_the_rest(sockets: Sockets) -> None:
    opened = RawTunnelSocket()
    sockets.tunnel.incoming = [OSError(errno.ENETDOWN, "") for _ in range(ERRORS_IN_A_ROW)] + [arrival(b"later", 1)]
    assert opened.read(sockets.tunnel) == []
    assert opened.read(sockets.tunnel) == [(b"later", 1)]


def test_a_packet_leaves_to_the_destination_in_its_header(sockets: Sockets) -> None:
    opened = RawTunnelSocket()
    packet = bytes(12) + NEAR.packed + FAR.packed
    assert opened.write(packet) == 0
    by_source = (socket.IPPROTO_IP, IP_PKTINFO, bytes(4) + NEAR.packed + bytes(4))
    assert sockets.out.sent == [(packet, [by_source], 0, (str(FAR), 0))]


def test_many_leave_together_each_to_the_destination_in_its_header(sockets: Sockets) -> None:
    opened = RawTunnelSocket()
    packets = [bytes(12) + NEAR.packed + FAR.packed, bytes(12) + (NEAR + 1).packed + (FAR + 1).packed]
    assert opened.write_all(packets) == (2, 0)
    family = socket.AF_INET.to_bytes(2, sys.byteorder)
    names = [family + bytes(2) + address.packed for address in (FAR, FAR + 1)]
    head = struct.pack("@Nii", socket.CMSG_LEN(12), socket.IPPROTO_IP, IP_PKTINFO)
    controls = [
        (head + bytes(4) + source.packed + bytes(4)).ljust(socket.CMSG_SPACE(12), b"\0") for source in (NEAR, NEAR + 1)
    ]
    expected = [(3, *parts) for parts in zip(packets, names, controls, strict=True)]
    assert opened._sending.sent == expected  # type: ignore[attr-defined]


def test_many_of_one_tunnel_too(sockets: Sockets) -> None:
    opened = RawTunnelSocket()
    packets = [bytes(12) + NEAR.packed + FAR.packed + payload for payload in (b"one", b"other")]
    assert opened.write_all(packets) == (2, 0)
    (_, first, *ways), (_, second, *same_ways) = opened._sending.sent  # type: ignore[attr-defined]
    assert [first, second] == packets
    assert ways == same_ways
    assert FAR.packed in ways[0]
    assert NEAR.packed in ways[1]


@pytest.mark.parametrize(
    ("error", "number"), [(OSError(errno.EMSGSIZE, ""), errno.EMSGSIZE), (OSError("odd"), errno.EIO)]
)
def test_a_packet_that_can_not_leave_says_why(sockets: Sockets, error: OSError, number: int) -> None:
    opened = RawTunnelSocket()
    sockets.out.refusals = {"sendmsg": error}
    assert opened.write(bytes(20)) == number


def test_the_path_mtu_is_that_of_the_way_that_packets_take(sockets: Sockets) -> None:
    opened = RawTunnelSocket()
    sockets.probe.options[socket.IPPROTO_IP, IP_MTU] = 1400
    assert opened.path_mtu(NEAR, FAR) == 1400
    assert sockets.probe.bound == (str(NEAR), 0)
    assert sockets.probe.options[MARK] == SIGNALLING_MARK
    assert sockets.probe.connected[0] == str(FAR)
    assert sockets.probe.is_closed


def test_no_way_has_no_mtu(sockets: Sockets) -> None:
    opened = RawTunnelSocket()
    sockets.probe.refusals = {"connect": OSError(errno.ENETUNREACH, "")}
    assert opened.path_mtu(NEAR, FAR) == 0
    assert sockets.probe.is_closed
