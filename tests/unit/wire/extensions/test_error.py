"""Foreign agent error: 45."""

from collections.abc import Mapping

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.error import ForeignAgentError
from mobileip.wire.extensions.framing import Decoder


@pytest.mark.requirement("R4636-3-a")
@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("error"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("2d0100", DecodeReason.BAD_LENGTH),  # no status
        ("2d03000000", DecodeReason.TRAILING_OCTETS),  # one octet too many
        ("2d02014e", DecodeReason.UNKNOWN_EXTENSION),  # subtype 1
    ],
)
def test_refused(octets: str, reason: DecodeReason) -> None:
    assert refused(octets).reason is reason


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (ForeignAgentError(256), "status"),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()
