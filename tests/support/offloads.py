"""Packets as a device with offloads gives and takes them, made by the standard's words and not by our code."""

import random
import struct
from ipaddress import IPv4Address

from mobileip.dataplane.userspace.coalesce import coalesced
from mobileip.dataplane.userspace.segment import packets_of
from mobileip.wire.ip.checksum import checksum
from mobileip.wire.ip.ipv4 import DONT_FRAGMENT, PROTOCOL_UDP, Ipv4Packet, encode_ipv4
from mobileip.wire.ip.udp import encode_udp

TCP = 6
FIN, SYN, PSH, ACK, CWR = 0x01, 0x02, 0x08, 0x10, 0x80
TIMESTAMPS = bytes((1, 1, 8, 10)) + bytes(range(8))
SOURCE, DESTINATION = IPv4Address("198.51.100.7"), IPv4Address("10.1.0.10")


def tcp_packet(
    payload,
    sequence=1000,
    *,
    flags=ACK,
    options=TIMESTAMPS,
    window=500,
    acknowledged=7,
    source=SOURCE,
    destination=DESTINATION,
    identification=1,
    **fields,
):
    head = struct.pack("!HHIIBBHHH", 80, 4000, sequence, acknowledged, 5 + len(options) // 4 << 4, flags, window, 0, 0)
    segment = head + options + payload
    pseudo = source.packed + destination.packed + struct.pack("!HH", TCP, len(segment))
    segment = segment[:16] + checksum(pseudo + segment).to_bytes(2) + segment[18:]
    packet = Ipv4Packet(
        source=source,
        destination=destination,
        protocol=TCP,
        payload=segment,
        identification=identification,
        **{"fragment": DONT_FRAGMENT, "ttl": 63} | fields,
    )
    return encode_ipv4(packet)


def udp_packet(payload, *, source=SOURCE, destination=DESTINATION, identification=1, ports=(5000, 6000), **fields):
    packet = Ipv4Packet(
        source=source,
        destination=destination,
        protocol=PROTOCOL_UDP,
        payload=encode_udp(source, destination, *ports, payload),
        identification=identification,
        **fields,
    )
    return encode_ipv4(packet)


def octets(length, seed=0):
    return random.Random(seed).randbytes(length)


def tcp_train(sizes, sequence=1000, *, identification=1, last=ACK | PSH, **fields):
    """Segments of one connection in a row, with payloads of these sizes; the last has the flags `last`."""
    train = []
    for number, size in enumerate(sizes):
        flags = last if number == len(sizes) - 1 else ACK
        own = {"flags": flags, "identification": (identification + number) & 0xFFFF}
        train.append(tcp_packet(octets(size, number), sequence, **own, **fields))
        sequence = (sequence + size) & 0xFFFFFFFF
    return train


def udp_train(sizes, *, identification=1, **fields):
    return [
        udp_packet(octets(size, number), identification=(identification + number) & 0xFFFF, **fields)
        for number, size in enumerate(sizes)
    ]


def together(packets, *, with_udp=True, verified=True):
    return list(coalesced(packets, with_udp=with_udp, verified=verified))


def apart(ups):
    return [packet for octets, _ in ups for packet in packets_of(octets)]
