"""Link-layer addresses: 138, and 140 in router discovery."""

from collections.abc import Mapping

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.framing import Decoder
from mobileip.wire.extensions.link_layer import LinkLayerAddress


@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("link_layer"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("8a00", DecodeReason.BAD_LENGTH),  # no subtype
        ("8a0603 0000000000", DecodeReason.BAD_LENGTH),  # five octets of Ethernet address
        ("8a0803 00000000000000", DecodeReason.BAD_LENGTH),  # seven octets of Ethernet address
    ],
)
def test_refused(octets: str, reason: DecodeReason) -> None:
    assert refused(octets).reason is reason


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (LinkLayerAddress(3, bytes(5)), "address"),
        (LinkLayerAddress(256, b""), "subtype"),
        (LinkLayerAddress(1, bytes(255)), "LinkLayerAddress"),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()
