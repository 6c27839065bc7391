import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.packets import packet

from mobileip.dataplane.userspace.header import (
    forwarded,
    has_valid_checksum,
    header_length,
    total_length,
    trouble,
    with_ecn,
)
from mobileip.forwarding.drop_reason import DropReason
from mobileip.wire.ip.ipv4 import decode_ipv4

WHOLE = packet(size=20)
RECORD_ROUTE = bytes([7, 7, 4, 0, 0, 0, 0, 0])


def test_a_whole_packet_is_no_trouble_and_octets_behind_it_neither():
    assert trouble(WHOLE) is None
    assert trouble(WHOLE + b"padding") is None
    assert trouble(b"before" + WHOLE, 6) is None


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", DropReason.TRUNCATED),
        (WHOLE[:19], DropReason.TRUNCATED),
        (WHOLE[:-1], DropReason.TRUNCATED),
        (b"\x65" + WHOLE[1:], DropReason.NOT_IPV4),
        (b"\x44" + WHOLE[1:], DropReason.BAD_LENGTH),
        (b"\x4f" + WHOLE[1:], DropReason.BAD_LENGTH),
        (WHOLE[:2] + b"\0\x13" + WHOLE[4:], DropReason.BAD_LENGTH),
    ],
)
def test_trouble_has_a_name(octets, reason):
    assert trouble(octets) is reason


def test_lengths():
    with_options = packet(options=RECORD_ROUTE, size=5)
    assert (header_length(with_options), total_length(with_options)) == (28, 33)
    assert (header_length(b"xy" + with_options, 2), total_length(b"xy" + with_options, 2)) == (28, 33)


@pytest.mark.parametrize("options", [b"", RECORD_ROUTE])
def test_a_checksum_covers_the_whole_header(options):
    octets = packet(options=options)
    assert has_valid_checksum(octets)
    assert has_valid_checksum(b"before" + octets, 6)
    for index in range(20 + len(options)):
        broken = bytearray(octets)
        broken[index] ^= 1
        if index:  # a changed header length would move the end
            assert not has_valid_checksum(bytes(broken))


@given(st.integers(1, 255), st.integers(0, 255), st.integers(0, 0xFFFF))
def test_forwarding_changes_the_ttl_and_keeps_the_checksum_canonical(ttl, tos, size):
    before = packet(ttl=ttl, tos=tos, size=size % 64)
    after = forwarded(b"outer" + before + b"padding", 5, 5 + len(before))
    assert after == packet(ttl=ttl - 1, tos=tos, size=size % 64)


def test_a_mark_of_congestion_keeps_everything_else():
    marked = with_ecn(packet(tos=0xB9, options=RECORD_ROUTE), 3)
    assert marked == packet(tos=0xBB, options=RECORD_ROUTE)
    assert decode_ipv4(marked).tos == 0xBB
