"""Key generation nonces: 40-43."""

from collections.abc import Mapping

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.framing import Decoder
from mobileip.wire.extensions.key_generation import MobileForeignKeyRequest


@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("key_generation"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("28010003000000", DecodeReason.BAD_LENGTH),  # too short for the SPI
        ("2902000400000000", DecodeReason.UNKNOWN_EXTENSION),  # subtype 2
        ("2b02000400000000", DecodeReason.UNKNOWN_EXTENSION),  # subtype 2
        ("2901000400000000", DecodeReason.BAD_LENGTH),  # lifetime only
        ("2b01000400000000", DecodeReason.BAD_LENGTH),  # lifetime only
    ],
)
def test_refused(octets: str, reason: DecodeReason) -> None:
    assert refused(octets).reason is reason


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (MobileForeignKeyRequest(1 << 32), "mobile_node_spi"),
        (MobileForeignKeyRequest(1, 256), "subtype"),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()
