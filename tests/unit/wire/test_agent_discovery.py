"""Router discovery messages: checksum, router list, extensions."""

from ipaddress import IPv4Address

import pytest
from tests.support import vectors

from mobileip.wire.agent_discovery import (
    AgentAdvertisement,
    AgentSolicitation,
    MobilityAgentAdvertisementExtension,
    PrefixLengthsExtension,
    RouterAddress,
    decode_icmp,
    encode_icmp,
)
from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.extensions.base import Padding, UnknownExtension
from mobileip.wire.ip.checksum import checksum

A, B = IPv4Address("192.0.2.1"), IPv4Address("198.51.100.7")
MOBILITY = MobilityAgentAdvertisementExtension(sequence_number=1, registration_lifetime=300, foreign_agent=True)
PREFIXES = PrefixLengthsExtension((24,))


def summed(text: str) -> bytes:
    """Octets written without their checksum, with it."""
    octets = bytes.fromhex(text)
    return octets[:2] + checksum(octets).to_bytes(2) + octets[4:]


def refusal(octets: bytes) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        decode_icmp(octets)
    return caught.value


@pytest.mark.requirement("R5944-2.2-a")
@pytest.mark.parametrize(("message", "text"), vectors.DISCOVERY)
def test_vectors(message: AgentSolicitation | AgentAdvertisement, text: str) -> None:
    octets = bytes.fromhex(text)
    assert encode_icmp(message) == octets
    assert decode_icmp(octets) == message


def test_an_advertisement_names_its_two_extensions() -> None:
    advertisement = AgentAdvertisement(lifetime=9, extensions=(Padding(), MOBILITY, PREFIXES))
    assert advertisement.mobility == MOBILITY
    assert advertisement.prefix_lengths == PREFIXES
    assert decode_icmp(encode_icmp(advertisement)) == advertisement


def test_a_plain_routers_advertisement_has_neither() -> None:
    advertisement = AgentAdvertisement(lifetime=9, routers=(RouterAddress(A),), extensions=(Padding(),))
    assert advertisement.mobility is None
    assert advertisement.prefix_lengths is None


def test_the_first_of_several_counts() -> None:
    second = MobilityAgentAdvertisementExtension(sequence_number=2, registration_lifetime=9)
    advertisement = AgentAdvertisement(lifetime=9, extensions=(MOBILITY, second, PREFIXES, PrefixLengthsExtension(())))
    assert advertisement.mobility is MOBILITY
    assert advertisement.prefix_lengths is PREFIXES


@pytest.mark.requirement("R1256-4.2-a")
@pytest.mark.parametrize("length", range(8))
def test_less_than_eight_octets_are_truncated(length: int) -> None:
    error = refusal(encode_icmp(AgentSolicitation())[:length])
    assert (error.reason, error.offset) == (DecodeReason.TRUNCATED, length)


@pytest.mark.parametrize("kind", [0, 3, 8, 11, 255])
def test_other_icmp_is_unknown(kind: int) -> None:
    error = refusal(summed(f"{kind:02x}00 0000 00000000"))
    assert (error.reason, error.detail) == (DecodeReason.UNKNOWN_MESSAGE_TYPE, f"ICMP type {kind}")


@pytest.mark.requirement("R1256-4.2-a")
def test_a_bit_that_has_turned_is_a_bad_checksum() -> None:
    octets = encode_icmp(AgentAdvertisement(lifetime=9, routers=(RouterAddress(A),)))
    for position in range(1, len(octets)):
        turned = octets[:position] + bytes((octets[position] ^ 1,)) + octets[position + 1 :]
        assert refusal(turned).reason is DecodeReason.BAD_CHECKSUM


def test_entries_of_less_than_two_words_are_refused() -> None:
    for size in (0, 1):
        error = refusal(summed(f"0900 0000 01{size:02x}0009 c0000201 00000000"))
        assert (error.reason, error.offset) == (DecodeReason.BAD_VALUE, 5)


def test_a_router_list_must_be_whole() -> None:
    error = refusal(summed("0900 0000 0202 0009 c0000201 00000000 c6336407"))
    assert (error.reason, error.offset) == (DecodeReason.TRUNCATED, 16)


def test_what_follows_in_longer_entries_is_kept() -> None:
    octets = summed("0900 0000 0203 0009 c0000201 00000001 aabbccdd c6336407 80000000 11223344")
    message = decode_icmp(octets)
    assert isinstance(message, AgentAdvertisement)
    assert message.address_entry_size == 3
    assert message.routers == (
        RouterAddress(A, 1, bytes.fromhex("aabbccdd")),
        RouterAddress(B, -(1 << 31), bytes.fromhex("11223344")),
    )
    assert encode_icmp(message) == octets


def test_extensions_are_those_of_the_other_number_space() -> None:
    # In control messages 32 is an authentication extension and 132 a challenge; here both are unknown.
    assert refusal(summed("0a00 0000 00000000 2000")).reason is DecodeReason.UNKNOWN_EXTENSION
    message = decode_icmp(summed("0a00 0000 00000000 8400"))
    assert message.extensions == (UnknownExtension(132, b""),)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (AgentSolicitation(code=256), "code is 256"),
        (AgentSolicitation(reserved=1 << 32), "reserved is 4294967296"),
        (AgentAdvertisement(code=-1, lifetime=9), "code is -1"),
        (AgentAdvertisement(lifetime=1 << 16), "lifetime is 65536"),
        (AgentAdvertisement(lifetime=9, address_entry_size=256), "address_entry_size is 256"),
        (AgentAdvertisement(lifetime=9, routers=(RouterAddress(A),) * 256), "number of routers is 256"),
        (AgentAdvertisement(lifetime=9, routers=(RouterAddress(A),), address_entry_size=1), "address_entry_size is 1"),
        (AgentAdvertisement(lifetime=9, routers=(RouterAddress(A, 1 << 31),)), "preference is 2147483648"),
        (AgentAdvertisement(lifetime=9, routers=(RouterAddress(A, -(1 << 31) - 1),)), "preference is -2147483649"),
        (AgentAdvertisement(lifetime=9, routers=(RouterAddress(A, 0, b"more"),)), "more has 4 octets, 0 are expected"),
    ],
)
def test_out_of_range(message: AgentSolicitation | AgentAdvertisement, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        encode_icmp(message)


def test_lifetime_and_code_are_read_where_they_are_written() -> None:
    advertisement = AgentAdvertisement(code=16, lifetime=0x0708, routers=(RouterAddress(A, 5),))
    octets = encode_icmp(advertisement)
    assert (octets[1], octets[4], octets[5], octets[6:8]) == (16, 1, 2, b"\x07\x08")
    assert decode_icmp(octets) == advertisement
