"""What a packet from a device with offloads stands for."""

import struct

import pytest
from tests.support.offloads import ACK, CWR, FIN, PSH, TCP, octets, tcp_packet, tcp_train, udp_packet, udp_train

from mobileip.dataplane.userspace.segment import packets_of
from mobileip.wire.ip.checksum import is_valid, word_sum
from mobileip.wire.ip.ipv4 import decode_ipv4

NEEDS_CHECKSUM = 1
TCP_SEGMENTS, TCP_WITH_ECN, UDP_SEGMENTS = 1, 0x81, 5


def read(packet, *, flags=NEEDS_CHECKSUM, kind=0, size=0, start=20, offset=16):
    """As the kernel gives it (`struct virtio_net_hdr`, in the machine's order of octets)."""
    return struct.pack("=BBHHHH", flags, kind, 0, size, start, offset) + packet


def unfinished(packet, offset):
    """As the kernel leaves it to a network card: the checksum at `offset` is the pseudo-header's sum alone."""
    start = (packet[0] & 15) * 4
    at = start + offset
    pseudo = word_sum(packet[12:20] + struct.pack("!HH", packet[9], len(packet) - start))
    return packet[:at] + pseudo.to_bytes(2) + packet[at + 2 :]


def test_a_packet_that_is_as_on_a_wire_stays_as_it_is():
    packet = tcp_packet(b"hello")
    assert list(packets_of(bytes(10) + packet)) == [packet]


def test_checksums_that_were_left_to_a_network_card_are_completed():
    for packet, offset in ((tcp_packet(b"hello"), 16), (udp_packet(b"hello"), 6)):
        assert list(packets_of(read(unfinished(packet, offset), offset=offset))) == [packet]


def test_a_checksum_of_zero_is_sent_as_all_ones():
    first = udp_packet(bytes(2))
    packet = udp_packet((int.from_bytes(first[26:28])).to_bytes(2))  # what makes the sum come out as 0
    assert packet[26:28] == b"\xff\xff"
    assert list(packets_of(read(unfinished(packet, 6), offset=6))) == [packet]
    train = packets_of(read(unfinished(packet, 6), kind=UDP_SEGMENTS, size=2, offset=6))
    assert list(train) == [packet]


@pytest.mark.parametrize("sizes", [(1000, 1000), (1000, 1000, 1), (7, 7, 7, 3), (1,), (1448,) * 40 + (9,)])
def test_a_train_of_tcp_is_the_segments_that_it_was_made_for(sizes):
    train = tcp_train(sizes, 0xFFFFFF00, identification=0xFFFE, last=ACK | PSH | FIN)
    payload = b"".join(octets(size, number) for number, size in enumerate(sizes))
    whole = tcp_packet(payload, 0xFFFFFF00, flags=ACK | PSH | FIN, identification=0xFFFE)
    assert list(packets_of(read(unfinished(whole, 16), kind=TCP_SEGMENTS, size=sizes[0]))) == train


def test_only_the_first_segment_says_that_the_congestion_window_was_reduced():
    whole = tcp_packet(bytes(30), flags=ACK | CWR)
    train = packets_of(read(unfinished(whole, 16), kind=TCP_WITH_ECN, size=10))
    assert [packet[33] for packet in train] == [ACK | CWR, ACK, ACK]
    assert all(is_valid(packet[12:20] + struct.pack("!HH", TCP, 42) + packet[20:]) for packet in train)


def test_options_of_ipv4_are_in_every_segment():
    whole = tcp_packet(bytes(30), options=b"")
    packet = decode_ipv4(whole)
    with_options = b"\x46" + whole[1:20] + b"\x94\x04\0\0" + packet.payload
    with_options = with_options[:2] + len(with_options).to_bytes(2) + with_options[4:]
    train = packets_of(read(unfinished(with_options, 16), kind=TCP_SEGMENTS, size=10, start=24))
    assert [(piece[0], piece[20:24], len(piece)) for piece in train] == [(0x46, b"\x94\x04\0\0", 54)] * 3
    assert all(is_valid(piece[:24]) for piece in train)


@pytest.mark.parametrize("sizes", [(100, 100), (100, 100, 1), (7, 3), (64,) * 64])
def test_a_train_of_udp_is_the_datagrams_that_it_was_made_for(sizes):
    payload = b"".join(octets(size, number) for number, size in enumerate(sizes))
    whole = unfinished(udp_packet(payload, identification=0xFFFF), 6)
    train = packets_of(read(whole, kind=UDP_SEGMENTS, size=sizes[0], offset=6))
    assert list(train) == udp_train(sizes, identification=0xFFFF)


@pytest.mark.parametrize("kind", [0, TCP_SEGMENTS, UDP_SEGMENTS, 3, 0xFF])
@pytest.mark.parametrize("length", [0, 1, 19, 20, 21, 27, 28])
def test_what_is_too_short_for_its_kind_is_given_on_as_it_is(kind, length):
    """The path says what is wrong with it."""
    packet = tcp_packet(b"")[:length]
    for start in (0, 20, 60):
        found = packets_of(read(packet, kind=kind, size=10, start=start))
        assert [len(piece) for piece in found] == [length]


def test_a_header_of_tcp_that_can_not_be_is_left_alone():
    packet = tcp_packet(b"hello")
    packet = packet[:32] + b"\x10" + packet[33:]
    assert list(packets_of(read(packet, flags=0, kind=TCP_SEGMENTS, size=2))) == [packet]
    packet = packet[:32] + b"\xf0" + packet[33:]
    assert list(packets_of(read(packet, flags=0, kind=TCP_SEGMENTS, size=2))) == [packet]


def test_less_than_an_offload_header_is_an_empty_packet():
    assert list(packets_of(bytes(9))) == [b""]
