"""The kernel runs our filters here: a Unix datagram socket takes them too, without any right."""

import socket
import struct
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address

import pytest

from mobileip.linux.classic_bpf import (
    DROP,
    JEQ,
    KEEP,
    LD_B,
    MOST_INTERFACES,
    PACKET_TYPE,
    all_but_tunnelled_data,
    arp_requests_to_us_alone,
    assemble,
    attach,
    echo_replies,
    home_broadcasts,
    mobility_signalling,
    tunnelled_data,
    watched_events,
)
from mobileip.wire.ip.ipv4 import Ipv4Packet, encode_ipv4

OURS, OTHERS = 0x01020304, 77
ANY = IPv4Address("192.0.2.1")


def kept(program: bytes, datagrams: Iterable[bytes]) -> list[bytes]:
    sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with sender, receiver:
        attach(receiver, program)
        for datagram in datagrams:
            try:
                sender.send(datagram)
            except PermissionError:
                continue  # dropped by the filter
        sender.close()
        receiver.setblocking(False)
        found = []
        while True:
            try:
                found.append(receiver.recv(65_535))
            except BlockingIOError:
                return found


def test_jumps_are_counted_from_the_next_step() -> None:
    program = assemble(((LD_B, 0), (JEQ, 1, KEEP, "next"), (LD_B, 1), "next", (JEQ, 2, KEEP, DROP)))
    lines = list(struct.iter_unpack("=HBBI", program))
    assert lines == [
        (0x30, 0, 0, 0),
        (0x15, 2, 1, 1),
        (0x30, 0, 0, 1),
        (0x15, 0, 1, 2),
        (0x06, 0, 0, 0xFFFFFFFF),
        (0x06, 0, 0, 0),
    ]
    assert kept(program, [b"\1x", b"\2x", b"\3x"]) == [b"\1x", b"\2x"]


def test_a_program_without_an_end_is_refused() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as target, pytest.raises(OSError, match="Invalid argument"):
        attach(target, struct.pack("=HBBI", LD_B, 0, 0, 0))


def ip(protocol: int, payload: bytes, *, fragment: int = 0, options: bytes = b"") -> bytes:
    return encode_ipv4(
        Ipv4Packet(source=ANY, destination=ANY, protocol=protocol, payload=payload, fragment=fragment, options=options)
    )


def udp(source_port: int, destination_port: int, payload: bytes = b"") -> bytes:
    return struct.pack("!HHHH", source_port, destination_port, 8 + len(payload), 0) + payload


TUNNELLED = b"\4\4\0\0" + bytes(20)
"""A Tunnel Data message (RFC 3519 §3.3)."""


@pytest.mark.parametrize("options", [b"", bytes(40)])
def test_tunnelled_data_has_a_socket_of_its_own(options: bytes) -> None:
    data = ip(17, udp(40_000, 434, TUNNELLED), options=options)
    others = [
        ip(17, udp(434, 434, b"\1" + TUNNELLED), options=options),
        ip(17, udp(434, 434), options=options),
        ip(17, udp(434, 435, TUNNELLED), options=options),
    ]
    assert kept(tunnelled_data(434), [*others, data]) == [data]
    assert data not in kept(mobility_signalling(434, (67, 68)), [data])


def test_a_signalling_socket_hears_all_but_tunnelled_data() -> None:
    messages = [udp(434, 434), udp(434, 434, b"\1"), udp(434, 434, b"\3" + TUNNELLED)]
    assert kept(all_but_tunnelled_data(), [*messages, udp(434, 434, TUNNELLED), udp(434, 434, b"\4")]) == messages


@pytest.mark.parametrize(
    ("left_out", "heard"),
    [
        ([], [b"request"]),
        ([1], []),
        ([7, 1], []),
        (range(2, 2 + MOST_INTERFACES), [b"request"]),
        (range(1, 1000), []),
        (range(2, 1000), [b"request"]),
    ],
)
def test_a_signalling_socket_leaves_out_what_others_hear(left_out: Sequence[int], heard: list[bytes]) -> None:
    assert socket.if_nametoindex("lo") == 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        attach(receiver, all_but_tunnelled_data(left_out))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for payload in (TUNNELLED, b"request"):
                sender.sendto(payload, receiver.getsockname())
        assert [receiver.recv(100) for _ in heard] == heard
        with pytest.raises(BlockingIOError):
            receiver.recv(100)


