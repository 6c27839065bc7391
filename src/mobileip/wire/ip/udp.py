"""UDP (RFC 768): header and checksum over the pseudo header.

|     Source Port               |   Destination Port            |
|     Length                    |   Checksum                    |
"""

import struct
from ipaddress import IPv4Address

import msgspec

from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.fields import packed
from mobileip.wire.ip.checksum import checksum, is_valid
from mobileip.wire.ip.ipv4 import PROTOCOL_UDP

HEADER_LENGTH = 8
_HEADER = struct.Struct("!HHHH")
_HEADER_WIDTHS = {"source_port": 16, "destination_port": 16, "length": 16, "checksum": 16}


class UdpDatagram(msgspec.Struct, frozen=True):
    source_port: int
    destination_port: int
    payload: bytes


def _pseudo_header(source: IPv4Address, destination: IPv4Address, length: int) -> bytes:
    return source.packed + destination.packed + bytes((0, PROTOCOL_UDP)) + length.to_bytes(2)


def decode_udp(
    octets: bytes, source: IPv4Address, destination: IPv4Address, *, verify_checksum: bool = True
) -> UdpDatagram:
    """Decodes the payload of an IPv4 packet. A zero checksum is accepted; another must match.

    Raises: `DecodeError`.
    """
    if len(octets) < HEADER_LENGTH:
        raise DecodeError(DecodeReason.TRUNCATED, len(octets), f"a UDP header needs 8 octets, {len(octets)} came")
    source_port, destination_port, length, received = _HEADER.unpack_from(octets)
    if length < HEADER_LENGTH:
        raise DecodeError(DecodeReason.BAD_LENGTH, 4, f"UDP length {length}, at least 8 is expected")
    if length > len(octets):
        raise DecodeError(DecodeReason.TRUNCATED, len(octets), f"UDP length {length}, {len(octets)} octets came")
    # R5944-3.1-g: "A zero UDP checksum SHOULD be accepted by the recipient."
    is_summed = verify_checksum and received != 0
    # R5944-3.1-f, R5944-3.6.2.1-a, R5944-3.7.2.1-a, R5944-3.7.3.1-a, R5944-3.8.2.1-a: it "MUST be checked by the
    # recipient".
    if is_summed and not is_valid(_pseudo_header(source, destination, length) + octets[:length]):
        raise DecodeError(DecodeReason.BAD_CHECKSUM, 6, "the UDP checksum does not match")
    return UdpDatagram(source_port, destination_port, octets[HEADER_LENGTH:length])


def encode_udp(
    source: IPv4Address, destination: IPv4Address, source_port: int, destination_port: int, payload: bytes
) -> bytes:
    """Header and payload; the checksum is never zero (RFC 768: computed zero goes as all ones).

    Raises: ValueError for a payload that UDP can't carry, or a port that is none.
    """
    length = HEADER_LENGTH + len(payload)
    if length > 0xFFFF:
        raise ValueError(f"a UDP payload of {len(payload)} octets: at most {0xFFFF - HEADER_LENGTH}")
    header = packed(_HEADER, (source_port, destination_port, length, 0), _HEADER_WIDTHS)
    # R5944-3.1-e: "A nonzero UDP checksum SHOULD be included in the header".
    total = checksum(_pseudo_header(source, destination, length) + header + payload) or 0xFFFF
    return header[:6] + total.to_bytes(2) + payload
