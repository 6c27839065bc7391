"""IP-in-IP (RFC 2003): an outer header in front of a whole packet. Octets in, octets out; the data path calls these."""

import struct

from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.ip.checksum import checksum
from mobileip.wire.ip.ipv4 import DONT_FRAGMENT, HEADER_LENGTH, PROTOCOL_IPIP

_HEADER = struct.Struct("!BBHHHBBH4s4s")
TUNNEL_TTL = 64
"""RFC 2003 §3.1: "set to an appropriate value for delivery of the encapsulated datagram to the tunnel exit point"."""


def outer_header(
    inner: bytes, protocol: int, overhead: int, local: bytes, remote: bytes, *, identification: int, ttl: int
) -> bytes:
    """The header from `local` to `remote` (4 octets each) in front of `inner`; `overhead`: its octets and those of
    what stands between the two.

    RFC 2003 §3.1: TOS is copied from the inner header; DF is set if it is set in the inner header.
    `inner` begins with a whole IPv4 header.

    Raises: ValueError when `inner` is too long for an outer header, or a number does not fit.
    """
    try:
        header = _HEADER.pack(
            0x45,
            inner[1],
            overhead + len(inner),
            identification,
            (inner[6] << 8) & DONT_FRAGMENT,
            ttl,
            protocol,
            0,
            local,
            remote,
        )
    except struct.error:
        detail = f"inner packet of {len(inner)} octets, identification {identification}, ttl {ttl}"
        raise ValueError(f"no outer header for an {detail}") from None
    return header[:10] + checksum(header).to_bytes(2) + header[12:]


def encapsulate(inner: bytes, local: bytes, remote: bytes, *, identification: int, ttl: int = TUNNEL_TTL) -> bytes:
    """`inner` with an outer header from `local` to `remote` (4 octets each): see `outer_header`.

    Raises: ValueError, as `outer_header` does.
    """
    outer = outer_header(inner, PROTOCOL_IPIP, HEADER_LENGTH, local, remote, identification=identification, ttl=ttl)
    return outer + inner


def decapsulate(outer: bytes) -> tuple[bytes, bytes, bytes]:
    """Outer source, outer destination and the inner packet of an unfragmented outer packet.

    Raises: `DecodeError` when there is no whole IPv4 header inside.
    """
    start = (outer[0] & 0x0F) * 4 if outer else 0
    if start < HEADER_LENGTH or len(outer) < start + HEADER_LENGTH:
        raise DecodeError(DecodeReason.TRUNCATED, len(outer), f"no IPv4 header behind an outer one of {start} octets")
    if outer[start] >> 4 != 4:
        raise DecodeError(DecodeReason.BAD_VERSION, start, f"inner IP version {outer[start] >> 4}, expected 4")
    return outer[12:16], outer[16:20], outer[start:]
