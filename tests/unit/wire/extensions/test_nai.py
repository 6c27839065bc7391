"""Network access identifiers: 131 and 136."""

from collections.abc import Mapping

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.framing import Decoder
from mobileip.wire.extensions.nai import MobileNodeNai, NaiCarrying


@pytest.mark.requirement("R3846-3-a")
@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("nai"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("8300", DecodeReason.BAD_LENGTH),  # an empty NAI
        ("8301ff", DecodeReason.BAD_VALUE),  # not UTF-8
        ("8800", DecodeReason.BAD_LENGTH),  # no subtype
        ("880101", DecodeReason.BAD_LENGTH),  # no NAI
    ],
)
def test_refused(octets: str, reason: DecodeReason) -> None:
    assert refused(octets).reason is reason


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (MobileNodeNai(""), "nai"),
        (MobileNodeNai("a" * 256), "MobileNodeNai"),
        (MobileNodeNai("\ud800"), "nai"),
        (NaiCarrying(256, "a"), "subtype"),
        (NaiCarrying(1, ""), "nai"),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()
