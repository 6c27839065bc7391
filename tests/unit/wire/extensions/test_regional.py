"""Regional registration: 46, 140, 141, 142."""

from collections.abc import Mapping
from ipaddress import IPv4Address

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.framing import Decoder
from mobileip.wire.extensions.regional import (
    GatewayForeignAgentAddress,
    RegionalRegistrationLifetime,
    ReplayProtectionStyle,
)


@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("regional"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("2e050000c00002", DecodeReason.BAD_LENGTH),  # five octets
        ("2e070000c000020100", DecodeReason.TRAILING_OCTETS),  # seven octets
        ("8d0300000000000000000000", DecodeReason.BAD_LENGTH),  # neither 10 nor 2
        ("8d02000001020304050607", DecodeReason.TRUNCATED),  # Length 2, but not the eight octets of the figure
    ],
)
def test_refused(octets: str, reason: DecodeReason) -> None:
    assert refused(octets).reason is reason


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (GatewayForeignAgentAddress(IPv4Address("192.0.2.1"), 1 << 16), "reserved"),
        (ReplayProtectionStyle(1 << 16, 0), "style"),
        (ReplayProtectionStyle(0, 1 << 64), "initial_identification"),
        (RegionalRegistrationLifetime(1 << 32), "lifetime"),
        (RegionalRegistrationLifetime(0, -1), "reserved"),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()
