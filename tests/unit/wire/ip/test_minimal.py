"""Minimal encapsulation: one header changed, a short one behind it, and back."""

from ipaddress import IPv4Address

import pytest

from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.ip.checksum import checksum, is_valid
from mobileip.wire.ip.ipv4 import DONT_FRAGMENT, MORE_FRAGMENTS, Ipv4Packet, decode_ipv4, encode_ipv4
from mobileip.wire.ip.minimal import (
    decapsulate,
    encapsulate,
    may_be_minimal,
    minimal_header,
    restore,
)

HOME_AGENT, CARE_OF = IPv4Address("10.1.0.1"), IPv4Address("192.0.2.1")
SOURCE, HOME_ADDRESS = IPv4Address("198.51.100.7"), IPv4Address("10.1.0.5")
LONG = "1180 ba3e 0a010005 c6336407"
SHORT = "1100 e4f9 0a010005"
"""Minimal forwarding headers of the inner packet, with its source and without."""
OPTIONS = b"\x94\x04\0\0\1\1\1\0"


def inner(payload: bytes = b"payload", options: bytes = b"", **fields: int) -> bytes:
    given = {"tos": 0xB9, "ttl": 61, "identification": 0x1234, "fragment": DONT_FRAGMENT, **fields}
    return encode_ipv4(
        Ipv4Packet(
            source=SOURCE, destination=HOME_ADDRESS, protocol=17, payload=payload, options=options, **given
        )
    )  # fmt: skip


def tunnelled(packet: bytes, local: IPv4Address = HOME_AGENT) -> bytes:
    return encapsulate(packet, local.packed, CARE_OF.packed)


def damaged(octets: bytes, place: int, value: int) -> bytes:
    """With one octet changed, and the IPv4 header's checksum right all the same."""
    changed = bytearray(octets)
    changed[place] = value
    changed[10:12] = b"\0\0"
    changed[10:12] = checksum(bytes(changed[: (changed[0] & 15) * 4])).to_bytes(2)
    return bytes(changed)


def refusal(octets: bytes) -> tuple[DecodeReason, int]:
    with pytest.raises(DecodeError) as caught:
        decapsulate(octets)
    return caught.value.reason, caught.value.offset


# -- in


@pytest.mark.requirement("R2004-3-b", "R2004-3-c")
def test_the_header_is_changed_and_the_source_kept_behind_it() -> None:
    packet = inner()
    outer = tunnelled(packet)
    assert decode_ipv4(outer) == Ipv4Packet(
        source=HOME_AGENT,
        destination=CARE_OF,
        protocol=55,
        payload=bytes.fromhex(LONG) + b"payload",
        ttl=61,  # "not modified during encapsulation"
        tos=0xB9,
        identification=0x1234,
        fragment=DONT_FRAGMENT,
    )
    assert len(outer) == len(packet) + 12
    assert is_valid(outer[:20])


@pytest.mark.requirement("R2004-3-b", "R2004-3-c")
def test_the_original_source_does_not_repeat_itself() -> None:
    outer = tunnelled(inner(), local=SOURCE)
    assert outer[12:20] == SOURCE.packed + CARE_OF.packed
    assert decode_ipv4(outer).payload == bytes.fromhex(SHORT) + b"payload"


@pytest.mark.requirement("R2004-3-b")
def test_options_stay_in_the_header() -> None:
    packet = decode_ipv4(tunnelled(inner(options=OPTIONS)))
    assert packet.options == OPTIONS
    assert packet.payload == bytes.fromhex(LONG) + b"payload"


@pytest.mark.requirement("R2004-3-a")
@pytest.mark.parametrize(
    ("fragment", "whole"),
    [
        (0, True),
        (DONT_FRAGMENT, True),
        (0x8000, True),  # the reserved bit
        (MORE_FRAGMENTS, False),
        (MORE_FRAGMENTS | 5, False),
        (1, False),
        (0x0100, False),
        (DONT_FRAGMENT | 0x1000, False),
    ],
)
def test_a_fragment_is_not_encapsulated_so(fragment: int, whole: bool) -> None:
    packet = inner(fragment=fragment)
    assert may_be_minimal(packet) is whole
    if whole:
        assert decapsulate(tunnelled(packet)) == packet
    else:
        with pytest.raises(ValueError, match="a fragment has no minimal encapsulation"):
            tunnelled(packet)


@pytest.mark.parametrize(("local", "longest"), [(HOME_AGENT, 65523), (SOURCE, 65527)])
def test_longest_inner_packet(local: IPv4Address, longest: int) -> None:
    packet = inner(bytes(longest - 20))
    assert tunnelled(packet, local)[2:4] == b"\xff\xff"
    with pytest.raises(ValueError, match="a packet of 65536 octets with its minimal forwarding header"):
        tunnelled(inner(bytes(longest - 19)), local)


# -- out


