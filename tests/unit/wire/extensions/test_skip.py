"""SKIP firewall traversal: 129."""

from collections.abc import Mapping
from ipaddress import IPv4Address

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.framing import Decoder
from mobileip.wire.extensions.skip import TraversalExtension


@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("skip"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("81090000c0000201c63364", DecodeReason.BAD_LENGTH),  # nine octets
    ],
)
def test_refused(octets: str, reason: DecodeReason) -> None:
    assert refused(octets).reason is reason


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (TraversalExtension(IPv4Address("192.0.2.1"), IPv4Address("192.0.2.1"), 1 << 16), "reserved"),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()
