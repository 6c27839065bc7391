"""Packets on their way up made into one, as a network card would (GRO), so that our stack takes a whole train at one
call. Pure. `segment` makes the same packets of it again, octet for octet.

Only what comes in a row is one: packets keep their order, and none waits for another.
"""

from collections.abc import Iterator, Sequence
from struct import Struct

from mobileip.dataplane.userspace.offload import (
    MOST_SEGMENTS,
    PLAIN,
    TCP_CHECKSUM,
    TCP_SEGMENTS,
    UDP_CHECKSUM,
    UDP_SEGMENTS,
    offload_header,
)
from mobileip.dataplane.userspace.segment_size import PROTOCOL_TCP
from mobileip.wire.ip.checksum import word_sum
from mobileip.wire.ip.ipv4 import HEADER_LENGTH, MAXIMUM_LENGTH, PROTOCOL_UDP
from mobileip.wire.ip.udp import HEADER_LENGTH as UDP_HEADER

VERSION_AND_LENGTH = 0x45
"""A header without options; others go by themselves."""

ACK, FIN_AND_PUSH = 0x10, 0x09
"""A segment of a run has ACK; one with FIN or PSH ends it. With any other flag it goes by itself."""

DONT_FRAGMENT = 0x40
"""In the octet of the flags."""

_TCP = Struct("!BBHH4s2x12sI4sBBH")
"""IPv4 header: version, service, length, identification, line of TTL, addresses and ports; of TCP's: sequence number,
acknowledgement, header length, flags, window."""
_TCP_LEAST = 40
_TCP_CHECK = slice(HEADER_LENGTH + TCP_CHECKSUM, HEADER_LENGTH + TCP_CHECKSUM + 2)
_UDP_CHECK = slice(HEADER_LENGTH + UDP_CHECKSUM, HEADER_LENGTH + UDP_CHECKSUM + 2)

Up = tuple[bytes, int]
"""Octets with their offload header, and how many packets they stand for."""


def coalesced(packets: Sequence[bytes], *, with_udp: bool, verified: bool) -> Iterator[Up]:
    """What to write into a device with offloads for `packets` (whole, their IPv4 checksums verified), in their order.

    `with_udp`: the device takes several UDP datagrams as one. `verified`: TCP's checksums are verified here, one by
    one. That is for what is forwarded: it leaves with fresh ones, which would hide what was damaged. Otherwise several
    segments together have the checksum that follows from theirs, and our own stack verifies that.
    """
    at, end = 0, len(packets)
    while at < end:
        packet = packets[at]
        protocol, together = packet[9], 1
        if at + 1 < end and packet[0] == VERSION_AND_LENGTH:
            if protocol == PROTOCOL_TCP:
                together = _tcp_run(packets, at, verified=verified)
            elif protocol == PROTOCOL_UDP and with_udp:
                together = _udp_run(packets, at)
        run = packets[at : at + together]
        if together == 1:
            yield PLAIN + packet, 1
        else:
            yield _tcp_packet(run, verified=verified) if protocol == PROTOCOL_TCP else _udp_packet(run), together
        at += together


def _tcp_run(packets: Sequence[bytes], at: int, *, verified: bool) -> int:
    """How many packets from `at` on are one; 1: that one goes by itself."""
    first = packets[at]
    if len(first) <= _TCP_LEAST:
        return 1
    _, service, length, identification, line, ends, sequence, acknowledged, offset, flags, window = _TCP.unpack_from(
        first
    )
    start = HEADER_LENGTH + (offset >> 4 << 2)
    size = length - start
    if (
        flags != ACK
        or line[0] & ~DONT_FRAGMENT
        or line[1]
        or size <= 0
        or size & 1  # in the checksum the words of what follows an odd payload would be turned around
        or start < _TCP_LEAST
        or length != len(first)
        or (verified and not _is_intact(first))
    ):
        return 1
    rest = first[38:start]
    total, count = length, 1
    for packet in packets[at + 1 :]:
        if len(packet) <= start:
            break
        (version, its_service, length, its_identification, its_line, its_ends, its_sequence, its_acknowledged,
         its_offset, its_flags, its_window) = _TCP.unpack_from(packet)  # fmt: skip
        its_size = length - start
        if (
            its_ends != ends
            or its_sequence != (sequence + count * size) & 0xFFFFFFFF
            or its_acknowledged != acknowledged
            or version != VERSION_AND_LENGTH
            or its_service != service
            or its_identification != (identification + count) & 0xFFFF
            or its_line != line
            or its_offset != offset
            or its_flags & ~FIN_AND_PUSH != ACK
            or its_window != window
            or length != len(packet)
            or not 0 < its_size <= size
            or total + its_size > MAXIMUM_LENGTH
            or packet[38:start] != rest
            or (verified and not _is_intact(packet))
        ):
            break
        total += its_size
        count += 1
        if its_flags != ACK or its_size < size:
            break
    return count


