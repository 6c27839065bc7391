"""Dynamic home agent: 139."""

from collections.abc import Mapping
from ipaddress import IPv4Address

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.dynamic_home_agent import DynamicHomeAgent
from mobileip.wire.extensions.framing import Decoder


@pytest.mark.requirement("R3344-1.10-a")
@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("dynamic_home_agent"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("8b03 0004 c0000201", DecodeReason.BAD_LENGTH),  # subtype 3
        ("8b01 0104 c0000201", DecodeReason.BAD_LENGTH),  # a length of 260
        ("8b01 0005 c000020100", DecodeReason.BAD_LENGTH),  # a length of 5
        ("8b05 03 c0000201", DecodeReason.BAD_LENGTH),  # short form of subtype 3
        ("8b06 01 c000020100", DecodeReason.BAD_LENGTH),  # short form of six octets
    ],
)
def test_refused(octets: str, reason: DecodeReason) -> None:
    assert refused(octets).reason is reason


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (DynamicHomeAgent(3, IPv4Address("192.0.2.1")), "subtype"),
        (DynamicHomeAgent(0, IPv4Address("192.0.2.1"), short_form=True), "subtype"),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()
