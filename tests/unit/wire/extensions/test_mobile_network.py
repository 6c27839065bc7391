"""Mobile networks: 148."""

from collections.abc import Mapping
from ipaddress import IPv4Address

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension, UnknownExtension
from mobileip.wire.extensions.framing import Decoder
from mobileip.wire.extensions.mobile_network import ExplicitMobileNetworkAcknowledgment, MobileNetworkRequest
from mobileip.wire.extensions.registry import CONTROL, decode_extensions


@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("mobile_network"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("94050018 0a0900", DecodeReason.BAD_LENGTH),  # five octets
        ("9409020018000a09000000", DecodeReason.TRAILING_OCTETS),  # nine octets
    ],
)
def test_refused(octets: str, reason: DecodeReason) -> None:
    assert refused(octets).reason is reason


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (MobileNetworkRequest(IPv4Address("192.0.2.1"), 256), "prefix_length"),
        (ExplicitMobileNetworkAcknowledgment(code=256, prefix=IPv4Address("192.0.2.1"), prefix_length=0), "code"),
        (
            ExplicitMobileNetworkAcknowledgment(code=0, prefix=IPv4Address("192.0.2.1"), prefix_length=256),
            "prefix_length",
        ),
        (
            ExplicitMobileNetworkAcknowledgment(code=0, prefix=IPv4Address("192.0.2.1"), prefix_length=0, reserved=256),
            "reserved",
        ),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()


def test_unknown_subtype_is_skipped() -> None:
    assert decode_extensions(bytes.fromhex("9402 03 00"), 0, CONTROL)[0] == (UnknownExtension(148, b"\3\0"),)