def _udp_run(packets: Sequence[bytes], at: int) -> int:
    """As `_tcp_run`; the kernel wants UDP's checksums verified."""
    first = packets[at]
    start = HEADER_LENGTH + UDP_HEADER
    size = len(first) - start
    if size <= 0 or first[6] & ~DONT_FRAGMENT or first[7] or not _is_intact_udp(first):
        return 1
    service, line, ends = first[:2], first[6:10], first[12:24]
    identification = first[4] << 8 | first[5]
    total, count = len(first), 1
    for packet in packets[at + 1 : at + MOST_SEGMENTS]:
        its_size = len(packet) - start
        if (
            packet[12:24] != ends
            or packet[:2] != service
            or packet[6:10] != line
            or packet[4] << 8 | packet[5] != (identification + count) & 0xFFFF
            or not 0 < its_size <= size
            or total + its_size > MAXIMUM_LENGTH
            or not _is_intact_udp(packet)
        ):
            break
        total += its_size
        count += 1
        if its_size < size:
            break
    return count


def _is_intact(packet: bytes) -> bool:
    """Whether TCP's checksum is right in a packet without IPv4 options."""
    # Addresses and all behind them, with what else is in the pseudo-header.
    return (word_sum(packet[12:]) + PROTOCOL_TCP + len(packet) - HEADER_LENGTH) % 0xFFFF == 0


def _is_intact_udp(packet: bytes) -> bool:
    length = len(packet) - HEADER_LENGTH
    if packet[24] << 8 | packet[25] != length or packet[26:28] == b"\0\0":
        return False  # no checksum: nothing can be said
    # As `_is_intact`, without its calls: most datagrams are short.
    summed = int.from_bytes(packet[12:]) << (8 if length & 1 else 0)
    return (summed + PROTOCOL_UDP + length) % 0xFFFF == 0


def _tcp_packet(run: Sequence[bytes], *, verified: bool) -> bytes:
    start = HEADER_LENGTH + (run[0][32] >> 4 << 2)
    octets, head = _joined(run, start, PROTOCOL_TCP)
    head[33] = run[-1][33]
    pseudo = int.from_bytes(head[_TCP_CHECK])
    if not verified:
        # What a checksum says of its packet's payload, summed up: no octet of the payloads is looked at.
        of_headers = sum([int.from_bytes(packet[12:start]) for packet in run])
        of_headers += len(run) * (PROTOCOL_TCP + start - HEADER_LENGTH) + len(octets)
        head[_TCP_CHECK] = b"\0\0"
        check = of_headers - word_sum(bytes(head[HEADER_LENGTH:])) - pseudo
        head[_TCP_CHECK] = (check % 0xFFFF).to_bytes(2)
    size = len(run[0]) - start
    header = offload_header(TCP_SEGMENTS, start, size, HEADER_LENGTH, TCP_CHECKSUM, verified=verified)
    return b"".join((header, head, octets))


def _udp_packet(run: Sequence[bytes]) -> bytes:
    start = HEADER_LENGTH + UDP_HEADER
    octets, head = _joined(run, start, PROTOCOL_UDP)
    head[24:26] = (UDP_HEADER + len(octets)).to_bytes(2)
    header = offload_header(UDP_SEGMENTS, start, len(run[0]) - start, HEADER_LENGTH, UDP_CHECKSUM, verified=True)
    return b"".join((header, head, octets))


def _joined(run: Sequence[bytes], start: int, protocol: int) -> tuple[bytes, bytearray]:
    """All payloads, and the first one's headers with the total length, IPv4's checksum, and the pseudo-header's part of
    the transport's."""
    octets = b"".join([packet[start:] for packet in run])
    head = bytearray(run[0][:start])
    total = start + len(octets)
    head[2:4] = total.to_bytes(2)
    head[10:12] = b"\0\0"
    head[10:12] = (-word_sum(bytes(head[:HEADER_LENGTH])) % 0xFFFF).to_bytes(2)
    pseudo = word_sum(bytes(head[12:HEADER_LENGTH])) + protocol + total - HEADER_LENGTH
    head[_TCP_CHECK if protocol == PROTOCOL_TCP else _UDP_CHECK] = (pseudo % 0xFFFF).to_bytes(2)
    return octets, head
