"""The socket's options, what it makes of ancillary data and of errors; tests/netns sends real datagrams."""

import errno
import socket
import struct
from ipaddress import IPv4Address

import pytest
from tests.support.fake_socket import FakeSocket, Refusals, maker

from mobileip.dataplane.ports import SIGNALLING_MARK
from mobileip.linux import udp
from mobileip.linux.errors import PermissionMissing, PortOccupied
from mobileip.linux.packet_info import IP_PKTINFO
from mobileip.linux.udp import IP_RECVERR, IP_RECVTTL, IP_TTL, Datagram, Failure, SignallingSocket

PEER = IPv4Address("198.51.100.1")
OWN = IPv4Address("10.1.0.1")


def packet_info(interface: int, destination: IPv4Address) -> tuple[int, int, bytes]:
    """struct in_pktinfo as the kernel gives it: index, address of the route, destination in the header."""
    return socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=I4s4s", interface, bytes(4), destination.packed)


def ttl(value: int) -> tuple[int, int, bytes]:
    return socket.IPPROTO_IP, IP_TTL, struct.pack("=i", value)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeSocket:
    made = FakeSocket()
    monkeypatch.setattr(udp.socket, "socket", maker(made))
    return made


def test_hears_all_addresses_with_destination_and_ttl_and_is_marked(fake: FakeSocket) -> None:
    signalling = SignallingSocket()
    assert fake.bound == (str(IPv4Address(0)), 434)
    assert fake.options[socket.IPPROTO_IP, IP_PKTINFO] == 1
    assert fake.options[socket.IPPROTO_IP, IP_RECVTTL] == 1
    assert fake.options[socket.IPPROTO_IP, IP_RECVERR] == 1
    assert fake.options[socket.SOL_SOCKET, socket.SO_BROADCAST] == 1
    assert fake.options[socket.SOL_SOCKET, socket.SO_MARK] == SIGNALLING_MARK
    assert (signalling.port, signalling.fileno()) == (434, fake.fileno())
    signalling.close()
    assert fake.is_closed


@pytest.mark.parametrize(
    ("refusals", "kind", "told"),
    [
        ({"bind": OSError(errno.EADDRINUSE, "")}, PortOccupied, "UDP port 4434 is in use"),
        ({"bind": PermissionError(errno.EACCES, "")}, PermissionMissing, "may not use UDP port 4434"),
        (
            {(socket.SOL_SOCKET, socket.SO_MARK): PermissionError(errno.EPERM, "")},
            PermissionMissing,
            "may not use UDP port 4434",
        ),
    ],
)
def test_what_the_machine_refuses_is_one_clear_line(
    fake: FakeSocket, refusals: Refusals, kind: type[Exception], told: str
) -> None:
    fake.refusals = refusals
    with pytest.raises(kind, match=told):
        SignallingSocket(4434)
    assert fake.is_closed


def test_a_datagram_has_where_it_came_from_and_what_it_asked(fake: FakeSocket) -> None:
    signalling = SignallingSocket()
    other = (socket.SOL_SOCKET, 99, b"something new")
    fake.incoming = [(b"request", [other, packet_info(3, OWN), ttl(33)], 0, (str(PEER), 40434))]
    assert list(signalling.datagrams(64)) == [Datagram(b"request", PEER, 40434, OWN, 3, 33)]


def test_at_most_so_many_at_once_in_order(fake: FakeSocket) -> None:
    signalling = SignallingSocket()
    fake.incoming = [(b"%d" % number, [], 0, (str(PEER), 434)) for number in range(3)]
    assert [datagram.payload for datagram in signalling.datagrams(2)] == [b"0", b"1"]
    assert [datagram.payload for datagram in signalling.datagrams(2)] == [b"2"]
    assert list(signalling.datagrams(2)) == []


def test_an_icmp_error_about_what_we_sent_is_no_datagram(fake: FakeSocket) -> None:
    signalling = SignallingSocket()
    fake.incoming = [ConnectionRefusedError(), (b"still there", [], 0, (str(PEER), 434))]
    assert [datagram.payload for datagram in signalling.datagrams(64)] == [b"still there"]


def extended_error(origin: int, icmp_type: int, icmp_code: int) -> tuple[int, int, bytes]:
    """struct sock_extended_err, and the address of who told."""
    error = struct.pack("=IBBBBII", errno.ECONNREFUSED, origin, icmp_type, icmp_code, 0, 0, 0)
    return socket.IPPROTO_IP, IP_RECVERR, error + bytes(16)


def test_an_icmp_error_tells_what_it_is_about(fake: FakeSocket) -> None:
    signalling = SignallingSocket()
    where = (str(PEER), 434)
    fake.errors = [
        (b"request", [ttl(64), extended_error(2, 3, 3)], socket.MSG_ERRQUEUE, where),
        (b"too long", [extended_error(1, 0, 0)], socket.MSG_ERRQUEUE, where),
        (b"another", [extended_error(2, 11, 0)], socket.MSG_ERRQUEUE, where),
    ]
    assert list(signalling.failures(2)) == [Failure(PEER, 3, 3, b"request")]
    assert list(signalling.failures(2)) == [Failure(PEER, 11, 0, b"another")]
    assert list(signalling.failures(2)) == []


def test_an_error_about_an_earlier_datagram_stops_no_other(fake: FakeSocket) -> None:
    signalling = SignallingSocket()
    fake.refusals = {"sendmsg": ConnectionRefusedError(errno.ECONNREFUSED, "")}

    def refuse_once(call: str) -> None:
        if call in fake.refusals:
            raise fake.refusals.pop(call)

    fake._refuse = refuse_once  # type: ignore[method-assign] - as the kernel tells a pending error once
    assert signalling.send(b"request", PEER, 434, source=None, interface=0, ttl=64) == 0
    assert [payload for payload, *_ in fake.sent] == [b"request"]


@pytest.mark.parametrize(
    ("source", "interface", "chosen"),
    [
        (None, 0, []),
        (OWN, 0, [(socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=I", 0) + OWN.packed + bytes(4))]),
        (None, 5, [(socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=I", 5) + bytes(8))]),
    ],
)
def test_source_and_interface_are_chosen_where_given(
    fake: FakeSocket, source: IPv4Address | None, interface: int, chosen: list[tuple[int, int, bytes]]
) -> None:
    signalling = SignallingSocket()
    assert signalling.send(b"reply", PEER, 40434, source=source, interface=interface, ttl=77) == 0
    assert fake.sent == [(b"reply", [ttl(77), *chosen], 0, (str(PEER), 40434))]


@pytest.mark.parametrize(
    ("error", "number"), [(OSError(errno.ENETUNREACH, ""), errno.ENETUNREACH), (OSError("odd"), errno.EIO)]
)
def test_a_datagram_that_can_not_leave_says_why(fake: FakeSocket, error: OSError, number: int) -> None:
    signalling = SignallingSocket()
    fake.refusals = {"sendmsg": error}
    assert signalling.send(b"", PEER, 434, source=None, interface=0, ttl=64) == number
