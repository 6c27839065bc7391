import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.packets import packet

from mobileip.dataplane.userspace.fragments import MINIMUM_MTU, fragment
from mobileip.wire.ip.ipv4 import MORE_FRAGMENTS, OFFSET_MASK, decode_ipv4

NO_OPERATION, END = b"\x01", b"\x00"
RECORD_ROUTE = bytes([7, 7, 4, 0, 0, 0, 0])
"""Not copied into fragments."""
ROUTER_ALERT = bytes([0x94, 4, 0, 0])
"""Copied into every fragment."""


def reassembled(pieces):
    whole = b""
    for piece in sorted(pieces, key=lambda piece: piece.fragment & OFFSET_MASK):
        assert (piece.fragment & OFFSET_MASK) * 8 == len(whole)
        whole += piece.payload
    return whole


def test_what_fits_stays_as_it_is():
    whole = packet(size=100)
    assert fragment(whole, 120) == [whole]


def test_an_mtu_that_no_link_has_is_a_mistake():
    with pytest.raises(ValueError, match="at least 68"):
        fragment(packet(), MINIMUM_MTU - 1)


@given(st.integers(0, 3000), st.integers(MINIMUM_MTU, 1600))
def test_pieces_fit_and_make_the_whole_again(size, mtu):
    whole = packet(size=size, tos=0x28, ttl=9)
    octets = fragment(whole, mtu)
    assert all(len(piece) <= mtu for piece in octets)
    pieces = [decode_ipv4(piece) for piece in octets]
    assert reassembled(pieces) == decode_ipv4(whole).payload
    assert [bool(piece.fragment & MORE_FRAGMENTS) for piece in pieces] == [True] * (len(pieces) - 1) + [False]
    assert {(p.identification, p.tos, p.ttl, p.source, p.destination) for p in pieces} == {
        (77, 0x28, 9, pieces[0].source, pieces[0].destination)
    }


def test_a_fragment_is_fragmented_further():
    middle = packet(size=160, fragment=MORE_FRAGMENTS | 10)
    pieces = [decode_ipv4(piece) for piece in fragment(middle, 100)]
    assert [piece.fragment for piece in pieces] == [MORE_FRAGMENTS | 10, MORE_FRAGMENTS | 20]
    last = packet(size=160, fragment=10)
    assert [decode_ipv4(piece).fragment for piece in fragment(last, 100)] == [MORE_FRAGMENTS | 10, 20]


@pytest.mark.parametrize(
    ("options", "copied"),
    [
        (RECORD_ROUTE + END, b""),
        (ROUTER_ALERT + RECORD_ROUTE + END, ROUTER_ALERT),
        (NO_OPERATION + RECORD_ROUTE + ROUTER_ALERT, ROUTER_ALERT),
        (bytes([0x82, 6, 1, 2, 3, 4]) + NO_OPERATION * 2, bytes([0x82, 6, 1, 2, 3, 4, 0, 0])),
        (END + bytes([0x94, 4, 0]), b""),
        (bytes([0x94, 9, 0, 0]), b""),
        (bytes([0x94, 1, 0, 0]), b""),
        (NO_OPERATION * 3 + bytes([0x94]), b""),
    ],
)
def test_only_copied_options_stand_in_later_fragments(options, copied):
    first, *later = [decode_ipv4(piece) for piece in fragment(packet(size=300, options=options), 140)]
    assert first.options == options
    assert {piece.options for piece in later} == {copied}