@pytest.mark.requirement("R2004-3-d")
@pytest.mark.parametrize("local", [HOME_AGENT, SOURCE])
@pytest.mark.parametrize("options", [b"", OPTIONS])
@pytest.mark.parametrize("payload", [b"", b"odd", b"even"])
def test_what_goes_in_comes_out(local: IPv4Address, options: bytes, payload: bytes) -> None:
    packet = inner(payload, options)
    assert decapsulate(tunnelled(packet, local)) == packet
    assert decapsulate(tunnelled(packet, local) + b"padding") == packet


@pytest.mark.requirement("R2004-3-d")
def test_hops_and_marks_inside_the_tunnel_are_seen_behind_it() -> None:
    outer = damaged(damaged(tunnelled(inner()), 8, 58), 1, 0xBB)
    assert decapsulate(outer) == inner(ttl=58, tos=0xBB)


@pytest.mark.requirement("R2004-3-c")
@pytest.mark.parametrize(("local", "length"), [(HOME_AGENT, 12), (SOURCE, 8)])
def test_reserved_bits_are_ignored(local: IPv4Address, length: int) -> None:
    outer = bytearray(tunnelled(inner(), local))
    outer[21] |= 0x55
    outer[22:24] = b"\0\0"
    outer[22:24] = checksum(bytes(outer[20 : 20 + length])).to_bytes(2)
    assert decapsulate(bytes(outer)) == inner()


@pytest.mark.requirement("R2004-3-c")
@pytest.mark.parametrize("place", range(20, 32))
def test_a_wrong_checksum_of_the_forwarding_header(place: int) -> None:
    outer = tunnelled(inner())
    assert refusal(outer[:place] + bytes((outer[place] ^ 1,)) + outer[place + 1 :]) == (DecodeReason.BAD_CHECKSUM, 22)


@pytest.mark.requirement("R2004-3-c")
def test_the_payload_is_not_summed_up() -> None:
    outer = tunnelled(inner())
    assert decapsulate(outer[:32] + b"another") == inner(b"another")


@pytest.mark.parametrize("place", range(10, 20))
def test_a_wrong_checksum_of_the_outer_header(place: int) -> None:
    outer = tunnelled(inner())
    assert refusal(outer[:place] + bytes((outer[place] ^ 1,)) + outer[place + 1 :]) == (DecodeReason.BAD_CHECKSUM, 10)


@pytest.mark.parametrize(("place", "value"), [(6, 0x20), (7, 1)])
def test_a_fragment_of_an_outer_packet(place: int, value: int) -> None:
    assert refusal(damaged(tunnelled(inner()), place, value)) == (DecodeReason.FRAGMENT, 6)


@pytest.mark.parametrize("length", [0, 19, 20, 31])
def test_less_came_than_the_total_length_says(length: int) -> None:
    assert refusal(tunnelled(inner())[:length]) == (DecodeReason.TRUNCATED, length)


@pytest.mark.parametrize(("local", "length"), [(HOME_AGENT, 12), (SOURCE, 8)])
def test_a_forwarding_header_that_is_cut_off(local: IPv4Address, length: int) -> None:
    outer = tunnelled(inner(b""), local)
    for total in range(20, 20 + length):
        assert refusal(damaged(outer, 3, total)) == (DecodeReason.TRUNCATED, total)


# -- in UDP


def test_the_header_alone() -> None:
    assert minimal_header(17, HOME_ADDRESS.packed, SOURCE.packed) == bytes.fromhex(LONG)
    assert minimal_header(17, HOME_ADDRESS.packed) == bytes.fromhex(SHORT)


@pytest.mark.parametrize("options", [b"", OPTIONS])
def test_in_udp_the_outer_header_is_the_inner_one(options: bytes) -> None:
    fields = {"protocol": 17, "ttl": 60, "tos": 0xB9, "identification": 0x1234, "fragment": DONT_FRAGMENT}
    udp = Ipv4Packet(source=CARE_OF, destination=HOME_AGENT, payload=bytes(31), options=options, **fields)
    header = encode_ipv4(udp)[: 20 + len(options)]
    assert restore(header, bytes.fromhex(LONG) + b"payload") == inner(options=options, ttl=60)


def test_in_udp_without_a_source_it_is_the_outer_one() -> None:
    header = inner()[:12] + CARE_OF.packed + HOME_AGENT.packed
    assert restore(header, bytes.fromhex(SHORT))[12:20] == CARE_OF.packed + HOME_ADDRESS.packed


def test_offsets_of_errors_are_those_of_the_octets_behind_udp() -> None:
    header = inner()[:20]
    octets = bytes.fromhex(LONG)
    for wrong, expected in (
        (octets[:11], (DecodeReason.TRUNCATED, 11)),
        (octets[:7], (DecodeReason.TRUNCATED, 7)),
        (octets[:11] + b"\0", (DecodeReason.BAD_CHECKSUM, 2)),
        (octets + bytes(65516), (DecodeReason.BAD_LENGTH, 65528)),
    ):
        with pytest.raises(DecodeError) as caught:
            restore(header, wrong)
        assert (caught.value.reason, caught.value.offset) == expected
