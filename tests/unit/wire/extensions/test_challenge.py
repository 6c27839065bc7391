"""Challenges: 24 and 132."""

from collections.abc import Mapping

import pytest
from tests.support.wire import check_vector, own_vectors

from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.challenge import MobileForeignChallenge
from mobileip.wire.extensions.framing import Decoder


@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("challenge"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (MobileForeignChallenge(bytes(256)), "MobileForeignChallenge"),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()
