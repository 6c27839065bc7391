"""Packets tunnelled in UDP (RFC 3519 §3.3): one port for signalling and data.

|     Type = 4  |  Next Header  |           Reserved            |
|   the packet, or the GRE or minimal encapsulation header ...  |
"""

from typing import ClassVar

import msgspec

from mobileip.wire.extensions.base import Extension
from mobileip.wire.fields import u8, u16

HEADER_LENGTH = 4


class TunnelData(msgspec.Struct, frozen=True):
    """RFC 3519 §3.3: `next_header` is the IP protocol number 4, 47 or 55 of what `payload` begins with."""

    TYPE: ClassVar[int] = 4
    extensions: ClassVar[tuple[Extension, ...]] = ()
    """It has none: what follows the header is the packet."""

    next_header: int
    payload: bytes
    reserved: int = 0


def decode_tunnel_data(octets: bytes) -> TunnelData:
    """The whole message (at least 4 octets, the caller has counted them)."""
    return TunnelData(octets[1], octets[4:], int.from_bytes(octets[2:4]))


def encode_tunnel_data(message: TunnelData) -> bytes:
    head = bytes((TunnelData.TYPE,)) + u8(message.next_header, "next_header")
    return head + u16(message.reserved, "reserved") + message.payload
