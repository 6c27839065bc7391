"""The header that the kernel puts in front of packets on a TUN device with offloads (`struct virtio_net_hdr`, virtio
1.2 §5.1.6): what it left to a network card that there is none of, and what is left to it.
"""

from struct import Struct

HEADER_LENGTH = 10

NEEDS_CHECKSUM = 0x01
"""The sum from `start` on is to be completed at `start` + `offset`; the pseudo-header's sum is there already."""

NO_SEGMENTS, TCP_SEGMENTS, UDP_SEGMENTS = 0, 1, 5
CONGESTION_REDUCED = 0x80
"""Beside TCP_SEGMENTS: CWR is set, which is the first segment's alone."""

PLAIN = bytes(HEADER_LENGTH)
"""In front of a packet that is as on a wire."""

TCP_CHECKSUM, UDP_CHECKSUM = 16, 6
"""Where the checksum is in the header of the transport."""

_HEADER = Struct("=BBHHHH")

MOST_SEGMENTS = 64
"""Of UDP in one packet, as the kernel has it."""


def offload_header(kind: int, header_length: int, size: int, start: int, offset: int, *, verified: bool) -> bytes:
    """In front of a packet of several segments. `size`: octets of payload in each; the last may have less. `verified`:
    the checksum at `start` + `offset` is to be completed; otherwise it is there, and to be verified."""
    if verified:
        return _HEADER.pack(NEEDS_CHECKSUM, kind, header_length, size, start, offset)
    return _HEADER.pack(0, kind, header_length, size, 0, 0)


def decode_offload_header(octets: bytes) -> tuple[int, int, int, int, int]:
    """Flags, kind, size of a segment, start and offset of the checksum."""
    flags, kind, _, size, start, offset = _HEADER.unpack_from(octets)
    return flags, kind, size, start, offset
