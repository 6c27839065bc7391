"""GRE key: 48."""

from collections.abc import Mapping

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.framing import Decoder
from mobileip.wire.extensions.gre_key import GreKey


@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("gre_key"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("30000003000000", DecodeReason.BAD_LENGTH),  # three octets
        ("300000050000000000", DecodeReason.TRAILING_OCTETS),  # five octets
        ("3001000400000000", DecodeReason.UNKNOWN_EXTENSION),  # subtype 1
    ],
)
def test_refused(octets: str, reason: DecodeReason) -> None:
    assert refused(octets).reason is reason


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (GreKey(1 << 32), "key"),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()
