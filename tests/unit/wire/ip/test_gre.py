"""GRE: each form of the header, what a receiver refuses, and the order of sequence numbers."""

from ipaddress import IPv4Address
from itertools import product

import pytest

from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.ip.checksum import is_valid
from mobileip.wire.ip.gre import (
    LAST_AT_FIRST,
    GreHeader,
    decapsulate,
    decode_gre,
    encapsulate,
    gre_header,
    is_in_order,
    next_sequence,
)
from mobileip.wire.ip.ipip import TUNNEL_TTL
from mobileip.wire.ip.ipv4 import DONT_FRAGMENT, MORE_FRAGMENTS, Ipv4Packet, decode_ipv4, encode_ipv4

HOME_AGENT, CARE_OF = IPv4Address("10.1.0.1"), IPv4Address("192.0.2.1")
KEY, SEQUENCE = 0x01020304, 0xA0B0C0D0
FORMS = [
    (None, None, "0000 0800"),
    (KEY, None, "2000 0800 01020304"),
    (None, SEQUENCE, "1000 0800 a0b0c0d0"),
    (KEY, SEQUENCE, "3000 0800 01020304 a0b0c0d0"),
    (0, 0, "3000 0800 00000000 00000000"),
]


def inner(payload: bytes = b"payload", **fields: int) -> bytes:
    source, destination = IPv4Address("198.51.100.7"), IPv4Address("10.1.0.5")
    return encode_ipv4(Ipv4Packet(source=source, destination=destination, protocol=17, payload=payload, **fields))


def tunnelled(packet: bytes, **fields: int) -> bytes:
    return encapsulate(packet, HOME_AGENT.packed, CARE_OF.packed, **{"identification": 7, **fields})


def header_refusal(octets: bytes, start: int = 0, end: int | None = None) -> tuple[DecodeReason, int]:
    with pytest.raises(DecodeError) as caught:
        decode_gre(octets, start, end)
    return caught.value.reason, caught.value.offset


def refusal(outer: bytes) -> tuple[DecodeReason, int]:
    with pytest.raises(DecodeError) as caught:
        decapsulate(outer)
    return caught.value.reason, caught.value.offset


# -- the header


@pytest.mark.requirement("R2784-2.3-b", "R2784-2.3.1-a", "R2784-3-a")
@pytest.mark.parametrize(("key", "sequence", "octets"), FORMS)
def test_each_form_without_checksum(key: int | None, sequence: int | None, octets: str) -> None:
    header = gre_header(inner(), key=key, sequence=sequence)
    assert header == bytes.fromhex(octets)
    assert decode_gre(header) == GreHeader(0x0800, len(header), key, sequence, False)


@pytest.mark.requirement("R2784-2.2-a", "R2784-2.3-b", "R2784-2.6-a")
@pytest.mark.parametrize("length", [8, 7])
@pytest.mark.parametrize(("key", "sequence", "octets"), FORMS)
def test_each_form_with_a_checksum_of_header_and_payload(
    key: int | None, sequence: int | None, octets: str, length: int
) -> None:
    payload = inner(bytes(range(200, 200 + length)))
    header = gre_header(payload, key=key, sequence=sequence, with_checksum=True)
    plain = bytes.fromhex(octets)
    assert header[:4] == bytes((plain[0] | 0x80,)) + plain[1:4]
    assert header[6:] == b"\0\0" + plain[4:]  # Reserved1 "MUST be transmitted as zero"
    assert is_valid(header + payload)
    assert decode_gre(header + payload) == GreHeader(0x0800, len(header), key, sequence, True)


