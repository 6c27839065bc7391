"""UDP: lengths, and the checksum that may be missing."""

from ipaddress import IPv4Address

import pytest

from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.ip.udp import UdpDatagram, decode_udp, encode_udp

A, B = IPv4Address("192.0.2.1"), IPv4Address("198.51.100.7")
DATAGRAM = UdpDatagram(434, 1234, b"abc")
# Pseudo header c000 0201 c633 6407 0011 000b, header 01b2 04d2 000b, payload 6162 6300: their sum is b74a.
OCTETS = bytes.fromhex("01b2 04d2 000b 48b5 616263")


def refusal(octets: bytes) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        decode_udp(octets, A, B)
    return caught.value


def test_vector() -> None:
    assert encode_udp(A, B, 434, 1234, b"abc") == OCTETS
    assert decode_udp(OCTETS, A, B) == DATAGRAM


def test_an_empty_datagram() -> None:
    assert decode_udp(encode_udp(A, B, 434, 434, b""), A, B) == UdpDatagram(434, 434, b"")


@pytest.mark.parametrize(("source", "destination"), [(B, B), (A, A)])
def test_checksum_covers_the_addresses(source: IPv4Address, destination: IPv4Address) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_udp(OCTETS, source, destination)
    assert (caught.value.reason, caught.value.offset) == (DecodeReason.BAD_CHECKSUM, 6)


@pytest.mark.requirement("R5944-3.1-f", "R5944-3.6.2.1-a", "R5944-3.7.2.1-a", "R5944-3.7.3.1-a", "R5944-3.8.2.1-a")
@pytest.mark.parametrize("position", [0, 2, 6, 8, 10])
def test_checksum_covers_header_and_payload(position: int) -> None:
    turned = OCTETS[:position] + bytes((OCTETS[position] ^ 1,)) + OCTETS[position + 1 :]
    assert refusal(turned).reason is DecodeReason.BAD_CHECKSUM


@pytest.mark.requirement("R5944-3.1-g")
def test_a_datagram_without_a_checksum_is_accepted() -> None:
    # RFC 5944 §3.1: registration messages with a zero checksum must be accepted.
    assert decode_udp(OCTETS[:6] + bytes(2) + OCTETS[8:], A, B) == DATAGRAM


def test_a_checksum_that_is_not_ready_is_not_looked_at() -> None:
    assert decode_udp(OCTETS[:6] + b"\x12\x34" + OCTETS[8:], A, B, verify_checksum=False) == DATAGRAM


@pytest.mark.requirement("R5944-3.1-e")
def test_a_computed_zero_goes_as_all_ones() -> None:
    # The payload is chosen so that all words add up to ffff.
    other = int.from_bytes(encode_udp(A, B, 434, 434, b"\0\0")[6:8])
    octets = encode_udp(A, B, 434, 434, other.to_bytes(2))
    assert octets[6:8] == b"\xff\xff"
    assert decode_udp(octets, A, B).payload == other.to_bytes(2)


@pytest.mark.parametrize("length", [0, 7])
def test_less_than_a_header_is_truncated(length: int) -> None:
    error = refusal(OCTETS[:length])
    assert (error.reason, error.offset) == (DecodeReason.TRUNCATED, length)


def test_less_than_the_length_is_truncated() -> None:
    assert refusal(OCTETS[:-1]).reason is DecodeReason.TRUNCATED


def test_octets_behind_the_length_are_left_out() -> None:
    assert decode_udp(OCTETS + b"padding", A, B) == DATAGRAM


def test_a_length_of_less_than_the_header() -> None:
    error = refusal(OCTETS[:4] + b"\0\7" + OCTETS[6:])
    assert (error.reason, error.offset) == (DecodeReason.BAD_LENGTH, 4)


def test_longest_payload() -> None:
    assert len(encode_udp(A, B, 434, 434, bytes(65527))) == 65535
    with pytest.raises(ValueError, match="payload of 65528 octets"):
        encode_udp(A, B, 434, 434, bytes(65528))


@pytest.mark.parametrize(("ports", "name"), [((-1, 434), "source_port"), ((434, 65536), "destination_port")])
def test_ports_that_are_none_are_named(ports: tuple[int, int], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        encode_udp(A, B, *ports, b"")
