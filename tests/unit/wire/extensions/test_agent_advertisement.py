"""Mobility Agent Advertisement: 16, and prefix lengths: 19."""

from collections.abc import Mapping
from ipaddress import IPv4Address

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.agent_advertisement import (
    MobilityAgentAdvertisementExtension,
    PrefixLengthsExtension,
)
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.framing import Decoder
from mobileip.wire.extensions.registry import DISCOVERY, decode_extensions

FLAGS = {
    "registration_required": 0x8000,
    "busy": 0x4000,
    "home_agent": 0x2000,
    "foreign_agent": 0x1000,
    "minimal_encapsulation": 0x0800,
    "gre_encapsulation": 0x0400,
    "reserved_r": 0x0200,
    "reverse_tunneling": 0x0100,
    "udp_tunneling": 0x0080,
    "registration_revocation": 0x0040,
    "regional_registration": 0x0020,
}
"""RFC 5944 §2.1.1: R, B, H, F, M, G, r, T, U, X, I."""


@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("agent_advertisement"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.requirement("R5944-2.1.1-a")
@pytest.mark.parametrize("flag", FLAGS)
def test_each_flag_has_its_bit(flag: str) -> None:
    extension = MobilityAgentAdvertisementExtension(sequence_number=0, registration_lifetime=0, **{flag: True})
    octets = extension.encode()
    assert int.from_bytes(octets[6:8]) == FLAGS[flag]
    assert decode_extensions(octets, 0, DISCOVERY)[0] == (extension,)


def test_as_many_care_of_addresses_as_fit() -> None:
    addresses = tuple(IPv4Address(number) for number in range(62))
    extension = MobilityAgentAdvertisementExtension(
        sequence_number=1, registration_lifetime=2, care_of_addresses=addresses
    )
    assert extension.encode()[1] == 254
    assert decode_extensions(extension.encode(), 0, DISCOVERY)[0] == (extension,)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("1000", DecodeReason.BAD_LENGTH),
        ("1005 0001012c10", DecodeReason.BAD_LENGTH),  # flags are cut off
        ("1008 0001012c1000 c000", DecodeReason.BAD_LENGTH),  # half a care-of address
        ("1009 0001012c1000 c00002", DecodeReason.BAD_LENGTH),
    ],
)
def test_refused(octets: str, reason: DecodeReason) -> None:
    assert refused(octets, DISCOVERY).reason is reason


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"sequence_number": 1 << 16, "registration_lifetime": 0}, "sequence_number"),
        ({"sequence_number": 0, "registration_lifetime": -1}, "registration_lifetime"),
        ({"sequence_number": 0, "registration_lifetime": 0, "reserved": 32}, "reserved"),
    ],
)
def test_out_of_range(fields: dict[str, int], name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is"):
        MobilityAgentAdvertisementExtension(**fields).encode()


def test_too_many_care_of_addresses() -> None:
    addresses = (IPv4Address("192.0.2.1"),) * 63
    extension = MobilityAgentAdvertisementExtension(
        sequence_number=1, registration_lifetime=2, care_of_addresses=addresses
    )
    with pytest.raises(ValueError, match="MobilityAgentAdvertisementExtension has 258 octets"):
        extension.encode()


def test_a_prefix_length_that_is_none_is_for_others_to_judge() -> None:
    # The octet is kept: what a length above 32 means is decided where prefixes are compared.
    assert decode_extensions(b"\x13\x02\xff\x00", 0, DISCOVERY)[0] == (PrefixLengthsExtension((255, 0)),)


def test_prefix_lengths_out_of_range() -> None:
    with pytest.raises(ValueError, match="prefix_lengths is 256"):
        PrefixLengthsExtension((24, 256)).encode()
    with pytest.raises(ValueError, match="PrefixLengthsExtension has 256 octets"):
        PrefixLengthsExtension((24,) * 256).encode()