@pytest.mark.parametrize(("field", "value"), [("key", 1 << 32), ("key", -1), ("sequence", 1 << 32)])
def test_what_does_not_fit_is_named(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{field} is {value}"):
        gre_header(inner(), **{field: value})


def test_a_header_in_the_middle_of_octets() -> None:
    payload = inner()
    octets = b"before" + gre_header(payload, key=KEY, with_checksum=True) + payload
    assert decode_gre(octets + b"behind", 6, len(octets)) == GreHeader(0x0800, 18, KEY, None, True)
    assert header_refusal(octets + b"behind", 6) == (DecodeReason.BAD_CHECKSUM, 10)


@pytest.mark.requirement("R2784-2.2-a")
@pytest.mark.parametrize("place", [2, 4, 7, 8, 12, 20, -1])
def test_a_wrong_checksum_wherever_the_octet_is_that_was_changed(place: int) -> None:
    payload = inner()
    octets = bytearray(gre_header(payload, key=KEY, with_checksum=True) + payload)
    octets[place] ^= 0x10
    assert header_refusal(bytes(octets)) == (DecodeReason.BAD_CHECKSUM, 4)


@pytest.mark.parametrize(("key", "sequence", "with_checksum"), [*product((None, 1), (None, 1), (False, True))])
def test_a_header_that_is_cut_off(key: int | None, sequence: int | None, with_checksum: bool) -> None:
    header = gre_header(b"", key=key, sequence=sequence, with_checksum=with_checksum)
    for length in range(len(header)):
        assert header_refusal(header[:length]) == (DecodeReason.TRUNCATED, length)
        assert header_refusal(b"12" + header, 2, 2 + length) == (DecodeReason.TRUNCATED, 2 + length)


@pytest.mark.requirement("R2784-2.3-a", "R2784-5.2-a")
@pytest.mark.parametrize("flag", [0x4000, 0x0800, 0x0400])
def test_routing_and_what_else_rfc_1701_had_is_discarded(flag: int) -> None:
    assert header_refusal(flag.to_bytes(2) + b"\x08\0" + bytes(16)) == (DecodeReason.BAD_VALUE, 0)


@pytest.mark.requirement("R2784-2.3-a", "R2784-2.3-c")
def test_reserved_bits_6_to_12_are_ignored() -> None:
    assert decode_gre(bytes.fromhex("03f8 0800")) == GreHeader(0x0800, 4, None, None, False)
    assert decode_gre(bytes.fromhex("23f8 0800 01020304")) == GreHeader(0x0800, 8, KEY, None, False)


@pytest.mark.requirement("R2784-2.3.1-a")
@pytest.mark.parametrize("version", [1, 2, 7])
def test_another_version(version: int) -> None:
    assert header_refusal(bytes((0, version)) + b"\x08\0") == (DecodeReason.BAD_VERSION, 1)


# -- whole packets


def test_outer_header() -> None:
    packet = inner(tos=0xB8, fragment=DONT_FRAGMENT)
    outer = tunnelled(packet, key=KEY)
    assert decode_ipv4(outer) == Ipv4Packet(
        source=HOME_AGENT,
        destination=CARE_OF,
        protocol=47,
        payload=bytes.fromhex("2000 0800 01020304") + packet,
        ttl=TUNNEL_TTL,
        tos=0xB8,
        identification=7,
        fragment=DONT_FRAGMENT,
    )
    assert tunnelled(packet, ttl=9)[8] == 9


@pytest.mark.parametrize(("key", "sequence", "octets"), FORMS)
@pytest.mark.parametrize("with_checksum", [False, True])
def test_what_goes_in_comes_out(key: int | None, sequence: int | None, octets: str, with_checksum: bool) -> None:
    packet = inner()
    fields = {"key": key, "sequence": sequence, "with_checksum": with_checksum}
    outer = encapsulate(packet, HOME_AGENT.packed, CARE_OF.packed, identification=7, **fields)
    start = 20 + len(bytes.fromhex(octets)) + 4 * with_checksum
    expected = GreHeader(0x0800, start, key, sequence, with_checksum), packet
    assert decapsulate(outer) == expected
    assert decapsulate(outer + b"padding") == expected


def test_an_outer_header_with_options_is_taken_off_whole() -> None:
    payload = gre_header(inner(), key=KEY, with_checksum=True) + inner()
    packet = Ipv4Packet(source=HOME_AGENT, destination=CARE_OF, protocol=47, payload=payload, options=b"\1" * 8)
    header, packet_inside = decapsulate(encode_ipv4(packet))
    assert (header.payload_start, header.key, packet_inside) == (40, KEY, inner())


def test_longest_inner_packet() -> None:
    packet = inner() + bytes(65507 - len(inner()))
    assert tunnelled(packet, key=KEY)[2:4] == b"\xff\xff"
    with pytest.raises(ValueError, match="inner packet of 65508 octets"):
        tunnelled(packet + b"\0", key=KEY)


@pytest.mark.requirement("R2784-2.4-a")
def test_another_protocol_than_ipv4_is_discarded() -> None:
    outer = tunnelled(inner())
    assert decode_gre(outer[:22] + b"\x86\xdd" + outer[24:], 20).protocol_type == 0x86DD
    assert refusal(outer[:22] + b"\x86\xdd" + outer[24:]) == (DecodeReason.BAD_VALUE, 22)


def test_another_version_inside() -> None:
    outer = tunnelled(inner(), key=KEY)
    assert refusal(outer[:28] + b"\x65" + outer[29:]) == (DecodeReason.BAD_VERSION, 28)


@pytest.mark.parametrize("length", [24, 27, 28, 47])
def test_without_a_whole_inner_header_it_is_truncated(length: int) -> None:
    outer = tunnelled(inner(), key=KEY)[:length]
    assert refusal(outer) == (DecodeReason.TRUNCATED, length)
    outer = outer[:2] + length.to_bytes(2) + outer[4:]
    assert refusal(outer) == (DecodeReason.TRUNCATED, length)


@pytest.mark.parametrize("fragment", [MORE_FRAGMENTS, 1, DONT_FRAGMENT | 0x1FFF])
def test_a_fragment_of_an_outer_packet(fragment: int) -> None:
    outer = tunnelled(inner())
    assert refusal(outer[:6] + fragment.to_bytes(2) + outer[8:]) == (DecodeReason.FRAGMENT, 6)


def test_a_checksum_of_zero_is_one_all_the_same() -> None:
    payload = bytes.fromhex("77ff")  # 8000 + 0800 + 77ff = ffff
    header = gre_header(payload, with_checksum=True)
    assert header[4:6] == b"\0\0"
    assert decode_gre(header + payload).has_checksum


# -- order


@pytest.mark.requirement("R2890-2.2-b")
def test_the_first_number_is_0_and_the_last_one_is_followed_by_it() -> None:
    assert next_sequence(LAST_AT_FIRST) == 0
    assert next_sequence(0) == 1
    assert is_in_order(0, LAST_AT_FIRST)


@pytest.mark.requirement("R2890-2.2-a", "R2890-2.2-c")
@pytest.mark.parametrize("last", [0, 5, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_what_is_not_later_is_out_of_order(last: int) -> None:
    for behind in (0, 1, 2, (1 << 31) - 1):
        assert not is_in_order((last - behind) % (1 << 32), last)


@pytest.mark.requirement("R2890-2.2-a", "R2890-2.2-d")
@pytest.mark.parametrize("last", [0, 5, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_the_next_and_what_comes_behind_a_gap_is_taken_at_once(last: int) -> None:
    for ahead in (1, 2, 1000, 1 << 31):
        assert is_in_order((last + ahead) % (1 << 32), last)


@pytest.mark.requirement("R2890-2.2-a")
def test_packets_without_a_number_come_between_those_that_have_one() -> None:
    assert is_in_order(None, 7)
    assert is_in_order(None, LAST_AT_FIRST)
