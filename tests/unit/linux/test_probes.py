"""Which probes leave by which way, and which answers are believed; tests/netns has real kernels."""

import asyncio
import errno
import socket
import struct
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.fake_socket import FakeSocket, maker

from mobileip.agents.outputs import Departure
from mobileip.dataplane.ports import SIGNALLING_MARK
from mobileip.dataplane.userspace.keepalives import IDENTIFIER
from mobileip.linux import probes
from mobileip.linux.classic_bpf import SO_ATTACH_FILTER
from mobileip.linux.errors import PermissionMissing
from mobileip.linux.packet_info import IP_PKTINFO
from mobileip.linux.probes import REMEMBERED, Prober
from mobileip.wire.ip.icmp import echo
from mobileip.wire.ip.ipv4 import PROTOCOL_ICMP, Ipv4Packet, encode_ipv4

HOME_AGENT, OTHER, CARE_OF = IPv4Address("10.1.0.1"), IPv4Address("10.1.0.2"), IPv4Address("192.0.2.7")
BY_LINK = Departure(destination=HOME_AGENT, source=CARE_OF, interface="lo")
BY_AGENT = Departure(destination=HOME_AGENT, source=CARE_OF, interface="wlan0", link_destination=b"\2\0\0\0\0\1")


class Probing:
    """A prober without a kernel: what it sends, what it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **refusals: OSError) -> None:
        self.socket = FakeSocket(refusals=dict(refusals))
        self.frames: list[tuple[bytes, Departure]] = []
        self.answers: list[tuple[str, int]] = []
        self.result = 0
        monkeypatch.setattr(probes.socket, "socket", maker(self.socket))
        self.prober = Prober(self._send_frame, lambda interface, number: self.answers.append((interface, number)))

    def _send_frame(self, octets: bytes, departure: Departure) -> int:
        self.frames.append((octets, departure))
        return self.result

    def answer(self, request: bytes, source: IPv4Address = HOME_AGENT) -> bytes:
        reply = echo(False, int.from_bytes(request[4:6]), int.from_bytes(request[6:8]), request[8:])
        packet = Ipv4Packet(source=source, destination=CARE_OF, protocol=PROTOCOL_ICMP, payload=reply)
        return encode_ipv4(packet)

    def hear(self, *packets: bytes | OSError) -> list[tuple[str, int]]:
        self.socket.incoming += packets
        self.prober._read()
        return self.answers


@pytest.fixture
def probing(monkeypatch: pytest.MonkeyPatch) -> Probing:
    return Probing(monkeypatch)


def test_one_raw_socket_for_our_own_echo_replies_by_the_main_table(probing: Probing) -> None:
    assert probing.socket.arguments == (socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_ICMP)
    assert probing.socket.options[socket.SOL_SOCKET, socket.SO_MARK] == SIGNALLING_MARK
    assert (socket.SOL_SOCKET, SO_ATTACH_FILTER) in probing.socket.options


def test_by_an_interface_and_from_a_source_whatever_the_routes_say(probing: Probing) -> None:
    assert probing.prober.send(BY_LINK, 7) == 0
    ((message, ancillary, _, address),) = probing.socket.sent
    assert address == (str(HOME_AGENT), 0)
    info = struct.pack("=I4s4s", socket.if_nametoindex("lo"), CARE_OF.packed, bytes(4))
    assert ancillary == [(socket.IPPROTO_IP, IP_PKTINFO, info)]
    assert (message[:2], message[6:8]) == (b"\x08\0", b"\0\x07")
    assert probing.hear(probing.answer(message)) == [("lo", 7)]


def test_to_a_foreign_agent_as_a_frame(probing: Probing) -> None:
    assert probing.prober.send(BY_AGENT, 0xFFFF) == 0
    ((message, departure),) = probing.frames
    assert departure == BY_AGENT
    assert probing.socket.sent == []
    assert probing.hear(probing.answer(message)) == [("wlan0", 0xFFFF)]


def test_an_answer_counts_once(probing: Probing) -> None:
    probing.prober.send(BY_AGENT, 1)
    packet = probing.answer(probing.frames[0][0])
    assert probing.hear(packet, packet) == [("wlan0", 1)]


def test_a_number_that_is_used_again_belongs_to_the_later_probe(probing: Probing) -> None:
    probing.prober.send(BY_AGENT, 1)
    probing.prober.send(BY_LINK, 1)
    assert probing.hear(probing.answer(probing.frames[0][0])) == [("lo", 1)]


def spoiled(change: Callable[[bytearray], None]) -> Callable[[bytes], bytes]:
    def spoil(packet: bytes) -> bytes:
        octets = bytearray(packet)
        change(octets)
        return bytes(octets)

    return spoil


def _set(place: int, value: int) -> Callable[[bytearray], None]:
    return lambda octets: octets.__setitem__(place, value)


@pytest.mark.parametrize(
    "spoil",
    [
        spoiled(_set(20, 8)),
        spoiled(_set(21, 1)),
        spoiled(lambda octets: octets.__setitem__(24, octets[24] ^ 1)),
        spoiled(_set(27, 9)),
        spoiled(lambda octets: octets.__setitem__(-1, octets[-1] ^ 1)),
        spoiled(lambda octets: octets.append(0)),
        lambda packet: packet[:-1],
        lambda packet: packet[:27],
        lambda packet: packet[:20],
    ],
    ids=["a request", "its code", "identifier", "number", "token", "more", "less", "a piece", "nothing"],
)
def test_what_is_no_answer_to_ours_is_nothing(probing: Probing, spoil: Callable[[bytes], bytes]) -> None:
    probing.prober.send(BY_AGENT, 1)
    assert probing.hear(spoil(probing.answer(probing.frames[0][0]))) == []


def test_nobody_else_can_answer(probing: Probing) -> None:
    probing.prober.send(BY_AGENT, 1)
    request = probing.frames[0][0]
    assert probing.hear(probing.answer(request, OTHER)) == []
    assert probing.hear(probing.answer(request)) == [("wlan0", 1)]


def test_what_did_not_go_waits_for_no_answer(probing: Probing) -> None:
    probing.result = errno.ENETDOWN
    assert probing.prober.send(BY_AGENT, 1) == errno.ENETDOWN
    assert probing.hear(probing.answer(probing.frames[0][0])) == []
    assert probing.prober.send(Departure(destination=HOME_AGENT, interface="no-such-link"), 2) == errno.ENODEV
    probing.socket.refusals["sendmsg"] = OSError(errno.ENETUNREACH, "no way")
    assert probing.prober.send(BY_LINK, 3) == errno.ENETUNREACH


def test_only_so_many_are_remembered(probing: Probing) -> None:
    for number in range(REMEMBERED + 1):
        probing.prober.send(BY_AGENT, number)
    first, second = (probing.answer(probing.frames[number][0]) for number in (0, 1))
    assert probing.hear(first, second) == [("wlan0", 1)]


def test_an_error_about_something_that_we_sent_stands_before_an_answer(probing: Probing) -> None:
    probing.prober.send(BY_AGENT, 1)
    unreachable = OSError(errno.EHOSTUNREACH, "no way")
    assert probing.hear(unreachable, probing.answer(probing.frames[0][0])) == [("wlan0", 1)]


def test_the_identifier_is_never_that_of_the_keepalives(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = [IDENTIFIER.to_bytes(2), b"\0\x05", bytes(8)]
    monkeypatch.setattr(probes.os, "urandom", lambda _: drawn.pop(0))
    probing = Probing(monkeypatch)
    probing.prober.send(BY_AGENT, 1)
    assert probing.frames[0][0][4:6] == b"\0\x05"


@pytest.mark.parametrize("call", ["socket", (socket.SOL_SOCKET, socket.SO_MARK)], ids=str)
def test_a_right_that_is_missing_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, call: Any) -> None:
    fake = FakeSocket(refusals={call: PermissionError(errno.EPERM, "no")})
    monkeypatch.setattr(probes.socket, "socket", maker(fake))
    with pytest.raises(PermissionMissing, match="may not"):
        Prober(lambda *_: 0, lambda *_: None)
    assert fake.is_closed == (call != "socket")


def test_a_filter_that_the_kernel_refuses_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeSocket(refusals={(socket.SOL_SOCKET, SO_ATTACH_FILTER): OSError(errno.ENOMEM, "no")})
    monkeypatch.setattr(probes.socket, "socket", maker(fake))
    with pytest.raises(OSError, match="no"):
        Prober(lambda *_: 0, lambda *_: None)
    assert fake.is_closed


async def test_it_is_read_by_the_loop_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    probing = Probing(monkeypatch)
    with ours, theirs:
        ours.setblocking(False)
        probing.prober._socket = ours
        probing.prober.start()
        probing.prober.send(BY_AGENT, 1)
        theirs.send(probing.answer(probing.frames[0][0]))
        async with asyncio.timeout(10):
            while not probing.answers:
                await asyncio.sleep(0)
        probing.prober.stop()
        assert ours.fileno() == -1
