"""Experimental extensions: 127 and 255 in both number spaces."""

from collections.abc import Mapping

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.experimental import (
    AdvertisedExperimentalSkippable,
    ExperimentalNonSkippable,
    ExperimentalSkippable,
)
from mobileip.wire.extensions.framing import Decoder


@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("experimental"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("ff00", DecodeReason.BAD_LENGTH),  # no subtype
    ],
)
def test_refused(octets: str, reason: DecodeReason) -> None:
    assert refused(octets).reason is reason


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (ExperimentalNonSkippable(256, b""), "subtype"),
        (ExperimentalSkippable(0, bytes(255)), "ExperimentalSkippable"),
        (AdvertisedExperimentalSkippable(bytes(256)), "AdvertisedExperimentalSkippable"),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()
