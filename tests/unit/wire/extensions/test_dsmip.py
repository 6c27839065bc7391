"""Dual stack: 152."""

from collections.abc import Mapping
from ipaddress import IPv6Address

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.dsmip import Ipv6PrefixReply, Ipv6PrefixRequest, Ipv6TunnelingMode
from mobileip.wire.extensions.framing import Decoder


@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("dsmip"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("98110130 000102030405060708090a0b0c0d0e", DecodeReason.BAD_LENGTH),  # fifteen octets of prefix
        ("9803030000", DecodeReason.TRAILING_OCTETS),  # one octet too many
    ],
)
def test_refused(octets: str, reason: DecodeReason) -> None:
    assert refused(octets).reason is reason


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (Ipv6PrefixRequest(IPv6Address("2001:db8::"), 256), "prefix_length"),
        (Ipv6PrefixReply(code=256, prefix=IPv6Address("2001:db8::"), prefix_length=0), "code"),
        (Ipv6PrefixReply(code=0, prefix=IPv6Address("2001:db8::"), prefix_length=-1), "prefix_length"),
        (Ipv6TunnelingMode(256), "reserved"),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()
