"""The IPv4 header (RFC 791 §3.1).

|Version|  IHL  |Type of Service|          Total Length         |
|         Identification        |Flags|      Fragment Offset    |
|  Time to Live |    Protocol   |         Header Checksum       |
|                       Source Address                          |
|                    Destination Address                        |
|                    Options                    |    Padding    |
"""

import struct
from ipaddress import IPv4Address

import msgspec

from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.fields import packed
from mobileip.wire.ip.checksum import checksum, is_valid

HEADER_LENGTH = 20
MAXIMUM_LENGTH = 0xFFFF
PROTOCOL_ICMP, PROTOCOL_IPIP, PROTOCOL_UDP, PROTOCOL_GRE, PROTOCOL_MINIMAL = 1, 4, 17, 47, 55
DONT_FRAGMENT, MORE_FRAGMENTS, OFFSET_MASK = 0x4000, 0x2000, 0x1FFF

_HEADER = struct.Struct("!BBHHHBBHII")
_HEADER_WIDTHS = {
    "version and header length": 8,
    "tos": 8,
    "total length": 16,
    "identification": 16,
    "fragment": 16,
    "ttl": 8,
    "protocol": 8,
    "checksum": 16,
    "source": 32,
    "destination": 32,
}


class Ipv4Packet(msgspec.Struct, frozen=True, kw_only=True):
    """One packet; `fragment` is the 16-bit field of flags and offset as on the wire."""

    source: IPv4Address
    destination: IPv4Address
    protocol: int
    payload: bytes
    ttl: int = 64
    tos: int = 0
    identification: int = 0
    fragment: int = 0
    options: bytes = b""

    @property
    def dont_fragment(self) -> bool:
        return bool(self.fragment & DONT_FRAGMENT)

    @property
    def is_fragment(self) -> bool:
        return bool(self.fragment & (MORE_FRAGMENTS | OFFSET_MASK))


def lengths(octets: bytes) -> tuple[int, int]:
    """Header length and total length of the packet at the beginning, all of whose octets are there.

    Raises: `DecodeError`.
    """
    if len(octets) < HEADER_LENGTH:
        raise DecodeError(DecodeReason.TRUNCATED, len(octets), f"an IPv4 header needs 20 octets, {len(octets)} came")
    header_length = (octets[0] & 0x0F) * 4
    total = octets[2] << 8 | octets[3]
    if octets[0] >> 4 != 4:
        raise DecodeError(DecodeReason.BAD_VERSION, 0, f"IP version {octets[0] >> 4}, expected 4")
    if header_length < HEADER_LENGTH or header_length > total:
        raise DecodeError(DecodeReason.BAD_LENGTH, 0, f"header length {header_length} of total length {total}")
    if total > len(octets):
        raise DecodeError(DecodeReason.TRUNCATED, len(octets), f"total length {total}, {len(octets)} octets came")
    return header_length, total


def decode_ipv4(octets: bytes, *, verify_checksum: bool = True) -> Ipv4Packet:
    """Decodes one packet; octets behind its Total Length (link-layer padding) are left out.

    Raises: `DecodeError`.
    """
    header_length, total = lengths(octets)
    _, tos, _, identification, fragment, ttl, protocol, _, source, destination = _HEADER.unpack_from(octets)
    if verify_checksum and not is_valid(octets[:header_length]):
        raise DecodeError(DecodeReason.BAD_CHECKSUM, 10, "the IPv4 header checksum does not match")
    return Ipv4Packet(
        source=IPv4Address(source),
        destination=IPv4Address(destination),
        protocol=protocol,
        payload=octets[header_length:total],
        ttl=ttl,
        tos=tos,
        identification=identification,
        fragment=fragment,
        options=octets[HEADER_LENGTH:header_length],
    )


def encode_ipv4(packet: Ipv4Packet) -> bytes:
    """The packet's octets with lengths and header checksum filled in.

    Raises: ValueError when it would be longer than 65,535 octets, its options are no multiple of 4 (at most 40), or a
    field does not fit.
    """
    header_length = HEADER_LENGTH + len(packet.options)
    if header_length > 60 or header_length & 3:
        raise ValueError(f"options of {len(packet.options)} octets: a multiple of 4 up to 40 is expected")
    total = header_length + len(packet.payload)
    if total > MAXIMUM_LENGTH:
        raise ValueError(f"an IPv4 packet of {total} octets: at most {MAXIMUM_LENGTH}")
    fields = (
        0x40 | header_length >> 2,
        packet.tos,
        total,
        packet.identification,
        packet.fragment,
        packet.ttl,
        packet.protocol,
        0,
        int(packet.source),
        int(packet.destination),
    )
    header = packed(_HEADER, fields, _HEADER_WIDTHS) + packet.options
    return header[:10] + checksum(header).to_bytes(2) + header[12:] + packet.payload
