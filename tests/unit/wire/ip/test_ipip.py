"""IP-in-IP: the outer header, and what is taken out of it."""

from ipaddress import IPv4Address

import pytest

from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.ip.ipip import TUNNEL_TTL, decapsulate, encapsulate
from mobileip.wire.ip.ipv4 import DONT_FRAGMENT, MORE_FRAGMENTS, Ipv4Packet, decode_ipv4, encode_ipv4

HOME_AGENT, CARE_OF = IPv4Address("10.1.0.1"), IPv4Address("192.0.2.1")
SOURCE, HOME_ADDRESS = IPv4Address("198.51.100.7"), IPv4Address("10.1.0.5")


def inner(tos: int = 0, fragment: int = 0, ttl: int = 63) -> bytes:
    return encode_ipv4(
        Ipv4Packet(
            source=SOURCE,
            destination=HOME_ADDRESS,
            protocol=17,
            payload=b"payload",
            ttl=ttl,
            tos=tos,
            fragment=fragment,
        )
    )


def tunnelled(packet: bytes, **fields: int) -> bytes:
    return encapsulate(packet, HOME_AGENT.packed, CARE_OF.packed, **{"identification": 7, **fields})


def refusal(octets: bytes) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        decapsulate(octets)
    return caught.value


def test_outer_header() -> None:
    packet = inner(tos=0xB8)
    outer = tunnelled(packet)
    assert decode_ipv4(outer) == Ipv4Packet(
        source=HOME_AGENT,
        destination=CARE_OF,
        protocol=4,
        payload=packet,
        ttl=TUNNEL_TTL,
        tos=0xB8,  # RFC 2003 §3.1: copied from the inner header
        identification=7,
    )


@pytest.mark.parametrize(
    ("fragment", "outer_fragment"),
    [
        (DONT_FRAGMENT, DONT_FRAGMENT),  # RFC 2003 §3.1: set if it is set in the inner header
        (0, 0),
        (MORE_FRAGMENTS | 5, 0),  # a fragment inside is no fragment outside
        (DONT_FRAGMENT | 1, DONT_FRAGMENT),
    ],
)
def test_only_dont_fragment_is_copied(fragment: int, outer_fragment: int) -> None:
    assert decode_ipv4(tunnelled(inner(fragment=fragment))).fragment == outer_fragment


def test_ttl_of_the_inner_packet_is_left_alone() -> None:
    packet = inner(ttl=1)
    outer = tunnelled(packet, ttl=9)
    assert outer[8] == 9
    assert decapsulate(outer) == (HOME_AGENT.packed, CARE_OF.packed, packet)


@pytest.mark.parametrize("options", [4, 40])
def test_an_outer_header_with_options_is_taken_off_whole(options: int) -> None:
    packet = inner()
    outer = encode_ipv4(
        Ipv4Packet(source=HOME_AGENT, destination=CARE_OF, protocol=4, payload=packet, options=b"\1" * options)
    )
    assert decapsulate(outer) == (HOME_AGENT.packed, CARE_OF.packed, packet)


@pytest.mark.parametrize("length", [0, 1, 19, 20, 39])
def test_without_a_whole_inner_header_it_is_truncated(length: int) -> None:
    error = refusal(tunnelled(inner())[:length])
    assert (error.reason, error.offset) == (DecodeReason.TRUNCATED, length)


def test_an_outer_header_of_less_than_20_octets_is_none() -> None:
    assert refusal(b"\x44" + tunnelled(inner())[1:]).reason is DecodeReason.TRUNCATED


def test_another_version_inside() -> None:
    outer = tunnelled(inner())
    error = refusal(outer[:20] + b"\x65" + outer[21:])
    assert (error.reason, error.offset) == (DecodeReason.BAD_VERSION, 20)


def test_longest_inner_packet() -> None:
    packet = inner() + bytes(65515 - len(inner()))
    assert tunnelled(packet)[2:4] == b"\xff\xff"
    with pytest.raises(ValueError, match="inner packet of 65516 octets"):
        tunnelled(packet + b"\0")


@pytest.mark.parametrize("fields", [{"identification": 1 << 16}, {"identification": -1}, {"ttl": 256}])
def test_what_does_not_fit_is_named(fields: dict[str, int]) -> None:
    ((name, value),) = fields.items()
    with pytest.raises(ValueError, match=f"{name} {value}"):
        tunnelled(inner(), **fields)
