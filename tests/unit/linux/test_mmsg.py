"""Many datagrams in one call, by true sockets of this machine's loopback."""

import errno
import socket
import struct
import sys
from collections.abc import Iterator

import pytest

from mobileip.linux.mmsg import MOST, OCTETS, ReceiveBatch, SendBatch
from mobileip.linux.packet_info import IP_PKTINFO

LOOPBACK = "127.0.0.1"
LARGEST = 65_507
"""Octets that fit into a datagram of UDP."""


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """One that sends and one that receives."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
    ):
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        receiver.bind((LOOPBACK, 0))
        yield sender, receiver


def name(receiver: socket.socket) -> bytes:
    """struct sockaddr_in."""
    address, port = receiver.getsockname()
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton(address)


def received(receiver: socket.socket, most: int = 64) -> list[bytes]:
    batch, found = ReceiveBatch(most, 65_535, 0), []
    while True:
        try:
            found += [packet for packet, _ in batch.receive(receiver.fileno())]
        except BlockingIOError:
            return found


def test_packets_arrive_in_their_order_as_they_were(pair: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = pair
    batch = SendBatch(16)
    # Lengths that change, stay, become fewer and more: what was laid out for the last call must not be believed.
    for lengths in ([100] * 5, [100] * 5, [100] * 3, [1, 0, 1400, 7], [100] * 5, [9] * 80):
        packets = [bytes((number,)) * length for number, length in enumerate(lengths)]
        assert batch.send(sender.fileno(), packets, [name(receiver)] * len(packets)) == (len(packets), 0)
        assert received(receiver) == packets


def test_each_goes_to_its_own_address(pair: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = pair
    batch = SendBatch(16)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((LOOPBACK, 0))
        names = [name(receiver), name(other)]
        for order in ([0, 1, 0], [1, 0, 0], [1, 0], [0, 1, 0]):
            packets = [b"%d" % number for number in range(len(order))]
            assert batch.send(sender.fileno(), packets, [names[which] for which in order]) == (len(order), 0)
            for which, one in enumerate((receiver, other)):
                assert received(one) == [packets[at] for at, its in enumerate(order) if its == which]


def test_more_than_one_call_can_take_go_in_several(pair: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = pair
    packets = [b"%d" % number for number in range(2 * MOST + 1)]
    assert SendBatch(16).send(sender.fileno(), packets, [name(receiver)] * len(packets)) == (len(packets), 0)
    assert received(receiver) == packets


def test_more_octets_than_the_buffer_holds_go_in_several_calls() -> None:
    packets = [bytes(LARGEST)] * (OCTETS // LARGEST + 2)
    parts = []
    while packets:
        some = SendBatch(0)._some(packets)
        parts.append(len(some))
        packets = packets[len(some) :]
    assert parts == [OCTETS // LARGEST, 2]


def test_the_first_that_does_not_go_ends_it_and_says_why(pair: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = pair
    packets = [b"one", bytes(LARGEST + 1), b"three"]
    names = [name(receiver)] * 3
    batch = SendBatch(16)
    assert batch.send(sender.fileno(), packets, names) == (1, errno.EMSGSIZE)
    assert batch.send(sender.fileno(), packets[1:], names[1:]) == (0, errno.EMSGSIZE)
    assert batch.send(sender.fileno(), packets[2:], names[2:]) == (1, 0)
    assert batch.send(sender.fileno(), [], []) == (0, 0)
    assert received(receiver) == [b"one", b"three"]


def test_no_more_is_received_at_once_than_asked_for(pair: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = pair
    for number in range(5):
        sender.sendto(b"%d" % number, receiver.getsockname())
    batch = ReceiveBatch(3, 100, 0)
    assert [packet for packet, _ in batch.receive(receiver.fileno())] == [b"0", b"1", b"2"]
    assert [packet for packet, _ in batch.receive(receiver.fileno())] == [b"3", b"4"]
    with pytest.raises(BlockingIOError):
        batch.receive(receiver.fileno())


def test_ancillary_data_comes_with_each_call_anew(pair: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = pair
    receiver.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    batch = ReceiveBatch(2, 100, socket.CMSG_SPACE(12))
    for _ in range(2):
        sender.sendto(b"x", receiver.getsockname())
        ((packet, ancillary),) = batch.receive(receiver.fileno())
        length, level, kind = struct.unpack_from("@NII", ancillary)
        assert (packet, length, level, kind) == (b"x", socket.CMSG_LEN(12), socket.IPPROTO_IP, IP_PKTINFO)
        index = int.from_bytes(ancillary[socket.CMSG_LEN(0) : socket.CMSG_LEN(4)], sys.byteorder)
        assert index == socket.if_nametoindex("lo")


def test_an_error_that_waits_is_raised(pair: tuple[socket.socket, socket.socket]) -> None:
    _, receiver = pair
    with pytest.raises(OSError, match="EBADF"):
        ReceiveBatch(2, 100, 0).receive(-1)
    assert SendBatch(16).send(-1, [b"x"], [name(receiver)]) == (0, errno.EBADF)
