"""The IPv4 header."""

from ipaddress import IPv4Address

import msgspec
import pytest

from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.ip.checksum import checksum
from mobileip.wire.ip.ipv4 import DONT_FRAGMENT, MORE_FRAGMENTS, Ipv4Packet, decode_ipv4, encode_ipv4

HEADER = bytes.fromhex("4500 0073 0000 4000 4011 b861 c0a80001 c0a800c7")
"""A header with a checksum that was not computed by us."""
OCTETS = HEADER + bytes(range(95))
PACKET = Ipv4Packet(
    source=IPv4Address("192.168.0.1"),
    destination=IPv4Address("192.168.0.199"),
    protocol=17,
    payload=bytes(range(95)),
    fragment=DONT_FRAGMENT,
)


def with_checksum(octets: bytes) -> bytes:
    length = max((octets[0] & 15) * 4, 12)
    blank = octets[:10] + bytes(2) + octets[12:]
    return blank[:10] + checksum(blank[:length]).to_bytes(2) + blank[12:]


def refusal(octets: bytes) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        decode_ipv4(octets)
    return caught.value


def test_vector() -> None:
    assert encode_ipv4(PACKET) == OCTETS
    assert decode_ipv4(OCTETS) == PACKET


def test_every_field_stands_in_its_place() -> None:
    packet = Ipv4Packet(
        source=IPv4Address("192.0.2.1"),
        destination=IPv4Address("198.51.100.7"),
        protocol=4,
        payload=b"",
        ttl=3,
        tos=0xB8,
        identification=0xCAFE,
        fragment=0x2005,
        options=b"\x94\x04\x00\x00",
    )
    octets = encode_ipv4(packet)
    assert octets[:10] == bytes.fromhex("46b80018 cafe2005 0304")
    assert octets[12:] == bytes.fromhex("c0000201 c6336407 94040000")
    assert decode_ipv4(octets) == packet


@pytest.mark.parametrize(
    ("fragment", "dont_fragment", "is_fragment"),
    [(0, False, False), (DONT_FRAGMENT, True, False), (MORE_FRAGMENTS, False, True), (1, False, True)],
)
def test_flags_and_offset(fragment: int, dont_fragment: bool, is_fragment: bool) -> None:
    packet = msgspec.structs.replace(PACKET, fragment=fragment)
    assert (packet.dont_fragment, packet.is_fragment) == (dont_fragment, is_fragment)


def test_padding_of_the_link_is_left_out() -> None:
    assert decode_ipv4(OCTETS + bytes(7)) == PACKET


@pytest.mark.parametrize("length", [0, 1, 19])
def test_less_than_a_header_is_truncated(length: int) -> None:
    error = refusal(OCTETS[:length])
    assert (error.reason, error.offset) == (DecodeReason.TRUNCATED, length)


@pytest.mark.parametrize("length", [20, 114])
def test_less_than_the_total_length_is_truncated(length: int) -> None:
    assert refusal(OCTETS[:length]).reason is DecodeReason.TRUNCATED


@pytest.mark.parametrize("version", [0, 5, 6, 15])
def test_other_versions(version: int) -> None:
    error = refusal(bytes((version << 4 | 5,)) + OCTETS[1:])
    assert (error.reason, error.offset) == (DecodeReason.BAD_VERSION, 0)


@pytest.mark.parametrize(
    "octets",
    [
        b"\x44" + OCTETS[1:],  # a header of 16 octets
        with_checksum(b"\x46\x00\x00\x14" + OCTETS[4:]),  # a header longer than the packet
        with_checksum(b"\x45\x00\x00\x13" + OCTETS[4:]),
    ],
)
def test_lengths_that_can_not_be(octets: bytes) -> None:
    assert refusal(octets).reason is DecodeReason.BAD_LENGTH


def test_a_header_of_its_total_length_has_no_payload() -> None:
    assert decode_ipv4(with_checksum(HEADER[:2] + b"\x00\x14" + HEADER[4:])).payload == b""


def test_checksum_covers_header_and_options_alone() -> None:
    assert refusal(OCTETS[:8] + b"\x41" + OCTETS[9:]).reason is DecodeReason.BAD_CHECKSUM
    with_options = encode_ipv4(msgspec.structs.replace(PACKET, options=bytes(4)))
    assert refusal(with_options[:20] + b"\x01" + with_options[21:]).reason is DecodeReason.BAD_CHECKSUM
    assert decode_ipv4(OCTETS[:-1] + b"!").payload[-1:] == b"!"


def test_checksum_is_not_looked_at_when_it_is_not_asked_for() -> None:
    assert decode_ipv4(OCTETS[:10] + bytes(2) + OCTETS[12:], verify_checksum=False) == PACKET


def test_longest_packet() -> None:
    longest = msgspec.structs.replace(PACKET, payload=bytes(65515))
    assert decode_ipv4(encode_ipv4(longest)) == longest
    with pytest.raises(ValueError, match="packet of 65536 octets"):
        encode_ipv4(msgspec.structs.replace(PACKET, payload=bytes(65516)))


@pytest.mark.parametrize("length", [1, 39, 44])
def test_options_that_can_not_be(length: int) -> None:
    with pytest.raises(ValueError, match=f"options of {length} octets"):
        encode_ipv4(msgspec.structs.replace(PACKET, options=bytes(length)))


def test_longest_options() -> None:
    packet = msgspec.structs.replace(PACKET, options=bytes(40))
    assert decode_ipv4(encode_ipv4(packet)) == packet


@pytest.mark.parametrize(
    ("field", "value"),
    [("protocol", 256), ("ttl", -1), ("tos", 256), ("identification", 1 << 16), ("fragment", 1 << 16)],
)
def test_what_does_not_fit_is_named(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"^out of range: {field} is {value}$"):
        encode_ipv4(msgspec.structs.replace(PACKET, **{field: value}))
