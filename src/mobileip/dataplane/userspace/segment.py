"""What a packet read from a device with offloads stands for: the packets that a network card would make of it, each as
it would be on the wire. Pure. `coalesce` is the other way.
"""

from collections.abc import Sequence
from functools import lru_cache
from struct import Struct

from mobileip.dataplane.userspace.header import header_length
from mobileip.dataplane.userspace.offload import (
    CONGESTION_REDUCED,
    HEADER_LENGTH,
    NEEDS_CHECKSUM,
    NO_SEGMENTS,
    TCP_SEGMENTS,
    UDP_SEGMENTS,
    decode_offload_header,
)
from mobileip.wire.ip.checksum import word_sum
from mobileip.wire.ip.ipv4 import HEADER_LENGTH as LEAST_HEADER
from mobileip.wire.ip.udp import HEADER_LENGTH as UDP_HEADER

FIN_AND_PUSH, CONGESTION_WINDOW_REDUCED = 0x09, 0x80
"""TCP flags (RFC 9293 §3.1, RFC 3168 §6.1) that the last segment has alone, and the first one alone."""

LEAST_TCP_HEADER = 20


def packets_of(octets: bytes) -> Sequence[bytes]:
    """`octets`: a packet behind its offload header."""
    if len(octets) < HEADER_LENGTH:
        return (b"",)
    flags, kind, size, start, offset = decode_offload_header(octets)
    packet = octets[HEADER_LENGTH:]
    if kind != NO_SEGMENTS and size and len(packet) > LEAST_HEADER:
        ip = header_length(packet)
        kind &= ~CONGESTION_REDUCED
        if kind == TCP_SEGMENTS and len(packet) >= ip + LEAST_TCP_HEADER:
            return _tcp_segments(packet, ip, size)
        if kind == UDP_SEGMENTS and len(packet) >= ip + UDP_HEADER:
            return _udp_segments(packet, ip, size)
    return (_completed(packet, start, start + offset) if flags & NEEDS_CHECKSUM else packet,)


def _completed(packet: bytes, start: int, at: int) -> bytes:
    """With the checksum over all from `start` on, whose place `at` has the pseudo-header's sum."""
    if len(packet) < at + 2:
        return packet
    # RFC 768: "If the computed checksum is zero, it is transmitted as all ones"; to TCP both are the same.
    check = -word_sum(packet[start:]) % 0xFFFF or 0xFFFF
    return b"".join((packet[:at], check.to_bytes(2), packet[at + 2 :]))


def _tcp_segments(packet: bytes, ip: int, size: int) -> Sequence[bytes]:
    start = ip + (packet[ip + 12] >> 4 << 2)
    at, end = start, len(packet)
    if start < ip + LEAST_TCP_HEADER:
        return (packet,)
    identification = packet[4] << 8 | packet[5]
    sequence = int.from_bytes(packet[ip + 4 : ip + 8])
    flags = packet[ip + 13]
    head = _tcp_head(ip, start).pack
    line, addresses, acknowledged = packet[6:10], packet[12 : ip + 4], packet[ip + 8 : ip + 13]
    version, window, options = packet[:2], packet[ip + 14 : ip + 16], packet[ip + 18 : start]
    # What is the same in all segments of what the two checksums are over; the pseudo-header's addresses too.
    of_ip = word_sum(version + line + packet[12:ip])
    of_tcp = word_sum(packet[12:20] + packet[ip : ip + 4] + packet[ip + 8 : ip + 12] + window + options)
    of_tcp += packet[9] + (packet[ip + 12] << 8) + start - ip
    segments: list[bytes] = []
    while at < end:
        payload = packet[at : at + size]
        at += size
        length = len(payload)
        # RFC 3168 §6.1.2: CWR is for the first segment; the other end answers it once.
        marks = flags & ~(FIN_AND_PUSH if at < end else 0) & ~(CONGESTION_WINDOW_REDUCED if segments else 0)
        sum_of_ip = of_ip + start + length + identification
        sum_of_tcp = of_tcp + length + marks + (sequence >> 16) + (sequence & 0xFFFF) + word_sum(payload)
        segments.append(
            head(
                version,
                start + length,
                identification,
                line,
                -sum_of_ip % 0xFFFF,
                addresses,
                sequence,
                acknowledged,
                marks,
                window,
                -sum_of_tcp % 0xFFFF,
                options,
            )
            + payload
        )
        identification = (identification + 1) & 0xFFFF
        sequence = (sequence + length) & 0xFFFFFFFF
    return segments or (packet,)


@lru_cache(maxsize=64)
def _tcp_head(ip: int, start: int) -> Struct:
    """Headers of a segment: IPv4's is `ip` octets long, both together are `start`."""
    return Struct(f"!2sHH4sH{ip - 8}sI5sB2sH{start - ip - 18}s")


def _udp_segments(packet: bytes, ip: int, size: int) -> Sequence[bytes]:
    start = ip + UDP_HEADER
    at, end = start, len(packet)
    identification = packet[4] << 8 | packet[5]
    head = _udp_head(ip).pack
    version, line, addresses = packet[:2], packet[6:10], packet[12 : ip + 4]
    of_ip = word_sum(version + line + packet[12:ip])
    of_udp = word_sum(packet[12:20] + packet[ip : ip + 4]) + packet[9]
    segments = []
    while at < end:
        payload = packet[at : at + size]
        at += size
        length = UDP_HEADER + len(payload)
        # The length is in the pseudo-header and in the header.
        check = -(of_udp + 2 * length + word_sum(payload)) % 0xFFFF or 0xFFFF
        sum_of_ip = of_ip + ip + length + identification
        segments.append(
            head(version, ip + length, identification, line, -sum_of_ip % 0xFFFF, addresses, length, check) + payload
        )
        identification = (identification + 1) & 0xFFFF
    return segments or (packet,)


@lru_cache(maxsize=16)
def _udp_head(ip: int) -> Struct:
    return Struct(f"!2sHH4sH{ip - 8}sHH")
