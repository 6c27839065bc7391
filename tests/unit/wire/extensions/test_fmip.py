"""Options of fast handovers: 20, 21, 22 in router discovery, whose Length counts units of 8 octets."""

from collections.abc import Mapping
from ipaddress import IPv4Address

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension, Padding
from mobileip.wire.extensions.fmip import LinkLayerAddressOption, NewIpv4AddressOption, NewRouterPrefixOption
from mobileip.wire.extensions.framing import Decoder
from mobileip.wire.extensions.registry import DISCOVERY, decode_extensions

A = IPv4Address("192.0.2.1")


@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("fmip"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


def test_the_next_extension_begins_behind_the_units() -> None:
    octets = bytes.fromhex("1501 0100 c0000201 00 1601 0018 00000000")
    extensions, offsets = decode_extensions(octets, 0, DISCOVERY)
    assert extensions == (NewIpv4AddressOption(1, A), Padding(), NewRouterPrefixOption(0, 24))
    assert offsets == (0, 8, 9)


@pytest.mark.parametrize(
    ("octets", "reason", "offset"),
    [
        ("15", DecodeReason.TRUNCATED, 1),  # no length
        ("1400 00", DecodeReason.BAD_LENGTH, 1),  # length 0
        ("1602 0018 00000000", DecodeReason.TRUNCATED, 2),  # one unit where two are stated
        ("1502 0100 c0000201 0000000000000000", DecodeReason.TRAILING_OCTETS, 8),  # a unit too many
        ("1602 0018 00000000 0000000000000000", DecodeReason.TRAILING_OCTETS, 8),
    ],
)
def test_refused(octets: str, reason: DecodeReason, offset: int) -> None:
    error = refused(octets, DISCOVERY)
    assert (error.reason, error.offset) == (reason, offset)


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (LinkLayerAddressOption(256, bytes(5)), "option_code is 256"),
        (LinkLayerAddressOption(1, bytes(6)), "LinkLayerAddressOption has 9 octets, a multiple of 8"),
        (LinkLayerAddressOption(1, bytes(2045)), "length is 256"),
        (NewIpv4AddressOption(1, A, 256), "reserved is 256"),
        (NewRouterPrefixOption(0, 256), "prefix_length is 256"),
        (NewRouterPrefixOption(0, 24, -1), "reserved is -1"),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()