@pytest.mark.parametrize("options", [b"", bytes(4), bytes(40)])
def test_signalling_passes_and_nothing_else(options: bytes) -> None:
    wanted = [
        ip(17, udp(434, 434), options=options),
        ip(17, udp(50_000, 434), options=options),
        ip(17, udp(434, 434), fragment=0x2000, options=options),
        ip(17, udp(67, 68), options=options),
        ip(1, b"\x09", options=options),
        ip(1, b"\x0a", options=options),
    ]
    unwanted = [
        ip(17, udp(434, 435), options=options),
        ip(17, udp(68, 67), options=options),
        ip(17, udp(67, 67), options=options),
        ip(17, udp(5000, 68), options=options),
        ip(17, udp(434, 434), fragment=1, options=options),
        ip(17, b"", options=options),
        ip(6, udp(434, 434), options=options),
        ip(4, udp(434, 434), options=options),
        ip(1, b"\x08", options=options),
        ip(1, b"", options=options),
        b"",
        b"\x45",
    ]
    mixed = [packet for pair in zip(unwanted, wanted + wanted, strict=True) for packet in pair]
    assert kept(mobility_signalling(434, (67, 68)), mixed) == wanted + wanted


def framed(kind: int, packet: bytes) -> bytes:
    """A packet that was in a frame of a kind; only a packet socket knows it, so here it stands in an octet that the
    program does not read otherwise (TOS)."""
    return packet[:1] + bytes((kind,)) + packet[2:]


@pytest.mark.parametrize("groups", [False, True])
def test_broadcasts_of_a_home_link_pass_without_what_concerns_the_link_alone(groups: bool) -> None:
    program = home_broadcasts(434, (67, 68), groups=groups)
    program = program.replace(struct.pack("=HBBI", LD_B, 0, 0, PACKET_TYPE), struct.pack("=HBBI", LD_B, 0, 0, 1))
    to_us, to_all, to_group, to_others, from_us = range(5)
    plain = ip(17, udp(5353, 5353))
    wanted = [
        framed(to_all, plain),
        framed(to_all, ip(17, udp(67, 5000), options=bytes(8))),
        framed(to_all, ip(17, udp(434, 434), fragment=1)),  # later fragments have no ports
        framed(to_all, ip(1, b"\x08")),
        framed(to_all, ip(4, plain)),
        framed(to_all, ip(2, b"\x11")),
    ]
    unwanted = [
        *(framed(kind, plain) for kind in (to_us, to_others, from_us)),
        framed(to_all, ip(17, udp(434, 434))),
        framed(to_all, ip(17, udp(68, 67))),
        framed(to_all, ip(17, udp(67, 68), options=bytes(8))),
        framed(to_all, ip(1, b"\x09")),
        framed(to_all, ip(1, b"\x0a")),
        b"",
    ]
    multicast = [framed(to_group, plain)]
    assert kept(program, unwanted + wanted + multicast) == wanted + multicast * groups


def test_arp_requests_to_us_alone() -> None:
    program = arp_requests_to_us_alone()
    program = program.replace(struct.pack("=HBBI", LD_B, 0, 0, PACKET_TYPE), struct.pack("=HBBI", LD_B, 0, 0, 1))
    request, reply = (bytes.fromhex(f"0000 0800 0604 000{operation}") + bytes(20) for operation in (1, 2))
    to_us, to_all = 0, 1
    assert kept(program, [framed(to_all, request), framed(to_us, reply), framed(to_us, request), b""]) == [
        framed(to_us, request)
    ]


def route_event(kind: int, port_id: int, prefix_length: int, protocol: int) -> bytes:
    body = bytes((2, prefix_length, 0, 0, 254, protocol, 0, 1)) + bytes(4)
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 7, port_id) + body


def test_a_routers_thousands_of_routes_pass_unseen() -> None:
    wanted = [
        route_event(24, 0, 0, 3),  # a default route
        route_event(25, OTHERS, 0, 16),
        route_event(25, OTHERS, 32, 77),  # one of ours, removed by others
        struct.pack("=IHHII", 32, 16, 0, 0, OURS) + bytes(16),  # no route: a link, an address, a rule
        struct.pack("=IHHII", 24, 21, 0, 0, OURS) + bytes(8),
        struct.pack("=IHHII", 28, 33, 0, 0, OURS) + bytes(12),
    ]
    unwanted = [
        route_event(24, OTHERS, 24, 186),
        route_event(25, OTHERS, 24, 186),
        route_event(24, OURS, 0, 77),
        route_event(25, OURS, 32, 77),
    ]
    assert kept(watched_events(OURS, 77), unwanted + wanted) == wanted


def test_echo_replies_with_our_identifier_alone() -> None:
    def icmp(kind: int, identifier: int, options: bytes = b"") -> bytes:
        payload = struct.pack("!BBHHH", kind, 0, 0, identifier, 1)
        head = bytearray(encode_ipv4(Ipv4Packet(source=ANY, destination=ANY, protocol=1, payload=payload)))
        head[0] += len(options) // 4
        return bytes(head[:20]) + options + payload

    good = [icmp(0, 0x1234), icmp(0, 0x1234, bytes(8))]
    bad = [icmp(8, 0x1234), icmp(0, 0x4D49), icmp(3, 0x1234), icmp(0, 0x1234)[:20]]
    assert kept(echo_replies(0x1234), bad + good) == good
