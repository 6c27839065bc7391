"""The Internet checksum: the RFC's example, its two zeros, and the update of a decremented TTL."""

import pytest

from mobileip.wire.ip.checksum import checksum, decrement_ttl, is_valid

HEADER = bytes.fromhex("4500 0073 0000 4000 4011 b861 c0a80001 c0a800c7")
"""A header with a checksum that was not computed by us."""


def test_example_of_rfc_1071() -> None:
    # RFC 1071 §3: the sum of these words is ddf2.
    assert checksum(bytes.fromhex("0001 f203 f4f5 f6f7")) == 0xDDF2 ^ 0xFFFF


def test_header_of_others() -> None:
    assert checksum(HEADER[:10] + bytes(2) + HEADER[12:]) == 0xB861
    assert is_valid(HEADER)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ("", 0xFFFF),
        ("0000", 0xFFFF),
        ("ffff", 0x0000),
        ("fffe 0001", 0x0000),
        ("ffff ffff", 0x0000),
        ("0001", 0xFFFE),
    ],
)
def test_both_zeros(octets: str, expected: int) -> None:
    assert checksum(bytes.fromhex(octets)) == expected


def test_an_odd_last_octet_is_padded_with_zero() -> None:
    assert checksum(b"\x12\x34\x56") == checksum(b"\x12\x34\x56\x00")
    assert is_valid(b"\xff\xff\x00")


def test_octets_that_are_all_zero_are_not_intact() -> None:
    assert not is_valid(b"")
    assert not is_valid(bytes(20))


@pytest.mark.parametrize("position", range(20))
def test_a_changed_octet_is_seen(position: int) -> None:
    assert not is_valid(HEADER[:position] + bytes((HEADER[position] ^ 0x10,)) + HEADER[position + 1 :])


def test_decremented_ttl_of_every_value_has_the_checksum_of_a_fresh_computation() -> None:
    for ttl in range(1, 256):
        for identification in (0, 0x1234, 0xBDFC, 0xFFFF):
            blank = HEADER[:4] + identification.to_bytes(2) + HEADER[6:8] + bytes((ttl,)) + b"\x11\0\0" + HEADER[12:]
            packet = blank[:10] + checksum(blank).to_bytes(2) + blank[12:] + b"payload"
            less = blank[:8] + bytes((ttl - 1,)) + blank[9:]
            expected = less[:10] + checksum(less).to_bytes(2) + less[12:] + b"payload"
            assert decrement_ttl(packet) == expected


@pytest.mark.parametrize(("before", "after"), [("fe00", "ff00"), ("feff", "0000"), ("ff00", "0001"), ("fffe", "00ff")])
def test_the_carry_of_a_decremented_ttl(before: str, after: str) -> None:
    packet = bytes(8) + b"\x40\x11" + bytes.fromhex(before) + bytes(8)
    assert decrement_ttl(packet)[10:12] == bytes.fromhex(after)
    assert decrement_ttl(packet)[8] == 0x3F
