"""Packets that come in a row, made one for our stack."""

import struct

import pytest
from tests.support.offloads import (
    ACK,
    FIN,
    PSH,
    SYN,
    TCP,
    apart,
    octets,
    tcp_packet,
    tcp_train,
    together,
    udp_packet,
    udp_train,
)

from mobileip.wire.ip.checksum import is_valid, word_sum

CHECKED = pytest.mark.parametrize("verified", [False, True])


def header(up):
    """Flags, kind, length of headers, size, start, offset."""
    return struct.unpack_from("=BBHHHH", up[0])


def numbers(ups):
    return [number for _, number in ups]


@CHECKED
def test_segments_in_a_row_are_one_packet(verified):
    train = tcp_train((1448,) * 10 + (5,), 0xFFFFF000, identification=0xFFFA)
    ups = together(train, verified=verified)
    assert numbers(ups) == [11]
    packet = ups[0][0][10:]
    assert len(packet) == 52 + 14485 == int.from_bytes(packet[2:4])
    assert packet[33] == ACK | PSH
    assert is_valid(packet[:20])
    assert apart(ups) == train


def test_what_was_verified_is_said_to_be_and_else_the_checksum_is_there_to_be():
    train = tcp_train((1448, 1448, 7))
    ((believed, _),) = together(train, verified=True)
    assert header((believed, 3)) == (1, 1, 52, 1448, 20, 16)
    pseudo = believed[22:30] + struct.pack("!HH", TCP, len(believed) - 30)
    assert int.from_bytes(believed[46:48]) == word_sum(pseudo)
    ((told, _),) = together(train, verified=False)
    assert header((told, 3)) == (0, 1, 52, 1448, 0, 0)
    assert is_valid(pseudo + told[30:])


@CHECKED
@pytest.mark.parametrize("number", [0, 1, 2])
def test_damage_is_not_hidden(number, verified):
    train = tcp_train((1448, 1448, 1448))
    damaged = bytearray(train[number])
    damaged[700] ^= 4
    train[number] = bytes(damaged)
    ups = together(train, verified=verified)
    if verified:
        assert (b"".join(octets for octets, number in ups if number == 1)).count(train[number]) == 1
        assert apart(ups) == train
    else:
        assert numbers(ups) == [3]
        packet = ups[0][0][10:]
        assert not is_valid(packet[12:20] + struct.pack("!HH", TCP, len(packet) - 20) + packet[20:])


ODD = {
    "another service": {"tos": 1},
    "another TTL": {"ttl": 62},
    "may be fragmented": {"fragment": 0},
    "another window": {"window": 501},
    "another acknowledgement": {"acknowledged": 8},
    "other options": {"options": b"\1\1\x08\x0a" + bytes(8)},
    "no options": {"options": b""},
    "another number of IPv4": {"identification": 3},
    "a gap": {"sequence": 1101},
    "SYN": {"flags": ACK | SYN},
    "no ACK": {"flags": PSH},
    "urgent": {"flags": ACK | 0x20},
    "congestion": {"flags": ACK | 0x40},
}


@CHECKED
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_a_segment_that_differs_goes_by_itself(odd, verified):
    first = tcp_packet(octets(100), 1000)
    packets = [first, tcp_packet(octets(100), **{"sequence": 1100, "identification": 2} | odd)]
    ups = together(packets, verified=verified)
    assert numbers(ups) == [1, 1]
    assert [octets for octets, _ in ups] == [bytes(10) + packet for packet in packets]


@CHECKED
@pytest.mark.parametrize("flags", [PSH, FIN, PSH | FIN])
def test_push_and_the_end_of_a_connection_end_a_run(flags, verified):
    train = tcp_train((100, 100), last=ACK | flags) + tcp_train((100, 100), 1200, identification=3)
    assert numbers(together(train, verified=verified)) == [2, 2]
    assert apart(together(train, verified=verified)) == train


def test_a_short_segment_ends_a_run_and_a_longer_one_is_none_of_it():
    assert numbers(together(tcp_train((100, 100, 99, 99)))) == [3, 1]
    assert numbers(together(tcp_train((100, 102)))) == [1, 1]


def test_odd_payloads_go_by_themselves_but_for_a_last_one():
    assert numbers(together(tcp_train((101, 101)))) == [1, 1]
    assert numbers(together(tcp_train((100, 99)))) == [2]


def test_acknowledgements_fragments_and_options_of_ipv4_go_by_themselves():
    bare = [tcp_packet(b"", identification=number) for number in range(2)]
    pieces = [tcp_packet(octets(100), 1000 + 100 * n, identification=n, fragment=0x2000) for n in range(2)]
    late = [tcp_packet(octets(100), 1000 + 100 * n, identification=n, fragment=3) for n in range(2)]
    options = [tcp_packet(octets(100), 1000 + 100 * n, identification=n, options=b"") for n in range(2)]
    options = [b"\x46" + packet[1:] for packet in options]
    short = [tcp_packet(b"")[:39]] * 2
    for packets in (bare, pieces, late, options, short):
        assert together(packets) == [(bytes(10) + packet, 1) for packet in packets]


def test_one_packet_is_no_longer_than_ipv4_allows():
    train = tcp_train((1448,) * 60, last=ACK)
    assert numbers(together(train)) == [45, 15]
    assert numbers(together(udp_train((1400,) * 50))) == [46, 4]


def test_connections_keep_their_order():
    one = tcp_train((100,) * 4, last=ACK)
    other = tcp_train((100,) * 4, 9000, last=ACK, destination=tcp_packet.__kwdefaults__["destination"] + 1)
    packets = [*one[:2], *other[:2], *one[2:], *other[2:]]
    ups = together(packets)
    assert numbers(ups) == [2, 2, 2, 2]
    assert apart(ups) == packets


def test_datagrams_in_a_row_are_one_packet_where_the_kernel_takes_them_so():
    train = udp_train((64,) * 70 + (9,))
    ups = together(train, with_udp=True)
    assert numbers(ups) == [64, 7]
    assert header(ups[0]) == (1, 5, 28, 64, 20, 6)
    assert apart(ups) == train
    assert numbers(together(train, with_udp=False)) == [1] * 71


@pytest.mark.parametrize(
    "odd",
    [
        {"ttl": 3},
        {"tos": 4},
        {"ports": (5000, 6001)},
        {"identification": 9},
        {"fragment": 0x4000},
        {"fragment": 0x2000},
    ],
)
def test_a_datagram_that_differs_goes_by_itself(odd):
    packets = [udp_packet(b"one!"), udp_packet(b"two!", **{"identification": 2} | odd)]
    assert together(packets) == [(bytes(10) + packet, 1) for packet in packets]


def test_datagrams_without_a_checksum_or_with_a_wrong_one_go_by_themselves():
    train = udp_train((64,) * 4)
    for check in (b"\0\0", b"\x12\x34"):
        train[1] = train[1][:26] + check + train[1][28:]
        ups = together(train)
        assert numbers(ups) == [1, 1, 2]
        assert apart(ups) == train
    empty = [udp_packet(b"", identification=number) for number in range(2)]
    assert numbers(together(empty)) == [1, 1]


def test_other_protocols_go_by_themselves():
    packets = [packet[:9] + b"\x01" + packet[10:] for packet in udp_train((64, 64))]
    assert together(packets) == [(bytes(10) + packet, 1) for packet in packets]
    assert together([]) == []
