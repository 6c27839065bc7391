"""Segments and trains judged by scapy: every checksum and length as it computes them."""

import struct

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.packet import Raw
from tests.support.offloads import octets

from mobileip.dataplane.userspace.coalesce import coalesced
from mobileip.dataplane.userspace.segment import packets_of

SIZE, COUNT = 1428, 20
OPTIONS = [("NOP", None), ("NOP", None), ("Timestamp", (1, 2))]


def by_scapy(layer, first=0, **fields):
    """The train as scapy makes it, packet by packet."""
    train = []
    for number in range(COUNT):
        transport = layer(sport=80, dport=4000)
        if layer is TCP:
            flags = "PA" if number == COUNT - 1 else "A"
            transport = TCP(sport=80, dport=4000, seq=first + number * SIZE, ack=9, flags=flags, options=OPTIONS)
        head = IP(src="198.51.100.7", dst="10.1.0.10", id=700 + number, flags="DF", ttl=63, **fields)
        train.append(bytes(head / transport / Raw(octets(SIZE, number))))
    return train


@pytest.mark.parametrize("layer", [TCP, UDP])
@pytest.mark.parametrize("verified", [False, True])
def test_a_train_of_scapys_is_one_packet_to_scapy_and_comes_apart_into_the_same(layer, verified):
    train = by_scapy(layer, 5000)
    ((up, number),) = coalesced(train, with_udp=True, verified=verified)
    assert number == COUNT
    assert list(packets_of(up)) == train
    whole = IP(up[10:])
    assert bytes(whole[layer].payload) == b"".join(octets(SIZE, number) for number in range(COUNT))
    anew = whole.copy()
    for field in ("chksum", "len"):
        delattr(anew[IP], field)
    assert bytes(anew)[:20] == up[10:30], "length and checksum of IPv4"
    if not verified and layer is TCP:
        del anew[TCP].chksum
        assert IP(bytes(anew))[TCP].chksum == whole[TCP].chksum


@pytest.mark.parametrize(("layer", "kind", "offset"), [(TCP, 1, 16), (UDP, 5, 6)])
def test_what_the_kernel_would_give_becomes_what_scapy_makes(layer, kind, offset):
    train = by_scapy(layer)
    ((up, _),) = coalesced(train, with_udp=True, verified=True)
    assert up[:2] == bytes((1, kind))
    header = struct.pack("=BBHHHH", 1, kind, 0, SIZE, 20, offset)
    assert list(packets_of(header + up[10:])) == train
