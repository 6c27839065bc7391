"""Service selection: 151."""

from collections.abc import Mapping

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.framing import Decoder
from mobileip.wire.extensions.service_selection import ServiceSelection


@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("service_selection"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("9700", DecodeReason.BAD_LENGTH),  # empty
        ("9702c328", DecodeReason.BAD_VALUE),  # not UTF-8
    ],
)
def test_refused(octets: str, reason: DecodeReason) -> None:
    assert refused(octets).reason is reason


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (ServiceSelection(""), "identifier"),
        (ServiceSelection("a" * 256), "ServiceSelection"),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()
