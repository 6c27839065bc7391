"""What goes into a tunnel comes out of it, for every encapsulation; what the network did to it has a name.

A receiver's kernel has checked the outer header (decode_ipv4 does here). Where a header was changed and its checksum
made right, only what it says itself may differ.
"""

from ipaddress import IPv4Address

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import strategies
from tools.fuzz.encapsulation_forms import FORMS, GRE_FORMS, LOCAL, REMOTE, Form, arriving, header_repaired

from mobileip.wire.errors import DecodeError
from mobileip.wire.ip import gre, minimal
from mobileip.wire.ip.ipv4 import Ipv4Packet, decode_ipv4, encode_ipv4

MANY = settings(max_examples=2000, deadline=None)

_whole = strategies.ipv4_packets.map(lambda packet: msgspec.structs.replace(packet, fragment=packet.fragment & 0xC000))


def packets(form: Form) -> st.SearchStrategy[bytes]:
    return (_whole if form.keeps_header else strategies.ipv4_packets).map(encode_ipv4)


@pytest.mark.parametrize("form", (FORMS | GRE_FORMS).values(), ids=FORMS | GRE_FORMS)
def test_what_goes_in_comes_out(form: Form) -> None:
    @MANY
    @given(packets(form), strategies.u32)
    def law(inner: bytes, number: int) -> None:
        outer = form.encapsulate(inner, number)
        seen = decode_ipv4(outer)
        assert seen.destination == IPv4Address(REMOTE)
        assert seen.dont_fragment == decode_ipv4(inner).dont_fragment
        assert seen.tos == inner[1]
        assert form.decapsulate(outer) == inner

    law()


@MANY
@given(_whole.map(encode_ipv4))
def test_minimal_encapsulation_in_udp_survives_a_nat(inner: bytes) -> None:
    header, payload = inner[: (inner[0] & 15) * 4], inner[(inner[0] & 15) * 4 :]
    behind_nat = header[:12] + REMOTE * 2 + header[20:]
    forwarding = minimal.minimal_header(inner[9], inner[16:20], inner[12:16])
    assert minimal.restore(behind_nat, forwarding + payload) == inner


@MANY
@given(strategies.ipv4_packets)
def test_a_packet_is_encapsulated_so_or_refused_as_a_fragment(packet: Ipv4Packet) -> None:
    inner = encode_ipv4(packet)
    assert minimal.may_be_minimal(inner) is not packet.is_fragment
    if packet.is_fragment:
        with pytest.raises(ValueError, match="fragment"):
            minimal.encapsulate(inner, LOCAL, REMOTE)


# -- what the network does


def _refused_at(form: Form, octets: bytes) -> int:
    """The octet at which they are refused by the decapsulation alone; 0 if they are not."""
    try:
        form.decapsulate(octets)
    except DecodeError as error:
        return error.offset
    return 0


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_changed_octet_of_the_outer_header_is_harmless_or_has_a_name(form: Form) -> None:
    @MANY
    @given(packets(form), strategies.u32, st.data())
    def law(inner: bytes, number: int, data: st.DataObject) -> None:
        outer = bytearray(form.encapsulate(inner, number))
        place = data.draw(st.integers(0, (outer[0] & 15) * 4 - 1))
        outer[place] = data.draw(strategies.u8)
        assert arriving(form, bytes(outer)) in (None, inner)

    law()


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_changed_outer_header_with_a_right_checksum_shows_only_what_it_says(form: Form) -> None:
    @MANY
    @given(packets(form), strategies.u32, st.integers(4, 19), strategies.u8)
    def law(inner: bytes, number: int, place: int, value: int) -> None:
        outer = bytearray(form.encapsulate(inner, number))
        outer[place] = value
        changed = header_repaired(bytes(outer))
        arrived = arriving(form, changed)
        if form.keeps_header and arrived is not None:
            # Identification, flags, TTL, and the source where it is not told twice.
            start = (inner[0] & 15) * 4
            source = inner[12:16] if changed[start + 1] & 0x80 else changed[12:16]
            inner = header_repaired(inner[:4] + changed[4:9] + inner[9:12] + source + inner[16:])
        assert arrived in (None, inner)

    law()


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_no_octets_raise_anything_else(form: Form) -> None:
    @MANY
    @given(st.data())
    def law(data: st.DataObject) -> None:
        valid = st.builds(form.encapsulate, packets(form), strategies.u32)
        octets = data.draw(st.binary(max_size=60) | strategies.mutated(valid))
        arriving(form, octets)
        assert 0 <= _refused_at(form, octets) <= len(octets)

    law()


# -- the order of numbers


@MANY
@given(strategies.u32, strategies.u32)
def test_of_two_numbers_one_is_later(one: int, other: int) -> None:
    if one == other:
        assert not gre.is_in_order(one, other)
    elif (one - other) % (1 << 32) != 1 << 31:
        assert gre.is_in_order(one, other) is not gre.is_in_order(other, one)


@MANY
@given(strategies.u32, st.lists(st.integers(-6, 6), max_size=30))
def test_what_is_taken_is_in_order(first: int, steps: list[int]) -> None:
    last, taken = first, []
    for count, step in enumerate(steps):
        sequence = (first + count + step) % (1 << 32)
        if gre.is_in_order(sequence, last):
            last = sequence
            taken.append(count + step)
    assert taken == sorted(set(taken))
    assert all(place > 0 for place in taken)
